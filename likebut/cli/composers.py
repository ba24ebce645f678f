"""`likebut composers`."""

from __future__ import annotations

from typing import Annotated

import typer


def command(as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False) -> None:
    """List the composers by name, with their cards: how a picture and words become one query.

    \b
        likebut composers
        likebut composers --json
    """
    from likebut.cli.shared import cards
    from likebut.composers import COMPOSERS

    cards(COMPOSERS.entries(), as_json)

"""`likebut data ls`."""

from __future__ import annotations

from typing import Annotated

import typer


def command(as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False) -> None:
    """List the benchmarks that likebut knows, with their data sets.

    \b
        likebut data ls
        likebut data ls --json
    """
    from likebut.benchmarks import BENCHMARKS
    from likebut.cli.shared import cards

    cards(BENCHMARKS.entries(), as_json)

"""`likebut models`."""

from __future__ import annotations

from typing import Annotated

import typer


def command(as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False) -> None:
    """List the encoders by name, with their cards.

    \b
        likebut models
        likebut models --json

    Beside these, any CLIP works by its Hugging Face id (openai/clip-vit-large-patch14, laion/…), and so does the path
    of a folder or a weights file.
    """
    from likebut.cli.shared import cards
    from likebut.encoders import ENCODERS

    cards(ENCODERS.entries(), as_json)

"""`likebut info`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def command(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The index.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what an index holds and which encoder made it.

    \b
        likebut info photos.likebut
        likebut info photos.likebut --json
    """
    from likebut.cli.shared import console, print_json, table
    from likebut.stores import open_store

    with open_store(index) as store:
        facts = {
            **asdict(store.manifest),
            "count": len(store),
            "megabytes": round(sum(file.stat().st_size for file in index.rglob("*") if file.is_file()) / 1e6, 1),
            "columns": {name: str(kind) for name, kind in sorted(store.kinds().items())},
            "first": store.ids()[:3],
        }
    if as_json:
        print_json(facts)
        return
    shown = table("", "")
    shown.show_header = False
    for name, value in facts.items():
        if name == "columns":
            value = ", ".join(f"{column} ({kind})" for column, kind in facts["columns"].items()) or "none"
        shown.add_row(name, ", ".join(value) if isinstance(value, list) else str(value))
    console().print(shown)

"""`likebut benchmarks`."""

from __future__ import annotations

from typing import Annotated

import typer


def command(as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False) -> None:
    """List the benchmarks by name: dataset-split[@protocol].

    \b
        likebut benchmarks
        likebut benchmarks --json
    """
    from likebut.benchmarks import BENCHMARKS
    from likebut.cli.shared import console, print_json, table

    shown = table("name", "main metric", "about", "paper")
    for entry in BENCHMARKS.entries():
        benchmark = entry.load()
        if as_json:
            print_json({"name": entry.name, "about": entry.card.get("about", ""), "protocol": benchmark.protocol()})
        shown.add_row(entry.name, benchmark.main, entry.card.get("about", ""), benchmark.paper)
    if not as_json:
        console().print(shown)

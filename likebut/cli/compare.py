"""`likebut compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT.json...", help="Saved results of one benchmark; the first is the yardstick."),
    ],
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only these, e.g. recall@10; repeatable. Default: all.")
    ] = None,
    to: Annotated[
        list[Path] | None,
        typer.Option("--to", metavar="FILE", help="Write it too: .md, .tex, .html, .png, .svg or .pdf; repeatable."),
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the data are now.")] = None,
    theirs: Annotated[
        bool, typer.Option("--theirs", help="Show published figures for the same protocol below.")
    ] = False,
    no_baselines: Annotated[bool, typer.Option("--no-baselines", help="Only the results themselves.")] = False,
    draws: Annotated[int, typer.Option(min=100, metavar="N", help="Of bootstrap and randomisation.")] = 10_000,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the draws.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with intervals and p.")] = False,
) -> None:
    """Results side by side, query by query: which is better, and could it be chance?

    \b
        likebut compare results/cirr-val/*.json --metric recall@10 --metric recall_subset@1
        likebut compare results/circo-val/*.json --to table.tex --to plot.png --theirs

    Numbers are scored again from the runs. Differences to the first result are tested by paired randomisation and
    carry a 95 % bootstrap interval.
    """
    from likebut.benchmarks.comparing import compare
    from likebut.cli.shared import note, print_json
    from likebut.errors import BadQuery

    writers = {".md": "markdown", ".tex": "latex", ".html": "html"}
    for path in to or ():
        if path.suffix not in {*writers, ".png", ".svg", ".pdf"}:
            raise BadQuery(
                f"{path} does not end in .md, .tex, .html, .png, .svg or .pdf. E.g. {path.with_suffix('.md')}"
            )
    table = compare(
        results, data=data, metrics=metric, baselines=not no_baselines, theirs=theirs, draws=draws, seed=seed
    )
    if as_json:
        print_json(table.to_dict())
    else:
        print(table.markdown())
    for path in to or ():
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in writers:
            path.write_text(getattr(table, writers[path.suffix])(), encoding="utf-8")
        else:
            table.plot(path)
        note(f"Wrote {path}")

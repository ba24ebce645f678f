"""`likebut data check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A benchmark, see `likebut benchmarks`.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that holds its files.")],
    quick: Annotated[
        bool, typer.Option("--quick", help="Sizes and first bytes only: does not find pictures that were cut short.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Is this folder really the benchmark, whole and readable? Exit 1 if it cannot be run as published.

    \b
        likebut data check cirr-val ~/CIRR
        likebut data check circo-val ~/CIRCO --quick

    Finds missing, corrupt, cut short, misnamed and doubled pictures, web pages and pointers in their place, annotations
    that do not belong together, and counts that are not the published ones; each with the first offender and a remedy.
    """
    from likebut.benchmarks.doctor import check
    from likebut.cli.shared import print_json, stages

    with stages() as progress:
        report = check(name, folder, decode=not quick, progress=lambda done, total: progress("pictures", done, total))
    if as_json:
        print_json(report.to_dict())
    else:
        _show(report)
    raise SystemExit(0 if report.runnable else 1)


def _show(report: object) -> None:
    from likebut.benchmarks.doctor import Report
    from likebut.cli.shared import console

    assert isinstance(report, Report)
    out = console()
    colours = {"error": "bold red", "warning": "yellow", "note": "cyan"}
    for finding in report.findings:
        count = f" × {finding.count:,}" if finding.count > 1 else ""
        out.print(f"[{colours[finding.severity]}]{finding.severity}[/] {finding.kind}{count}: {finding.message}")
        out.print(f"  first   {finding.first}", markup=False)
        out.print(f"  remedy  {finding.remedy}", markup=False)
    if report.sizes:
        sizes = report.sizes
        print(
            f"{report.benchmark}: {sizes['queries']:,} queries, {sizes['gallery']:,} in the gallery, "
            f"{sizes['pictures_present']:,} of {sizes['pictures_wanted']:,} pictures are there."
        )
    if report.runnable:
        print("It can be run as published.")
    elif report.scorable:
        print("It cannot be run as published. Vectors made elsewhere can be scored; --skip-bad scores what is there.")
    else:
        print("It cannot be run.")

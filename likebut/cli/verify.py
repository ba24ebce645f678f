"""`likebut verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    results: Annotated[list[Path], typer.Argument(metavar="RESULT.json...", help="Saved results.")],
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the data are now; default: where the result says.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per result.")] = False,
) -> None:
    """Score results again from their runs and the data, offline; exit 1 if a number differs.

    \b
        likebut verify results/cirr-val/slerp--clip-vit-l14.json
        likebut verify results/*/*.json --data ~/CIRR
    """
    from likebut.benchmarks import verify
    from likebut.cli.shared import print_json

    wrong = 0
    for path in results:
        verdict = verify(path, data=data)
        wrong += not verdict.true
        if as_json:
            said = {"checked": verdict.checked, "differences": verdict.differences}
            print_json({"file": path, "true": verdict.true, **said})
        elif verdict.true:
            print(f"{path}: true, {verdict.checked} numbers computed again")
        else:
            print(f"{path}: NOT true\n  " + "\n  ".join(verdict.differences))
    raise SystemExit(1 if wrong else 0)

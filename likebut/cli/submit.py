"""`likebut submit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    result: Annotated[
        Path | None, typer.Argument(metavar="RESULT.json", help="A result of cirr-test, circo-val or circo-test.")
    ] = None,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Where the files go.")] = Path("submission"),
    check: Annotated[
        Path | None, typer.Option("--check", metavar="FILE", help="Check a file, whoever wrote it; writes nothing.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The benchmark's folder; with it, --check knows names and groups too."),
    ] = None,
    benchmark: Annotated[
        str,
        typer.Option(metavar="NAME", help="For --check; default: cirr-test or circo-test, by the look of the file."),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Write the files that the CIRR and CIRCO test servers take, or check such a file offline.

    \b
        likebut submit results/cirr-test/slerp--clip-vit-l14.json --to submission
        likebut submit --check recall_submission.json --data ~/CIRR

    The servers' rules are applied before a file counts as written. With --check the exit code is 1 for a file that
    would be refused.
    """
    from likebut.benchmarks import check_submission, submit
    from likebut.cli.shared import print_json
    from likebut.errors import BadQuery

    if (result is None) == (check is None):
        raise BadQuery("Give either a result to write files from, or --check FILE.")
    if check is not None:
        problems = check_submission(check, data=data, benchmark=benchmark)
        if as_json:
            print_json({"file": check, "accepted": not problems, "problems": problems})
        else:
            print("\n".join(problems[:20]) or f"{check}: the server would take it.")
            if len(problems) > 20:
                print(f"and {len(problems) - 20} more")
        raise SystemExit(1 if problems else 0)
    assert result is not None
    written = submit(result, to, data=data)
    if as_json:
        print_json({"files": written})
    else:
        print("\n".join(str(file) for file in written))

"""`likebut data make`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="wardrobe, the one data set that likebut draws itself.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to fill.")],
    size: Annotated[str, typer.Option(metavar="NAME", help="small (seconds) or default (minutes).")] = "default",
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed gives other pictures.")] = 0,
    split: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="train, val or test; may be repeated. Default: all.")
    ] = None,
    pixels: Annotated[int, typer.Option(min=32, max=1024, metavar="N", help="Side of the square pictures.")] = 192,
    workers: Annotated[int, typer.Option(min=0, metavar="N", help="Processes that draw; 0: this one only.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The manifest as one JSON object.")] = False,
) -> None:
    """Draw a data set of our own: pictures with captions, masks, edits, sketches, benchmarks and their exact answers.

    \b
        likebut data make wardrobe --to wardrobe
        likebut data make wardrobe --to tiny --size small --split test

    A run that was stopped goes on where it was. The same seed gives the same pictures on every machine.
    """
    from likebut.cli.shared import print_json, progress
    from likebut.datasets.wardrobe.make import make
    from likebut.datasets.wardrobe.samples import SPLITS
    from likebut.errors import UnknownName

    if name != "wardrobe":
        raise UnknownName(f"Unknown data set {name!r}. The one that can be drawn: likebut data make wardrobe --to {to}")
    with progress("Drawing", None) as bar:
        last = 0

        def step(done: int, total: int) -> None:
            nonlocal last
            bar(done - last)
            last = done

        manifest = make(to, seed=seed, splits=split or SPLITS, size=size, pixels=pixels, workers=workers, progress=step)
    if as_json:
        print_json(manifest)
        return
    for part, made in manifest["splits"].items():
        counts = ", ".join(f"{count} {what}" for what, count in made.items() if isinstance(count, int))
        print(f"{to / part}: {counts or 'made'}")
    print(f"content sha256 {manifest['content_sha256']}")

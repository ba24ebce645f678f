"""`likebut train lincir`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from likebut.cli.train import options as o


def command(
    out: o.Out,
    captions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A text file with one caption per line; no picture is needed.")
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option("--index", metavar="DIR", help="Instead: an index with a column `caption`, `text` or `title`."),
    ] = None,
    encoder: o.EncoderName = "",
    steps: o.Steps = 20_000,
    batch_size: o.Batch = 0,
    lr: o.Rate = 0,
    minutes: o.Minutes = 0,
    validate: o.Validate = "",
    data: o.Data = None,
    licence: o.Licence = "",
    seed: o.Seed = 0,
    device: o.Device = "auto",
) -> None:
    """Train LinCIR's φ (arXiv:2312.01998) from captions alone.

    \b
        likebut train lincir --captions captions.txt --encoder clip-vit-l14 --out runs/lincir
        likebut train lincir --index shoes.likebut --out runs/shoes-lincir
    """
    o.train(
        "lincir",
        out=out,
        encoder=encoder,
        index=index,
        validate=validate,
        data=data,
        source=captions or index,
        device=device,
        captions=captions or index,
        steps=steps,
        batch_size=batch_size,
        lr=lr,
        minutes=minutes,
        licence=licence,
        seed=seed,
    )

"""`likebut train searle`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from likebut.cli.train import options as o


def command(
    out: o.Out,
    phrases: Annotated[Path, typer.Option(metavar="FILE", help="Lines of concept, tab, a phrase that names it.")],
    index: o.Index = None,
    features: o.Features = None,
    encoder: o.EncoderName = "",
    steps: o.Steps = 20_000,
    token_steps: Annotated[int, typer.Option(min=1, metavar="N", help="Steps for each picture's own word.")] = 350,
    batch_size: o.Batch = 0,
    lr: o.Rate = 0,
    minutes: o.Minutes = 0,
    validate: o.Validate = "",
    data: o.Data = None,
    licence: o.Licence = "",
    seed: o.Seed = 0,
    device: o.Device = "auto",
) -> None:
    """Train SEARLE's φ (arXiv:2303.15247): each picture's own word is optimised, then distilled into one network.

    \b
        likebut train searle --index shoes.likebut --phrases phrases.tsv --out runs/shoes-searle
        likebut train searle --features cache --encoder clip-vit-b32 --phrases phrases.tsv --out runs/searle
    """
    o.train(
        "searle",
        out=out,
        encoder=encoder,
        index=index,
        validate=validate,
        data=data,
        source=features or index,
        device=device,
        features=features or index,
        phrases=phrases,
        steps=steps,
        token_steps=token_steps,
        batch_size=batch_size,
        lr=lr,
        minutes=minutes,
        licence=licence,
        seed=seed,
    )

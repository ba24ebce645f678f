"""What the commands of the inversion methods share: their options, and the call that trains φ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from likebut.composers.base import Composer
    from likebut.encoders.base import Encoder

Index = Annotated[
    Path | None,
    typer.Option("--index", metavar="DIR", help="An index: its vectors are the features, no picture is opened."),
]
Features = Annotated[
    Path | None, typer.Option(metavar="PATH", help="Instead: a folder of cached features, or an .npz with `vectors`.")
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The checkpoint folder; its run/ is what resumes.")]
EncoderName = Annotated[
    str, typer.Option("--encoder", metavar="NAME", help="See `likebut models`. Default: the index's.")
]
Steps = Annotated[int, typer.Option(min=1, metavar="N", help="Optimizer steps of the whole run.")]
Batch = Annotated[int, typer.Option("--batch-size", min=0, metavar="N", help="Rows per process; 0: as published.")]
Rate = Annotated[float, typer.Option("--lr", min=0, metavar="X", help="Learning rate; 0: as published.")]
Minutes = Annotated[float, typer.Option(min=0, metavar="X", help="Stop this session after so long; 0: never.")]
Validate = Annotated[str, typer.Option(metavar="BENCHMARK", help="Choose the weights by this benchmark; see --data.")]
Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The files of the --validate benchmark.")]
Licence = Annotated[str, typer.Option(metavar="TEXT", help="Of what comes out, for its config.json.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Another seed is another run.")]
Device = Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda, mps.")]


def train(
    method: str,
    *,
    out: Path,
    encoder: str,
    index: Path | None,
    validate: str,
    data: Path | None,
    source: Path | None,
    device: str,
    **settings: Any,
) -> None:
    """Call `train_phi` with what was typed and say what to do with the result."""
    from likebut.encoders import load_encoder
    from likebut.errors import BadQuery
    from likebut.training.phi import train_phi

    if source is None:
        raise BadQuery(f"{method} needs something to train on; see likebut train {method} --help.")
    if bool(validate) != bool(data):
        raise BadQuery("--validate and --data go together: the benchmark, and the folder with its files.")
    name = encoder or _encoder_of(index)
    given = {key: value for key, value in settings.items() if value not in (0, 0.0, "", None)}
    loaded = load_encoder(name, device=device)
    train_phi(
        method,
        loaded,
        out,
        validate=_validator(validate, data, loaded) if data else None,
        data=str(source),
        device=device,
        **given,
    )
    print(f"{out}: use it with likebut search INDEX REFERENCE TEXT --composer {out}")


def _encoder_of(index: Path | None) -> str:
    from likebut.errors import BadQuery
    from likebut.stores.folder import read_manifest

    if index is None:
        raise BadQuery("Without an index the encoder is not known. Name it: --encoder NAME")
    return read_manifest(index).encoder


def _validator(benchmark: str, data: Path, encoder: Encoder) -> Callable[[Composer], Mapping[str, float]]:
    from likebut.benchmarks import run

    def validate(composer: Composer) -> Mapping[str, float]:
        result = run(benchmark, data=data, encoder=encoder, composer=composer, baselines=False)
        first = {result.main: result.metrics[result.main]}
        return first | dict(result.metrics)

    return validate

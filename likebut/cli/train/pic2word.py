"""`likebut train pic2word`."""

from __future__ import annotations

from likebut.cli.train import options as o


def command(
    out: o.Out,
    index: o.Index = None,
    features: o.Features = None,
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
    """Train Pic2Word's φ (arXiv:2302.03084) from the features of an index.

    \b
        likebut train pic2word --index shoes.likebut --out runs/shoes-pic2word
        likebut train pic2word --index shoes.likebut --out runs/p2w --validate cirr-val --data ~/CIRR
    """
    o.train(
        "pic2word",
        out=out,
        encoder=encoder,
        index=index,
        validate=validate,
        data=data,
        source=features or index,
        device=device,
        features=features or index,
        steps=steps,
        batch_size=batch_size,
        lr=lr,
        minutes=minutes,
        licence=licence,
        seed=seed,
    )

"""lincir on Wardrobe: φ from sentences alone, for the bundled wardrobe-tiny. No picture is drawn.

    python recipes/lincir_wardrobe.py --export likebut/weights/lincir--wardrobe-tiny

Price     11 minutes on 2 busy CPU cores
Expect    wardrobe-edit@val recall@10 0.594 (sum 0.674); results/ has the test splits
Smoke     python recipes/lincir_wardrobe.py --toy   # seconds; CI runs this line
Resume    the same command again

Captions of train garments and outfits from Wardrobe's grammar; keywords are found by the rule of
`likebut.training.keywords`. φ takes features of length 1 (`l2_normalize`): wardrobe-tiny's picture features are many
times as long as its text features, and a φ that has seen only texts would be lost among pictures. `--val` is a folder
made by `likebut data make wardrobe`. Tried and worse on validation: six times the noise (0.547 at best), and dropout
0.1 in the place of 0.5 (0.482).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from likebut.benchmarks import run
from likebut.composers.base import Composer
from likebut.encoders import load_encoder
from likebut.training.phi import train_phi
from likebut.training.wardrobe_phi import captions_about, export_head, recipe_arguments


def main(arguments: Sequence[str] | None = None) -> Path:
    """Write captions, train, choose by validation, export. Returns the checkpoint folder."""
    args = recipe_arguments(__doc__ or "", "lincir", 1500).parse_args(arguments)
    if args.toy:
        args.size, args.steps, args.batch = 64, 6, 16
    encoder = load_encoder(args.encoder, device=args.device)
    captions = captions_about(args.size * 2, args.seed)

    def validate(composer: Composer) -> Mapping[str, float]:
        found = run("wardrobe-edit@val", data=args.val, encoder=encoder, composer=composer, baselines=False).metrics
        return {name: found[name] for name in ("recall@10", "recall@1")}

    out = train_phi(
        "lincir",
        encoder,
        args.out,
        captions=captions,
        steps=args.steps,
        batch_size=args.batch or 128,
        validate=validate if args.val else None,
        data=f"{len(captions)} captions of Wardrobe train, no pictures",
        recipe="python recipes/lincir_wardrobe.py",
        licence="Apache-2.0",
        options={"l2_normalize": True},
        seed=args.seed,
        lr=1e-3,
        schedule="cosine",
        validate_every=250,
        log_every=100,
    )
    if args.export:
        export_head(out, args.export)
    return out


if __name__ == "__main__":
    main()

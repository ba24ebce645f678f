"""pic2word on Wardrobe: φ from features of drawn train pictures, for the bundled wardrobe-tiny.

    python recipes/pic2word_wardrobe.py --val wardrobe --export likebut/weights/pic2word--wardrobe-tiny

Price     4 minutes on 2 busy CPU cores, encoding 20,000 kept pictures included
Expect    wardrobe-edit@val recall@10 0.703 (sum 0.674); results/ has the test splits
Smoke     python recipes/pic2word_wardrobe.py --toy   # seconds; CI runs this line
Resume    the same command again

A view of each picture is encoded once (cut, mirrored, lit a little differently; of half of the outfits one garment as a
region), then φ trains from those features, which SEARLE's recipe can read too: `--features runs/wardrobe-features`. φ
takes them at length 1, because wardrobe-tiny's are very long. `--val` is a folder made by `likebut data make wardrobe`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from likebut.benchmarks import run
from likebut.composers.base import Composer
from likebut.encoders import load_encoder
from likebut.training.phi import train_phi
from likebut.training.wardrobe import draw_stack
from likebut.training.wardrobe_phi import PICTURES, export_head, recipe_arguments, view_features


def main(arguments: Sequence[str] | None = None) -> Path:
    """Encode, train, choose by validation, export. Returns the checkpoint folder."""
    args = recipe_arguments(__doc__ or "", "pic2word", 800).parse_args(arguments)
    if args.toy:
        args.pictures, args.size, args.steps, args.batch = args.out / "pictures", 32, 6, 16
    encoder = load_encoder(args.encoder, device=args.device)
    stack = draw_stack(args.pictures, PICTURES, "train", args.size)
    features = view_features(stack, encoder, args.features or args.out / "features", views=1, seed=args.seed)

    def validate(composer: Composer) -> Mapping[str, float]:
        found = run("wardrobe-edit@val", data=args.val, encoder=encoder, composer=composer, baselines=False).metrics
        return {name: found[name] for name in ("recall@10", "recall@1")}

    out = train_phi(
        "pic2word",
        encoder,
        args.out,
        features=features,
        steps=args.steps,
        batch_size=args.batch or 256,
        validate=validate if args.val else None,
        data=f"Wardrobe train, {len(stack)} drawn pictures, {len(features)} views",
        recipe="python recipes/pic2word_wardrobe.py",
        licence="Apache-2.0",
        options={"l2_normalize": True},
        seed=args.seed,
        lr=1e-3,
        warmup=args.steps // 10,
        validate_every=100,
        log_every=100,
    )
    if args.export:
        export_head(out, args.export)
    return out


if __name__ == "__main__":
    main()

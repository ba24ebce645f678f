"""searle on Wardrobe: a pseudo-word for each drawn train picture by optimisation, distilled into φ, for wardrobe-tiny.

    python recipes/searle_wardrobe.py --val wardrobe --export likebut/weights/searle--wardrobe-tiny

Price     14 minutes on 2 busy CPU cores; 11 of them optimise tokens
Expect    wardrobe-edit@val recall@10 0.711 (sum 0.674); results/ has the test splits
Smoke     python recipes/searle_wardrobe.py --toy   # seconds; CI runs this line
Resume    the same command again; optimised tokens are kept block by block

Concepts are Wardrobe's items, alone and in every colour; phrases are requests of its grammar, written to a text file as
any generator would. `--val` is a folder made by `likebut data make wardrobe`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from likebut.benchmarks import run
from likebut.composers.base import Composer
from likebut.encoders import load_encoder
from likebut.training.phi import train_phi
from likebut.training.wardrobe import draw_stack
from likebut.training.wardrobe_phi import PICTURES, export_head, recipe_arguments, view_features, write_phrases


def main(arguments: Sequence[str] | None = None) -> Path:
    """Encode, optimise tokens, distil, choose by validation, export. Returns the checkpoint folder."""
    parser = recipe_arguments(__doc__ or "", "searle", 600)
    parser.add_argument("--tokens", type=int, default=2560, help="pictures that get a word of their own")
    args = parser.parse_args(arguments)
    if args.toy:
        args.pictures, args.size, args.steps, args.batch = args.out / "pictures", 32, 6, 16
    encoder = load_encoder(args.encoder, device=args.device)
    stack = draw_stack(args.pictures, PICTURES, "train", args.size)
    features = view_features(stack, encoder, args.features or args.out / "features", views=1, seed=args.seed)
    rows = features.rows[: args.tokens]
    phrases = write_phrases(args.out / "phrases.tsv", 2 if args.toy else 40, args.seed)

    def validate(composer: Composer) -> Mapping[str, float]:
        found = run("wardrobe-edit@val", data=args.val, encoder=encoder, composer=composer, baselines=False).metrics
        return {name: found[name] for name in ("recall@10", "recall@1")}

    out = train_phi(
        "searle",
        encoder,
        args.out,
        features=rows,
        phrases=phrases,
        steps=args.steps,
        batch_size=args.batch or 256,
        token_steps=4 if args.toy else 100,
        validate=validate if args.val else None,
        data=f"Wardrobe train, {len(rows)} drawn pictures; phrases of its grammar",
        recipe="python recipes/searle_wardrobe.py",
        licence="Apache-2.0",
        options={"l2_normalize": True},
        seed=args.seed,
        lr=1e-3,
        schedule="cosine",
        validate_every=100,
        log_every=100,
    )
    if args.export:
        export_head(out, args.export)
    return out


if __name__ == "__main__":
    main()

"""What φ for a Wardrobe encoder is trained on: features of train pictures, captions, phrases. Nothing of val or test.

Knows the drawn wardrobe and an encoder; the methods themselves are in pic2word.py, searle.py and lincir.py.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from likebut.datasets.wardrobe.attributes import COLOURS, ITEMS, generator
from likebut.datasets.wardrobe.edits import edit_between, random_target, style_edit
from likebut.datasets.wardrobe.lexicon import COLOUR_WORDS, NOUNS, STYLE_WORDS, pick, with_article
from likebut.datasets.wardrobe.samples import garment_of, scene_of
from likebut.encoders.base import Encoder
from likebut.errors import NotFound
from likebut.training.checkpoint import load_checkpoint, save_checkpoint
from likebut.training.features import FeatureCache
from likebut.training.pictures import PictureStack, cut
from likebut.training.wardrobe import Mix, words_about
from likebut.types import Region

# What `draw_stack` draws where wardrobe-tiny's own pictures are not at hand.
PICTURES = Mix(
    {"photo": 0.42, "flat": 0.12, "line": 0.1, "watercolour": 0.1, "pixel": 0.1, "chalk": 0.1, "sketch": 0.06}
)
STYLES = tuple(style for style in STYLE_WORDS if style != "sketch")


def view_features(
    stack: PictureStack, encoder: Encoder, folder: str | Path, *, views: int = 2, seed: int = 0, block: int = 512
) -> FeatureCache:
    """Features of `views` cuts of each picture, not scaled, kept in `folder`; a finished one is read again.

    Of an outfit half of the views are of one garment, given as a region, so that φ is at home with regions too.
    """
    folder = Path(folder)
    try:
        kept = FeatureCache.open(folder)
        if kept.fingerprint == encoder.fingerprint and len(kept) == views * len(stack):
            return kept
    except NotFound:
        pass
    rng = generator("wardrobe-phi", seed)
    rows = np.empty((views * len(stack), encoder.dim), np.float32)
    for start in range(0, len(rows), block):
        numbers = np.arange(start, min(start + block, len(rows))) % len(stack)
        pictures, regions = [], []
        for number in numbers:
            garments = len(stack.rows[int(number)]["garments"])  # type: ignore[arg-type]
            which = int(rng.integers(garments)) if garments > 1 and rng.random() < 0.5 else None
            picture, mask = cut(stack.pixels[number], stack.labels[number], which, len(stack.pixels[number]), rng)
            pictures.append(picture)
            regions.append(Region(mask=mask) if which is not None and mask.any() else None)
        vectors, norms = encoder.encode_images(pictures, regions, return_norms=True)
        rows[start : start + len(numbers)] = vectors * norms[:, None]
    ids = [f"{number}-{view}" for view in range(views) for number in range(len(stack))]
    FeatureCache(rows, ids, encoder.name, encoder.fingerprint).save(folder)
    return FeatureCache.open(folder)


def captions_about(number: int, seed: int = 0, *, requests: float = 0.15, outfits: float = 0.25) -> list[str]:
    """True sentences about train garments and outfits, in all styles; a share of them are requests ("make it red")."""
    rng = generator("wardrobe-phi captions", seed)
    found = []
    for _ in range(number):
        subject = scene_of("train", rng) if rng.random() < outfits else garment_of("train", rng)
        found.append(words_about(subject, pick(rng, STYLES), rng, requests)[0])
    return found


def write_phrases(path: str | Path, per_concept: int = 40, seed: int = 0) -> Path:
    """SEARLE's phrases: every item, alone and in every colour, as a concept that somebody asks something of."""
    rng = generator("wardrobe-phi phrases", seed)
    colours = ("", *(COLOUR_WORDS.get(colour, (colour,))[0] for colour in COLOURS))
    lines = []
    for item in ITEMS:
        for colour in colours:
            concept = f"{colour} {NOUNS[item][0]}".strip()
            for _ in range(per_concept):
                garment = garment_of("train", rng, item)
                asked = (
                    style_edit(pick(rng, STYLES), rng).text
                    if rng.random() < 0.2
                    else edit_between(random_target(garment, rng), garment, rng).text
                )
                lines.append(f"{concept}\ta photo of {with_article(concept, item)} that {asked}\n")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("".join(lines), "utf-8")
    return Path(path)


def recipe_arguments(doc: str, name: str, steps: int) -> argparse.ArgumentParser:
    """The options that the recipes of the three methods share."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="wardrobe-tiny")
    parser.add_argument("--out", type=Path, default=Path(f"runs/{name}-wardrobe"))
    parser.add_argument(
        "--pictures", type=Path, default=Path("runs/wardrobe-tiny/pictures/train"), help="kept drawings"
    )
    parser.add_argument("--features", type=Path, help="where picture features are kept; default: OUT/features")
    parser.add_argument("--size", type=int, default=24_000, help="pictures to draw where there are none")
    parser.add_argument(
        "--val", type=Path, help="folder of `likebut data make wardrobe`: keep the best on wardrobe-edit@val"
    )
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--export", type=Path, help="folder for the finished head, in half precision")
    parser.add_argument("--toy", "--smoke", action="store_true", help="all of it in seconds, learning nothing")
    return parser


def export_head(out: str | Path, to: str | Path) -> Path:
    """A trained φ in half precision, for the package."""
    checkpoint = load_checkpoint(out)
    return save_checkpoint(to, replace(checkpoint, weights={k: v.half() for k, v in checkpoint.weights.items()}))

"""Pictures with captions and masks, one after another: what a training script reads.

Each sample depends on (seed, split, number) only, so any worker can draw any part and a run can go on where it
stopped. Train shows no combination and no phrasing of the unseen slice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from likebut.datasets.wardrobe.attributes import Garment, generator, sample, unseen_combinations
from likebut.datasets.wardrobe.captions import Caption, caption
from likebut.datasets.wardrobe.draw import draw
from likebut.datasets.wardrobe.plan import Scene
from likebut.errors import BadData
from likebut.types import Array

SPLITS = ("train", "val", "test")
TRAIN_STYLES = {"photo": 0.5, "flat": 0.1, "line": 0.1, "watercolour": 0.1, "pixel": 0.1, "chalk": 0.1}

_WORN = (
    ("t-shirt", "shirt", "sweater", "hoodie", "dress"),
    ("jacket", "coat"),
    ("skirt", "trousers", "shorts"),
    ("boots", "sneakers"),
    ("handbag", "backpack"),
    ("hat",),
    ("scarf",),
)  # an outfit has at most one of each

# Samples are drawn at least this large and averaged down, as the files of `make` are when an encoder reads them:
# thin lines drawn at 64 pixels look otherwise.
DRAWN = 192


@dataclass(frozen=True, eq=False)
class Sample:
    """One picture to learn from.

    pixels    (H, W, 3) uint8
    mask      (H, W) uint8, 255 where the captioned thing is: one garment of an outfit, or everything
    captions  different sentences about what the mask covers
    """

    pixels: Array
    mask: Array
    captions: tuple[Caption, ...]
    subject: Garment | Scene
    style: str


def garment_of(split: str, rng: np.random.Generator, item: str | None = None) -> Garment:
    """A random garment that the split may show: train has no unseen combination, the others have both kinds."""
    if split not in SPLITS:
        raise BadData(f"Unknown split {split!r}. Known: {', '.join(SPLITS)}.")
    while True:
        garment = sample(rng, item)
        if split != "train" or garment.combination() not in unseen_combinations():
            return garment


def scene_of(split: str, rng: np.random.Generator, count: int | None = None) -> Scene:
    """A random outfit of `count` (default 2–4) items, such as one might wear together."""
    count = count or int(rng.integers(2, 5))
    worn = rng.permutation(len(_WORN))[:count]
    return Scene(tuple(garment_of(split, rng, str(rng.choice(_WORN[place]))) for place in worn))


def one_sample(
    number: int,
    *,
    seed: int = 0,
    split: str = "train",
    size: int = 96,
    captions: int = 2,
    scenes: float = 0.15,
    styles: Sequence[str] | None = None,
) -> Sample:  # fmt: skip
    """The sample of that number. `scenes`: share of outfits, where the mask and the captions are of one garment."""
    rng = generator("sample", seed, split, number)
    if styles is None:
        style = str(rng.choice(list(TRAIN_STYLES), p=list(TRAIN_STYLES.values())))
    else:
        style = str(rng.choice(list(styles)))
    train = split == "train"
    if rng.random() >= scenes:
        garment = garment_of(split, rng)
        drawing = draw(garment, style, max(size, DRAWN), int(rng.integers(1 << 31)))
        words = tuple(caption(garment, style, rng, train=train) for _ in range(captions))
        return Sample(_reduced(drawing.pixels, size), _reduced(drawing.masks[0], size), words, garment, style)
    scene = scene_of(split, rng)
    drawing = draw(scene, style, max(size, DRAWN), int(rng.integers(1 << 31)))
    which = int(rng.integers(len(scene.garments)))
    words = tuple(caption(scene.garments[which], style, rng, train=train) for _ in range(captions))
    return Sample(_reduced(drawing.pixels, size), _reduced(drawing.masks[which], size), words, scene, style)


def _reduced(image: Array, size: int) -> Array:
    if image.shape[0] == size:
        return image
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)


def samples(
    start: int,
    stop: int,
    *,
    seed: int = 0,
    split: str = "train",
    size: int = 96,
    captions: int = 2,
    scenes: float = 0.15,
    styles: Sequence[str] | None = None,
) -> Iterator[Sample]:  # fmt: skip
    """Samples `start` to `stop`, drawn as they are asked for."""
    for number in range(start, stop):
        yield one_sample(number, seed=seed, split=split, size=size, captions=captions, scenes=scenes, styles=styles)

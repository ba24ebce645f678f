"""Triplets to learn from: (reference, edit, target), one after another.

Like `samples`: each depends on (seed, split, number) only, and train shows no unseen combination or phrasing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment, generator, unseen_combinations
from likebut.datasets.wardrobe.edits import Edit, addition, edit_between, loose_edit, random_target, style_edit
from likebut.datasets.wardrobe.pictures import Picture
from likebut.datasets.wardrobe.plan import STYLES
from likebut.datasets.wardrobe.samples import garment_of, scene_of

_SHARES = {"edit": 0.6, "loose": 0.15, "style": 0.08, "region": 0.09, "addition": 0.08}


@dataclass(frozen=True)
class Triplet:
    """One lesson. `region`: number of the reference's garment that counts, or None for the whole picture."""

    reference: Picture
    edit: Edit
    target: Picture
    region: int | None = None


def one_triplet(number: int, *, seed: int = 0, split: str = "train", kinds: Sequence[str] | None = None) -> Triplet:
    """The triplet of that number.

    kinds  edit (to one garment), loose (to one of several), style, region (of an outfit), addition (of items);
           default: all, edits most often
    """
    rng = generator("triplet", seed, split, number)
    names = list(kinds) if kinds is not None else list(_SHARES)
    weights = np.array([_SHARES[name] for name in names])
    kind = str(rng.choice(names, p=weights / weights.sum()))
    train = split == "train"
    if kind == "addition":
        scene = scene_of(split, rng)
        which = int(rng.integers(len(scene.garments)))
        others = [garment for i, garment in enumerate(scene.garments) if i != which]
        reference = _photo((scene.garments[which],), rng)
        return Triplet(reference, addition(others, rng, train=train), _photo(scene.garments, rng))
    if kind == "region":
        scene = scene_of(split, rng)
        which = int(rng.integers(len(scene.garments)))
        target = _allowed_target(scene.garments[which], split, rng)
        said = edit_between(scene.garments[which], target, rng, train=train)
        return Triplet(_photo(scene.garments, rng), said, _photo((target,), rng), which)
    start = garment_of(split, rng)
    if kind == "style":
        style = str(rng.choice(STYLES[1:]))
        return Triplet(_photo((start,), rng), style_edit(style, rng, train=train), Picture((start,), style, _seed(rng)))
    if kind == "loose":
        while True:
            said = loose_edit(start, rng, train=train)
            fitting = [target for target in said.targets(start) if _may_show(split, target)]
            if fitting:
                target = fitting[int(rng.integers(len(fitting)))]
                return Triplet(_photo((start,), rng), said, _photo((target,), rng))
    target = _allowed_target(start, split, rng)
    return Triplet(_photo((start,), rng), edit_between(start, target, rng, train=train), _photo((target,), rng))


def _may_show(split: str, garment: Garment) -> bool:
    return split != "train" or garment.combination() not in unseen_combinations()


def _allowed_target(start: Garment, split: str, rng: np.random.Generator) -> Garment:
    changes = int(rng.choice([1, 2, 3], p=[0.7, 0.22, 0.08]))
    while True:
        target = random_target(start, rng, min(changes, len(start.attributes()) - 1))
        if _may_show(split, target):
            return target


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(1 << 31))


def _photo(garments: tuple[Garment, ...], rng: np.random.Generator) -> Picture:
    return Picture(garments, "photo", _seed(rng))

"""What a benchmark of Wardrobe is before it is drawn: pictures by their attributes, and exact answers.

Also holds the two ceilings that show whether a benchmark can be solved from one modality: what a perfect reader
who sees no reference, and a perfect looker who reads no text, would get right at rank 1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from likebut.datasets.wardrobe.attributes import ITEMS, Garment, generator, stable_hash, unseen_combinations
from likebut.datasets.wardrobe.pictures import Picture
from likebut.datasets.wardrobe.samples import garment_of


@dataclass(frozen=True)
class Size:
    """How large a split's benchmarks are.

    references  garments that wardrobe-edit and -many start from; the gallery holds all their neighbours
    queries     queries of each benchmark, where the references do not decide it
    pictures    pictures with captions; also the queries of wardrobe-caption
    triplets    (reference, edit, target), train only
    """

    references: int
    queries: int
    pictures: int
    triplets: int = 0


SIZES = {
    "small": {"train": Size(0, 0, 60, 60), "val": Size(2, 12, 24), "test": Size(8, 32, 64)},
    "default": {"train": Size(0, 0, 6000, 6000), "val": Size(32, 240, 500), "test": Size(88, 600, 1000)},
}
EDITS_PER_REFERENCE = 12


@dataclass(frozen=True)
class TaskQuery:
    """A query and its answers, all by picture id.

    reference  a picture of its own, or one of the gallery where `in_gallery`
    region     number of the reference's garment that counts
    group      CIRR's six: reference, answer and look-alikes
    """

    id: str
    relevant: tuple[str, ...]
    text: str = ""
    reference: Picture | None = None
    in_gallery: bool = False
    region: int | None = None
    sketch: Picture | None = None
    group: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """One benchmark of one split. `ceilings`: name → expected recall@1 of a perfect one-modality solver."""

    name: str
    split: str
    gallery: tuple[Picture, ...]
    queries: tuple[TaskQuery, ...]
    ceilings: dict[str, float] = field(default_factory=dict)

    def pictures(self) -> Iterable[Picture]:
        """Every picture that must be drawn; some more than once."""
        yield from self.gallery
        for query in self.queries:
            if query.reference is not None:
                yield query.reference
            if query.sketch is not None:
                yield query.sketch


def gallery_picture(garment: Garment, split: str, seed: int, style: str = "photo", take: int = 0) -> Picture:
    """The picture that stands for a garment in the split's galleries: one per garment, shared by the benchmarks."""
    return Picture((garment,), style, stable_hash("gallery", seed, split, garment.key(), style, take) % (1 << 31))


def references(split: str, seed: int, count: int, purpose: str) -> list[Garment]:
    """That many different garments, the items in turn, so that each is asked about equally often."""
    rng = generator("references", purpose, split, seed)
    found: dict[Garment, None] = {}
    while len(found) < count:
        found[garment_of(split, rng, list(ITEMS)[len(found) % len(ITEMS)])] = None
    return list(found)


def seen_slices(split: str, garments: Iterable[Garment], unseen_phrasing: bool) -> tuple[str, ...]:
    """The slice names that say what train never saw. Garments: all that the query and its answer show."""
    combination = any(garment.combination() in unseen_combinations() for garment in garments)
    names = ["unseen" if combination or unseen_phrasing else "seen"]
    return (*names, *(["unseen-combination"] if combination else []), *(["unseen-phrasing"] if unseen_phrasing else []))


def group_of(
    reference: str, target: str, near: Sequence[str], rng: np.random.Generator, size: int = 6
) -> tuple[str, ...]:
    """The reference, the target and look-alikes, `size` ids in all, in an order that says nothing."""
    others = [id_ for id_ in near if id_ not in (reference, target)]
    chosen = [others[i] for i in rng.permutation(len(others))[: size - 2]]
    return tuple(sorted([reference, target, *chosen]))


class Shelf:
    """A gallery of single garments: one picture each, in the order they were put in, found by their values."""

    def __init__(self, split: str, seed: int, take: int = 0) -> None:
        self.split, self.seed, self.take = split, seed, take
        self.pictures: dict[Garment, Picture] = {}
        self._having: dict[tuple[str, str], set[str]] = {}

    def __contains__(self, garment: Garment) -> bool:
        return garment in self.pictures

    def add(self, garment: Garment) -> str:
        """Put it in, once, and return its picture's id."""
        if garment not in self.pictures:
            picture = gallery_picture(garment, self.split, self.seed, take=self.take)
            self.pictures[garment] = picture
            for name in garment.attributes():
                self._having.setdefault((name, garment.value(name)), set()).add(picture.id)
        return self.pictures[garment].id

    def having(self, wanted: Mapping[str, Iterable[str]]) -> set[str]:
        """Ids of the garments whose attributes all have one of the wanted values."""
        sets = [
            set().union(*(self._having.get((name, value), set()) for value in allowed))
            for name, allowed in wanted.items()
        ]
        return set.intersection(*sets) if sets else {picture.id for picture in self.pictures.values()}


def expected_hit(relevant: set[str], tied: Collection[str]) -> float:
    """Chance that a blind choice among tied ids is right; 0 where none of them is."""
    return sum(id_ in relevant for id_ in tied) / len(tied) if tied else 0.0


def mean(numbers: Iterable[float]) -> float:
    """The average, rounded to 4 digits so that files are the same everywhere; 0 of nothing."""
    listed = list(numbers)
    return round(float(np.mean(listed)), 4) if listed else 0.0

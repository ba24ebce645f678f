"""wardrobe-region and wardrobe-compose: several garments in one picture."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment, differences, generator, is_sensible, neighbours, with_value
from likebut.datasets.wardrobe.edits import Edit, addition, edit_between, random_target
from likebut.datasets.wardrobe.pictures import Picture
from likebut.datasets.wardrobe.plan import Scene
from likebut.datasets.wardrobe.samples import garment_of, scene_of
from likebut.datasets.wardrobe.tasks.base import (
    Shelf,
    Size,
    Task,
    TaskQuery,
    expected_hit,
    mean,
    references,
    seen_slices,
)


def region(split: str, seed: int, size: Size) -> Task:
    """An outfit, one garment of it marked, and an edit → that garment, edited, alone.

    The gallery also holds the other garments of the outfit with the same change, so the region is needed.
    """
    rng = generator("wardrobe-region", split, seed)
    shelf = Shelf(split, seed)
    planned: list[tuple[Scene, int, Garment, Edit]] = []
    while len(planned) < size.queries:
        scene = scene_of(split, rng)
        which = int(rng.integers(len(scene.garments)))
        start = scene.garments[which]
        target = random_target(start, rng)
        said = edit_between(start, target, rng, train=False)
        name = differences(start, target)[0]
        shelf.add(target)
        for garment in scene.garments:
            shelf.add(garment)
            other = with_value(garment, name, target.value(name))
            if garment is not start and is_sensible(other):
                shelf.add(other)
        near = [other for _, other in neighbours(start)]
        for index in rng.permutation(len(near))[:6]:
            shelf.add(near[index])
        planned.append((scene, which, target, said))
    queries, by_text, by_image = [], [], []
    for number, (scene, which, target, said) in enumerate(planned):
        right = shelf.add(target)
        picture = Picture(scene.garments, "photo", int(rng.integers(1 << 31)))
        slices = (
            *seen_slices(split, (*scene.garments, target), said.unseen),
            f"kind={said.kind}",
            f"garments={len(scene.garments)}",
        )
        queries.append(TaskQuery(f"region-{number:05d}", (right,), said.text, picture, region=which, slices=slices))
        by_text.append(expected_hit({right}, shelf.having(dict(said.changes))))
        by_image.append(0.0)  # the unchanged garment itself is in the gallery, and nearer
    ceilings = {"text_only": mean(by_text), "image_only": mean(by_image)}
    return Task("wardrobe-region", split, tuple(shelf.pictures.values()), tuple(queries), ceilings)


def compose(split: str, seed: int, size: Size) -> Task:
    """A garment cut out of one picture, and the names of other items → the outfit that has all of them.

    Each garment appears in twelve outfits with different company, and each outfit has a twin of the same items with
    another garment in that one's place: neither half of the query is enough.
    """
    rng = generator("wardrobe-compose", split, seed)
    outfits: list[Picture] = []
    planned: list[tuple[Garment, Picture]] = []
    for start in references(split, seed, max(2, size.queries // _COMPANIES), "compose"):
        companies: set[frozenset[str]] = set()
        while len(companies) < _COMPANIES:
            scene = scene_with(start, split, rng)
            items = frozenset(garment.item for garment in scene.garments)
            if items in companies:
                continue
            companies.add(items)
            picture = _outfit(scene, rng)
            twin = Scene(tuple(garment_of(split, rng, garment.item) for garment in scene.garments))
            outfits += [picture, _outfit(twin, rng)]
            planned.append((start, picture))
    by_garment: dict[Garment, set[str]] = {}
    by_items: dict[str, set[str]] = {}
    for picture in outfits:
        for garment in picture.garments:
            by_garment.setdefault(garment, set()).add(picture.id)
            by_items.setdefault(garment.item, set()).add(picture.id)
    count = {picture.id: len(picture.garments) for picture in outfits}
    queries, by_text, by_image = [], [], []
    for number, (start, picture) in enumerate(planned):
        others = [garment for garment in picture.garments if garment != start]
        said = addition(others, rng, train=False)
        with_company = set.intersection(*(by_items[garment.item] for garment in others))
        right = {id_ for id_ in with_company & by_garment[start] if count[id_] == len(picture.garments)}
        crop = Picture(picture.garments, "photo", int(rng.integers(1 << 31)), "crop", picture.garments.index(start))
        slices = (*seen_slices(split, picture.garments, said.unseen), f"garments={len(picture.garments)}")
        queries.append(TaskQuery(f"compose-{number:05d}", tuple(sorted(right)), said.text, crop, slices=slices))
        by_text.append(expected_hit(right, with_company))
        by_image.append(expected_hit(right, by_garment[start]))
    ceilings = {"text_only": mean(by_text), "image_only": mean(by_image)}
    return Task("wardrobe-compose", split, tuple(outfits), tuple(queries), ceilings)


_COMPANIES = 12


def scene_with(garment: Garment, split: str, rng: np.random.Generator) -> Scene:
    """A random outfit that has this garment, at a random place in it."""
    while True:
        others = [g for g in scene_of(split, rng, int(rng.integers(2, 5))).garments if g.item != garment.item][:3]
        if others:
            order = [garment, *others]
            return Scene(tuple(order[i] for i in rng.permutation(len(order))))


def _outfit(scene: Scene, rng: np.random.Generator) -> Picture:
    return Picture(scene.garments, "photo", int(rng.integers(1 << 31)))

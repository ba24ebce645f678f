"""The sample gallery: what it shows, and drawing it. Pictures that are there already are not drawn again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment, generator, neighbours, sample, with_value
from likebut.datasets.wardrobe.captions import describe
from likebut.datasets.wardrobe.gallery import sample_gallery
from likebut.datasets.wardrobe.pictures import Picture

SIZE = 256  # px
VERSION = 1  # rises when the gallery shows something else, so that an old one is drawn again

TEE = Garment(
    "t-shirt", "blue", sleeve="short", length="regular", neckline="crew", fit="slim", logo="star", place="front"
)
DRESS = Garment("dress", "green", sleeve="short", length="knee", neckline="crew", closure="none", fit="flared")
SWEATER = Garment(
    "sweater",
    "yellow",
    "stripes",
    "black",
    sleeve="long",
    length="regular",
    neckline="crew",
    closure="none",
    fit="loose",
)
BOOTS = Garment("boots", "red", length="calf", closure="laces", fit="flat")
BACKPACK = Garment("backpack", "turquoise", closure="buckle", fit="large", logo="none")
HANDBAG = Garment("handbag", "brown", length="short", closure="buckle", fit="small")
COAT = Garment("coat", "black", length="knee", neckline="collar", closure="belt", fit="slim")
SKIRT = Garment("skirt", "pink", "checks", "black", length="knee", closure="none", fit="flared")
SHIRT = Garment("shirt", "white", sleeve="long", length="regular", neckline="collar", fit="slim")
HAT = Garment("hat", "brown", closure="ribbon", fit="wide")
OUTFIT = Picture((SHIRT, SKIRT, HAT), seed=2)

ANCHORS = (TEE, DRESS, SWEATER, BOOTS, BACKPACK, HANDBAG, COAT, SKIRT)
TARGETS = (
    with_value(TEE, "colour", "red"),
    with_value(DRESS, "pattern", "dots/white"),
    with_value(SWEATER, "sleeve", "short"),
    with_value(SKIRT, "colour", "orange"),
    with_value(BACKPACK, "colour", "purple"),
    with_value(with_value(BACKPACK, "colour", "purple"), "logo", "crown/front"),
    with_value(HANDBAG, "colour", "red"),
    with_value(COAT, "colour", "orange"),
)
NEAR, FAR, OUTFITS = 14, 128, 12  # one-attribute neighbours of each anchor; articles and outfits at random


@dataclass(frozen=True)
class Entry:
    """One picture of the gallery: a readable id, what it shows, and its metadata."""

    id: str
    picture: Picture
    metadata: dict[str, Any]

    @property
    def file(self) -> str:
        """Its name below the gallery's folder."""
        return f"{self.id}.jpg"


def entries() -> list[Entry]:
    """The whole gallery, always the same: anchors and answers, their look-alikes, other articles, outfits."""
    rng = generator("demo", VERSION)
    shown = [*ANCHORS, *TARGETS]
    for anchor in ANCHORS:
        near = [other for _, other in neighbours(anchor)]
        shown += [near[i] for i in rng.permutation(len(near))[:NEAR]]
    pictures = [Picture((garment,), seed=number) for number, garment in enumerate(dict.fromkeys(shown))]
    pictures += [Picture((BOOTS,), style, seed=1) for style in ("flat", "line", "watercolour", "pixel", "chalk")]
    pictures.append(OUTFIT)
    pictures += [Picture(_outfit(int(rng.integers(2, 5)), rng), seed=number) for number in range(OUTFITS)]
    described = [(picture, _metadata(picture, rng)) for picture in pictures]
    held = {picture.garments for picture in pictures}
    others = [(picture, told) for _, picture, told in sample_gallery(FAR) if picture.garments not in held]
    return list(_named(described + others))


def _outfit(count: int, rng: np.random.Generator) -> tuple[Garment, ...]:
    """`count` garments, each of another kind."""
    found: dict[str, Garment] = {}
    while len(found) < count:
        garment = sample(rng)
        found.setdefault(garment.item, garment)
    return tuple(found.values())


def _metadata(picture: Picture, rng: np.random.Generator) -> dict[str, Any]:
    """The columns of `sample_gallery`; an outfit has a title, a style and a price only."""
    titles = [describe(garment, rng, always=("colour", "pattern"), most=3)[0] for garment in picture.garments]
    told: dict[str, Any] = {"title": ", ".join(titles)}
    if len(picture.garments) == 1:
        told |= {part.name: getattr(picture.garments[0], part.name) for part in fields(Garment) if part.name != "place"}
    return {**told, "style": picture.style, "price": int(rng.integers(15, 120)), "stock": int(rng.integers(0, 40))}


def _named(pictures: list[tuple[Picture, dict[str, Any]]]) -> Iterator[Entry]:
    counts: dict[str, int] = {}
    for picture, metadata in pictures:
        first = picture.garments[0]
        name = f"{first.colour}-{first.item}" if len(picture.garments) == 1 else "outfit"
        if picture.style != "photo":
            name += f"-{picture.style}"
        counts[name] = counts.get(name, 0) + 1
        yield Entry(f"{name}-{counts[name]}", picture, metadata)


def draw_gallery(folder: Path, progress: Callable[[int], object]) -> Path:
    """Draw what is missing and write the table that `likebut index` reads; returns the table's path."""
    folder.mkdir(parents=True, exist_ok=True)
    table, version = folder / "items.jsonl", folder / "version.txt"
    fresh = version.exists() and version.read_text() == str(VERSION)
    lines = []
    for entry in entries():
        path = folder / entry.file
        if not (fresh and path.exists()):
            temporary = path.with_suffix(".tmp")
            entry.picture.draw(SIZE).image.save(temporary, "JPEG", quality=92)
            temporary.replace(path)
        lines.append(json.dumps({"id": entry.id, "image": entry.file, **entry.metadata}))
        progress(1)
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    version.write_text(str(VERSION))
    return table

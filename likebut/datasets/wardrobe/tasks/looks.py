"""wardrobe-domain, wardrobe-sketch and wardrobe-caption: the same thing, drawn otherwise or only described."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment, generator, neighbours
from likebut.datasets.wardrobe.captions import FRAMES, Caption, describe
from likebut.datasets.wardrobe.edits import style_edit
from likebut.datasets.wardrobe.lexicon import PATTERN_NOUNS, colour_word, frame, pick, with_article
from likebut.datasets.wardrobe.pictures import Picture
from likebut.datasets.wardrobe.plan import STYLES
from likebut.datasets.wardrobe.tasks.base import (
    Shelf,
    Size,
    Task,
    TaskQuery,
    expected_hit,
    gallery_picture,
    mean,
    references,
    seen_slices,
)

_TAKES = 2  # pictures of each garment in each style
_SHAPE = ("sleeve", "length", "neckline", "closure", "fit")


def domain(split: str, seed: int, size: Size) -> Task:
    """A photo and the name of a style → that garment in that style. Slices: one per style."""
    rng = generator("wardrobe-domain", split, seed)
    styles = STYLES[1:]
    shown = references(split, seed, max(4, size.queries // 4), "domain")
    # Other photos of the same garments are in the gallery too: without the word, those would be the right answer.
    gallery = {
        (g, style): [gallery_picture(g, split, seed, style, take) for take in range(_TAKES)]
        for g in shown
        for style in STYLES
    }
    queries = []
    for number, garment in enumerate(shown):
        photo = Picture((garment,), "photo", int(rng.integers(1 << 31)))
        for style in styles:
            said = style_edit(style, rng, train=False)
            right = tuple(sorted(picture.id for picture in gallery[garment, style]))
            slices = (*seen_slices(split, (garment,), said.unseen), f"style={style}")
            queries.append(TaskQuery(f"domain-{number:05d}-{style}", right, said.text, photo, slices=slices))
    pictures = tuple(picture for takes in gallery.values() for picture in takes)
    ceilings = {"text_only": round(1 / len(shown), 4), "image_only": 0.0}
    return Task("wardrobe-domain", split, pictures, tuple(queries), ceilings)


SKETCH_FRAMES = (
    "{p}",
    "{p}, please",
    "like this, {p}",
    "something like this {p}",
    "this shape, {p}",
    "what i drew, {p}",
    "find it {p}",
    "as drawn, {p}",
    "one like this {p}",
    "i want it {p}",
)


def sketch(split: str, seed: int, size: Size) -> Task:
    """A hand drawing says the shape, the text colour and pattern → the photo.

    The gallery holds the same shape in other colours, and other shapes in the same colour.
    """
    rng = generator("wardrobe-sketch", split, seed)
    shown = references(split, seed, size.queries, "sketch")
    shelf = Shelf(split, seed)
    for garment in shown:
        shelf.add(garment)
        near: dict[bool, list[Garment]] = {True: [], False: []}
        for name, other in neighbours(garment):
            if name != "logo":
                near[name in _SHAPE].append(other)
        for kind in (True, False):
            for index in rng.permutation(len(near[kind]))[:4]:
                shelf.add(near[kind][index])
    items: dict[str, set[str]] = {}
    for garment, picture in shelf.pictures.items():
        items.setdefault(garment.item, set()).add(picture.id)
    queries, by_text, by_image = [], [], []
    for number, garment in enumerate(shown):
        form, unseen = frame(rng, SKETCH_FRAMES, train=False)
        drawn = Picture((garment,), "sketch", int(rng.integers(1 << 31)), "hand")
        right = shelf.add(garment)
        slices = (*seen_slices(split, (garment,), unseen), f"item={garment.item}")
        queries.append(
            TaskQuery(
                f"sketch-{number:05d}", (right,), form.format(p=_cloth(garment, rng)), sketch=drawn, slices=slices
            )
        )
        said = {name: [garment.value(name)] for name in ("colour", "pattern")}
        shape = {name: [garment.value(name)] for name in garment.attributes() if name not in said}
        by_text.append(expected_hit({right}, shelf.having(said)))
        by_image.append(expected_hit({right}, shelf.having(shape) & items[garment.item]))
    ceilings = {"text_only": mean(by_text), "sketch_only": mean(by_image)}
    return Task("wardrobe-sketch", split, tuple(shelf.pictures.values()), tuple(queries), ceilings)


def _cloth(garment: Garment, rng: np.random.Generator) -> str:
    colour = colour_word(garment.colour, rng)
    if not garment.second:
        return f"in {pick(rng, ('plain ', 'solid ', ''))}{colour}"
    second, word = colour_word(garment.second, rng), pick(rng, PATTERN_NOUNS[garment.pattern])
    return f"in {colour} with " + (
        f"{with_article(second, '')} {word[2:]}" if word.startswith("a ") else f"{second} {word}"
    )


def captioned(split: str, seed: int, size: Size) -> Task:
    """A full description → the picture: plain text-to-image retrieval, to see what the encoder itself can do."""
    rng = generator("wardrobe-caption", split, seed)
    shown = references(split, seed, size.pictures, "caption")
    shelf = {garment: gallery_picture(garment, split, seed, "photo", take=1) for garment in shown}
    queries = []
    for number, garment in enumerate(shown):
        bare, mentions = describe(garment, rng, always=garment.attributes(), most=20)
        form, unseen = frame(rng, FRAMES, train=False)
        text = form.format(
            x=with_article(bare, garment.item), bare=bare, style=pick(rng, ("photo", "photograph", "picture"))
        )
        said = Caption(text, mentions, unseen)
        right = tuple(sorted(picture.id for other, picture in shelf.items() if said.fits(other)))
        queries.append(
            TaskQuery(
                f"caption-{number:05d}",
                right,
                text,
                slices=(*seen_slices(split, (garment,), unseen), f"item={garment.item}"),
            )
        )
    return Task("wardrobe-caption", split, tuple(shelf.values()), tuple(queries))

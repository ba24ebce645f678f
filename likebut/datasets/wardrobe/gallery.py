"""The sample gallery of the demo: a small shop, varied and good to look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from likebut.datasets.wardrobe.attributes import ITEMS, Garment, generator, sample
from likebut.datasets.wardrobe.captions import describe
from likebut.datasets.wardrobe.edits import random_target
from likebut.datasets.wardrobe.pictures import Picture

_PRICES = {
    "t-shirt": 15, "shirt": 35, "sweater": 45, "hoodie": 49, "jacket": 79, "coat": 129, "dress": 69, "skirt": 39,
    "trousers": 55, "shorts": 29, "boots": 110, "sneakers": 75, "handbag": 85, "backpack": 59, "hat": 25, "scarf": 19,
}  # fmt: skip
_COLUMNS = ("item", "colour", "pattern", "second", "sleeve", "length", "neckline", "closure", "logo", "fit")
_STYLES = ("photo",) * 12 + ("flat", "watercolour", "line", "pixel", "chalk")


def sample_gallery(n: int = 400, seed: int = 0) -> Iterator[tuple[str, Picture, dict[str, Any]]]:
    """(id, picture, metadata) of n articles. Every third is a near relation of an earlier one: one attribute changed.

    Metadata: title, item, colour, pattern, second, sleeve, length, neckline, closure, logo, fit ("" where the item
    has none), style, price (whole euros), stock.
    """
    rng = generator("sample gallery", seed)
    items = list(ITEMS)
    shop: dict[Garment, None] = {}
    while len(shop) < n:
        item = items[len(shop) % len(items)]
        related = [garment for garment in shop if garment.item == item]
        if related and rng.random() < 0.35:
            shop[random_target(related[int(rng.integers(len(related)))], rng)] = None
        else:
            shop[sample(rng, item)] = None
    for number, garment in enumerate(shop):
        style = str(rng.choice(_STYLES)) if number >= len(items) else "photo"
        picture = Picture((garment,), style, int(rng.integers(1 << 31)))
        price = round(_PRICES[garment.item] * rng.uniform(0.7, 1.6))
        title, _ = describe(garment, rng, always=("colour", "pattern"), most=3)
        named = {name: getattr(garment, name) for name in _COLUMNS}
        yield (
            f"{number:04d}",
            picture,
            {"title": title, **named, "style": style, "price": price, "stock": int(rng.integers(0, 40))},
        )

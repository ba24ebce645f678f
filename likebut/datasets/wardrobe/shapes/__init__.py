"""The shape of every item: attributes in, drawing commands out.

`parts(garment, rng)` is all that the painters see; one file per family of items.
"""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.geometry import Part
from likebut.datasets.wardrobe.shapes import bags, bottoms, feet, head, outer, tops

_SHAPES = {
    "t-shirt": tops.t_shirt,
    "shirt": tops.shirt,
    "sweater": tops.sweater,
    "hoodie": outer.hoodie,
    "jacket": outer.jacket,
    "coat": outer.coat,
    "dress": tops.dress,
    "skirt": bottoms.skirt,
    "trousers": bottoms.trousers,
    "shorts": bottoms.shorts,
    "boots": feet.boots,
    "sneakers": feet.sneakers,
    "handbag": bags.handbag,
    "backpack": bags.backpack,
    "hat": head.hat,
    "scarf": head.scarf,
}

# Side of the square, in garment space, that fills the picture when the item is alone: one per item, not per garment,
# so that a long coat is longer in the picture too.
FRAMES = {
    "t-shirt": 1.06,
    "shirt": 1.14,
    "sweater": 1.14,
    "hoodie": 1.2,
    "jacket": 1.1,
    "coat": 1.5,
    "dress": 1.48,
    "skirt": 1.06,
    "trousers": 1.25,
    "shorts": 0.78,
    "boots": 0.98,
    "sneakers": 0.82,
    "handbag": 0.95,
    "backpack": 0.98,
    "hat": 0.8,
    "scarf": 1.14,
}


def parts(garment: Garment, rng: np.random.Generator) -> list[Part]:
    """Drawing commands of the garment, from back to front. `rng` is the pose: how sleeves hang and cloth falls."""
    return _SHAPES[garment.item](garment, rng)

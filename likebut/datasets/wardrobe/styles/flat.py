"""Flat illustration: plain areas of colour, a darker outline, a quiet ground."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.plan import Plan
from likebut.datasets.wardrobe.styles.base import floats, mix, plain_garment, visible
from likebut.types import Array


def paint(plan: Plan, size: int) -> tuple[Array, list[Array]]:
    """The picture, (size, size, 3) uint8, and each garment's visible mask, (size, size) uint8."""
    image = np.empty((size, size, 3), np.uint8)
    image[:] = floats(mix(plan.tone, (250, 246, 240), 0.25))
    for layer in plan.layers:
        plain_garment(image, layer, size, outline=max(1.0, size / 150))
    return image, visible(plan, size)

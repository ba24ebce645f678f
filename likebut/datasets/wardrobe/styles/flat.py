"""Flat illustration: plain areas of colour, a darker outline, a quiet ground."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.plan import Layer, Plan
from likebut.datasets.wardrobe.styles.base import coverage, fill, fill_cloth, mix, palette, stroke
from likebut.types import Array


def paint(plan: Plan, size: int) -> tuple[Array, list[Array]]:
    """The picture, (size, size, 3) uint8, and each garment's visible mask, (size, size) uint8."""
    ground = mix(plan.tone, (250, 246, 240), 0.25)
    image = np.empty((size, size, 3), np.uint8)
    image[:] = np.uint8(ground)
    masks: list[Array] = []
    for layer in plan.layers:
        mask = coverage(layer, size)
        for below in masks:
            np.minimum(below, 255 - mask, out=below)
        masks.append(mask)
        flat_garment(image, layer, size, outline=max(1.0, size / 150))
    return image, masks


def flat_garment(image: Array, layer: Layer, size: int, outline: float) -> None:
    """Paint one garment in plain colours; `outline` in pixels."""
    colours = palette(layer.garment)
    for part in layer.parts:
        if part.kind == "fold":
            continue
        if part.kind == "line":
            stroke(image, part.points, size, colours[part.paint], part.width * size)
            continue
        if part.paint == "cloth" and layer.garment.second:
            fill_cloth(image, layer, part, size, colours)
        else:
            fill(image, part.points, size, colours[part.paint])
        if part.paint in ("cloth", "trim", "sole", "leather", "inside", "accent"):
            stroke(image, np.vstack([part.points, part.points[:1]]), size, colours["ink"], outline)

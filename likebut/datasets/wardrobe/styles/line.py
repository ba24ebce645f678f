"""Line drawing: black pen on white paper, coloured in with slanted pencil strokes."""

from __future__ import annotations

import cv2
import numpy as np

from likebut.datasets.wardrobe.plan import Plan
from likebut.datasets.wardrobe.styles.base import floats, hatching, ink_layer, patch, plain_garment, visible
from likebut.types import Array

_PAPER = floats([252, 251, 247])


def paint(plan: Plan, size: int) -> tuple[Array, list[Array]]:
    """The picture, (size, size, 3) uint8, and each garment's visible mask, (size, size) uint8."""
    rng = plan.rng("pen")
    masks = visible(plan, size)
    covered = np.maximum.reduce(masks).astype(np.float32) * (1 / 255)
    colour = np.full((size, size, 3), 255, np.uint8)
    for layer in plan.layers:
        plain_garment(colour, layer, size, outline=0)
    strokes = hatching(size, rng, spacing=max(3.0, size / 52), width=0.55)
    pencil = np.clip(0.2 + 0.72 * strokes + 0.06 * patch("cloth", size, rng), 0, 1) * covered
    image = _PAPER + (colour.astype(np.float32) - _PAPER) * pencil[..., None]
    ink = ink_layer(plan, size, max(1.0, size / 120), wobble=0.0022, rng=rng).astype(np.float32) * (1 / 255)
    image = np.float32(34) + (image - np.float32(34)) * cv2.GaussianBlur(ink, (0, 0), 0.4)[..., None]
    return np.clip(image, 0, 255).astype(np.uint8), masks

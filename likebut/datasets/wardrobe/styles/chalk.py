"""Chalkboard: coloured chalk, rubbed on in slanted strokes, on a dark and smudged board."""

from __future__ import annotations

import cv2
import numpy as np

from likebut.datasets.wardrobe.plan import Plan
from likebut.datasets.wardrobe.styles.base import floats, hatching, ink_layer, patch, plain_garment, visible
from likebut.types import Array

_BOARDS = ((52, 68, 62), (58, 62, 66), (44, 62, 74), (66, 58, 56))


def paint(plan: Plan, size: int) -> tuple[Array, list[Array]]:
    """The picture, (size, size, 3) uint8, and each garment's visible mask, (size, size) uint8."""
    rng = plan.rng("chalk")
    masks = visible(plan, size)
    covered = np.maximum.reduce(masks).astype(np.float32) * (1 / 255)
    board = floats(_BOARDS[int(rng.integers(len(_BOARDS)))])
    smudge = cv2.resize(patch("cloud", 512, rng)[::16, ::16], (size, size), interpolation=cv2.INTER_LINEAR)
    image = board + (6 * np.clip(smudge, -1, 2) + 1.5 * patch("grain", size, rng))[..., None]
    colour = np.full((size, size, 3), 255, np.uint8)
    for layer in plan.layers:
        plain_garment(colour, layer, size, outline=0)
    tooth = patch("cloth", size, rng)  # the board's grain takes chalk here and not there
    strokes = hatching(size, rng, spacing=max(3.0, size / 40), width=0.7)
    chalk = np.clip(0.5 + 0.4 * strokes + 0.2 * tooth, 0, 0.97) * covered
    tinted = np.clip(colour.astype(np.float32) * 1.04 + 8, 0, 255)
    image += (tinted - image) * chalk[..., None]
    ink = 1 - ink_layer(plan, size, max(1.0, size / 80), wobble=0.0035, rng=rng).astype(np.float32) * (1 / 255)
    line = ink * np.clip(0.85 + 0.3 * tooth, 0.2, 1)
    image += (floats([242, 241, 232]) - image) * line[..., None]
    return np.clip(image, 0, 255).astype(np.uint8), masks

"""Pixel art: a coarse grid, few tones, a dark rim."""

from __future__ import annotations

import cv2
import numpy as np

from likebut.datasets.wardrobe.plan import Plan
from likebut.datasets.wardrobe.styles.base import floats, mix, plain_garment, visible
from likebut.types import Array

_GRID = {1: 48, 2: 64, 3: 64, 4: 72}  # pixels of the drawing's own, by the number of garments


def paint(plan: Plan, size: int) -> tuple[Array, list[Array]]:
    """The picture, (size, size, 3) uint8, and each garment's visible mask, (size, size) uint8."""
    grid = min(size, _GRID[len(plan.layers)])
    fine = grid * 3
    ground = mix(plan.tone, (120, 150, 190), 0.35)
    image = np.empty((fine, fine, 3), np.uint8)
    image[:] = floats(ground)
    for layer in plan.layers:
        plain_garment(image, layer, fine, outline=fine / 110)
    small = cv2.resize(image, (grid, grid), interpolation=cv2.INTER_AREA)
    small = (small.astype(np.uint16) * 15 + 127) // 255 * 17  # four bits per channel
    masks = [cv2.resize(mask, (grid, grid), interpolation=cv2.INTER_AREA) for mask in visible(plan, fine)]
    masks = [np.where(mask > 127, 255, 0).astype(np.uint8) for mask in masks]
    covered = np.maximum.reduce(masks)
    rim = (cv2.dilate(covered, np.ones((3, 3), np.uint8)) > 0) & (covered == 0)
    sky = floats(ground) + (
        ((np.indices((grid, grid)).sum(0) % 2)[..., None]) * (np.arange(grid)[:, None, None] > grid * 0.78) * 10
    )
    small = np.where((covered == 0)[..., None], sky, small)
    small[rim] = (36, 30, 46)
    shape = (size, size)
    picture = cv2.resize(np.clip(small, 0, 255).astype(np.uint8), shape, interpolation=cv2.INTER_NEAREST)
    return picture, [cv2.resize(mask, shape, interpolation=cv2.INTER_NEAREST) for mask in masks]

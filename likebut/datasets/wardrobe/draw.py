"""Attributes to pixels in one call."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import numpy as np
from PIL import Image

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.plan import Plan, Scene, plan
from likebut.types import Array

_PAINTERS = "likebut.datasets.wardrobe.styles."


@dataclass(frozen=True, eq=False)
class Drawing:
    """A finished picture.

    pixels  (H, W, 3) uint8
    masks   one (H, W) uint8 per garment, 255 where it is seen
    """

    pixels: Array
    masks: tuple[Array, ...]
    plan: Plan

    @property
    def image(self) -> Image.Image:
        """The picture as RGB."""
        return Image.fromarray(self.pixels)

    def boxes(self) -> list[tuple[float, float, float, float]]:
        """Each garment's box (x0, y0, x1, y1), fractions of the picture, round its visible mask."""
        return [mask_box(mask) for mask in self.masks]


def mask_box(mask: Array) -> tuple[float, float, float, float]:
    """The smallest box round the pixels above half: (x0, y0, x1, y1) in fractions; all zeros where there are none."""
    rows, columns = np.flatnonzero((mask > 127).any(axis=1)), np.flatnonzero((mask > 127).any(axis=0))
    if not len(rows):
        return (0.0, 0.0, 0.0, 0.0)
    height, width = mask.shape
    return (
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1) / width),
        float((rows[-1] + 1) / height),
    )


def draw(subject: Garment | Scene, style: str = "photo", size: int = 256, seed: int = 0) -> Drawing:
    """Draw a garment or an outfit, `size` pixels square. The same arguments give the same drawing commands."""
    return render(plan(subject, style, seed), size)


def render(planned: Plan, size: int) -> Drawing:
    """Paint a plan."""
    painter = import_module(_PAINTERS + planned.style)
    pixels, masks = painter.paint(planned, size)
    return Drawing(pixels, tuple(masks), planned)

"""Edge sketches: the photo through `likebut.sketches`, exactly as a real photo would go."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.draw import draw
from likebut.types import Array


def edge_sketch(garment: Garment, size: int = 256, seed: int = 0, *, detail: float = 0.5) -> Array:
    """Trace the garment's photo of that seed: (size, size) uint8, black strokes on white."""
    from likebut.sketches import line_drawing

    return np.asarray(line_drawing(draw(garment, "photo", size, seed).image, detail=detail).convert("L"))

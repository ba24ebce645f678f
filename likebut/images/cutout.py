"""Cut an object out of a picture, starting from a box, a click or a rough mask: GrabCut, no download.

Source: Rother et al., SIGGRAPH 2004. OpenCV is imported at the first call.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from likebut.errors import BadQuery
from likebut.images.regions import region_mask
from likebut.types import Array, Region

_LONGEST = 400  # px; GrabCut works on a copy of this size, a quarter of a second instead of several
_ROUNDS = 5


def grabcut(image: Image.Image, region: Region | tuple[float, float]) -> Array:
    """The object in `region`, or under a click → (H, W) uint8 of 0 and 1 for the RGB picture.

    region  a box or polygon around the object, a rough mask of it, or a click (x, y) in fractions on it
    Where GrabCut finds nothing, the answer is the region itself (a click: the small disc around it).
    The same picture and region always give the same mask.
    """
    import cv2

    scale = min(1.0, _LONGEST / max(image.size))
    small = image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.BOX)
    seeds = _seeds(region, small.size)
    fallback = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD)) if isinstance(region, Region) else seeds == cv2.GC_FGD
    found = fallback
    if not np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD)).all():
        cv2.setRNGSeed(0)
        background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
        pixels = np.ascontiguousarray(np.asarray(small)[..., ::-1])
        cv2.grabCut(pixels, seeds, None, background, foreground, _ROUNDS, cv2.GC_INIT_WITH_MASK)
        found = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))
        if not isinstance(region, Region):
            found = _piece_under(found, region)
    if not found.any():
        found = fallback
    levels = Image.fromarray(found.astype(np.uint8) * 255).resize(image.size, Image.Resampling.BILINEAR)
    mask: Array = (np.asarray(levels) > 127).astype(np.uint8)
    return mask


def _seeds(region: Region | tuple[float, float], size: tuple[int, int]) -> Array:
    """GrabCut's starting labels, (H, W) uint8: 0 and 1 sure background and object, 2 and 3 likely."""
    width, height = size
    if isinstance(region, Region):
        inside = region_mask(region, size)
        return np.where(inside > 0, 3, 0).astype(np.uint8)
    x, y = region
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise BadQuery(f"Click {region} is not x,y in fractions from 0 to 1, e.g. 0.5,0.4.")
    rows, columns = np.mgrid[0:height, 0:width]
    distance = np.hypot(columns + 0.5 - x * width, rows + 0.5 - y * height) / max(size)
    seeds = np.full((height, width), 2, np.uint8)
    seeds[distance < 0.25] = 3
    edge = max(1, round(0.02 * max(size)))
    frame = np.ones((height, width), bool)
    frame[edge:-edge, edge:-edge] = False
    seeds[frame & (distance > 0.1)] = 0
    seeds[distance < max(0.03, 1.0 / max(size))] = 1
    return seeds


def _piece_under(found: Array, click: tuple[float, float]) -> Array:
    """Only the connected piece that was clicked on."""
    import cv2

    labels = cv2.connectedComponents(found.astype(np.uint8))[1]
    height, width = found.shape
    label = labels[min(int(click[1] * height), height - 1), min(int(click[0] * width), width - 1)]
    piece: Array = (labels == label) & found
    return piece

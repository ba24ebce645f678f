"""Watercolour: washes that pool at their edges and bleed a little, over faint pencil, on rough paper."""

from __future__ import annotations

import cv2
import numpy as np

from likebut.datasets.wardrobe.plan import Plan
from likebut.datasets.wardrobe.styles.base import floats, ink_layer, patch, plain_garment, visible
from likebut.types import Array

_PAPER = floats([250, 247, 239])


def paint(plan: Plan, size: int) -> tuple[Array, list[Array]]:
    """The picture, (size, size, 3) uint8, and each garment's visible mask, (size, size) uint8."""
    rng = plan.rng("wash")
    colour = np.full((size, size, 3), 255, np.uint8)
    colour[:] = _PAPER
    for layer in plan.layers:
        plain_garment(colour, layer, size, outline=max(1.0, size / 170), strength=0.3)
    masks = visible(plan, size)
    flow = _flow(rng, size)
    colour = cv2.remap(colour, *flow, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    masks = [cv2.remap(mask, *flow, cv2.INTER_LINEAR) for mask in masks]
    colour = cv2.GaussianBlur(colour, (0, 0), max(0.5, size / 420))
    covered = np.maximum.reduce(masks).astype(np.float32) * (1 / 255)
    soft = cv2.GaussianBlur(covered, (0, 0), max(1.0, size / 60))
    pool = np.clip(covered - soft, 0, 1)  # most at the rim, nothing inside
    cloud = cv2.resize(patch("cloud", 512, rng)[::8, ::8], (size, size), interpolation=cv2.INTER_LINEAR)
    rough = patch("cloth", size, rng)
    density = np.clip(0.8 + 0.15 * cloud + 0.035 * rough + 0.55 * pool, 0.42, 1.12)
    halo = 0.1 * np.clip(cv2.GaussianBlur(covered, (0, 0), max(1.5, size / 22)) - covered, 0, 1)  # the first, thin wash
    wash = covered * density + halo
    paper = _PAPER * (1 + 0.008 * rough)[..., None]
    image = paper + (colour.astype(np.float32) - paper) * wash[..., None]
    pencil = 1 - ink_layer(plan, size, 1, wobble=0.004, rng=rng).astype(np.float32) * (1 / 255)
    image -= (pencil * 50)[..., None]
    return np.clip(image, 0, 255).astype(np.uint8), masks


def _flow(rng: np.random.Generator, size: int) -> tuple[Array, Array]:
    """Where each pixel's paint comes from: the hand is not steady and the paper is wet."""
    coarse = rng.normal(0, 0.0045 * size, (14, 14, 2)).astype(np.float32)
    shift = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    at = np.arange(size, dtype=np.float32)
    return shift[..., 0] + at[None, :], shift[..., 1] + at[:, None]

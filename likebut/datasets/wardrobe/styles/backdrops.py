"""What a photo's garment lies on or hangs before."""

from __future__ import annotations

import cv2
import numpy as np

from likebut.datasets.wardrobe.geometry import ellipse
from likebut.datasets.wardrobe.plan import Plan
from likebut.datasets.wardrobe.styles.base import colour_of, fill, floats, patch
from likebut.types import Array


def backdrop(plan: Plan, size: int) -> Array:
    """The plan's backdrop: (size, size, 3) uint8."""
    rng = plan.rng("backdrop")
    a, b = floats(plan.tone), floats(plan.tone2)
    return _DRAW[plan.backdrop](a, b, rng, size)


def _finish(image: Array) -> Array:
    return np.clip(image, 0, 255).astype(np.uint8)


def _ramp(low: Array, size: int) -> Array:
    """A coarse (n, n) field of factors, stretched smoothly: (size, size, 1)."""
    return cv2.resize(floats(low), (size, size), interpolation=cv2.INTER_CUBIC)[..., None]


def _studio(a: Array, b: Array, rng: np.random.Generator, size: int) -> Array:
    y, x = np.mgrid[0:9, 0:9] / 8
    cx, cy = rng.uniform(0.3, 0.7), rng.uniform(0.15, 0.5)
    glow = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) * 1.6)
    return _finish(a * _ramp(0.8 + 0.26 * glow, size))


def _room(a: Array, b: Array, rng: np.random.Generator, size: int) -> Array:
    image = np.empty((size, size, 3), np.uint8)
    edge = int(size * rng.uniform(0.66, 0.82))
    ramp = _ramp(np.tile(np.linspace(1.04, 0.93, 5)[:, None], (1, 5)), size)
    image[:] = _finish(a * ramp)
    floor = b * 0.86
    image[edge:] = _finish(floor * np.linspace(0.88, 1.06, size - edge, dtype=np.float32)[:, None, None])
    skirting = max(1, size // 40)
    image[edge - skirting : edge] = _finish(np.minimum(a * 1.1, 252))
    return image


def _wood(a: Array, b: Array, rng: np.random.Generator, size: int) -> Array:
    tone = 0.5 * a + 0.5 * floats([178, 138, 98]) * (a.mean() / 150 if a.mean() < 150 else 1.08)
    image = np.empty((size, size, 3), np.uint8)
    planks = int(rng.integers(4, 7))
    edges = np.linspace(0, size, planks + 1).astype(int)
    grain = cv2.resize(patch("cloth", 128, rng)[:, :16].copy(), (size, size), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        grain = cv2.resize(patch("cloth", 128, rng)[:, :6].copy(), (size, size), interpolation=cv2.INTER_CUBIC)
    for low, high in zip(edges, edges[1:], strict=False):
        shade = rng.uniform(0.93, 1.05)
        image[low:high] = _finish(tone * shade + grain[low:high, :, None] * 4)
        image[max(0, high - 1) : high] = _finish(tone * 0.72)
    return image if rng.random() < 0.5 else np.ascontiguousarray(image.transpose(1, 0, 2))


def _linen(a: Array, b: Array, rng: np.random.Generator, size: int) -> Array:
    weave = patch("grain", size, rng)[:1, :] * 2.2 + patch("grain", size, rng)[:, :1] * 2.2
    cloud = _ramp(patch("cloud", 512, rng)[::64, ::64], size)
    return _finish(a * (1 + 0.035 * cloud) + weave[..., None])


def _disc(a: Array, b: Array, rng: np.random.Generator, size: int) -> Array:
    image = np.empty((size, size, 3), np.uint8)
    image[:] = _finish(a)
    other = np.clip(a * (0.86 if a.mean() > 130 else 1.25), 0, 255)
    centre = rng.uniform(0.42, 0.58, 2)
    fill(image, ellipse(centre[0], centre[1], 0.4, n=64), size, colour_of(other))
    return image


def _bokeh(a: Array, b: Array, rng: np.random.Generator, size: int) -> Array:
    side = 64
    image = np.empty((side, side, 3), np.uint8)
    image[:] = _finish(a * 0.93)
    for _ in range(9):
        x, y, r = *rng.uniform(0, 1, 2), rng.uniform(0.05, 0.16)
        glow = np.clip(0.6 * a + 0.4 * b + rng.uniform(-6, 26), 0, 255)
        fill(image, ellipse(x, y, r, n=16), side, colour_of(glow))
    return cv2.resize(cv2.GaussianBlur(image, (0, 0), 2.6), (size, size), interpolation=cv2.INTER_CUBIC)


_DRAW = {"studio": _studio, "room": _room, "wood": _wood, "linen": _linen, "disc": _disc, "bokeh": _bokeh}

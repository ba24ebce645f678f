"""Cloth patterns as tiles that repeat without a seam.

A tile says where the second colour is (0: base, 255: second); it knows no colours and no garments.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from likebut.datasets.wardrobe.attributes import generator
from likebut.datasets.wardrobe.geometry import curve
from likebut.types import Array

TILE = 0.36  # side of a tile in garment space; three to four repeats across a chest
_FINE = 512  # tiles are drawn at this size and averaged down


@lru_cache(maxsize=256)
def tile(pattern: str, side: int, variant: int = 0) -> Array:
    """The pattern's tile, `side` pixels wide: (side, side) uint8. `variant` moves the irregular ones about."""
    return cv2.resize(_fine(pattern, variant), (side, side), interpolation=cv2.INTER_AREA)


@lru_cache(maxsize=32)
def _fine(pattern: str, variant: int) -> Array:
    return _DRAW[pattern](variant)


def _stripes(variant: int) -> Array:
    return np.repeat(((np.arange(_FINE) % (_FINE // 4)) < _FINE * 0.105).astype(np.uint8)[:, None] * 255, _FINE, axis=1)


def _checks(variant: int) -> Array:
    lane = ((np.arange(_FINE) % (_FINE // 4)) < _FINE // 8).astype(np.uint8)
    return (lane[:, None] * 140 + lane[None, :] * 115).astype(np.uint8)


def _wrapped(image: Array, points: Array, value: int) -> None:
    """Fill a polygon and its eight copies, so that it goes on over the tile's edge."""
    for dx in (-_FINE, 0, _FINE):
        for dy in (-_FINE, 0, _FINE):
            cv2.fillPoly(image, [np.round(points + (dx, dy)).astype(np.int32)], value)


def _circle(x: float, y: float, r: float, n: int = 28) -> Array:
    turn = np.arange(n) * 2 * np.pi / n
    return np.stack([x + r * np.cos(turn), y + r * np.sin(turn)], axis=1)


def _dots(variant: int) -> Array:
    image = np.zeros((_FINE, _FINE), np.uint8)
    step = _FINE / 4
    for row in range(4):
        for column in range(4):
            _wrapped(image, _circle((column + 0.5 * (row % 2) + 0.25) * step, (row + 0.5) * step, step * 0.29), 255)
    return image


def _floral(variant: int) -> Array:
    image = np.zeros((_FINE, _FINE), np.uint8)
    rng = generator("floral", variant)
    for x, y, size in (
        (0.17, 0.16, 0.098),
        (0.63, 0.1, 0.075),
        (0.42, 0.42, 0.1),
        (0.88, 0.36, 0.085),
        (0.14, 0.68, 0.08),
        (0.66, 0.7, 0.105),
        (0.38, 0.9, 0.062),
        (0.93, 0.88, 0.07),
    ):
        turn = rng.uniform(0, 6.28)
        for petal in range(5):
            angle = turn + petal * 2 * np.pi / 5
            centre = np.array([x, y]) * _FINE + np.array([np.cos(angle), np.sin(angle)]) * size * 0.62 * _FINE
            _wrapped(image, _circle(centre[0], centre[1], size * 0.44 * _FINE), 255)
        _wrapped(image, _circle(x * _FINE, y * _FINE, size * 0.3 * _FINE), 40)
        leaf = turn + 0.6
        tip = np.array([x, y]) * _FINE + np.array([np.cos(leaf), np.sin(leaf)]) * size * 1.7 * _FINE
        _wrapped(image, _circle(tip[0], tip[1], size * 0.2 * _FINE), 150)
    return image


def _zigzag(variant: int) -> Array:
    x, y = np.meshgrid(np.arange(_FINE), np.arange(_FINE))
    period = _FINE // 4
    ridge = np.abs((x % period) - period / 2)
    return (((y + ridge) % period) < period * 0.42).astype(np.uint8) * 255


def _camouflage(variant: int) -> Array:
    image = np.zeros((_FINE, _FINE), np.uint8)
    rng = generator("camouflage", variant)
    for value, count in ((110, 7), (255, 9)):
        for k in range(count):
            cx, cy = (
                ((k * 0.618 + 0.13 * (value == 110)) % 1.0) * _FINE,
                ((k / count + rng.uniform(-0.04, 0.04)) % 1.0) * _FINE,
            )
            turn = np.arange(9) * 2 * np.pi / 9
            radius = _FINE * 0.098 * rng.uniform(0.5, 1.35, 9)
            blob = np.stack([cx + 1.35 * radius * np.cos(turn), cy + 0.8 * radius * np.sin(turn)], axis=1)
            _wrapped(image, curve([tuple(p) for p in blob], closed=True), value)
    return image


_DRAW = {
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "floral": _floral,
    "zigzag": _zigzag,
    "camouflage": _camouflage,
}

"""Curves and parts: the few shapes every drawing is made of.

Knows points and nothing of clothes, colours or pixels. Garment space has x to the right (0 is the middle of the
garment) and y down; one unit is about the height of a long shirt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from likebut.types import Array

Knot: TypeAlias = Sequence[float]  # (x, y): the curve is smooth there; (x, y, 1): a corner

_STEPS = 7  # points per curve segment: a quarter circle of 60 pixels bends by less than a pixel between two
_T = np.arange(_STEPS)[:, None] / _STEPS
_BASIS = np.hstack(
    [
        -0.5 * _T + _T**2 - 0.5 * _T**3,
        1 - 2.5 * _T**2 + 1.5 * _T**3,
        0.5 * _T + 2 * _T**2 - 1.5 * _T**3,
        0.5 * (_T**3 - _T**2),
    ]
)


@dataclass(frozen=True, eq=False)
class Part:
    """One drawing command.

    kind    "fill" (closed outline), "line" (open stroke), "fold" (a crease: only styles with shading show it)
    points  (n, 2) float64 in garment space
    paint   what it is made of: cloth, inside, trim, accent, sole, leather, metal, button, lace, logo, ink, glass
    width   of a stroke, in garment space; for folds its softness
    angle   how far the cloth is turned, in radians, so that a pattern follows a sleeve
    lift    0–1, how strong a shadow it throws on what lies below; for folds its depth (negative: a ridge)
    """

    kind: str
    points: Array
    paint: str = "cloth"
    width: float = 0.0
    angle: float = 0.0
    lift: float = 0.0


def curve(knots: Sequence[Knot], closed: bool = False) -> Array:
    """A Catmull-Rom curve through the knots, with corners where a knot says so: (n, 2)."""
    points = np.array([(knot[0], knot[1]) for knot in knots], float)
    corners = [i for i, knot in enumerate(knots) if len(knot) > 2 and knot[2]]
    if closed:
        if not corners:
            padded = np.vstack([points[-1], points, points[:2]])
            return _spans(padded)
        points = np.vstack([points[corners[0] :], points[: corners[0] + 1]])  # start at a corner, end at the same
        corners = [corner - corners[0] for corner in corners] + [len(points) - 1]
    else:
        corners = sorted({0, *corners, len(points) - 1})
    pieces = []
    for start, stop in zip(corners, corners[1:], strict=False):
        run = points[start : stop + 1]
        if len(run) == 2:
            pieces.append(run[:1])
            continue
        pieces.append(_spans(np.vstack([2 * run[0] - run[1], run, 2 * run[-1] - run[-2]])))
    if not closed:
        pieces.append(points[-1:])
    return np.vstack(pieces)


def _spans(padded: Array) -> Array:
    windows = np.stack([padded[:-3], padded[1:-2], padded[2:-1], padded[3:]], axis=1)  # (spans, 4, 2)
    return np.einsum("tk,skd->std", _BASIS, windows).reshape(-1, 2)


def flip(knots: Sequence[Knot]) -> list[Knot]:
    """The knots mirrored at x = 0, in the same order."""
    return [(-knot[0], *knot[1:]) for knot in knots]


def both(half: Sequence[Knot]) -> list[Knot]:
    """A closed outline from its right half, given from the top of the middle line to its bottom.

    Knots on the middle line itself (x = 0) are kept once.
    """
    left = [knot for knot in flip(half)[::-1] if abs(knot[0]) > 1e-9]
    return [*half, *left]


def ellipse(x: float, y: float, rx: float, ry: float | None = None, n: int = 20) -> Array:
    """An ellipse as n points: (n, 2)."""
    turn = np.arange(n) * (2 * np.pi / n)
    return np.stack([x + rx * np.cos(turn), y + (rx if ry is None else ry) * np.sin(turn)], axis=1)


def rectangle(x0: float, y0: float, x1: float, y1: float, round_: float = 0.0) -> Array:
    """A box, its corners rounded by `round_`: (n, 2)."""
    r = min(round_, abs(x1 - x0) / 2, abs(y1 - y0) / 2)
    if r <= 0:
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float)
    turn = np.linspace(0, np.pi / 2, 5)
    arcs = []
    for cx, cy, start in ((x1 - r, y1 - r, 0), (x0 + r, y1 - r, 1), (x0 + r, y0 + r, 2), (x1 - r, y0 + r, 3)):
        angle = turn + start * np.pi / 2
        arcs.append(np.stack([cx + r * np.cos(angle), cy + r * np.sin(angle)], axis=1))
    return np.vstack(arcs)


def band(line: Array, width: float) -> Array:
    """The area within width/2 of an open line, with square ends: (2n, 2)."""
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1])[:, None], 1e-9)
    side = np.stack([-along[:, 1], along[:, 0]], axis=1) * (width / 2)
    return np.vstack([line + side, (line - side)[::-1]])


def moved(points: Array, x: float = 0, y: float = 0, scale: float = 1, turn: float = 0) -> Array:
    """Points scaled, turned (radians, clockwise on the screen) and then moved."""
    c, s = np.cos(turn) * scale, np.sin(turn) * scale
    return np.asarray(points @ np.array([[c, s], [-s, c]]) + (x, y))

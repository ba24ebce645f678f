"""Hand sketches: what somebody draws who remembers the thing but cannot draw it.

Starts from the outlines, not from the picture, and shares no parameter with `likebut.sketches` (edges): train on
one, test on the other. Few wobbly strokes, wrong proportions, gaps, overshoot, double strokes, missing details.
"""

from __future__ import annotations

import cv2
import numpy as np

from likebut.datasets.wardrobe.attributes import Garment, generator
from likebut.datasets.wardrobe.geometry import Part, curve, ellipse
from likebut.datasets.wardrobe.plan import plan
from likebut.types import Array

_KEPT = ("cloth", "trim", "sole", "leather", "accent", "inside")


def hand_sketch(garment: Garment, size: int = 256, seed: int = 0) -> Array:
    """Draw the garment from memory: (size, size) uint8, dark strokes on white."""
    rng = generator("hand", garment.key(), seed)
    layer = plan(garment, "flat", int(rng.integers(1 << 31))).layers[0]
    pen = _Pen(size, rng)
    for part in layer.parts:
        extent = float(np.ptp(part.points, axis=0).max())
        if part.kind == "fold" or (part.kind == "fill" and part.paint not in _KEPT and extent < 0.05):
            if part.kind == "fold" or rng.random() < 0.55:
                continue
        elif part.kind == "line" and (part.paint == "ink" or extent < 0.06) and rng.random() < 0.6:
            continue
        pen.wipe(part)
        if part.kind == "line" and part.width > 0.02:
            for side in (-0.5, 0.5):
                pen.trace(_beside(part.points, side * part.width))
        else:
            pen.trace(np.vstack([part.points, part.points[:1]]) if part.kind == "fill" else part.points)
    if garment.second and rng.random() < 0.8:
        widest = max((p for p in layer.parts if p.kind == "fill" and p.paint == "cloth"), key=lambda p: _area(p.points))
        _hint(pen, garment.pattern, widest, rng)
    return pen.finished()


def _area(points: Array) -> float:
    x, y = points.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


def _beside(points: Array, offset: float) -> Array:
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1])[:, None], 1e-9)
    return np.asarray(points + np.stack([-along[:, 1], along[:, 0]], axis=1) * offset)


class _Pen:
    """A sheet of paper and an unsteady hand. Points are fractions of the sheet."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        self.paper = np.full((size, size), 255, np.uint8)
        stretch = np.diag(rng.uniform(0.86, 1.12, 2))
        lean = np.array([[1, rng.uniform(-0.08, 0.08)], [rng.uniform(-0.05, 0.05), 1]])
        self.wrong = stretch @ lean  # proportions of the whole
        self.weight = size * rng.uniform(0.006, 0.013)
        self.tone = int(rng.integers(0, 70))
        self.care = rng.uniform(0.3, 1.0)  # 1: careless

    def _place(self, points: Array) -> Array:
        return np.asarray((points - 0.5) @ self.wrong.T * 0.94 + 0.5)

    def wipe(self, part: Part) -> None:
        """What lies below a filled part is not drawn; a careless hand lets some of it show."""
        if part.kind == "fill":
            inner = self._place(
                part.points.mean(axis=0) + (part.points - part.points.mean(axis=0)) * (1 - 0.05 * self.care)
            )
            cv2.fillPoly(self.paper, [np.round(inner * self.size).astype(np.int32)], 255)

    def trace(self, points: Array) -> None:
        """Follow an outline in a few strokes."""
        rng = self.rng
        points = self._place(points) + rng.normal(0, 0.006 * self.care, 2)
        for stroke in self._strokes(points):
            if rng.random() < 0.04 * self.care:  # a gap: the stroke is forgotten
                continue
            self._draw(stroke)
            if rng.random() < 0.25 * self.care:
                self._draw(stroke + rng.normal(0, 0.007, 2))

    def _strokes(self, points: Array) -> list[Array]:
        """Cut at sharp turns and, now and then, in between; keep few knots of each piece."""
        step = np.diff(points, axis=0)
        keep = np.hypot(step[:, 0], step[:, 1]) > 1e-6
        points = np.vstack([points[:1], points[1:][keep]])
        if len(points) < 3:
            return [points] if len(points) == 2 else []
        heading = np.unwrap(np.arctan2(*np.diff(points, axis=0).T[::-1]))
        turns = np.flatnonzero(np.abs(np.diff(heading)) > 0.8) + 1
        cuts = sorted({0, *turns.tolist(), len(points) - 1})
        pieces = []
        for start, stop in zip(cuts, cuts[1:], strict=False):
            run = points[start : stop + 1]
            length = np.hypot(*np.diff(run, axis=0).T).sum()
            knots = max(2, min(len(run), 2 + int(length * 11)))
            pieces.append(run[np.linspace(0, len(run) - 1, knots).round().astype(int)])
        return pieces

    def _draw(self, knots: Array) -> None:
        rng = self.rng
        wobble = knots + rng.normal(0, 0.0045 * self.care + 0.0015, knots.shape)
        ahead = wobble[-1] - wobble[-2]
        wobble[-1] += ahead * rng.uniform(-0.1, 0.14) * self.care  # stops short, or runs over
        back = wobble[0] - wobble[1]
        wobble[0] += back * rng.uniform(-0.08, 0.1) * self.care
        line = curve([tuple(point) for point in wobble])
        fixed = np.round(line * self.size * 16).astype(np.int32)
        pressure = self.weight * rng.uniform(0.75, 1.25)
        cv2.polylines(self.paper, [fixed], False, self.tone, max(1, round(pressure)), cv2.LINE_AA, 4)  # type: ignore[call-overload]

    def mark(self, points: Array) -> None:
        """A small mark, drawn without care for proportions."""
        self._draw(self._place(points))

    def finished(self) -> Array:
        """The sheet, (size, size) uint8."""
        return self.paper


def _hint(pen: _Pen, pattern: str, part: Part, rng: np.random.Generator) -> None:
    """A few marks that say which pattern, on the largest piece of cloth only."""
    outline = part.points.astype(np.float32).reshape(-1, 1, 2)
    low, high = part.points.min(axis=0), part.points.max(axis=0)
    across = np.linspace(low[0], high[0], 40)

    def inside(points: Array) -> Array:
        kept = [p for p in points if cv2.pointPolygonTest(outline, (float(p[0]), float(p[1])), True) > 0.008]
        return np.array(kept).reshape(-1, 2)

    if pattern in ("stripes", "checks", "zigzag"):
        gap = rng.uniform(0.05, 0.075)
        for y in np.arange(low[1] + gap, high[1], gap):
            wave = 0.013 * (2 * np.abs((across / 0.045) % 1 - 0.5) * 2 - 1) if pattern == "zigzag" else 0 * across
            line = inside(np.stack([across, y + wave], axis=1))
            if len(line) > 4:
                pen.mark(line if pattern == "zigzag" else line[:: max(1, len(line) // 4)])
        if pattern == "checks":
            for x in np.arange(low[0] + gap, high[0], gap):
                line = inside(np.stack([np.full(40, x), np.linspace(low[1], high[1], 40)], axis=1))
                if len(line) > 4:
                    pen.mark(line[:: max(1, len(line) // 4)])
        return
    spots = inside(rng.uniform(low, high, (34, 2)))
    taken: list[Array] = []
    for spot in spots:
        if all(np.hypot(*(spot - other)) > 0.062 for other in taken):
            taken.append(spot)
            _spot(pen, pattern, spot, rng)


def _spot(pen: _Pen, pattern: str, at: Array, rng: np.random.Generator) -> None:
    if pattern == "dots":
        pen.mark(ellipse(at[0], at[1], 0.013, n=7)[[0, 1, 2, 3, 4, 5, 6, 0]])
    elif pattern == "floral":
        turn = np.linspace(0, 2 * np.pi, 21)
        radius = 0.015 + 0.009 * np.cos(5 * turn)
        pen.mark(at + np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1))
    else:  # camouflage
        turn = np.linspace(0, 2 * np.pi, 8)
        radius = 0.023 * rng.uniform(0.6, 1.3, 8)
        blob = at + np.stack([1.4 * radius * np.cos(turn), radius * np.sin(turn)], axis=1)
        blob[-1] = blob[0]
        pen.mark(blob)

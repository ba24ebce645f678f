"""Small things sewn onto clothes: buttons, zips, belts, laces, buckles, logos."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.geometry import Part, curve, ellipse, moved, rectangle
from likebut.types import Array


def buttons(x: float, y0: float, y1: float, count: int, radius: float) -> list[Part]:
    """A column of round buttons."""
    return [Part("fill", ellipse(x, y, radius, n=14), "button", lift=0.5) for y in np.linspace(y0, y1, count)]


def zip_line(x: float, y0: float, y1: float, width: float = 0.017) -> list[Part]:
    """A metal zip with its slider, closed upwards."""
    return [
        Part("line", np.array([(x, y0), (x, y1)]), "ink", width=width * 2.1),
        Part("line", np.array([(x, y0), (x, y1)]), "metal", width=width),
        Part("fill", rectangle(x - width * 0.9, y0 + 0.01, x + width * 0.9, y0 + 0.06, 0.008), "metal", lift=0.5),
    ]


def belt(half: float, y: float, height: float, *, tied: bool = False) -> list[Part]:
    """A belt round a waist of half width `half`, with a buckle, or tied in a knot."""
    strip = curve(
        [
            (-half, y - height / 2, 1),
            (0, y - height / 2 + 0.012),
            (half, y - height / 2, 1),
            (half, y + height / 2, 1),
            (0, y + height / 2 + 0.012),
            (-half, y + height / 2, 1),
        ],
        closed=True,
    )
    found = [Part("fill", strip, "leather", lift=0.5)]
    middle = y + 0.012
    if tied:
        for x, end in ((0.02, 0.09), (-0.01, -0.03)):
            tail = curve(
                [
                    (x - 0.02, middle, 1),
                    (x + 0.02, middle, 1),
                    (end + 0.03, middle + 0.21, 1),
                    (end - 0.015, middle + 0.22, 1),
                ],
                closed=True,
            )
            found.append(Part("fill", tail, "leather", lift=0.5))
        found.append(Part("fill", rectangle(-0.03, middle - 0.036, 0.035, middle + 0.036, 0.02), "leather", lift=0.6))
        return found
    frame = rectangle(-0.036, middle - height * 0.62, 0.036, middle + height * 0.62, 0.008)
    found.append(Part("line", np.vstack([frame, frame[:1]]), "metal", width=0.014))
    found.append(Part("line", np.array([(-0.005, middle), (0.036, middle)]), "metal", width=0.01))
    return found


def buckle(x: float, y: float, width: float, height: float, turn: float = 0.0) -> list[Part]:
    """A metal frame with its pin."""
    frame = moved(rectangle(-width / 2, -height / 2, width / 2, height / 2, 0.01), x, y, turn=turn)
    pin = moved(np.array([(-width / 2, 0), (width * 0.35, 0)]), x, y, turn=turn)
    return [Part("line", np.vstack([frame, frame[:1]]), "metal", width=0.014), Part("line", pin, "metal", width=0.01)]


def drawstring(y: float, rng: np.random.Generator) -> list[Part]:
    """A bow with two hanging ends."""
    found = []
    for side in (1, -1):
        loop = curve([(0, y), (0.04, y - 0.025), (0.075, y + 0.0), (0.04, y + 0.022), (0, y)]) * (side, 1)
        tail = curve([(0, y), (0.025, y + 0.06), (0.03 + rng.uniform(-0.01, 0.01), y + 0.13)]) * (side, 1)
        found += [Part("line", loop, "lace", width=0.014), Part("line", tail, "lace", width=0.014)]
    return found


def laces(spots: list[tuple[float, float]], across: tuple[float, float], width: float = 0.014) -> list[Part]:
    """Crossed laces: one X between each two neighbouring spots of the line; `across` points from eyelet to eyelet."""
    found = []
    a = np.array(across) / 2
    points = np.array(spots)
    for here, there in zip(points, points[1:], strict=False):
        found += [
            Part("line", np.array([here - a, there + a]), "lace", width=width),
            Part("line", np.array([here + a, there - a]), "lace", width=width),
        ]
    return found


def logo(g: Garment, x: float, y: float, size: float, chest: float) -> list[Part]:
    """The garment's logo at (x, y) with half height `size`, or small at the side by `chest`."""
    if g.logo in ("", "none"):
        return []
    if g.place == "chest":
        x, y, size = x + chest + 0.01, y - 0.06, size * 0.55
    return [Part("fill", moved(shape, x, y, scale=size), "logo") for shape in LOGO_SHAPES[g.logo]]


def _star() -> Array:
    turn = np.arange(10) * np.pi / 5 - np.pi / 2
    radius = np.where(np.arange(10) % 2, 0.45, 1.1)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)


def _moon() -> Array:
    outer, inner = np.linspace(0.9, 2 * np.pi - 0.9, 22), np.linspace(2 * np.pi - 1.25, 1.25, 18)
    return np.vstack(
        [
            np.stack([np.cos(outer), np.sin(outer)], axis=1),
            np.stack([0.42 + 0.82 * np.cos(inner), 0.82 * np.sin(inner)], axis=1),
        ]
    )


LOGO_SHAPES: dict[str, list[Array]] = {
    "star": [_star()],
    "heart": [
        curve(
            [
                (0, -0.45, 1),
                (0.45, -0.9),
                (0.98, -0.5),
                (0.75, 0.15),
                (0, 0.98, 1),
                (-0.75, 0.15),
                (-0.98, -0.5),
                (-0.45, -0.9),
            ],
            closed=True,
        )
    ],
    "lightning": [np.array([(0.25, -1.1), (-0.62, 0.18), (-0.06, 0.18), (-0.3, 1.1), (0.62, -0.28), (0.06, -0.28)])],
    "moon": [_moon()],
    "crown": [np.array([(-1, -0.55), (-0.5, 0.1), (0, -0.85), (0.5, 0.1), (1, -0.55), (0.8, 0.8), (-0.8, 0.8)])],
    "fish": [
        curve(
            [
                (1.1, 0),
                (0.55, -0.48),
                (-0.1, -0.45),
                (-0.55, -0.1),
                (-1.1, -0.5, 1),
                (-0.95, 0, 1),
                (-1.1, 0.5, 1),
                (-0.55, 0.1),
                (-0.1, 0.45),
                (0.55, 0.48),
            ],
            closed=True,
        )
    ],
}

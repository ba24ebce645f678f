"""Hat and scarf."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.geometry import Part, both, curve, ellipse


def hat(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A felt hat with a dented crown."""
    brim = 0.385 if g.fit == "wide" else 0.258
    dip = 0.082 if g.fit == "wide" else 0.066
    base = 0.42
    tilt = rng.uniform(-0.01, 0.01)
    rim = [
        (-brim, base - 0.012 + tilt),
        (-brim * 0.6, base + dip * 0.75),
        (0, base + dip),
        (brim * 0.6, base + dip * 0.75),
        (brim, base - 0.012 - tilt),
        (brim * 0.6, base - dip * 0.6),
        (0, base - dip * 0.8),
        (-brim * 0.6, base - dip * 0.6),
    ]
    found = [Part("fill", curve(rim, closed=True), "cloth", angle=0.0, lift=0.3)]
    half = [
        (0, 0.118),
        (0.07, 0.1),
        (0.135, 0.125),
        (0.168, 0.2),
        (0.185, base - 0.01, 1),
        (0.1, base + 0.032),
        (0, base + 0.042),
    ]
    found.append(Part("fill", curve(both(half), closed=True), "cloth", lift=0.7))
    found.append(Part("fold", curve([(-0.075, 0.108), (-0.02, 0.165), (0.0, 0.24)]), width=0.04, lift=0.9))
    found.append(Part("fold", curve([(0.1, 0.16), (0.12, 0.25)]), width=0.03, lift=0.5))
    if g.closure == "ribbon":
        strip = [
            (0, base - 0.052),
            (0.1, base - 0.06),
            (0.174, base - 0.095, 1),
            (0.186, base - 0.008, 1),
            (0.1, base + 0.034),
            (0, base + 0.044),
        ]
        found.append(Part("fill", curve(both(strip), closed=True), "accent", lift=0.3))
        for turn in (1, -1):
            loop = [
                (0.11, base - 0.012, 1),
                (0.16, base - 0.012 - 0.05 * turn),
                (0.205, base - 0.02 - 0.035 * turn),
                (0.18, base - 0.005),
            ]
            found.append(Part("fill", curve(loop, closed=True), "accent", lift=0.5))
        found.append(Part("fill", ellipse(0.118, base - 0.012, 0.018, 0.024), "accent", lift=0.5))
    else:
        found.append(
            Part(
                "line",
                curve(
                    [
                        (-0.184, base - 0.012),
                        (-0.1, base + 0.03),
                        (0, base + 0.04),
                        (0.1, base + 0.03),
                        (0.184, base - 0.012),
                    ]
                ),
                "ink",
                width=0.008,
            )
        )
    edge = curve(
        [
            (-brim * 0.97, base - 0.002 + tilt),
            (-brim * 0.6, base + dip * 0.58),
            (0, base + dip * 0.8),
            (brim * 0.6, base + dip * 0.58),
            (brim * 0.97, base - 0.002 - tilt),
        ]
    )
    found.append(Part("line", edge, "ink", width=0.006))
    return found


def scarf(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A scarf wound once, with two ends hanging."""
    wide = 0.115 if g.fit == "narrow" else 0.2
    end = 0.6 if g.length == "short" else 0.93
    sway = rng.uniform(-0.02, 0.02)
    found: list[Part] = []
    rx, ry, cy = 0.2, 0.1, 0.16
    ring = ellipse(0, cy, rx + wide * 0.28, ry + wide * 0.3, 32)
    hole = ellipse(0, cy - 0.035, rx - wide * 0.25, max(ry - wide * 0.2, 0.03), 32)
    found.append(Part("fill", ring, "cloth", lift=0.2))
    found.append(Part("fill", hole, "inside"))
    for x, lean, bottom, lift in ((0.045, 0.085, end - 0.05, 0.5), (-0.03, -0.06, end, 0.7)):
        foot = x + lean + sway
        left, right = foot - wide * 0.55, foot + wide * 0.55
        top_l, top_r = x - wide * 0.36, x + wide * 0.36
        tail = [
            (top_l, 0.2, 1),
            (top_r, 0.2, 1),
            ((top_r + right) / 2 + 0.012, (0.2 + bottom) / 2),
            (right, bottom, 1),
            (foot, bottom + 0.01),
            (left, bottom, 1),
            ((top_l + left) / 2 + 0.012, (0.2 + bottom) / 2),
        ]
        turn = float(np.arctan2(lean + sway, bottom - 0.2))
        found.append(Part("fill", curve(tail, closed=True), "cloth", angle=-turn, lift=lift))
        for t in (0.3, 0.68):
            fold = np.array([(top_l + (top_r - top_l) * t, 0.24), (left + (right - left) * t, bottom - 0.03)])
            found.append(Part("fold", fold, width=0.026, lift=0.7 * rng.uniform(0.6, 1.2)))
        if g.closure == "fringe":
            for fx in np.linspace(left + 0.008, right - 0.008, 6 if wide < 0.15 else 9):
                found.append(
                    Part(
                        "line",
                        np.array([(fx, bottom), (fx + rng.uniform(-0.008, 0.008) + lean * 0.1, bottom + 0.085)]),
                        "fringe",
                        width=0.0125,
                    )
                )
        else:
            found.append(Part("line", np.array([(left, bottom - 0.025), (right, bottom - 0.025)]), "ink", width=0.006))
    front = [
        (-rx - wide * 0.28, cy - 0.01, 1),
        (-rx + wide * 0.2, cy - 0.02),
        (-0.06, cy + 0.035),
        (0.06, cy + 0.035),
        (rx - wide * 0.2, cy - 0.02),
        (rx + wide * 0.28, cy - 0.01, 1),
        (rx * 0.7, cy + ry + wide * 0.18),
        (0, cy + ry + wide * 0.42),
        (-rx * 0.7, cy + ry + wide * 0.18),
    ]
    found.append(Part("fill", curve(front, closed=True), "cloth", lift=0.5))
    for k in (0.35, 0.68):
        drop = (ry + wide * 0.3) * k
        found.append(
            Part(
                "fold",
                curve([(-rx * 0.9, cy + drop * 0.45), (0, cy + 0.03 + drop), (rx * 0.9, cy + drop * 0.45)]),
                width=0.024,
                lift=0.7,
            )
        )
    return found

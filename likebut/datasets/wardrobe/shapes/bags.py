"""Handbag and backpack, seen from the front."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.geometry import Part, both, curve, rectangle
from likebut.datasets.wardrobe.shapes.details import buckle, drawstring, logo, zip_line


def handbag(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A handbag: zipped with a front seam, or closed by a flap and a buckle."""
    large = g.fit == "large"
    w, top, bottom = (0.34, 0.36, 0.79) if large else (0.235, 0.45, 0.75)
    reach = -0.02 if g.length == "long" else top - (0.17 if large else 0.14)
    foot = w * (0.66 if g.length == "long" else 0.5)
    strap = curve(
        [
            (-foot, top + 0.05),
            (-foot * 0.93, (top + reach) / 2),
            (-foot * 0.5, reach + 0.02),
            (0, reach),
            (foot * 0.5, reach + 0.02),
            (foot * 0.93, (top + reach) / 2),
            (foot, top + 0.05),
        ]
    )
    found = [Part("line", strap, "leather", width=0.026 if g.length == "long" else 0.036)]
    half = [
        (0, top),
        (w * 0.86, top + 0.004, 0),
        (w * 0.93, top + 0.03),
        (w, bottom - 0.05),
        (w * 0.95, bottom - 0.008),
        (w * 0.85, bottom),
        (0, bottom + 0.008),
    ]
    found.append(Part("fill", curve(both(half), closed=True), "cloth", lift=0.4))
    rings = [
        Part("line", rectangle(x - 0.022, top + 0.03, x + 0.022, top + 0.085, 0.02), "metal", width=0.012)
        for x in (-foot, foot)
    ]
    if g.closure == "buckle":
        drop = top + (bottom - top) * 0.58
        flap = [
            (0, top - 0.004),
            (w * 0.88, top, 1),
            (w * 0.96, top + 0.1),
            (w * 0.84, drop - 0.03),
            (w * 0.5, drop + 0.012),
            (0, drop + 0.022),
        ]
        found.append(Part("fill", curve(both(flap), closed=True), "cloth", lift=0.75))
        edge = curve(flap[1:])
        found.append(Part("line", np.vstack([edge, (edge * (-1, 1))[::-1]]), "ink", width=0.008))
        found.append(Part("fill", rectangle(-0.03, drop - 0.085, 0.03, drop + 0.075, 0.02), "leather", lift=0.5))
        found += buckle(0, drop + 0.012, 0.085, 0.075)
    else:
        seam = curve([(-w * 0.9, top + 0.06), (0, top + 0.07), (w * 0.9, top + 0.06)])
        found += [Part("line", seam, "ink", width=0.04), Part("line", seam, "metal", width=0.02)]
        found.append(
            Part("fill", rectangle(w * 0.55, top + 0.045, w * 0.55 + 0.028, top + 0.15, 0.012), "metal", lift=0.5)
        )
        pocket = curve(
            [(-w * 0.55, top + 0.17), (-w * 0.5, bottom - 0.06), (w * 0.5, bottom - 0.06), (w * 0.55, top + 0.17)]
        )
        found.append(Part("line", pocket, "ink", width=0.007))
    for side in (1, -1):
        found.append(
            Part(
                "fold",
                np.array([(w * 0.7, top + 0.12), (w * 0.78, bottom - 0.05)]) * (side, 1),
                width=0.04,
                lift=0.4 * rng.uniform(0.5, 1.3),
            )
        )
    found.append(
        Part(
            "line",
            curve([(-w * 0.93, bottom - 0.03), (0, bottom - 0.02), (w * 0.93, bottom - 0.03)]),
            "ink",
            width=0.006,
        )
    )
    return found + rings


def backpack(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A backpack with a front pocket, straps at its sides and a handle."""
    large = g.fit == "large"
    w, top, bottom = (0.285, 0.1, 0.84) if large else (0.225, 0.2, 0.74)
    found = []
    for side in (1, -1):  # shoulder straps, seen at the sides
        strap = curve(
            [(w * 0.55, top + 0.02), (w * 1.12, top + 0.13), (w * 1.2, (top + bottom) / 2), (w * 0.92, bottom - 0.06)]
        ) * (side, 1)
        found.append(Part("line", strap, "leather", width=0.05))
    handle = curve(
        [(-0.055, top + 0.03), (-0.055, top - 0.045), (0, top - 0.07), (0.055, top - 0.045), (0.055, top + 0.03)]
    )
    found.append(Part("line", handle, "leather", width=0.028))
    shoulder = 0.13
    half = [
        (0, top),
        (w * 0.6, top + 0.012),
        (w * 0.93, top + shoulder),
        (w, (top + bottom) / 2),
        (w * 0.99, bottom - 0.07),
        (w * 0.82, bottom),
        (0, bottom + 0.008),
    ]
    found.append(Part("fill", curve(both(half), closed=True), "cloth", lift=0.4))
    middle = top + (bottom - top) * 0.52
    pw = w * 0.74
    pocket_half = [
        (0, middle),
        (pw * 0.85, middle + 0.004),
        (pw, middle + 0.05),
        (pw * 0.99, bottom - 0.08),
        (pw * 0.82, bottom - 0.035),
        (0, bottom - 0.03),
    ]
    pocket = curve(both(pocket_half), closed=True)
    found.append(Part("fill", pocket, "cloth", lift=0.55))
    found.append(Part("line", np.vstack([pocket, pocket[:1]]), "ink", width=0.007))
    arch = curve(
        [
            (-w * 0.86, middle - 0.03),
            (-w * 0.78, top + shoulder),
            (-w * 0.45, top + 0.06),
            (0, top + 0.05),
            (w * 0.45, top + 0.06),
            (w * 0.78, top + shoulder),
            (w * 0.86, middle - 0.03),
        ]
    )
    if g.closure == "zip":
        found += [Part("line", arch, "ink", width=0.034), Part("line", arch, "metal", width=0.016)]
        found += zip_line(w * 0.86, middle - 0.075, middle + 0.02, 0.018)[2:]
        line = np.array([(-pw * 0.84, middle + 0.055), (pw * 0.84, middle + 0.055)])
        found += [Part("line", line, "ink", width=0.026), Part("line", line, "metal", width=0.012)]
    else:
        drop = middle - 0.02
        flap = [
            (0, top - 0.004),
            (w * 0.62, top + 0.008),
            (w * 0.97, top + shoulder),
            (w * 0.99, drop - 0.06),
            (w * 0.9, drop),
            (0, drop + 0.012),
        ]
        outline = curve(both(flap), closed=True)
        if g.closure == "buckle":
            found += [
                Part("fill", outline, "cloth", lift=0.7),
                Part("line", np.vstack([outline, outline[:1]]), "ink", width=0.007),
            ]
            for x in (-w * 0.5, w * 0.5):
                found.append(
                    Part("fill", rectangle(x - 0.024, drop - 0.1, x + 0.024, drop + 0.11, 0.014), "leather", lift=0.5)
                )
                found += buckle(x, drop + 0.055, 0.072, 0.06)
        else:
            gather = curve([(-w * 0.8, top + 0.12), (0, top + 0.16), (w * 0.8, top + 0.12)])
            found += [
                Part("line", np.array([(x, top + 0.035 + abs(x) * 0.25), (x * 1.1, top + 0.135)]), "ink", width=0.008)
                for x in np.linspace(-w * 0.7, w * 0.7, 9)
            ]
            found += [Part("line", gather, "lace", width=0.018), *drawstring(top + 0.158, rng)]
    for side in (1, -1):
        found.append(
            Part(
                "fold",
                np.array([(w * 0.85, top + 0.2), (w * 0.88, bottom - 0.05)]) * (side, 1),
                width=0.035,
                lift=0.45 * rng.uniform(0.6, 1.3),
            )
        )
    return found + logo(g, 0, (middle + bottom) / 2 + 0.015, 0.085 if large else 0.07, 0)

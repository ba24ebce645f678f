"""Boots and sneakers: a pair seen from the side, toes to the right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.geometry import Part, curve
from likebut.datasets.wardrobe.shapes.details import buckle, laces, logo


def _pair(one: list[Part], x: float, y: float) -> list[Part]:
    """The same shoe twice, one behind the other."""
    behind = [replace(part, points=part.points + (x, y)) for part in one]
    front = [replace(part, points=part.points + (-x, -y)) for part in one]
    return behind + front


def boots(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A pair of boots with flat or high heels."""
    top = {"ankle": 0.42, "calf": 0.24, "knee": 0.0}[g.length]
    heeled = g.fit == "heeled"
    rise = 0.085 if heeled else 0.0  # the heel's height over the flat one
    floor = 0.8
    back, front, toe = -0.135, 0.075, 0.265
    flare = 0.016 if g.length == "knee" else 0.0
    ankle_y = 0.56 - rise * 0.6
    upper = [
        (back - flare, top, 1),
        (0.0 - 0.02, top + 0.014),
        (front + flare, top - 0.004, 1),
        *([(front + flare * 0.6, top + 0.12), (front - 0.012, (top + ankle_y) / 2)] if g.length != "ankle" else []),
        (front - 0.018, ankle_y - 0.02),
        (front + 0.045, ankle_y + 0.06 + rise * 0.3),
        (toe - 0.06, 0.675 + rise * 0.1),
        (toe, 0.735),
        (toe + 0.004, 0.765, 1),
        (0.06, 0.765 if not heeled else 0.76, 1),
        (back + 0.03, 0.765 - rise, 1),
        (back - 0.012, 0.7 - rise, 0),
        (back + 0.022, ankle_y - 0.04),
        *([(back + 0.004, (top + ankle_y) / 2 - 0.02)] if g.length != "ankle" else []),
    ]
    found = [Part("fill", curve(upper, closed=True), "cloth", lift=0.4)]
    if heeled:
        sole = [
            (toe + 0.008, 0.76, 1),
            (toe + 0.002, floor - 0.01),
            (0.08, floor - 0.006, 1),
            (back + 0.09, 0.785 - rise, 1),
            (back + 0.065, floor + 0.0, 1),
            (back + 0.012, floor + 0.0, 1),
            (back - 0.004, 0.752 - rise, 1),
            (0.06, 0.757, 1),
        ]
    else:
        sole = [
            (back - 0.004, 0.75, 1),
            (toe + 0.008, 0.752, 1),
            (toe + 0.012, floor, 0),
            (toe - 0.01, floor + 0.012, 1),
            (0.04, floor + 0.012, 1),
            (0.03, floor - 0.004, 1),
            (-0.03, floor - 0.004, 1),
            (-0.04, floor + 0.012, 1),
            (back + 0.006, floor + 0.012, 1),
        ]
    found.append(Part("fill", curve(sole, closed=True), "sole", lift=0.3))
    found.append(Part("line", np.array([(back - flare, top + 0.034), (front + flare, top + 0.03)]), "ink", width=0.007))
    for y, depth in ((ankle_y - 0.015, 0.9), (ankle_y + 0.035, 0.7)):
        found.append(
            Part(
                "fold",
                curve([(front - 0.02, y), (front - 0.09, y + 0.024), (back + 0.06, y + 0.014)]),
                width=0.025,
                lift=depth * rng.uniform(0.7, 1.2),
            )
        )
    found.append(Part("fold", np.array([(back + 0.04, top + 0.04), (back + 0.05, ankle_y)]), width=0.04, lift=0.4))
    cap = curve([(toe - 0.085, 0.665 + rise * 0.12), (toe - 0.1, 0.71), (toe - 0.09, 0.763)])
    found.append(Part("line", cap, "ink", width=0.006))
    if g.closure == "laces":
        low, high = np.array([front + 0.075, ankle_y + 0.083]), np.array([front - 0.03, max(top + 0.06, ankle_y - 0.2)])
        bend = np.array([front - 0.022, ankle_y - 0.01])
        steps = [tuple(low + (bend - low) * t) for t in (0.0, 0.5)] + [
            tuple(bend + (high - bend) * t) for t in np.linspace(0, 1, 3 if g.length == "ankle" else 4)
        ]
        tongue = curve([(low[0] + 0.02, low[1] - 0.01), tuple(bend), tuple(high)])
        found.append(Part("line", tongue, "ink", width=0.06))
        found += laces(steps, (0.068, 0.03), 0.013)
    elif g.closure == "zip":
        found += [
            Part("line", curve([(-0.04, top + 0.03), (-0.045, 0.6 - rise)]), "ink", width=0.032),
            Part("line", curve([(-0.04, top + 0.03), (-0.045, 0.6 - rise)]), "metal", width=0.016),
        ]
        found.append(Part("line", np.array([(-0.04, top + 0.035), (-0.04, top + 0.09)]), "metal", width=0.026))
    elif g.closure == "buckle":
        strap = curve([(back + 0.012, ankle_y - 0.005), (-0.03, ankle_y + 0.012), (front + 0.012, ankle_y + 0.02)])
        found += [Part("line", strap, "leather", width=0.048), *buckle(-0.02, ankle_y + 0.012, 0.062, 0.062, 0.1)]
    return _pair(found, 0.135, -0.025)


def sneakers(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A pair of sneakers: laced, strapped or slipped on."""
    high = g.length == "high"
    top = 0.0 if high else 0.145
    heel, throat = -0.27, -0.01
    upper = [
        (heel + 0.006, top + 0.05),
        (heel + 0.022, top + 0.008),
        (heel + 0.06, top + 0.012),
        ((heel + throat) / 2, top + (0.02 if high else 0.045)),
        (throat - (0.03 if high else 0), top - 0.006, 1),
        (throat + 0.015, 0.14 if high else 0.165),
        (0.1, 0.225),
        (0.21, 0.275),
        (0.29, 0.33),
        (0.302, 0.378, 1),
        (heel - 0.004, 0.378, 1),
        (heel - 0.016, 0.28),
        (heel + 0.012, 0.16),
    ]
    sole = [
        (heel - 0.018, 0.36, 1),
        (0, 0.368),
        (0.308, 0.356, 1),
        (0.325, 0.395),
        (0.295, 0.43, 1),
        (0, 0.434),
        (heel - 0.006, 0.43, 1),
        (heel - 0.024, 0.395),
    ]
    tongue = [
        (throat - 0.075, top + 0.01, 1),
        (throat - 0.06, top - 0.028),
        (throat - 0.02, top - 0.04),
        (throat + 0.018, top - 0.012),
        (throat + 0.045, 0.17),
        (0.13, 0.235, 1),
        (0.06, 0.25, 1),
    ]
    found = [
        Part("fill", curve(tongue, closed=True), "trim", lift=0.2),
        Part("fill", curve(upper, closed=True), "cloth", lift=0.35),
    ]
    cap = [(0.185, 0.262, 1), (0.25, 0.293), (0.3, 0.345), (0.302, 0.378, 1), (0.165, 0.378, 1), (0.158, 0.32)]
    found += [
        Part("fill", curve(cap, closed=True), "sole", lift=0.25),
        Part("fill", curve(sole, closed=True), "sole", lift=0.3),
    ]
    found.append(Part("line", curve([(heel - 0.02, 0.402), (0, 0.406), (0.318, 0.4)]), "ink", width=0.006))
    patch = [
        (heel + 0.009, top + 0.1, 1),
        (heel + 0.062, top + 0.11),
        (heel + 0.085, 0.37, 1),
        (heel - 0.003, 0.37, 1),
        (heel - 0.013, 0.28),
    ]
    found.append(Part("fill", curve(patch, closed=True), "trim", lift=0.2))
    found.append(
        Part("fold", curve([(0.06, 0.235), (0.07, 0.29), (0.05, 0.33)]), width=0.03, lift=0.5 * rng.uniform(0.6, 1.3))
    )
    eyelets = [(0.125, 0.245), (0.085, 0.218), (0.046, 0.188), (0.018, 0.155)] + (
        [(-0.004, 0.11), (-0.016, 0.06), (-0.024, 0.018)] if high else []
    )
    if g.closure == "laces":
        found.append(Part("line", curve([(x - 0.012, y + 0.004) for x, y in eyelets]), "ink", width=0.058))
        found += laces([(x - 0.012, y + 0.004) for x, y in eyelets], (0.05, 0.05), 0.0135)
        for end in ((-0.075, 0.03), (-0.05, 0.075)):  # the ends of the bow
            x, y = eyelets[-1]
            found.append(
                Part(
                    "line",
                    curve([(x - 0.01, y), (x + end[0] * 0.6, y + end[1] * 0.2 + 0.01), (x + end[0], y + end[1])]),
                    "lace",
                    width=0.012,
                )
            )
    elif g.closure == "straps":
        for x, y in ((0.075, 0.215), (0.02, 0.162)) + (((-0.02, 0.07),) if high else ()):
            strap = np.array(
                [(x + 0.032, y - 0.012), (x + 0.004, y - 0.03), (x - 0.125, y + 0.075), (x - 0.095, y + 0.1)]
            )
            found.append(Part("fill", strap, "accent", lift=0.5))
            found.append(Part("line", np.vstack([strap, strap[:1]]), "ink", width=0.006))
    else:  # slip-on: a gore of elastic
        gore = np.array([(-0.03, top + 0.05), (0.02, 0.19), (-0.05, 0.235), (-0.11, top + 0.075)])
        found.append(Part("fill", gore, "inside", lift=0.2))
    found += logo(g, -0.125, 0.265, 0.066, 0)
    return _pair(found, 0.045, -0.098)

"""Skirt, trousers and shorts: everything that hangs from a waistband."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.geometry import Part, both, curve, rectangle
from likebut.datasets.wardrobe.shapes.details import belt, buttons, drawstring


def skirt(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A skirt, straight or flared."""
    hem = {"short": 0.42, "knee": 0.64, "long": 0.92}[g.length]
    flared = g.fit == "flared"
    wide = 0.2 + (0.06 + 0.26 * hem if flared else 0.03 * hem)
    side = [(0.22, 0.12), ((0.2 + wide) / 2 + 0.012, hem * 0.55)] if flared else [(0.2, 0.12), (0.212, 0.25)]
    scallop = [
        (wide * 0.8, hem + 0.016),
        (wide * 0.6, hem - 0.002),
        (wide * 0.4, hem + 0.02),
        (wide * 0.2, hem + 0.002),
    ]
    half = [
        (0, 0.03),
        (0.152, 0.03, 1),
        *side,
        (wide, hem - 0.022, 1),
        *(scallop if flared else [(wide * 0.5, hem + 0.003)]),
        (0, hem + 0.014),
    ]
    found = [Part("fill", curve(both(half), closed=True), "cloth", lift=0.4)]
    for x in np.linspace(-0.8, 0.8, 7 if flared else 3):
        fold = np.array([(x * wide, hem), (x * (wide * 0.45 + 0.08), hem * 0.5), (x * 0.14, 0.06)])
        found.append(Part("fold", fold, width=0.03, lift=(0.95 if flared else 0.4) * rng.uniform(0.7, 1.2)))
    found.append(
        Part(
            "line", curve([(-wide * 0.97, hem - 0.05), (0, hem - 0.02), (wide * 0.97, hem - 0.05)]), "ink", width=0.005
        )
    )
    return found + _waistband(g, 0.15, hem, rng, front=0.0)


def _waistband(g: Garment, half: float, hem: float, rng: np.random.Generator, *, front: float) -> list[Part]:
    """The band with whatever closes it. `front`: depth of the fly; 0: its buttons run to the hem."""
    strip = [(0, 0.012), (half, -0.004, 1), (half + 0.003, 0.05, 1), (0, 0.066)]
    found = [Part("fill", curve(both(strip), closed=True), "trim", lift=0.35)]
    if front:
        fly = curve([(0.032, 0.065), (0.032, front * 0.75), (0.0, front)])
        found += [
            Part("line", np.array([(0, 0.06), (0, front + 0.02)]), "ink", width=0.007),
            Part("line", fly, "ink", width=0.005),
        ]
    if g.closure == "belt":
        found += belt(half + 0.004, 0.022, 0.056)
        found += [
            Part("fill", rectangle(x - 0.009, -0.008, x + 0.009, 0.066), "trim", lift=0.3)
            for x in (-half * 0.62, half * 0.62)
        ]
    elif g.closure == "drawstring":
        ticks = np.linspace(-half * 0.9, half * 0.9, 13)
        found += [Part("line", np.array([(x, 0.004), (x, 0.052)]), "ink", width=0.006) for x in ticks]
        found += drawstring(0.045, rng)
    elif g.closure == "buttons":
        if front:
            found += buttons(0, 0.038, 0.038, 1, 0.021) + buttons(0, 0.095, front - 0.03, 2, 0.014)
        else:
            found.append(Part("line", np.array([(0, 0.06), (0, hem + 0.008)]), "ink", width=0.007))
            found += buttons(0, 0.04, hem - 0.07, 4 if hem < 0.6 else 6, 0.0185)
    return found


def trousers(g: Garment, rng: np.random.Generator) -> list[Part]:
    """Trousers, slim or wide."""
    hem = {"cropped": 0.83, "long": 1.08}[g.length]
    wide = g.fit == "wide"
    knee, ankle = (0.155, 0.19) if wide else (0.098, 0.07)
    if g.length == "cropped" and not wide:
        ankle = 0.08
    return _legs(g, rng, hem, knee, ankle, crotch=0.31, gap=0.03 if not wide else 0.012)


def shorts(g: Garment, rng: np.random.Generator) -> list[Part]:
    """Shorts, slim or wide."""
    hem = {"short": 0.33, "knee": 0.54}[g.length]
    wide = 0.23 if g.fit == "wide" else 0.162
    return _legs(g, rng, hem, 0.0, wide, crotch=0.225, gap=0.012)


def _legs(
    g: Garment, rng: np.random.Generator, hem: float, knee: float, ankle: float, *, crotch: float, gap: float
) -> list[Part]:
    """Two legs from one waist. `knee` (0: ends above) and `ankle`: widths; inner seams lie `gap` off the middle."""
    lean = 0.03 + rng.uniform(-0.012, 0.012)
    straight = not knee
    knee = knee or (0.19 + ankle) / 2
    half_knee = (crotch + hem) / 2
    inner_knee, inner_hem = gap + lean * 0.4, gap + lean
    half = [
        (0, 0.03),
        (0.158, 0.03, 1),
        (0.192, 0.15),
        *([] if straight else [(max(0.196, inner_knee * 0.5 + knee), crotch), (inner_knee + knee, half_knee)]),
        (inner_hem + ankle, hem, 1),
        (inner_hem + ankle / 2, hem + 0.01),
        (inner_hem, hem, 1),
        *([] if straight else [(inner_knee, half_knee)]),
        (0, crotch, 1),
    ]
    found = [Part("fill", curve(both(half), closed=True), "cloth", lift=0.4)]
    for side in (1, -1):
        mirror = (side, 1)
        pocket = curve([(0.095, 0.064), (0.125, 0.12), (0.184, 0.145)]) * mirror
        found.append(Part("line", pocket, "ink", width=0.007))
        crease = (
            np.array([(0.09, 0.18), (inner_knee + knee / 2, half_knee), (inner_hem + ankle / 2, hem - 0.02)]) * mirror
        )
        found.append(Part("fold", crease, width=0.03, lift=-0.5))
        found.append(
            Part(
                "fold",
                np.array([(0.006, crotch - 0.005), (0.08, crotch - 0.06), (0.13, crotch - 0.075)]) * mirror,
                width=0.022,
                lift=0.7,
            )
        )
        for at in (0.9, 1.15):
            y = crotch + (hem - crotch) * at * 0.5
            bend = np.array([(inner_knee + 0.004, y), (inner_knee + knee * 0.45, y + 0.014)]) * mirror
            found.append(Part("fold", bend, width=0.024, lift=0.55 * rng.uniform(0.6, 1.3)))
        cuff = np.array([(inner_hem, hem - 0.028), (inner_hem + ankle - 0.01 * straight, hem - 0.028)]) * mirror
        found.append(Part("line", cuff, "ink", width=0.006))
    return found + _waistband(g, 0.157, hem, rng, front=crotch - 0.07)

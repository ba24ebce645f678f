"""T-shirt, shirt, sweater and dress."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.geometry import Part, both, curve, rectangle
from likebut.datasets.wardrobe.shapes.details import belt, buttons, logo
from likebut.datasets.wardrobe.shapes.torso import HEM, Torso


def t_shirt(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A T-shirt; sleeveless it is a vest with wider armholes."""
    t = Torso(g, rng, hem=HEM[g.length])
    bare = g.sleeve == "sleeveless"
    neck, depth = t.neckline(g.neckline)
    if bare:
        neck = [(x + 0.03 * (i == 0), y, *rest) for i, (x, y, *rest) in enumerate(neck)]
        t.neck += 0.03
    t.sleeves(g.sleeve)
    t.back(depth)
    t.body(neck, sleeveless=bare)
    t.edge(neck)
    t.stitch_hem()
    return t.parts + logo(g, 0.0, 0.3, 0.095, 0.085)


def shirt(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A shirt with a button placket and a breast pocket."""
    t = Torso(g, rng, hem=HEM[g.length])
    t.sleeves(g.sleeve, cuff="button", spread=0.5 if g.sleeve == "short" else 0.33)
    t.back(0.07)
    t.body([(t.neck, 0, 1), (t.neck * 0.5, 0.05), (0, 0.085, 1)])
    placket = rectangle(-0.026, 0.075, 0.026, t.hem + 0.004)
    t.parts.append(Part("fill", placket, "cloth", lift=0.25))
    for x in (-0.026, 0.026):
        t.parts.append(Part("line", np.array([(x, 0.08), (x, t.hem)]), "ink", width=0.005))
    t.parts += buttons(0, 0.125, t.hem - 0.05, 6, 0.0125)
    t.collar(band_only=g.neckline == "band", opening=0.07)
    pocket = curve(
        [(0.075, 0.27, 1), (0.165, 0.265, 1), (0.165, 0.36, 1), (0.12, 0.383, 1), (0.075, 0.362, 1)], closed=True
    )
    t.parts.append(Part("fill", pocket, "cloth", lift=0.2))
    t.parts.append(Part("line", np.vstack([pocket, pocket[:1]]), "ink", width=0.005))
    t.stitch_hem()
    return t.parts


def sweater(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A ribbed sweater; with buttons it is a cardigan."""
    t = Torso(g, rng, hem=HEM[g.length], wide=0.012)
    t.sleeves(g.sleeve, cuff="rib", spread=0.55 if g.sleeve == "short" else 0.3)
    cardigan = g.closure == "buttons"
    neck, depth = t.neckline("crew" if g.neckline == "turtleneck" else g.neckline)
    if g.neckline != "turtleneck":
        t.back(depth)
    t.body(neck)
    t.hem_band()
    if g.neckline == "turtleneck":
        n = t.neck
        roll = [
            (0, -0.075),
            (n * 0.6, -0.08),
            (n * 0.98, -0.09, 1),
            (n * 1.08, 0.0),
            (n * 1.02, 0.05, 1),
            (n * 0.5, 0.085),
            (0, 0.092),
        ]
        t.parts.append(Part("fill", curve(both(roll), closed=True), "trim", lift=0.5))
        t.parts.append(Part("line", curve([(-n * 1.05, -0.012), (0, 0.012), (n * 1.05, -0.012)]), "ink", width=0.007))
    else:
        t.edge(neck, 0.036)
    if cardigan:
        t.parts.append(Part("fill", rectangle(-0.028, depth - 0.005, 0.028, t.hem + 0.008), "trim", lift=0.35))
        t.parts += buttons(0, depth + 0.035, t.hem - 0.03, 5, 0.0165)
    return t.parts


def dress(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A dress, fitted to the waist, straight or flared below it."""
    t = Torso(g, rng, hem=0.5)
    hem = {"short": 0.74, "knee": 1.0, "long": 1.28}[g.length]
    bare = g.sleeve == "sleeveless"
    t.shoulder, t.armpit, t.arm_y = 0.205, 0.182, 0.225
    t.sleeves(g.sleeve, spread=0.55 if g.sleeve == "short" else 0.3)
    neck, depth = t.neckline(g.neckline)
    if bare:
        neck = [(x + 0.02 * (i == 0), y, *rest) for i, (x, y, *rest) in enumerate(neck)]
        t.neck += 0.02
    t.back(depth)
    flared = g.fit == "flared"
    wide = 0.2 + (hem - 0.5) * (0.34 if flared else 0.035) + (0.04 if flared else 0)
    half = [
        *neck[::-1],
        ((neck[0][0] + t.shoulder) / 2, 0.02),
        (t.shoulder - 0.04 * bare, 0.05, 1),
        (t.armpit - 0.035, t.arm_y * 0.6),
        (t.armpit, t.arm_y, 1),
        (0.15, 0.36),
        (0.146 if flared else 0.158, 0.44),
        *([(0.22, 0.55), ((0.2 + wide) / 2 + 0.01, (0.5 + hem) / 2)] if flared else [(0.19, 0.56), (0.2, 0.68)]),
        (wide, hem - 0.02, 1),
        *(
            [(wide * 0.75, hem + 0.012), (wide * 0.5, hem - 0.004), (wide * 0.25, hem + 0.016)]
            if flared
            else [(wide * 0.5, hem + 0.002)]
        ),
        (0, hem + 0.008),
    ]
    t.parts.append(Part("fill", curve(both(half), closed=True), "cloth", lift=0.5))
    for x in np.linspace(-0.75, 0.75, 6 if flared else 3):
        depth_ = 0.9 if flared else 0.45
        line = np.array([(x * wide, hem), (x * (wide * 0.5 + 0.07), (hem + 0.46) / 2), (x * 0.13, 0.47)])
        t.parts.append(Part("fold", line, width=0.03, lift=depth_ * rng.uniform(0.7, 1.2)))
    for side in (1, -1):
        t.parts.append(Part("fold", np.array([(0.165, 0.24), (0.09, 0.31)]) * (side, 1), width=0.026, lift=0.6))
    t.edge(neck, 0.018)
    if g.closure == "belt":
        t.parts += belt(0.151, 0.44, 0.05)
    elif g.closure == "buttons":
        t.parts.append(Part("line", np.array([(0, depth + 0.01), (0, hem)]), "ink", width=0.006))
        t.parts += buttons(0, depth + 0.04, hem - 0.06, 5 if g.length == "short" else 7, 0.0165)
    else:
        t.parts.append(Part("line", curve([(-0.147, 0.435), (0, 0.45), (0.147, 0.435)]), "ink", width=0.006))
    return t.parts

"""Hoodie, jacket and coat: what is worn over the rest."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.geometry import Part, both, curve, flip, rectangle
from likebut.datasets.wardrobe.shapes.details import belt, buttons, logo, zip_line
from likebut.datasets.wardrobe.shapes.torso import HEM, Torso, hood, hood_front


def hoodie(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A hoodie with cords and a kangaroo pocket, or two pockets beside a zip."""
    t = Torso(g, rng, hem=HEM[g.length], wide=0.02, neck=0.105)
    hood(t, 0.2)
    t.sleeves(g.sleeve, cuff="rib", spread=0.55 if g.sleeve == "short" else 0.3)
    t.body([(t.neck, 0.0, 1), (t.neck * 0.75, 0.06), (0, 0.115, 1)])
    hood_front(t)
    top = t.hem - 0.2
    if g.closure == "zip":
        t.parts += _pocket_pair(t, top)
        t.hem_band()
        t.parts += zip_line(0, 0.1, t.hem + 0.005)
    else:
        half = [(0, top, 1), (0.085, top, 1), (0.15, top + 0.1, 1), (0.15, t.hem - 0.058, 1), (0, t.hem - 0.055, 1)]
        pocket = curve(both(half), closed=True)
        t.parts.append(Part("fill", pocket, "cloth", lift=0.45))
        t.parts.append(Part("line", np.vstack([pocket, pocket[:1]]), "ink", width=0.006))
        t.hem_band()
    for side in (1, -1):  # the hood's cords
        cord = curve([(0.035, 0.085), (0.042, 0.15), (0.036 + rng.uniform(-0.01, 0.01), 0.215)]) * (side, 1)
        t.parts.append(Part("line", cord, "lace", width=0.013))
    return t.parts + logo(
        g, 0.0, 0.33 if g.length == "regular" else 0.245, 0.085 if g.length == "regular" else 0.068, 0.1
    )


def _pocket_pair(t: Torso, top: float) -> list[Part]:
    half = [
        (0.012, top, 1),
        (0.085, top, 1),
        (0.155, top + 0.1, 1),
        (0.155, t.hem - 0.058, 1),
        (0.012, t.hem - 0.055, 1),
    ]
    found = []
    for knots in (half, flip(half)):
        pocket = curve(knots, closed=True)
        found += [
            Part("fill", pocket, "cloth", lift=0.4),
            Part("line", np.vstack([pocket, pocket[:1]]), "ink", width=0.006),
        ]
    return found


def jacket(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A short jacket: zipped with slanted pockets, or buttoned with flap pockets."""
    bare = g.sleeve == "sleeveless"
    t = Torso(g, rng, hem={"cropped": 0.56, "regular": 0.72}[g.length], wide=0.022, neck=0.1)
    t.sleeves(g.sleeve, cuff="rib" if g.closure == "zip" else "button", spread=0.27)
    t.back(0.08)
    t.body([(t.neck, 0, 1), (t.neck * 0.55, 0.06), (0, 0.11, 1)], sleeveless=bare)
    if g.closure == "zip":
        t.hem_band(0.065)
        t.parts += zip_line(0, 0.06, t.hem + 0.005, 0.02)
        for side in (1, -1):  # slanted pockets
            slit = np.array([(0.1, t.hem - 0.22), (0.15, t.hem - 0.12)]) * (side, 1)
            t.parts.append(Part("line", slit, "ink", width=0.014))
    else:
        t.parts.append(Part("fill", rectangle(-0.035, 0.085, 0.035, t.hem + 0.006), "cloth", lift=0.35))
        for x in (-0.035, 0.035):
            t.parts.append(Part("line", np.array([(x, 0.09), (x, t.hem)]), "ink", width=0.006))
        t.hem_band(0.045)
        t.parts += buttons(0, 0.14, t.hem - 0.022, 5, 0.017)
        for side in (1, -1):  # chest pockets with flaps
            flap = curve(
                [(0.07, 0.26, 1), (0.185, 0.26, 1), (0.185, 0.295, 1), (0.128, 0.318, 1), (0.07, 0.295, 1)], closed=True
            ) * (side, 1)
            t.parts += [Part("fill", flap, "trim", lift=0.45), *buttons(0.128 * side, 0.296, 0.296, 1, 0.01)]
    t.collar(band_only=g.neckline == "band", opening=0.09, size=1.35)
    return t.parts


def coat(g: Garment, rng: np.random.Generator) -> list[Part]:
    """A coat: double-breasted with lapels, or hooded; or held by a tied belt."""
    hem = {"short": 0.78, "knee": 1.02, "long": 1.27}[g.length]
    t = Torso(g, rng, hem=hem, wide=0.028, neck=0.1)
    t.bottom += 0.05 + 0.05 * (hem - 0.78)
    if g.neckline == "hood":
        hood(t, 0.17)
    t.sleeves("long", cuff="button", spread=0.25)
    if g.neckline != "hood":
        t.back(0.12)
    t.body(
        [(t.neck, 0, 1), (t.neck * 0.55, 0.1), (0, 0.19, 1)]
        if g.neckline == "collar"
        else [(t.neck, 0, 1), (t.neck * 0.75, 0.06), (0, 0.115, 1)]
    )
    front = (
        np.array([(0.0, 0.12), (0.02, hem * 0.6), (0.012, hem + 0.005)])
        if g.closure == "belt"
        else np.array([(-0.05, 0.19), (-0.05, hem)])
    )
    t.parts.append(Part("line", front, "ink", width=0.009))
    for side in (1, -1):
        flap = curve([(0.09, 0.6, 1), (0.2, 0.585, 1), (0.203, 0.625, 1), (0.093, 0.64, 1)], closed=True) * (side, 1)
        t.parts.append(Part("fill", flap, "trim", lift=0.45))
        fold = np.array([(0.11, hem - 0.02), (0.1, hem - 0.2), (0.09, 0.68)]) * (side, 1)
        t.parts.append(Part("fold", fold, width=0.04, lift=0.7))
    if g.closure == "belt":
        t.parts += belt(t.waist + 0.012, 0.47, 0.055, tied=True)
    else:
        for x in (-0.05, 0.05) if g.neckline == "collar" else (0.0,):
            t.parts += buttons(x, 0.27, 0.55, 3, 0.0185)
    if g.neckline == "hood":
        hood_front(t)
    else:
        _lapels(t)
    return t.parts


def _lapels(t: Torso) -> None:
    n = t.neck
    leaf = [
        (0.0, 0.235, 1),
        (n * 0.45, 0.11),
        (n * 0.98, -0.03, 1),
        (n + 0.035, 0.02, 1),
        (n + 0.05, 0.1, 1),
        (n * 0.95, 0.108, 1),
        (n + 0.045, 0.15, 1),
        (0.05, 0.25, 1),
    ]
    stand = [(0, 0.0), (n * 0.6, -0.02), (n, -0.035, 1), (n * 1.02, 0.01, 1), (n * 0.5, 0.05), (0, 0.06)]
    t.parts.insert(t.behind(), Part("fill", curve(both(stand), closed=True), "inside"))
    for knots in (leaf, flip(leaf)):
        t.parts.append(Part("fill", curve(knots, closed=True), "trim", lift=0.6))

"""T-shirt, shirt, sweater, hoodie, jacket, coat and dress: everything with a neck and an armhole."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.geometry import Part, both, curve, ellipse, flip, moved, rectangle
from likebut.datasets.wardrobe.shapes.details import belt, buttons, logo, zip_line
from likebut.types import Array

_HEM = {"cropped": 0.52, "regular": 0.74, "long": 0.93}


class _Torso:
    """The measures of one upper body, and the parts that every top shares."""

    def __init__(self, g: Garment, rng: np.random.Generator, *, hem: float, neck: float = 0.095, wide: float = 0.0) -> None:
        loose = g.fit == "loose"
        self.g, self.rng, self.hem, self.neck = g, rng, hem, neck
        self.shoulder = 0.235 + 0.025 * loose + wide
        self.armpit = 0.205 + 0.04 * loose + wide
        self.waist = 0.168 + 0.085 * loose + wide
        self.bottom = 0.192 + 0.085 * loose + wide
        self.arm_y = 0.245 + 0.02 * loose
        self.loose = loose
        self.parts: list[Part] = []

    def sleeves(self, kind: str, *, cuff: str = "none", spread: float | None = None) -> None:
        """Both sleeves, behind the body. `cuff`: none, rib or button."""
        if kind == "sleeveless":
            return
        length = {"short": 0.25, "long": 0.64}[kind]
        for side in (1, -1):
            base = (0.62 if kind == "short" else 0.36) if spread is None else spread
            turn = base + self.rng.uniform(-0.07, 0.07)
            self._sleeve(side, turn, length, kind, cuff)

    def _sleeve(self, side: int, turn: float, length: float, kind: str, cuff: str) -> None:
        d = np.array([np.sin(turn), np.cos(turn)])
        n = np.array([np.cos(turn), -np.sin(turn)])
        width = (0.155 if kind == "short" else 0.098) + 0.045 * self.loose
        top = np.array([self.shoulder, 0.062])
        pit = np.array([self.armpit, self.arm_y])
        outer = top + d * length
        inner = outer - n * width
        elbow_out = top + d * length * 0.5 + n * 0.012
        elbow_in = (pit + inner) / 2 + n * 0.008
        half = [
            (top[0] - 0.05, top[1] - 0.012, 1),
            (top[0] - 0.012, top[1] + 0.0),
            tuple(top + d * 0.06 + n * 0.01),
            tuple(elbow_out),
            (*outer, 1),
            (*inner, 1),
            tuple(elbow_in),
            (*pit, 1),
            (pit[0] - 0.05, pit[1] - 0.02, 1),
        ]
        knots = half if side > 0 else flip(half)
        mirror = np.array([side, 1.0])
        self.parts.append(Part("fill", curve(knots, closed=True), "cloth", angle=-side * turn, lift=0.2))
        if kind == "long":
            for at, depth in ((0.42, 0.8), (0.55, 0.6), (0.8, 0.5)):
                start = top + d * length * at - n * 0.01
                bend = np.array([start, start - n * width * 0.55 + d * 0.02, start - n * width * 0.95 - d * 0.015])
                self.parts.append(Part("fold", curve([tuple(p) for p in bend * mirror]), width=0.022, lift=depth))
        else:
            start = top + d * 0.1 - n * 0.03
            self.parts.append(Part("fold", np.array([pit, start]) * mirror, width=0.03, lift=0.6))
        if cuff == "rib":
            depth = 0.055
            quad = np.array([outer - d * depth, outer + n * 0.004, inner - n * 0.004, inner - d * depth]) * mirror
            self.parts.append(Part("fill", quad, "trim", angle=-side * turn, lift=0.3))
        elif cuff == "button":
            line = np.array([outer - d * 0.06, inner - d * 0.06]) * mirror
            self.parts.append(Part("line", line, "ink", width=0.007))
        else:
            line = np.array([outer - d * 0.025, inner - d * 0.025]) * mirror
            self.parts.append(Part("line", line, "ink", width=0.005))

    def back(self, depth: float) -> None:
        """The inside of the back, seen through the neck."""
        half = [(0, 0.022), (self.neck * 0.7, 0.012), (self.neck, -0.004, 1), (self.neck * 0.7, depth * 0.75), (0, depth + 0.012)]
        self.parts.append(Part("fill", curve(both(half), closed=True), "inside"))

    def neckline(self, kind: str) -> tuple[list[tuple[float, ...]], float]:
        """Right half of the front neck edge, from the shoulder to the middle, and its depth."""
        if kind == "v-neck":
            return [(self.neck, 0, 1), (self.neck * 0.62, 0.085), (0, 0.205, 1)], 0.205
        if kind == "square":
            return [(self.neck + 0.03, 0, 1), (self.neck + 0.025, 0.13, 1), (0, 0.135)], 0.135
        return [(self.neck, 0, 1), (self.neck * 0.86, 0.05), (self.neck * 0.5, 0.085), (0, 0.097)], 0.097

    def body(self, neck: list[tuple[float, ...]], *, sleeveless: bool = False, wave: float = 0.0) -> None:
        """Front panel from neck to hem."""
        shoulder = self.shoulder - (0.045 if sleeveless else 0)
        hole = self.armpit - (0.055 if sleeveless else 0.02)
        start = neck[::-1]
        half = [
            *start,
            ((neck[0][0] + shoulder) / 2, 0.022),
            (shoulder, 0.056, 1),
            (hole, self.arm_y * 0.62),
            (self.armpit, self.arm_y, 1),
            (self.waist, 0.45 if self.hem > 0.5 else 0.4),
            (self.bottom, self.hem - 0.012, 1),
            (self.bottom * 0.5, self.hem + 0.004),
            (0, self.hem + 0.008),
        ]
        self.parts.append(Part("fill", curve(both(half), closed=True), "cloth", lift=0.55))
        for side in (1, -1):
            mirror = np.array([side, 1.0])
            seam = curve([(shoulder, 0.06), (hole, self.arm_y * 0.62), (self.armpit, self.arm_y)])
            self.parts.append(Part("line", seam * mirror, "ink", width=0.006))
        self._creases()

    def _creases(self) -> None:
        r = self.rng
        for side in (1, -1):
            mirror = np.array([side, 1.0])
            pit = np.array([self.armpit - 0.015, self.arm_y + 0.01])
            end = np.array([r.uniform(0.04, 0.1), self.arm_y + r.uniform(0.1, 0.17)])
            self.parts.append(Part("fold", curve([tuple(pit), tuple((pit + end) / 2 + (0, -0.012)), tuple(end)]) * mirror, width=0.03, lift=0.7))
            x = r.uniform(0.05, 0.13)
            low = np.array([(x + 0.02, self.hem - 0.03), (x, self.hem - 0.16), (x - 0.01, self.hem - 0.27)])
            self.parts.append(Part("fold", low * mirror, width=0.032, lift=0.6))
            waist = np.array([(self.waist - 0.01, 0.46), (self.waist * 0.5, 0.485)])
            self.parts.append(Part("fold", waist * mirror, width=0.026, lift=0.5))

    def edge(self, neck: list[tuple[float, ...]], width: float = 0.026) -> None:
        """A ribbed band round the neck edge."""
        right = curve(neck)
        line = np.vstack([right, (right * (-1, 1))[::-1][1:]])
        self.parts.append(Part("line", line, "trim", width=width))
        back = curve([(-self.neck, 0), (-self.neck * 0.5, 0.016), (0, 0.02), (self.neck * 0.5, 0.016), (self.neck, 0)])
        self.parts.insert(self._behind(), Part("line", back, "trim", width=width * 0.9))

    def _behind(self) -> int:
        """Index just after the inside of the back, so that the band's back half lies behind the front."""
        return next((i + 1 for i, part in enumerate(self.parts) if part.paint == "inside"), 0)

    def hem_band(self, height: float = 0.06, paint: str = "trim") -> None:
        """Ribbing along the hem."""
        b, h = self.bottom, self.hem
        half = [(0, h - height, 1), (b + 0.002, h - height - 0.008, 1), (b * 0.96, h - 0.01, 1), (b * 0.5, h + 0.006), (0, h + 0.01)]
        self.parts.append(Part("fill", curve(both(half), closed=True), paint, lift=0.2))

    def stitch_hem(self) -> None:
        """A seam just above the hem."""
        b, h = self.bottom, self.hem - 0.028
        self.parts.append(Part("line", curve([(-b, h - 0.01), (0, h + 0.008), (b, h - 0.01)]), "ink", width=0.005))

    def collar(self, *, band_only: bool = False, opening: float = 0.06, size: float = 1.0) -> None:
        """A shirt collar of two points, or a stand-up band."""
        n = self.neck
        if band_only:
            half = [(0, 0.048, 1), (n * 0.6, 0.034), (n + 0.008, -0.012, 1), (n * 0.93, -0.05, 1), (n * 0.55, 0.002), (0.004, 0.016, 1)]
            self.parts.append(Part("fill", curve(both(half), closed=True), "trim", lift=0.4))
            return
        stand = [(0, 0.0), (n * 0.6, -0.018), (n, -0.04, 1), (n * 1.02, 0.01, 1), (n * 0.5, 0.05), (0, 0.06)]
        self.parts.insert(self._behind(), Part("fill", curve(both(stand), closed=True), "inside"))
        leaf = [
            (0.0, opening, 1),
            (n * 0.55, 0.02),
            (n * 0.92, -0.045, 1),
            (n + 0.03, 0.012, 1),
            (n * 0.95 * size, 0.09 * size + 0.012, 1),
            (0.012, opening + 0.004, 1),
        ]
        for knots in (leaf, flip(leaf)):
            self.parts.append(Part("fill", curve(knots, closed=True), "trim", lift=0.55))


def t_shirt(g: Garment, rng: np.random.Generator) -> list[Part]:
    t = _Torso(g, rng, hem=_HEM[g.length])
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
    t = _Torso(g, rng, hem=_HEM[g.length])
    t.sleeves(g.sleeve, cuff="button", spread=0.5 if g.sleeve == "short" else 0.33)
    t.back(0.07)
    t.body([(t.neck, 0, 1), (t.neck * 0.5, 0.05), (0, 0.085, 1)])
    placket = rectangle(-0.026, 0.075, 0.026, t.hem + 0.004)
    t.parts.append(Part("fill", placket, "cloth", lift=0.25))
    for x in (-0.026, 0.026):
        t.parts.append(Part("line", np.array([(x, 0.08), (x, t.hem)]), "ink", width=0.005))
    t.parts += buttons(0, 0.125, t.hem - 0.05, 6, 0.0125)
    t.collar(band_only=g.neckline == "band", opening=0.07)
    pocket = curve([(0.075, 0.27, 1), (0.165, 0.265, 1), (0.165, 0.36, 1), (0.12, 0.383, 1), (0.075, 0.362, 1)], closed=True)
    t.parts.append(Part("fill", pocket, "cloth", lift=0.2))
    t.parts.append(Part("line", np.vstack([pocket, pocket[:1]]), "ink", width=0.005))
    t.stitch_hem()
    return t.parts


def sweater(g: Garment, rng: np.random.Generator) -> list[Part]:
    t = _Torso(g, rng, hem=_HEM[g.length], wide=0.012)
    t.sleeves(g.sleeve, cuff="rib", spread=0.55 if g.sleeve == "short" else 0.3)
    cardigan = g.closure == "buttons"
    neck, depth = t.neckline("crew" if g.neckline == "turtleneck" else g.neckline)
    if g.neckline != "turtleneck":
        t.back(depth)
    t.body(neck)
    t.hem_band()
    if g.neckline == "turtleneck":
        n = t.neck
        roll = [(0, -0.075), (n * 0.6, -0.08), (n * 0.98, -0.09, 1), (n * 1.08, 0.0), (n * 1.02, 0.05, 1), (n * 0.5, 0.085), (0, 0.092)]
        t.parts.append(Part("fill", curve(both(roll), closed=True), "trim", lift=0.5))
        t.parts.append(Part("line", curve([(-n * 1.05, -0.012), (0, 0.012), (n * 1.05, -0.012)]), "ink", width=0.007))
    else:
        t.edge(neck, 0.036)
    if cardigan:
        t.parts.append(Part("fill", rectangle(-0.028, depth - 0.005, 0.028, t.hem + 0.008), "trim", lift=0.35))
        t.parts += buttons(0, depth + 0.035, t.hem - 0.03, 5, 0.0165)
    return t.parts


def hoodie(g: Garment, rng: np.random.Generator) -> list[Part]:
    t = _Torso(g, rng, hem=_HEM[g.length], wide=0.02, neck=0.105)
    _hood(t, 0.2)
    t.sleeves(g.sleeve, cuff="rib", spread=0.55 if g.sleeve == "short" else 0.3)
    t.body([(t.neck, 0.0, 1), (t.neck * 0.75, 0.06), (0, 0.115, 1)])
    _hood_front(t)
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
    return t.parts + logo(g, 0.0, 0.33 if g.length == "regular" else 0.245, 0.085 if g.length == "regular" else 0.068, 0.1)


def _hood(t: _Torso, height: float) -> None:
    n = t.neck
    outer = [(0, -height, 0), (n * 0.8, -height * 0.9), (n * 1.35, -height * 0.4), (n * 1.3, 0.02), (n * 0.8, 0.1), (0, 0.13)]
    t.parts.append(Part("fill", curve(both(outer), closed=True), "cloth", angle=0.0))
    inner = [(0, -height * 0.74), (n * 0.55, -height * 0.62), (n * 0.9, -height * 0.2), (n * 0.78, 0.04), (0, 0.12)]
    t.parts.append(Part("fill", curve(both(inner), closed=True), "inside"))


def _hood_front(t: _Torso) -> None:
    n = t.neck
    half = [(0.0, 0.125, 1), (n * 0.55, 0.065), (n * 0.86, -0.03, 1), (n * 1.34, -0.015), (n * 1.36, 0.04), (n * 0.8, 0.125), (0.0, 0.165, 1)]
    for knots in (half, flip(half)):
        t.parts.append(Part("fill", curve(knots, closed=True), "cloth", angle=0.6, lift=0.5))


def _pocket_pair(t: _Torso, top: float) -> list[Part]:
    half = [(0.012, top, 1), (0.085, top, 1), (0.155, top + 0.1, 1), (0.155, t.hem - 0.058, 1), (0.012, t.hem - 0.055, 1)]
    found = []
    for knots in (half, flip(half)):
        pocket = curve(knots, closed=True)
        found += [Part("fill", pocket, "cloth", lift=0.4), Part("line", np.vstack([pocket, pocket[:1]]), "ink", width=0.006)]
    return found


def jacket(g: Garment, rng: np.random.Generator) -> list[Part]:
    bare = g.sleeve == "sleeveless"
    t = _Torso(g, rng, hem={"cropped": 0.56, "regular": 0.72}[g.length], wide=0.022, neck=0.1)
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
            flap = curve([(0.07, 0.26, 1), (0.185, 0.26, 1), (0.185, 0.295, 1), (0.128, 0.318, 1), (0.07, 0.295, 1)], closed=True) * (side, 1)
            t.parts += [Part("fill", flap, "trim", lift=0.45), *buttons(0.128 * side, 0.296, 0.296, 1, 0.01)]
    t.collar(band_only=g.neckline == "band", opening=0.09, size=1.35)
    return t.parts


def coat(g: Garment, rng: np.random.Generator) -> list[Part]:
    hem = {"short": 0.78, "knee": 1.02, "long": 1.27}[g.length]
    t = _Torso(g, rng, hem=hem, wide=0.028, neck=0.1)
    t.bottom += 0.05 + 0.05 * (hem - 0.78)
    if g.neckline == "hood":
        _hood(t, 0.17)
    t.sleeves("long", cuff="button", spread=0.25)
    if g.neckline != "hood":
        t.back(0.12)
    t.body([(t.neck, 0, 1), (t.neck * 0.55, 0.1), (0, 0.19, 1)] if g.neckline == "collar" else [(t.neck, 0, 1), (t.neck * 0.75, 0.06), (0, 0.115, 1)])
    front = np.array([(0.0, 0.12), (0.02, hem * 0.6), (0.012, hem + 0.005)]) if g.closure == "belt" else np.array([(-0.05, 0.19), (-0.05, hem)])
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
        _hood_front(t)
    else:
        _lapels(t)
    return t.parts


def _lapels(t: _Torso) -> None:
    n = t.neck
    leaf = [(0.0, 0.235, 1), (n * 0.45, 0.11), (n * 0.98, -0.03, 1), (n + 0.035, 0.02, 1), (n + 0.05, 0.1, 1), (n * 0.95, 0.108, 1), (n + 0.045, 0.15, 1), (0.05, 0.25, 1)]
    stand = [(0, 0.0), (n * 0.6, -0.02), (n, -0.035, 1), (n * 1.02, 0.01, 1), (n * 0.5, 0.05), (0, 0.06)]
    t.parts.insert(t._behind(), Part("fill", curve(both(stand), closed=True), "inside"))
    for knots in (leaf, flip(leaf)):
        t.parts.append(Part("fill", curve(knots, closed=True), "trim", lift=0.6))


def dress(g: Garment, rng: np.random.Generator) -> list[Part]:
    t = _Torso(g, rng, hem=0.5)
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
        *([(wide * 0.75, hem + 0.012), (wide * 0.5, hem - 0.004), (wide * 0.25, hem + 0.016)] if flared else [(wide * 0.5, hem + 0.002)]),
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

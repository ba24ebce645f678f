"""The upper body that every top shares: shoulders, sleeves, neck, hem, collar, hood."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.geometry import Part, both, curve, flip

HEM = {"cropped": 0.52, "regular": 0.74, "long": 0.93}  # y of the hem, by length


class Torso:
    """The measures of one upper body, and the parts that every top shares."""

    def __init__(
        self, g: Garment, rng: np.random.Generator, *, hem: float, neck: float = 0.095, wide: float = 0.0
    ) -> None:
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
        half = [
            (0, 0.022),
            (self.neck * 0.7, 0.012),
            (self.neck, -0.004, 1),
            (self.neck * 0.7, depth * 0.75),
            (0, depth + 0.012),
        ]
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
            self.parts.append(
                Part(
                    "fold",
                    curve([tuple(pit), tuple((pit + end) / 2 + (0, -0.012)), tuple(end)]) * mirror,
                    width=0.03,
                    lift=0.7,
                )
            )
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
        self.parts.insert(self.behind(), Part("line", back, "trim", width=width * 0.9))

    def behind(self) -> int:
        """Index just after the inside of the back, so that the band's back half lies behind the front."""
        return next((i + 1 for i, part in enumerate(self.parts) if part.paint == "inside"), 0)

    def hem_band(self, height: float = 0.06, paint: str = "trim") -> None:
        """Ribbing along the hem."""
        b, h = self.bottom, self.hem
        half = [
            (0, h - height, 1),
            (b + 0.002, h - height - 0.008, 1),
            (b * 0.96, h - 0.01, 1),
            (b * 0.5, h + 0.006),
            (0, h + 0.01),
        ]
        self.parts.append(Part("fill", curve(both(half), closed=True), paint, lift=0.2))

    def stitch_hem(self) -> None:
        """A seam just above the hem."""
        b, h = self.bottom, self.hem - 0.028
        self.parts.append(Part("line", curve([(-b, h - 0.01), (0, h + 0.008), (b, h - 0.01)]), "ink", width=0.005))

    def collar(self, *, band_only: bool = False, opening: float = 0.06, size: float = 1.0) -> None:
        """A shirt collar of two points, or a stand-up band."""
        n = self.neck
        if band_only:
            half = [
                (0, 0.048, 1),
                (n * 0.6, 0.034),
                (n + 0.008, -0.012, 1),
                (n * 0.93, -0.05, 1),
                (n * 0.55, 0.002),
                (0.004, 0.016, 1),
            ]
            self.parts.append(Part("fill", curve(both(half), closed=True), "trim", lift=0.4))
            return
        stand = [(0, 0.0), (n * 0.6, -0.018), (n, -0.04, 1), (n * 1.02, 0.01, 1), (n * 0.5, 0.05), (0, 0.06)]
        self.parts.insert(self.behind(), Part("fill", curve(both(stand), closed=True), "inside"))
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


def hood(t: Torso, height: float) -> None:
    """A hood standing up behind the neck, with its dark inside; drawn before the body."""
    n = t.neck
    outer = [
        (0, -height, 0),
        (n * 0.8, -height * 0.9),
        (n * 1.35, -height * 0.4),
        (n * 1.3, 0.02),
        (n * 0.8, 0.1),
        (0, 0.13),
    ]
    t.parts.append(Part("fill", curve(both(outer), closed=True), "cloth", angle=0.0))
    inner = [(0, -height * 0.74), (n * 0.55, -height * 0.62), (n * 0.9, -height * 0.2), (n * 0.78, 0.04), (0, 0.12)]
    t.parts.append(Part("fill", curve(both(inner), closed=True), "inside"))


def hood_front(t: Torso) -> None:
    """The hood\'s two edges, crossed below the chin; drawn after the body."""
    n = t.neck
    half = [
        (0.0, 0.125, 1),
        (n * 0.55, 0.065),
        (n * 0.86, -0.03, 1),
        (n * 1.34, -0.015),
        (n * 1.36, 0.04),
        (n * 0.8, 0.125),
        (0.0, 0.165, 1),
    ]
    for knots in (half, flip(half)):
        t.parts.append(Part("fill", curve(knots, closed=True), "cloth", angle=0.6, lift=0.5))

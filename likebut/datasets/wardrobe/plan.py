"""From attributes to a plan: every drawing command of a picture, in picture coordinates.

A plan holds all that chance decided (pose, camera, light, backdrop) and no pixel. Its `digest` is what "the same
picture" means; pixels may differ by a rounding between versions of a drawing library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from likebut.datasets.wardrobe.attributes import COLOURS, Garment, generator
from likebut.datasets.wardrobe.geometry import Part
from likebut.datasets.wardrobe.shapes import FRAMES, parts
from likebut.errors import BadData, UnknownName
from likebut.types import Array

STYLES = ("photo", "flat", "line", "watercolour", "pixel", "chalk")

BACKDROPS = ("studio", "room", "wood", "linen", "disc", "bokeh")
_TONES = np.array(
    [
        (229, 224, 214),
        (203, 216, 224),
        (214, 201, 187),
        (180, 193, 181),
        (232, 208, 199),
        (214, 210, 226),
        (243, 238, 226),
        (122, 133, 142),
        (96, 86, 80),
        (150, 128, 110),
        (62, 70, 80),
        (108, 124, 116),
        (170, 176, 182),
        (190, 168, 140),
    ],
    float,
)


@dataclass(frozen=True)
class Scene:
    """An outfit: 1–4 garments laid out together, at most one of each item."""

    garments: tuple[Garment, ...]

    def __post_init__(self) -> None:
        items = [garment.item for garment in self.garments]
        if not 1 <= len(items) <= 4 or len(set(items)) != len(items):
            raise BadData(f"A scene holds 1 to 4 garments, each item once; found {', '.join(items) or 'none'}.")

    def key(self) -> str:
        """All garments in one line, the same on every machine."""
        return ";".join(garment.key() for garment in self.garments)


@dataclass(frozen=True, eq=False)
class Layer:
    """One garment where it lies in the picture.

    parts     points as fractions of the picture's side; widths likewise
    to_local  (2, 3) affine map from picture fractions to garment space, for patterns
    scale     one unit of garment space as a fraction of the picture's side
    """

    garment: Garment
    parts: tuple[Part, ...]
    to_local: Array
    scale: float
    variant: int


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything a painter needs. `light`: direction (x, y), warmth, exposure, softness; all in about -1…1."""

    style: str
    seed: int
    layers: tuple[Layer, ...]
    backdrop: str
    tone: tuple[float, float, float]
    tone2: tuple[float, float, float]
    light: tuple[float, float, float, float, float] = field(default=(-0.5, -0.7, 0, 0, 0))

    def rng(self, purpose: str) -> np.random.Generator:
        """A random stream for one purpose (grain, wobble), so that one painter's draws do not shift another's."""
        return generator("plan", *(layer.garment.key() for layer in self.layers), self.style, self.seed, purpose)

    def digest(self) -> str:
        """SHA-256 of the attributes and the drawing commands, points rounded to 1/4096 of the picture."""
        h = hashlib.sha256()
        h.update(repr((self.style, self.backdrop, _whole(self.tone), _whole(self.tone2), _whole(self.light))).encode())
        for layer in self.layers:
            h.update(layer.garment.key().encode())
            h.update(repr((layer.variant, _whole(layer.to_local.ravel()), _whole((layer.scale,)))).encode())
            for part in layer.parts:
                h.update(repr((part.kind, part.paint, _whole((part.width, part.angle, part.lift)))).encode())
                h.update(np.round(part.points * 4096).astype("<i4").tobytes())
        return h.hexdigest()


def _whole(numbers: Sequence[float] | Array) -> tuple[int, ...]:
    return tuple(int(round(float(number) * 4096)) for number in numbers)


def plan(subject: Garment | Scene, style: str = "photo", seed: int = 0) -> Plan:
    """Decide everything about a picture. The seed moves pose, camera, light and backdrop, never an attribute."""
    if style not in STYLES:
        raise UnknownName(f"Unknown style {style!r}. Known: {', '.join(STYLES)}.")
    scene = subject if isinstance(subject, Scene) else Scene((subject,))
    rng = generator("picture", scene.key(), style, seed)
    still = style in ("flat", "pixel")
    slots = _slots(len(scene.garments), rng)
    layers = tuple(_layer(garment, slot, rng, still) for garment, slot in zip(scene.garments, slots, strict=True))
    backdrop = str(rng.choice(BACKDROPS))
    tone, tone2 = _tones(scene.garments, rng)
    angle = rng.uniform(-2.6, -0.6)  # light always comes from above
    warm, exposure, soft = (float(value) for value in rng.uniform(-1, 1, 3))
    light = (float(np.cos(angle)), float(np.sin(angle)), warm, exposure, soft)
    return Plan(style, seed, layers, backdrop, tone, tone2, light)


def _tones(
    garments: Sequence[Garment], rng: np.random.Generator
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Two backdrop tones that none of the garments drowns in: the best of a few random ones."""
    worn = np.array([COLOURS[garment.colour] for garment in garments], float)
    picked = rng.permutation(len(_TONES))[:6]
    room = np.sqrt(((_TONES[picked][:, None] - worn[None]) ** 2).sum(-1)).min(axis=1)
    good = picked[room > 95]
    first = good[0] if len(good) else picked[int(room.argmax())]
    second = rng.integers(len(_TONES))
    a, b = _TONES[first], 0.55 * _TONES[first] + 0.45 * _TONES[second]
    return (float(a[0]), float(a[1]), float(a[2])), (float(b[0]), float(b[1]), float(b[2]))


def _layer(garment: Garment, slot: tuple[float, float, float], rng: np.random.Generator, still: bool) -> Layer:
    """Pose the garment and put it into its slot (middle x, middle y, side), all fractions of the picture."""
    local = parts(garment, rng)
    x, y, side = slot
    calm = 0.35 if still else 1.0
    scale = side / FRAMES[garment.item] * (1 + calm * rng.uniform(-0.07, 0.05))
    turn = calm * rng.uniform(-0.09, 0.09)
    mirrored = garment.item in ("boots", "sneakers") and rng.random() < 0.5
    points = np.vstack([part.points for part in local])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    wave = calm * rng.uniform(0.002, 0.007, 2)
    phase = rng.uniform(0, 6.28, 2)
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    shift = np.array([x, y]) + calm * rng.uniform(-0.025, 0.025, 2) * side - matrix @ middle
    placed = []
    for part in local:
        p = part.points
        warped = p + np.stack(
            [wave[0] * np.sin(7 * p[:, 1] + phase[0]), wave[1] * np.sin(8 * p[:, 0] + phase[1])], axis=1
        )
        angle = part.angle * (-1 if mirrored else 1)
        placed.append(replace(part, points=warped @ matrix.T + shift, width=part.width * scale, angle=angle))
    inverse = np.linalg.inv(matrix)
    to_local = np.hstack([inverse, (-inverse @ shift)[:, None]])
    return Layer(garment, tuple(placed), to_local, float(scale), int(rng.integers(4)))


_LAYOUTS: dict[int, list[list[tuple[float, float, float]]]] = {
    1: [[(0.5, 0.5, 0.97)]],
    2: [
        [(0.29, 0.5, 0.56), (0.72, 0.5, 0.56)],
        [(0.3, 0.36, 0.56), (0.7, 0.64, 0.56)],
        [(0.32, 0.64, 0.56), (0.7, 0.36, 0.56)],
    ],
    3: [
        [(0.3, 0.5, 0.58), (0.74, 0.27, 0.47), (0.74, 0.74, 0.47)],
        [(0.7, 0.5, 0.58), (0.26, 0.27, 0.47), (0.26, 0.74, 0.47)],
    ],
    4: [[(0.27, 0.27, 0.48), (0.74, 0.27, 0.48), (0.27, 0.74, 0.48), (0.74, 0.74, 0.48)]],
}


def _slots(count: int, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    options = _LAYOUTS[count]
    return options[int(rng.integers(len(options)))]

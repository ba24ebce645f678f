"""What painters share: points to pixels, colours of materials, noise that is made once."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from likebut.datasets.wardrobe.attributes import COLOURS, Garment
from likebut.datasets.wardrobe.geometry import Part
from likebut.datasets.wardrobe.patterns import TILE, tile
from likebut.datasets.wardrobe.plan import Layer, Plan
from likebut.types import Array

_SHIFT = 4  # points are handed to OpenCV in 1/16 pixels
Colour = tuple[float, float, float]


def floats(values: object) -> Array:
    """Any numbers as float32."""
    return np.asarray(values, np.float32)


def colour_of(values: Array) -> Colour:
    """Three numbers of an array as a colour."""
    return float(values[0]), float(values[1]), float(values[2])


def fixed(points: Array, size: float) -> Array:
    """Picture fractions as OpenCV's fixed-point pixels; pixel centres lie at halves."""
    return np.round((points * size - 0.5) * (1 << _SHIFT)).astype(np.int32)


def fill(image: Array, points: Array, size: float, value: Colour | int) -> None:
    """Fill a closed outline, edges smoothed."""
    cv2.fillPoly(image, [fixed(points, size)], value, cv2.LINE_AA, _SHIFT)  # type: ignore[call-overload]


def stroke(image: Array, points: Array, size: float, value: Colour | int, pixels: float) -> None:
    """Draw an open stroke `pixels` wide, at least one."""
    cv2.polylines(image, [fixed(points, size)], False, value, max(1, round(pixels)), cv2.LINE_AA, _SHIFT)  # type: ignore[call-overload]


def coverage(layer: Layer, size: int) -> Array:
    """Where the garment is: (size, size) uint8, 255 inside."""
    mask = np.zeros((size, size), np.uint8)
    for part in layer.parts:
        if part.kind == "fill":
            fill(mask, part.points, size, 255)
        elif part.kind == "line":
            stroke(mask, part.points, size, 255, part.width * size)
    return mask


def visible(plan: Plan, size: int) -> list[Array]:
    """Each garment's mask without what lies over it."""
    masks: list[Array] = []
    for layer in plan.layers:
        mask = coverage(layer, size)
        for below in masks:
            np.minimum(below, 255 - mask, out=below)
        masks.append(mask)
    return masks


def luminance(colour: Colour) -> float:
    """Rough brightness, 0–255."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """From a (t = 0) to b (t = 1)."""
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def scaled(colour: Colour, by: float) -> Colour:
    """Darker (by < 1) or lighter, within 0–255."""
    return (min(255.0, colour[0] * by), min(255.0, colour[1] * by), min(255.0, colour[2] * by))


@lru_cache(maxsize=4096)
def palette(garment: Garment) -> dict[str, Colour]:
    """The colour of every paint on this garment. All but cloth and second follow from the attributes by rule."""
    base: Colour = COLOURS[garment.colour]
    second: Colour = COLOURS[garment.second] if garment.second else base
    light = luminance(base) > 128
    dark_grey, cream = (44.0, 42.0, 46.0), (245.0, 240.0, 228.0)
    contrast = dark_grey if light else cream
    leather: Colour = (124, 78, 44) if garment.colour not in ("brown", "red", "orange") else (58, 42, 36)
    if garment.item in ("handbag", "backpack"):
        leather = mix(base, (30, 22, 20), 0.45) if light else mix(base, (214, 170, 120), 0.5)
    sole: Colour = (236, 232, 222) if garment.colour != "white" else (206, 200, 190)
    if garment.item == "boots":
        sole = (58, 46, 40) if garment.colour not in ("black", "brown") else (168, 132, 92)
    shade = mix(base, (20, 18, 24), 0.55) if garment.colour != "black" else (16.0, 16.0, 18.0)
    return {
        "cloth": base,
        "second": second,
        "inside": shade,
        "trim": scaled(base, 0.87) if garment.colour != "black" else (56.0, 56.0, 60.0),
        "accent": second if garment.second else (contrast if garment.colour != "black" else (196.0, 60.0, 60.0)),
        "sole": sole,
        "leather": leather,
        "metal": (214, 176, 86) if not 150 < luminance(base) < 235 else (120, 112, 104),
        "button": contrast if garment.colour != "white" else (70.0, 66.0, 72.0),
        "lace": contrast,
        "fringe": mix(base, second, 0.5) if garment.second else scaled(base, 0.92),
        "logo": contrast,
        "ink": mix(base, (18, 16, 24), 0.5) if garment.colour != "black" else (98.0, 98.0, 104.0),
    }


def texture(layer: Layer, part: Part, size: int, box: tuple[int, int, int, int], bend: Array | None = None) -> Array:
    """The pattern over the pixels of `box` (x0, y0, x1, y1): (h, w) uint8, 255 where the second colour is.

    `bend`: (size, size, 2) float32 displacement in garment space, as folds push the cloth about.
    """
    x0, y0, x1, y1 = box
    per_unit = layer.scale * size  # pixels per unit of garment space
    side = max(8, 2 * round(TILE * per_unit / 2))
    m = layer.to_local / size
    px, py = np.arange(x0, x1, dtype=np.float32) + 0.5, np.arange(y0, y1, dtype=np.float32) + 0.5
    u = (m[0, 0] * px)[None, :] + (m[0, 1] * py + layer.to_local[0, 2])[:, None]
    v = (m[1, 0] * px)[None, :] + (m[1, 1] * py + layer.to_local[1, 2])[:, None]
    if bend is not None:
        u = u + bend[y0:y1, x0:x1, 0]
        v = v + bend[y0:y1, x0:x1, 1]
    if part.angle:
        c, s = np.cos(part.angle), np.sin(part.angle)
        u, v = c * u + s * v, c * v - s * u
    to_pixels = np.float32(side / TILE)
    return cv2.remap(
        tile(layer.garment.pattern, side, layer.variant),
        np.asarray(u * to_pixels, np.float32),
        np.asarray(v * to_pixels, np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )


def bounds(points: Array, size: int, margin: int = 2) -> tuple[int, int, int, int]:
    """Pixels that the points can touch: (x0, y0, x1, y1), cut to the picture."""
    low = np.floor(points.min(axis=0) * size).astype(int) - margin
    high = np.ceil(points.max(axis=0) * size).astype(int) + margin
    return max(0, int(low[0])), max(0, int(low[1])), min(size, int(high[0])), min(size, int(high[1]))


def fill_cloth(
    image: Array, layer: Layer, part: Part, size: int, colours: dict[str, Colour], bend: Array | None = None
) -> None:
    """Fill a part of (size, size, 3) uint8 with patterned cloth."""
    x0, y0, x1, y1 = bounds(part.points, size)
    if x1 <= x0 or y1 <= y0:
        return
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    fill(mask, part.points - (x0 / size, y0 / size), size, 255)
    pattern = texture(layer, part, size, (x0, y0, x1, y1), bend).astype(np.float32)[..., None] * (1 / 255)
    base, second = floats(colours["cloth"]), floats(colours["second"])
    cloth = base + (second - base) * pattern
    region = image[y0:y1, x0:x1]
    amount = mask[..., None].astype(np.float32) * (1 / 255)
    region[:] = region + (cloth - region) * amount + 0.5


_OUTLINED = ("cloth", "trim", "sole", "leather", "inside", "accent")


def plain_garment(image: Array, layer: Layer, size: int, outline: float, strength: float = 1.0) -> None:
    """Paint one garment in plain colours; `outline` in pixels (0: none), its contrast `strength`."""
    colours = palette(layer.garment)
    rim = mix(colours["cloth"], colours["ink"], strength)
    for part in layer.parts:
        if part.kind == "fold":
            continue
        if part.kind == "line":
            if outline or part.paint != "ink":
                colour = rim if part.paint == "ink" else colours[part.paint]
                stroke(image, part.points, size, colour, part.width * size)
            continue
        if part.paint == "cloth" and layer.garment.second:
            fill_cloth(image, layer, part, size, colours)
        else:
            fill(image, part.points, size, colours[part.paint])
        if outline and part.paint in _OUTLINED:
            stroke(image, np.vstack([part.points, part.points[:1]]), size, rim, outline)


def ink_layer(plan: Plan, size: int, width: float, wobble: float, rng: np.random.Generator) -> Array:
    """All outlines that are seen, as dark on light: (size, size) uint8, 255 where there is no ink.

    Each part first wipes out what lies below it. `wobble` is a share of the picture's side. Small garments of an
    outfit get a finer pen.
    """
    image = np.full((size, size), 255, np.uint8)
    phase, pace = rng.uniform(0, 6.28, 2), rng.uniform(30, 60, 2)
    pen = width
    for layer in plan.layers:
        width = pen * min(1.0, 0.3 + 0.8 * layer.scale)
        for part in layer.parts:
            if part.kind == "fold":
                continue
            p = part.points
            p = p + wobble * np.stack(
                [np.sin(pace[0] * p[:, 1] + phase[0]), np.sin(pace[1] * p[:, 0] + phase[1])], axis=1
            )
            if part.kind == "fill":
                fill(image, p, size, 255)
                stroke(image, np.vstack([p, p[:1]]), size, 0, width if part.paint in _OUTLINED else width * 0.7)
            elif part.paint in ("ink", "lace", "fringe") or part.width * size < 2.5 * width:
                stroke(image, p, size, 0, min(width, part.width * size))
            else:  # straps and cords: two edges
                stroke(image, p, size, 0, part.width * size + width)
                stroke(image, p, size, 255, part.width * size - width)
    return image


def hatching(size: int, rng: np.random.Generator, spacing: float, width: float) -> Array:
    """Slanted, unsteady strokes side by side: (size, size) float32, 1 on a stroke."""
    slope, start = rng.uniform(0.6, 1.2), rng.uniform(0, 6.28)
    at = np.arange(size, dtype=np.float32)
    way = at[None, :] + np.float32(slope) * at[:, None]
    unsteady = cv2.resize(patch("cloud", 512, rng)[::32, ::32], (size, size), interpolation=cv2.INTER_LINEAR)
    wave = np.cos(
        (way + unsteady * spacing * 0.35) * np.float32(2 * np.pi / (spacing * np.hypot(1, slope))) + np.float32(start)
    )
    return np.clip((wave + width) * 1.6, 0, 1)


@lru_cache(maxsize=4)
def noise(kind: str) -> Array:
    """(1024, 1024) float32, mean 0, standard deviation 1, periodic. Kinds: grain (single pixels), cloth, cloud."""
    rng = np.random.Generator(np.random.PCG64({"grain": 1, "cloth": 2, "cloud": 3}[kind]))
    field = rng.standard_normal((1024, 1024)).astype(np.float32)
    if kind != "grain":
        sigma = 1.2 if kind == "cloth" else 40
        wide = np.pad(field, 128, mode="wrap")
        field = cv2.GaussianBlur(wide, (0, 0), sigma)[128:-128, 128:-128]
        field = (field - field.mean()) / field.std()
    return field


def patch(kind: str, size: int, rng: np.random.Generator) -> Array:
    """A random (size, size) cut-out of the noise; sizes over 512 repeat it."""
    x, y = rng.integers(0, 512, 2)
    field = noise(kind)
    if size > 512:
        field = np.tile(field, (2 + size // 1024, 2 + size // 1024))
    return field[y : y + size, x : x + size]

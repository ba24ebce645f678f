"""Photo: cloth that is shaded and creased, lit from above, on a backdrop, with a soft shadow."""

from __future__ import annotations

import cv2
import numpy as np

from likebut.datasets.wardrobe.geometry import Part
from likebut.datasets.wardrobe.plan import Layer, Plan
from likebut.datasets.wardrobe.styles.backdrops import backdrop
from likebut.datasets.wardrobe.styles.base import (
    coverage,
    fill,
    fill_cloth,
    floats,
    luminance,
    mix,
    palette,
    patch,
    stroke,
)
from likebut.types import Array

_SOFT = ("cloth", "trim", "inside", "leather", "sole", "accent")  # paints thick enough to be shaded on their own
_SHINY = ("boots", "handbag")


def paint(plan: Plan, size: int) -> tuple[Array, list[Array]]:
    """The picture, (size, size, 3) uint8, and each garment's visible mask, (size, size) uint8."""
    canvas = backdrop(plan, size)
    masks: list[Array] = []
    for layer in plan.layers:
        mask = coverage(layer, size)
        for below in masks:
            np.minimum(below, 255 - mask, out=below)
        masks.append(mask)
        _shadow(canvas, mask, plan, size)
        canvas = _garment(canvas, layer, mask, plan, size)
    return _develop(canvas, plan, size), masks


def _shadow(canvas: Array, mask: Array, plan: Plan, size: int) -> None:
    """Darken the backdrop below and beside the garment, away from the light."""
    quarter = max(16, size // 4)
    small = cv2.resize(mask, (quarter, quarter), interpolation=cv2.INTER_AREA)
    away = (-plan.light[0] * 0.02 * quarter, -plan.light[1] * 0.025 * quarter)
    move = floats([[1, 0, away[0]], [0, 1, away[1]]])
    near = cv2.GaussianBlur(cv2.warpAffine(small, move, (quarter, quarter)), (0, 0), quarter * 0.018)
    far = cv2.GaussianBlur(cv2.warpAffine(small, move * (1, 1, 2.2), (quarter, quarter)), (0, 0), quarter * 0.06)
    dark = near.astype(np.float32) * (0.26 / 255) + far.astype(np.float32) * (0.2 / 255)
    keep = 1 - cv2.resize(dark, (size, size), interpolation=cv2.INTER_LINEAR)
    np.multiply(canvas, keep[..., None], out=canvas, casting="unsafe")


def _garment(canvas: Array, layer: Layer, mask: Array, plan: Plan, size: int) -> Array:
    rng = plan.rng("cloth" + layer.garment.item)
    colours = palette(layer.garment)
    albedo = canvas
    bend = _bend(rng, size) if layer.garment.second else None
    half = max(32, size // 2)
    relief = _Relief(half, layer.scale)
    for part in layer.parts:
        if part.kind == "fold":
            relief.fold(part)
            continue
        if part.kind == "fill":
            if part.paint == "cloth" and layer.garment.second:
                fill_cloth(albedo, layer, part, size, colours, bend)
            else:
                fill(albedo, part.points, size, colours[part.paint])
            if part.paint in _SOFT:
                relief.panel(part)
        else:
            pixels = part.width * size
            colour = colours[part.paint]
            if pixels < 1:
                colour = mix(colours["cloth"], colour, max(0.3, pixels))
            stroke(albedo, part.points, size, colour, pixels)
            if part.paint in ("leather", "trim", "lace", "fringe") and pixels > 2:
                relief.cord(part)
    shiny = layer.garment.item in _SHINY
    light, gloss = relief.light(plan, shiny)
    light = cv2.resize(light, (size, size), interpolation=cv2.INTER_LINEAR)
    light += patch("cloth", size, rng) * 0.022
    amount = mask.astype(np.float32) * (1 / 255)
    factor = 1 + (light - 1) * amount
    dark = luminance(colours["cloth"]) < 70
    sheen = (
        cv2.resize(gloss, (size, size), interpolation=cv2.INTER_LINEAR) * amount * (42 if shiny else 26 if dark else 9)
    )
    lit = albedo.astype(np.float32)
    lit *= factor[..., None]
    lit += sheen[..., None]
    return np.clip(lit, 0, 255).astype(np.uint8)


def _bend(rng: np.random.Generator, size: int) -> Array:
    """How folds push a pattern about: (size, size, 2), a hundredth of garment space or so."""
    coarse = rng.normal(0, 0.008, (7, 7, 2)).astype(np.float32)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)


class _Relief:
    """The garment's height and the shade its parts throw on each other, at half the picture's size."""

    def __init__(self, size: int, scale: float) -> None:
        self.size = size
        self.unit = size * scale  # pixels per unit of garment space
        self.height = np.zeros((size, size), np.float32)
        self.shade = np.ones((size, size), np.float32)
        self.creases = np.zeros((size, size), np.int16)

    def panel(self, part: Part) -> None:
        """A part that is padded towards its middle and darkens what it lies on."""
        mask = np.zeros((self.size, self.size), np.uint8)
        fill(mask, part.points, self.size, 255)
        self._lay(mask, 0.026 if part.paint == "cloth" else 0.014, part.lift, deep=part.paint == "inside")

    def cord(self, part: Part) -> None:
        """A strap or cord: a narrow panel."""
        mask = np.zeros((self.size, self.size), np.uint8)
        stroke(mask, part.points, self.size, 255, part.width * self.size)
        self._lay(mask, 0.008, 0.35, deep=False)

    def _lay(self, mask: Array, pad: float, lift: float, deep: bool) -> None:
        inside = mask.astype(np.float32) * (1 / 255)
        round_ = cv2.GaussianBlur(inside, (0, 0), max(0.8, pad * self.unit))
        if lift:
            near = cv2.GaussianBlur(inside, (0, 0), max(0.8, 0.02 * self.unit))
            self.shade *= 1 - 0.62 * lift * near
        self.shade += (np.float32(0.8 if deep else 1.0) - self.shade) * inside
        self.height += ((0.25 if deep else 1.0) * round_ - self.height) * inside

    def fold(self, part: Part) -> None:
        """A crease (or a ridge, where its depth is negative)."""
        line = np.zeros((self.size, self.size), np.uint8)
        stroke(line, part.points, self.size, min(255, int(150 * abs(part.lift))), part.width * self.size * 0.55)
        if part.lift > 0:
            self.creases -= line
        else:
            self.creases += line

    def light(self, plan: Plan, shiny: bool) -> tuple[Array, Array]:
        """(factor, gloss): how bright each point is, and where light is thrown back."""
        soft = cv2.GaussianBlur(self.creases.astype(np.float32) * (1 / 255), (0, 0), max(0.7, 0.0095 * self.unit))
        height = self.height + 0.52 * soft
        gain = np.float32(0.022 * self.unit)
        gx = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) * gain
        gy = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3) * gain
        slope = -(gx * plan.light[0] + gy * plan.light[1])
        slope = np.tanh(slope)  # towards the light: positive
        factor = (0.8 + 0.2 * np.minimum(height, 1.05)) * self.shade * (1.03 - 0.3 * slope * -1)
        factor += 0.10 * np.minimum(soft, 0)
        gloss = np.clip(slope - 0.12, 0, 1) * (2.2 if shiny else 1.0) * self.shade
        return factor, gloss


def _develop(canvas: Array, plan: Plan, size: int) -> Array:
    """Exposure, white balance, a little grain: the camera's part."""
    _, _, warm, exposure, _ = plan.light
    tint = floats([1 + 0.035 * warm, 1.0, 1 - 0.045 * warm]) * np.float32(1.02 + 0.07 * exposure)
    rng = plan.rng("grain")
    out = canvas.astype(np.float32) * tint
    out += patch("grain", size, rng)[..., None] * 2.0
    return np.clip(out, 0, 255).astype(np.uint8)

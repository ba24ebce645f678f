"""Pictures with captions as training pairs: drawn once, kept small, cut and lit a little differently every time.

Knows arrays: a memory-mapped stack of square pictures, which pixel belongs to which garment, and attribute tables that
say exactly which caption fits which picture. It draws nothing and writes no words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from likebut.errors import NotFound
from likebut.types import Array

SLOTS = 4  # garments in one picture at most


@dataclass(frozen=True)
class PictureStack:
    """N square pictures on disk.

    pixels  (N, S, S, 3) uint8; labels (N, S, S) uint8: 0 is backdrop, g + 1 is the g-th garment
    rows    one dict per picture with what it shows, as its maker wrote it
    """

    pixels: Array
    labels: Array
    rows: Sequence[Mapping[str, object]]

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def create(cls, folder: Path, size: int, side: int) -> tuple[Array, Array]:
        """Empty arrays to draw into; `finish` makes them a stack."""
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.lib.format.open_memmap(folder / "pixels.npy", "w+", np.uint8, (size, side, side, 3))
        return pixels, np.lib.format.open_memmap(folder / "labels.npy", "w+", np.uint8, (size, side, side))

    @classmethod
    def finish(cls, folder: Path, rows: Sequence[Mapping[str, object]]) -> PictureStack:
        """Say what the pictures show. Written last: a folder without rows.jsonl is not finished."""
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / "rows.jsonl").write_text(text, "utf-8")
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> PictureStack:
        """Raises `NotFound` where there is no finished stack."""
        if not (folder / "rows.jsonl").is_file():
            raise NotFound(f"No finished pictures in {folder}: rows.jsonl is missing. Draw them first.")
        rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text("utf-8").splitlines()]
        return cls(np.load(folder / "pixels.npy", mmap_mode="r"), np.load(folder / "labels.npy", mmap_mode="r"), rows)


def shrink(pixels: Array, masks: Sequence[Array], side: int) -> tuple[Array, Array]:
    """A picture and its visible masks → (side, side, 3) and a label map (side, side), both uint8."""
    small = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    labels = np.zeros((side, side), np.uint8)
    for number, mask in enumerate(masks[:SLOTS]):
        labels[cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA) > 127] = number + 1
    return small, labels


def cut(
    pixels: Array, labels: Array, garment: int | None, side: int, rng: np.random.Generator | None
) -> tuple[Array, Array]:
    """One training view: (side, side, 3) uint8 and alpha (side, side) float32 in 0–1.

    garment  which one counts (from 0), as mask or, three times in ten, as the box round it; None: all counts
    rng      zoom ±5 %, shift ±4 %, mirror, light ±12 %. Hue stays: colours have names. None: the plain picture
    """
    zoom, shift, mirror, light, lift, box = 1.0, np.zeros(2), False, 1.0, 0.0, False
    if rng is not None:
        zoom, shift = float(rng.uniform(0.95, 1.05)), rng.uniform(-0.04, 0.04, 2)
        mirror, box = bool(rng.random() < 0.5), bool(rng.random() < 0.3)
        light, lift = float(rng.uniform(0.88, 1.12)), float(rng.uniform(-10, 10))
    scale = side / len(pixels) * zoom
    sign = -1.0 if mirror else 1.0
    middle = (len(pixels) - 1) / 2
    offset = (side - 1) / 2 + shift * side - scale * middle * np.array([sign, 1.0])
    matrix = np.array([[sign * scale, 0, offset[0]], [0, scale, offset[1]]])
    view = cv2.warpAffine(pixels, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if rng is not None:
        view = cv2.convertScaleAbs(view, alpha=light, beta=lift + 128 * (1 - light))
    if garment is None:
        return view, np.ones((side, side), np.float32)
    mask = (labels == garment + 1).astype(np.uint8)
    if box and mask.any():
        x, y, width, height = cv2.boundingRect(mask)
        mask[y : y + height, x : x + width] = 1
    return view, cv2.warpAffine(mask, matrix, (side, side), flags=cv2.INTER_NEAREST).astype(np.float32)


class Attributes:
    """Attribute values as small numbers, so that "does this caption fit that picture" is array arithmetic.

    >>> table = Attributes(["colour", "item"])
    >>> shown = table.encode([[{"item": "hat", "colour": "red"}], [{"item": "hat", "colour": "blue"}]])
    >>> said = table.encode([[{"item": "hat"}], [{"item": "hat", "colour": "blue"}]])
    >>> fits(shown, said).tolist()  # picture × caption
    [[True, False], [True, True]]
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = tuple(fields)
        self._numbers: dict[tuple[str, str], int] = {}

    def encode(self, things: Sequence[Sequence[Mapping[str, str]]]) -> Array:
        """B lists of at most SLOTS garments, each field → value → (B, SLOTS, fields) int16; 0 where nothing is said."""
        out = np.zeros((len(things), SLOTS, len(self.fields)), np.int16)
        for row, garments in enumerate(things):
            for slot, garment in enumerate(garments):
                for column, field in enumerate(self.fields):
                    value = garment.get(field)
                    if value is not None:
                        key = (field, value)
                        out[row, slot, column] = self._numbers.setdefault(key, len(self._numbers) + 1)
        return out


def fits(shown: Array, said: Array) -> Array:
    """(B, SLOTS, F) of pictures and (C, SLOTS, F) of captions → (B, C) bool.

    A caption fits when each garment it names is shown: some garment of the picture agrees in every field that is said.
    """
    out = np.ones((len(shown), len(said)), bool)
    for slot in range(said.shape[1]):
        named = said[:, slot]  # (C, F)
        if not named.any():
            continue
        found = np.zeros_like(out)
        for garment in range(shown.shape[1]):
            there = shown[:, garment]  # (B, F)
            if there.any():
                agrees = np.ones_like(out)
                for field in range(named.shape[1]):
                    if named[:, field].any():
                        agrees &= (named[None, :, field] == 0) | (named[None, :, field] == there[:, None, field])
                found |= agrees & np.asarray(there.any(1))[:, None]
        out &= found | ~np.asarray(named.any(1))[None]
    return out

"""Padding, resizing and cropping, as CLIP and CLIP4Cir do it; pictures in, pictures or float arrays out.

Knows no file and no network. Numbers first (`Geometry`, integers only), pixels second (`apply`), so that a mask
goes through the very crop its picture went through.

Source of the geometry: openai/CLIP `_transform`; Baldrati et al., CLIP4Cir (square pad, target pad 1.25).
Of the two orders, "convert-first" makes RGB before it pads and resizes; "reference" pads, resizes and crops in
the picture's own mode and converts last, as the published code does: palette pictures are then resized with
nearest neighbour and hidden colours under transparency come through. For RGB pictures both are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from likebut.images.colour import split_alpha
from likebut.types import Array

Order = Literal["convert-first", "reference"]
Padding = Literal["clip", "square", "target", "squash"]

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
ALPHA_MEAN, ALPHA_STD = 0.5, 0.26  # Alpha-CLIP: background -1.923, foreground +1.923

_FULL_SIZE = "likebut_full_size"  # key in a picture's info
_MAX_PADDED_PIXELS = 64_000_000  # a 30000×10 strip would pad to 720 megapixels


@dataclass(frozen=True)
class Geometry:
    """How a picture of `source` (width, height) becomes an n×n square. All numbers are pixels.

    pad      added on the left and on the right, added above and below
    padded   size after padding
    resized  size after resizing; the shorter side is n
    crop     left and top edge of the n×n crop in the resized picture
    """

    source: tuple[int, int]
    pad: tuple[int, int]
    padded: tuple[int, int]
    resized: tuple[int, int]
    crop: tuple[int, int]
    n: int

    @classmethod
    def of(cls, source: tuple[int, int], n: int, padding: Padding = "target", ratio: float = 1.25) -> Geometry:
        """Work out the numbers for a picture of `source` (width, height).

        >>> Geometry.of((1000, 300), 288, "target")
        Geometry(source=(1000, 300), pad=(0, 250), padded=(1000, 800), resized=(360, 288), crop=(36, 0), n=288)
        """
        width, height = source
        if padding == "squash":
            return cls(source, (0, 0), source, (n, n), (0, 0), n)
        pad = (0, 0)
        longest = max(source)
        if padding == "square":
            pad = (int((longest - width) / 2), int((longest - height) / 2))  # an odd gap leaves it 1 px short
        elif padding == "target" and longest / min(source) >= ratio:
            wanted = longest / ratio
            pad = (max(int((wanted - width) / 2), 0), max(int((wanted - height) / 2), 0))
        padded = (width + 2 * pad[0], height + 2 * pad[1])
        if padded[0] <= padded[1]:
            resized = (n, int(n * padded[1] / padded[0]))
        else:
            resized = (int(n * padded[0] / padded[1]), n)
        # Python rounds halves to even; flooring instead would shift the crop by 1 px at surpluses 3, 7, 11 …
        crop = (round((resized[0] - n) / 2), round((resized[1] - n) / 2))
        return cls(source, pad, padded, resized, crop, n)


def apply(image: Image.Image, geometry: Geometry, resample: Image.Resampling = Image.Resampling.BICUBIC) -> Image.Image:
    """Pad with 0, resize and crop, in the picture's own mode → n×n, same mode. `L` masks take the same road.

    A strip so long that padding it would need more than 64 megapixels is shrunk along its length first.
    """
    if geometry.padded[0] * geometry.padded[1] > _MAX_PADDED_PIXELS:
        return _apply_to_strip(image, geometry, resample)
    if geometry.pad != (0, 0):
        image = _pad(image, geometry.pad)
    n = geometry.n
    left, top = geometry.crop
    if max(geometry.resized) > 8 * n:
        # Only the crop of a very long picture is computed; elsewhere the plain way keeps results equal to the bit.
        across, down = image.width / geometry.resized[0], image.height / geometry.resized[1]
        box = (left * across, top * down, (left + n) * across, (top + n) * down)
        return image.resize((n, n), resample, box=box)
    return image.resize(geometry.resized, resample).crop((left, top, left + n, top + n))


def remember_full_size(image: Image.Image, size: tuple[int, int]) -> None:
    """Note on a picture decoded at 1/2, 1/4 or 1/8 how big (width, height) the full one is."""
    image.info[_FULL_SIZE] = size


def full_size(image: Image.Image) -> tuple[tuple[int, int], int]:
    """(width, height) of the full picture, and how many of its pixels one pixel here stands for, per side.

    The note survives `copy` and the like; a picture that was cropped or resized since no longer fits it.
    """
    noted: tuple[int, int] | None = image.info.get(_FULL_SIZE)
    if noted is None:
        return image.size, 1
    for factor in (2, 4, 8):
        if image.size == (-(-noted[0] // factor), -(-noted[1] // factor)):
            return noted, factor
    return image.size, 1


def _apply_reduced(image: Image.Image, geometry: Geometry, factor: int) -> Image.Image:
    """As `apply` on the full picture, from one reduced by `factor`: the crop is placed by fractions of a pixel."""
    box, margins = [], []
    for axis in (0, 1):
        scale = geometry.padded[axis] / geometry.resized[axis]
        margins.append(-(-geometry.pad[axis] // factor))
        first = (geometry.crop[axis] * scale - geometry.pad[axis]) / factor + margins[axis]
        box.append((first, first + geometry.n * scale / factor))
    if any(margins):
        image = _pad(_fade_last(image, geometry, factor), (margins[0], margins[1]))
    limits = (max(box[0][0], 0), max(box[1][0], 0), min(box[0][1], image.width), min(box[1][1], image.height))
    return image.resize((geometry.n, geometry.n), Image.Resampling.BICUBIC, box=limits)


def _fade_last(image: Image.Image, geometry: Geometry, factor: int) -> Image.Image:
    """Darken the last column and row by the share of them that lies on the black padding."""
    faded = image.copy()
    for axis, edge in ((0, (image.width - 1, 0, *image.size)), (1, (0, image.height - 1, *image.size))):
        share = 1 - (image.size[axis] - geometry.source[axis] / factor)
        if geometry.pad[axis] and share < 1:
            faded.paste(faded.crop(edge).point([round(value * share) for value in range(256)] * 3), edge)
    return faded


def _pad(image: Image.Image, pad: tuple[int, int]) -> Image.Image:
    bands = len(image.getbands())
    size = (image.width + 2 * pad[0], image.height + 2 * pad[1])
    canvas = Image.new(image.mode, size, 0 if bands == 1 else (0,) * bands)
    if image.palette is not None:
        canvas.putpalette(image.getpalette(image.palette.mode) or [], image.palette.mode)
    canvas.paste(image, pad)
    return canvas


def _apply_to_strip(image: Image.Image, geometry: Geometry, resample: Image.Resampling) -> Image.Image:
    longest = 16 * geometry.n
    width, height = image.size
    scale = longest / max(width, height)
    shrunk = image.resize((max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BOX)
    square = Geometry.of(shrunk.size, geometry.n, "square")
    if geometry.padded[0] == geometry.padded[1] or abs(geometry.padded[0] - geometry.padded[1]) == 1:
        return apply(shrunk, square, resample)
    ratio = max(geometry.padded) / min(geometry.padded)
    return apply(shrunk, Geometry.of(shrunk.size, geometry.n, "target", ratio), resample)


def _transform(image: Image.Image, size: int, padding: Padding, order: Order, ratio: float = 1.25) -> Image.Image:
    if order not in ("convert-first", "reference"):
        raise ValueError(f"order is {order!r}; expected 'convert-first' or 'reference'.")
    if order == "convert-first":
        image = split_alpha(image)[0]
        source, factor = full_size(image)
        if factor > 1:
            geometry = Geometry.of(source, size, padding, ratio)
            if geometry.padded[0] * geometry.padded[1] <= _MAX_PADDED_PIXELS * factor:
                return _apply_reduced(image, geometry, factor)
    return apply(image, Geometry.of(image.size, size, padding, ratio)).convert("RGB")


def clip_pad(image: Image.Image, size: int, *, order: Order = "convert-first") -> Image.Image:
    """CLIP's own preprocessing: shorter side → `size`, centre crop. No padding. Returns RGB, size×size."""
    return _transform(image, size, "clip", order)


def square_pad(image: Image.Image, size: int, *, order: Order = "convert-first") -> Image.Image:
    """Pad with black to a square, then as `clip_pad`. Returns RGB, size×size."""
    return _transform(image, size, "square", order)


def target_pad(image: Image.Image, size: int, ratio: float = 1.25, *, order: Order = "convert-first") -> Image.Image:
    """Pad the shorter side with black until long/short is `ratio`, then as `clip_pad`. Returns RGB, size×size.

    Pictures below the ratio stay as they are. At least 1/ratio of the long side survives the crop.
    Source: Baldrati et al., CLIP4Cir, arXiv:2308.11485.
    """
    return _transform(image, size, "target", order, ratio)


def squash(image: Image.Image, size: int, *, order: Order = "convert-first") -> Image.Image:
    """Resize to size×size without keeping the aspect ratio (CoVR, Pic2Word's COCO queries). Returns RGB."""
    return _transform(image, size, "squash", order)


def to_pixels(image: Image.Image, mean: Sequence[float] = CLIP_MEAN, std: Sequence[float] = CLIP_STD) -> Array:
    """An RGB picture n×n → (3, n, n) float32, (value/255 - mean) / std per channel."""
    return to_pixels_batch([image], mean, std)[0]


def to_pixels_batch(
    images: Sequence[Image.Image],
    mean: Sequence[float] = CLIP_MEAN,
    std: Sequence[float] = CLIP_STD,
    out: Array | None = None,
) -> Array:
    """B RGB pictures of one size n×n → (B, 3, n, n) float32, written into `out` where it is given.

    `out` may hold more than B rows; the first B are written and returned.
    """
    if not images:
        raise ValueError("to_pixels_batch got no picture; give at least one.")
    width, height = images[0].size
    if out is None:
        out = np.empty((len(images), 3, height, width), dtype=np.float32)
    # All 256 values of a channel, worked out once in the reference's order of operations: exact, and a look-up is fast.
    levels = np.arange(256, dtype=np.float32)[None] / np.float32(255)
    table = (levels - np.asarray(mean, np.float32)[:, None]) / np.asarray(std, np.float32)[:, None]
    for row, image in zip(out, images, strict=False):
        if image.mode != "RGB" or image.size != (width, height):
            raise ValueError(f"Expected RGB {width}×{height}, found {image.mode} {image.width}×{image.height}.")
        values = np.asarray(image)
        for channel in range(3):
            np.take(table[channel], values[..., channel], out=row[channel], mode="clip")
    return out[: len(images)]


def _bilinear_weights(source: int, target: int, antialias: bool) -> Array:
    """(target, source) float32: row i holds the weights of the source pixels in output pixel i.

    Positions are float32 on purpose: torch computes them so, and double precision would differ from it by 5e-5.
    """
    scale = np.float32(source / target)
    centre = (np.arange(target) + 0.5) * np.float64(scale)
    pixels, one = np.arange(source, dtype=np.float32), np.float32(1)
    if antialias:
        distance = np.abs(pixels - centre[:, None].astype(np.float32) + np.float32(0.5)) / max(scale, one)
    else:
        distance = np.abs(pixels - np.maximum(centre - 0.5, 0)[:, None].astype(np.float32))
    weights = np.maximum(one - distance, 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def alpha_mask(mask: Array | Image.Image, size: int, *, antialias: bool = True) -> Array:
    """A mask → Alpha-CLIP's extra channel, (1, n, n) float32: squashed to n×n bilinearly, then (x - 0.5) / 0.26.

    mask: (H, W) of 0 and 1 (or bool), or an `L` picture of 0–255. Background becomes -1.923, foreground +1.923.
    antialias=False repeats what torchvision ≤ 0.16 did; it matters only for masks larger than `size`.
    The published code squashes the mask while it centre-crops the picture, so the two do not lie on each other for
    pictures that are not square: `aligned_alpha_mask` mends that. Source: SunzeY/AlphaCLIP `mask_transform`.
    """
    values = _unit_mask(mask)
    rows = _bilinear_weights(values.shape[0], size, antialias)
    columns = _bilinear_weights(values.shape[1], size, antialias)
    return ((rows @ values @ columns.T - ALPHA_MEAN) / ALPHA_STD).astype(np.float32)[None]


def aligned_alpha_mask(mask: Array | Image.Image, geometry: Geometry) -> Array:
    """As `alpha_mask`, through the crop of the picture: (1, n, n) float32. What was padded is background."""
    levels = Image.fromarray(np.round(_unit_mask(mask) * 255).astype(np.uint8))
    if levels.size != geometry.source:
        raise ValueError(f"The mask is {levels.size} (width, height), the geometry is for {geometry.source}.")
    cropped = np.asarray(apply(levels, geometry, Image.Resampling.BILINEAR), np.float32) / 255
    return ((cropped - ALPHA_MEAN) / ALPHA_STD).astype(np.float32)[None]


def _unit_mask(mask: Array | Image.Image) -> Array:
    """(H, W) float32, 0–1, from an `L` picture (0–255) or an array (0–1)."""
    if isinstance(mask, Image.Image):
        return np.asarray(mask.convert("L"), np.float32) / 255
    values = np.asarray(mask, np.float32)
    if values.ndim != 2 or values.size == 0 or values.min() < 0 or values.max() > 1:
        raise ValueError(f"A mask array is (H, W) with values 0 to 1; found shape {values.shape}.")
    return values

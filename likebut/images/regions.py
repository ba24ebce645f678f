"""The part of a picture that counts: region → mask, crop, white or blurred surroundings. Opens no file but masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from likebut.errors import BadQuery
from likebut.images.reading import load_image
from likebut.types import Array, ImageLike, Region


def region_mask(region: Region, size: tuple[int, int]) -> Array:
    """A region → (H, W) uint8 of 0 and 1, for a picture of `size` (width, height).

    A pixel counts where its centre lies inside (polygons: even-odd rule); box edges are rounded to whole pixels. A box
    or polygon too thin for any pixel gets the one it lies in. Raises `BadQuery` where a mask is empty or has
    another shape than the picture (the same shape at another resolution is resized).
    """
    width, height = size
    if region.box is not None:
        left, top, right, bottom = _pixel_box(region.box, size)
        mask = np.zeros((height, width), np.uint8)
        mask[top:bottom, left:right] = 1
        return mask
    if region.polygon is not None:
        return _fill(region.polygon, size)
    assert region.mask is not None
    mask = read_mask(region.mask)
    found = (mask.shape[1], mask.shape[0])
    if found != size:
        if abs(found[0] * height / (found[1] * width) - 1) > 0.02:
            raise BadQuery(
                f"The mask is {found[0]}×{found[1]} and the picture {width}×{height}; give one of its shape."
            )
        mask = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
    if not mask.any():
        raise BadQuery("The mask selects nothing: no value is above half.")
    return mask


def read_mask(source: ImageLike) -> Array:
    """A mask file, picture or array → (H, W) uint8 of 0 and 1; values above half count.

    Arrays and pictures with no value above 1 are 0/1 masks. Where a picture has transparent parts, its alpha is
    the mask: that is what painting programs save.
    """
    if isinstance(source, np.ndarray) and source.ndim == 2:
        values = source
    else:
        image, alpha = load_image(source, return_alpha=True)
        values = np.asarray(alpha if alpha is not None else image.convert("L"))
    if values.dtype == np.bool_ or values.size == 0:
        return values.astype(np.uint8)
    return (values > (values.max() / 2 if values.max() <= 1 else 127)).astype(np.uint8)


def _pixel_box(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Fractions → left, top, right, bottom in pixels; at least one pixel."""
    edges = []
    for low, high, length in ((box[0], box[2], size[0]), (box[1], box[3], size[1])):
        first, last = round(low * length), round(high * length)
        if last <= first:
            first = min(int(low * length), length - 1)
            last = first + 1
        edges.append((first, last))
    (left, right), (top, bottom) = edges
    return left, top, right, bottom


def _fill(corners: Sequence[tuple[float, float]], size: tuple[int, int]) -> Array:
    """Even-odd fill at pixel centres: every edge flips all pixels to the right of it."""
    width, height = size
    points = [(x * width, y * height) for x, y in corners]
    flips = np.zeros((height, width + 1), np.int32)
    centres = np.arange(height) + 0.5
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
        crossed = np.flatnonzero((centres >= min(y0, y1)) & (centres < max(y0, y1)))
        where = x0 + (centres[crossed] - y0) * ((x1 - x0) / (y1 - y0 if y1 != y0 else 1.0))
        flips[crossed, np.clip(np.ceil(where - 0.5), 0, width).astype(int)] += 1
    mask = (np.cumsum(flips, axis=1)[:, :width] % 2).astype(np.uint8)
    if not mask.any():
        x, y = np.mean(points, axis=0)
        mask[min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1)] = 1
    return mask


def region_box(region: Region, size: tuple[int, int], margin: float = 0.0) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in pixels of what the region covers, grown by `margin` of its own width and height
    on every side, inside a picture of `size` (width, height)."""
    if region.box is not None:
        left, top, right, bottom = _pixel_box(region.box, size)
    else:
        rows, columns = np.nonzero(region_mask(region, size))
        left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    across, down = round(margin * (right - left)), round(margin * (bottom - top))
    return (
        int(max(left - across, 0)),
        int(max(top - down, 0)),
        int(min(right + across, size[0])),
        int(min(bottom + down, size[1])),
    )


def crop_region(image: Image.Image, region: Region, margin: float = 0.0) -> Image.Image:
    """The rectangle around a region; `margin` 0.1 adds a tenth of its width and height on every side."""
    return image.crop(region_box(region, image.size, margin))


def white_background(image: Image.Image, mask: Array) -> Image.Image:
    """Keep what the (H, W) mask covers, make the rest white. Returns RGB."""
    return Image.composite(image.convert("RGB"), Image.new("RGB", image.size, "white"), _paste_mask(image, mask))


def blur_background(image: Image.Image, mask: Array, radius: float) -> Image.Image:
    """Keep what the (H, W) mask covers, blur the rest; `radius` is the Gaussian's sigma in pixels. Returns RGB."""
    rgb = image.convert("RGB")
    return Image.composite(rgb, rgb.filter(ImageFilter.GaussianBlur(radius)), _paste_mask(image, mask))


def _paste_mask(image: Image.Image, mask: Array) -> Image.Image:
    if mask.shape != (image.height, image.width):
        raise ValueError(f"The mask is {mask.shape} (H, W), the picture {(image.height, image.width)}.")
    return Image.fromarray(np.where(mask > 0, np.uint8(255), np.uint8(0)))

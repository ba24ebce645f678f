"""Any pixel mode → RGB and alpha. Knows no file: pictures and arrays in, pictures out.

Pillow's own `convert("RGB")` turns 16-bit pictures white and shows the colours hidden under transparent pixels.
ICC profiles are not applied: no published CLIP preprocessing does.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from likebut.types import Array


def split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """A loaded picture of any mode → (RGB over white, alpha as `L` or None where everything is opaque).

    Where alpha is 0 everywhere but there are colours below it, alpha was never filled in (many BMP and TGA
    writers): the colours are shown and alpha is None.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image, None
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_grey(image)
    if image.mode in ("RGBa", "La"):
        image = image.convert("RGBA" if image.mode == "RGBa" else "LA")
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert("RGB"), None
    rgba = image.convert("RGBA")
    colours, alpha = rgba.convert("RGB"), rgba.getchannel("A")
    lowest, highest = alpha.getextrema()
    if lowest == 255:
        return colours, None
    if highest == 0 and np.ptp(np.asarray(colours), axis=(0, 1)).any():
        return colours, None
    white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, rgba).convert("RGB"), alpha


def _deep_grey(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Modes I, I;16* and F: more than 8 bits of grey."""
    values = np.asarray(image)
    grey = Image.fromarray(eight_bits(values)).convert("RGB")
    hidden = image.info.get("transparency")
    if not isinstance(hidden, int):
        return grey, None
    alpha = Image.fromarray(np.where(values == hidden, np.uint8(0), np.uint8(255)))
    return Image.composite(grey, Image.new("RGB", grey.size, "white"), alpha), alpha


def eight_bits(values: Array) -> Array:
    """Numbers of any kind → uint8 of the same shape.

    bool     0 and 255
    uint8    as it is
    whole    0–65535: the smallest of 8, 10, 12 and 16 bits that holds them all is taken as their full range, because
             cameras and scanners keep 10 and 12 bits in 16
    floats   0–1 becomes 0–255 (a little outside is cut off: interpolation leaves it behind); 0–255 stays
    others   are stretched from their smallest to their largest finite value; NaN counts as the smallest
    """
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint8:
        return values
    whole = values.dtype.kind in "iu"
    finite = values if whole else values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    numbers = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
    if whole and low >= 0 and high <= 65535:
        bits = next(bits for bits in (8, 10, 12, 16) if high < 2**bits)
        scaled = numbers * (255 / (2**bits - 1))
    elif not whole and low >= -0.1 and high <= 1.1:
        scaled = numbers * 255
    elif not whole and low >= 0 and high <= 255:
        scaled = numbers
    else:
        scaled = (numbers - low) * (255 / (high - low if high > low else 1.0))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)

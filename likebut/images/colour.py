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
    bits = 16 if image.mode.startswith("I;16") else None
    tags = getattr(image, "tag_v2", None)
    if bits and tags is not None and isinstance(depth := tags.get(258), tuple):
        bits = int(depth[0])  # a 12-bit TIFF holds 0–4095 in mode I;16
    grey = Image.fromarray(eight_bits(values, bits)).convert("RGB")
    hidden = image.info.get("transparency")
    if not isinstance(hidden, int):
        return grey, None
    alpha = Image.fromarray(np.where(values == hidden, np.uint8(0), np.uint8(255)))
    return Image.composite(grey, Image.new("RGB", grey.size, "white"), alpha), alpha


def eight_bits(values: Array, bits: int | None = None) -> Array:
    """Numbers of any kind → uint8 of the same shape.

    bits    the numbers run from 0 to 2**bits - 1; None: found out from type and values, as follows
    bool    0 and 255
    uint8   as it is
    uint16  0–65535 becomes 0–255
    others  0–1 in floats becomes 0–255; 0–255 stays; whole numbers of 0–65535 are 16-bit; anything else is
            stretched from its smallest to its largest finite value; NaN counts as the smallest
    """
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint8:
        return values
    if bits is None and values.dtype == np.uint16:
        bits = 16
    numbers = values.astype(np.float32 if bits else np.float64)
    if bits:
        return np.clip(np.rint(numbers * (255.0 / (2**bits - 1))), 0, 255).astype(np.uint8)
    finite = numbers[np.isfinite(numbers)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    numbers = np.nan_to_num(numbers, nan=low, posinf=high, neginf=low)
    whole = values.dtype.kind in "iu"
    if not whole and low >= -0.1 and high <= 1.1:  # a little outside is what interpolation leaves behind
        scaled = numbers * 255
    elif low >= 0 and high <= 255:
        scaled = numbers
    elif whole and low >= 0 and high <= 65535:
        scaled = numbers / 257
    else:
        scaled = (numbers - low) * (255 / (high - low if high > low else 1.0))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)

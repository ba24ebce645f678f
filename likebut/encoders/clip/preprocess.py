"""From a picture to the numbers that a CLIP takes: which padding, which size, which mean. Values only, no network.

The geometry itself is `likebut.images`'s; here it is chosen and written down, because an index is only worth
something while queries go through the same one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np
from PIL import Image

from likebut.errors import BadCheckpoint
from likebut.images import (
    CLIP_MEAN,
    CLIP_STD,
    Geometry,
    Padding,
    aligned_alpha_mask,
    apply,
    crop_region,
    fast_load,
    load_image,
    region_mask,
    to_pixels,
)
from likebut.types import Array, ImageLike, Region

_NAMES = {"clip": "clip", "square": "squarepad", "target": "targetpad", "squash": "squash"}


@dataclass(frozen=True)
class Preprocess:
    """How pictures are made square and normalised.

    size     pixels per side
    padding  "clip" (centre crop), "target" (pad to `ratio`, then crop), "square" (pad until nothing is cut), "squash"
    decode   "fast": JPEGs four times as large as needed, or larger, are decoded at reduced size (cosine > 0.9995
             to exact, `likebut.images.fast_load`); "exact": never
    """

    size: int = 224
    padding: Padding = "clip"
    ratio: float = 1.25
    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD
    decode: Literal["fast", "exact"] = "fast"

    def __post_init__(self) -> None:
        if self.padding not in _NAMES:
            raise BadCheckpoint(f"Unknown padding {self.padding!r}; expected {', '.join(_NAMES)}.")
        if self.decode not in ("fast", "exact"):
            raise BadCheckpoint(f"Unknown decode {self.decode!r}; expected fast or exact.")

    def __str__(self) -> str:
        ratio = f" {self.ratio:g}" if self.padding == "target" else ""
        return f"{_NAMES[self.padding]}{ratio}, {self.size} px, {self.decode}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dump`."""
        return asdict(self) | {"mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Preprocess:
        """Read `to_json`'s values; absent ones are CLIP's. Raises `BadCheckpoint` for an unknown field."""
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise BadCheckpoint(f"Unknown preprocessing field {unknown[0]!r}.")
        plain: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in values.items()}
        return cls(**plain)

    def pixels(self, source: ImageLike, region: Region | None = None) -> Array:
        """One picture, or what a region's box cuts out of it → (3, n, n) float32. Raises `BadImage`."""
        if region is not None:
            return self._normalise(self._square(crop_region(load_image(source), region)))
        image = fast_load(source, self.size) if self.decode == "fast" else load_image(source)
        return self._normalise(self._square(image))

    def pixels_and_alpha(self, source: ImageLike, region: Region) -> tuple[Array, Array]:
        """One whole picture and where its region lies in it → (3, n, n) and (1, n, n) float32.

        Both go through one geometry. Where the usual crop would cut into the region, the picture is padded to a
        square instead, so that a region at the edge is seen.
        """
        image = load_image(source)
        mask = region_mask(region, image.size)
        geometry = Geometry.of(image.size, self.size, self.padding, self.ratio)
        if _cuts_into(geometry, mask):
            geometry = Geometry.of(image.size, self.size, "square")
        return self._normalise(apply(image, geometry)), aligned_alpha_mask(mask, geometry)

    def _square(self, image: Image.Image) -> Image.Image:
        return apply(image, Geometry.of(image.size, self.size, self.padding, self.ratio))

    def _normalise(self, image: Image.Image) -> Array:
        return to_pixels(image, self.mean, self.std)


def _cuts_into(geometry: Geometry, mask: Array) -> bool:
    """Whether a pixel of the mask (H, W) lies outside the crop, more than a rounding error away."""
    for axis in (0, 1):
        occupied = np.flatnonzero(mask.any(axis=axis))
        scale = geometry.padded[axis] / geometry.resized[axis]
        first = geometry.crop[axis] * scale - geometry.pad[axis]
        last = (geometry.crop[axis] + geometry.n) * scale - geometry.pad[axis]
        if occupied[0] < first - scale or occupied[-1] + 1 > last + scale:
            return True
    return False

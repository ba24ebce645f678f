"""The baselines beside a region encoder: the region made a picture of its own, before any composer sees it.

A mask for the encoder (Alpha-CLIP) has to beat what a pair of scissors can do. `RegionAs` cuts, whitens or blurs and
hands the result to any other composer as an ordinary reference, so that image, text, sum and every inversion method can
be compared under the same treatment, over the same gallery.

Source of the white crop: Saito et al., CVPR 2023, arXiv:2302.03084, COCO object composition. Of the blur: Sun et al.,
Alpha-CLIP, arXiv:2312.03818, and Yang et al., arXiv:2306.04356.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

from PIL import Image

from likebut.composers.base import Composer, Composition, References
from likebut.errors import BadQuery
from likebut.images import blur_background, crop_region, load_image, region_mask, white_background
from likebut.types import ImageLike, Query, Region

Mode = Literal["whole", "crop", "white", "blur"]
BLUR = 0.05  # standard deviation as a share of the longer side: shapes stay, what they are does not


class RegionAs(Composer):
    """`composer` on queries whose region has become their reference; `load_composer("sum@white")` makes one.

    mode  whole  the region is forgotten
          crop   the rectangle around it
          white  the rectangle around it, white where the region is not
          blur   the whole picture, blurred where the region is not
    """

    def __init__(self, composer: Composer, mode: Mode = "crop") -> None:
        if mode not in get_args(Mode):
            raise BadQuery(f"Unknown region mode {mode!r}; expected {', '.join(get_args(Mode))}.")
        self.name = f"{composer.name}@{mode}"
        self.composer, self.mode = composer, mode
        if hasattr(composer, "prompt"):
            self.prompt = composer.prompt  # it words its queries itself, which a benchmark has to know

    def compose(self, queries: Sequence[Query], references: References) -> Composition:
        """B queries → (B, D) unit rows. Raises `BadQuery` for a region without a picture to find it in."""
        made: dict[tuple[int, int], Image.Image] = {}  # one picture and region of several queries is cut once

        def flat(query: Query) -> Query:
            if query.region is None:
                return query
            picture = references.picture(query)
            if picture is None:
                raise BadQuery("A region was given without a reference picture to find it in.")
            if self.mode == "whole":
                return replace(query, region=None)
            key = (hash(picture) if isinstance(picture, str) else id(picture), id(query.region))
            if key not in made:
                made[key] = flatten(picture, query.region, self.mode)
            return replace(query, reference=made[key], region=None)

        return self.composer.compose([flat(query) for query in queries], references)


def flatten(picture: ImageLike, region: Region, mode: Mode) -> Image.Image:
    """The region of a picture as a picture of its own, RGB; `RegionAs` says what the modes are."""
    image = load_image(picture)
    if mode == "whole":
        return image
    if mode == "crop":
        return crop_region(image, region)
    mask = region_mask(region, image.size)
    if mode == "white":
        return crop_region(white_background(image, mask), region)
    return blur_background(image, mask, BLUR * max(image.size))

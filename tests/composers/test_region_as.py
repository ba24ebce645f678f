from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from likebut.composers import load_composer
from likebut.composers.base import References
from likebut.composers.region_as import RegionAs, flatten
from likebut.encoders.base import Encoder, unit
from likebut.errors import BadQuery
from likebut.types import Query, Region

LEFT = Region(box=(0, 0, 0.5, 1))


class Colours(Encoder):
    """A picture is its mean colour, a text one of the primaries; a region of its own would be black."""

    name, dim, fingerprint, preprocess = "colours", 3, "c", "none"

    def encode_images(self, images: Sequence[Any], regions: Any = None, **options: Any) -> Any:
        rows = [
            np.asarray(image if region is None else Image.new("RGB", (1, 1)), np.float32).reshape(-1, 3).mean(0)
            for image, region in zip(images, regions or [None] * len(images), strict=True)
        ]
        return unit(np.stack(rows))

    def encode_texts(self, texts: Sequence[str], **options: Any) -> Any:
        return unit(np.eye(3, dtype=np.float32)[[["red", "green", "blue"].index(text) for text in texts]])


@pytest.fixture
def half() -> Image.Image:
    """8 × 8: left half red, right half blue."""
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:, :4, 0] = pixels[:, 4:, 2] = 200
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    "mode, colour",
    [("whole", [1, 0, 1]), ("crop", [1, 0, 0]), ("white", [1, 0, 0])],
)
def test_the_region_becomes_the_reference(mode: Any, colour: list[int], half: Image.Image):
    encoder = Colours()
    composer = load_composer(f"image_only@{mode}", encoder)
    found = composer.compose([Query(half, region=LEFT)], References(encoder)).vectors[0]
    np.testing.assert_allclose(found, unit(np.array(colour, np.float32))[0], atol=1e-6)
    assert composer.name == f"image_only@{mode}"


def test_white_fills_what_is_in_the_rectangle_but_not_in_the_region(half: Image.Image):
    mask = np.zeros((8, 8), np.uint8)
    mask[:, :4], mask[7, 3] = 1, 0
    pixels = np.asarray(flatten(half, Region(mask=mask), "white"))
    assert pixels.shape == (8, 4, 3)
    assert pixels[0, 0].tolist() == [200, 0, 0]
    assert pixels[7, 3].tolist() == [255, 255, 255]


def test_blur_leaves_the_region_sharp_and_keeps_the_size(half: Image.Image):
    corner = Region(box=(0, 0, 0.25, 0.25))
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8))
    before, after = np.asarray(noisy).astype(int), np.asarray(flatten(noisy, corner, "blur")).astype(int)
    assert after.shape == before.shape
    assert (after[:10, :10] == before[:10, :10]).all()
    assert after[10:, 10:].std() < before[10:, 10:].std() / 3


def test_queries_without_a_region_and_words_pass_through(half: Image.Image):
    encoder = Colours()
    queries = [Query(half, "green"), Query(half, "green", region=LEFT), Query(text="green")]
    found = RegionAs(load_composer("sum"), "crop").compose(queries, References(encoder)).vectors
    plain = [Query(half, "green"), Query(half.crop((0, 0, 4, 8)), "green"), Query(text="green")]
    np.testing.assert_allclose(found, load_composer("sum").compose(plain, References(encoder)).vectors, atol=1e-6)


def test_a_mode_that_is_not_there_and_a_region_without_a_picture_are_refused(half: Image.Image):
    with pytest.raises(BadQuery, match="expected whole, crop, white, blur"):
        RegionAs(load_composer("sum"), "scissors")  # type: ignore[arg-type]
    with pytest.raises(BadQuery, match="without a reference picture"):
        RegionAs(load_composer("sum")).compose([Query(text="red", region=LEFT)], References(Colours()))

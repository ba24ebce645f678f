"""Fixtures for everybody: an encoder that can be followed by hand and says how often it was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likebut.encoders.base import Encoder, unit
from likebut.images import crop_region, load_image
from likebut.types import Array, ImageLike, Region

COLOURS = {"red": (200, 0, 0), "green": (0, 200, 0), "blue": (0, 0, 200), "black": (0, 0, 0)}


class ColourEncoder(Encoder):
    """Axes red, green, blue: a picture is its mean colour, a text the colours it names.

    A black picture and a text without a colour have no direction, as (0, 0, 0). `pictures` and `texts` are what it
    was asked to encode so far.
    """

    dim, fingerprint, preprocess = 3, "colour-1", "mean colour"

    def __init__(self, name: str = "colour", device: str = "auto", precision: str = "auto") -> None:
        self.name = name
        self.pictures: list[ImageLike] = []
        self.texts: list[str] = []

    def encode_images(  # type: ignore[override]
        self,
        images: Sequence[ImageLike],
        regions: Sequence[Region | None] | None = None,
        *,
        batch_size: int = 64,
        return_norms: bool = False,
    ) -> Array | tuple[Array, Array]:
        self.pictures += images
        rows = np.zeros((len(images), 3), np.float32)
        for row, image, region in zip(rows, images, regions or [None] * len(images), strict=True):
            picture = load_image(image)
            if region is not None:
                picture = crop_region(picture, region)
            row[:] = np.asarray(picture, np.float32).mean((0, 1)) / 255
        return unit(rows) if return_norms else unit(rows)[0]

    def encode_texts(  # type: ignore[override]
        self, texts: Sequence[str], *, batch_size: int = 256, return_norms: bool = False
    ) -> Array | tuple[Array, Array]:
        self.texts += texts
        rows = np.array([[text.split().count(name) for name in ("red", "green", "blue")] for text in texts], np.float32)
        return unit(rows) if return_norms else unit(rows)[0]


@pytest.fixture
def colour_encoder() -> ColourEncoder:
    return ColourEncoder()


@pytest.fixture
def colour_by_name(monkeypatch: pytest.MonkeyPatch) -> str:
    """The encoder's name, known to `load_encoder` for one test."""
    from likebut.encoders import ENCODERS
    from likebut.registry import Entry

    monkeypatch.setitem(ENCODERS._entries, "colour", Entry("colour", "tests.conftest:ColourEncoder"))
    return "colour"


@pytest.fixture
def paint(tmp_path: Path) -> Callable[..., Path]:
    """`paint("a/red.png", "red")` draws a plain picture below the test's folder and returns its path."""

    def paint(name: str, colour: str | tuple[int, int, int], size: tuple[int, int] = (32, 24)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, COLOURS[colour] if isinstance(colour, str) else colour).save(path)
        return path

    return paint

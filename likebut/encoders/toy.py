"""An encoder that one can work out by hand: four axes, red, blue, round, square. No weights, no network.

Documentation and unit tests run on it with real pictures: `draw("red round")` makes one, and the encoder reads it
back from its pixels. A pseudo-token is a point on the same axes, and a prompt means the sum of its words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from likebut.encoders.base import TokenEncoder, unit
from likebut.errors import BadQuery
from likebut.images import crop_region, load_image
from likebut.types import Array, ImageLike, Region

AXES = ("red", "blue", "round", "square")
_COLOURS = {"red": (220, 30, 40), "blue": (40, 60, 220)}


def draw(words: str, size: int = 32) -> Image.Image:
    """A picture of one shape on white, e.g. `draw("blue square")`: a colour, and round or square."""
    found = [word for word in words.lower().split() if word in AXES]
    colour = next((word for word in found if word in _COLOURS), None)
    shape = next((word for word in found if word in ("round", "square")), None)
    if colour is None or shape is None:
        raise BadQuery(f"Cannot draw {words!r}; expected red or blue, and round or square.")
    image = Image.new("RGB", (size, size), "white")
    box = (size // 8, size // 8, size - size // 8 - 1, size - size // 8 - 1)
    pen = ImageDraw.Draw(image)
    (pen.ellipse if shape == "round" else pen.rectangle)(box, fill=_COLOURS[colour])
    return image


class ToyEncoder(TokenEncoder):
    """Pictures and words → (B, 4), on the axes of `AXES`.

    >>> toy = ToyEncoder()
    >>> toy.encode_texts(["blue"]).tolist()
    [[0.0, 1.0, 0.0, 0.0]]
    >>> rows, norms = toy.encode_images([draw("red round")], return_norms=True)
    >>> (rows * norms[:, None]).round().tolist()
    [[1.0, 0.0, 1.0, 0.0]]
    """

    def __init__(self, name: str = "toy", device: str = "auto", precision: str = "auto") -> None:
        self.name = name
        self.dim = self.token_width = len(AXES)
        self.fingerprint = "toy-1"
        self.preprocess = "none"

    def encode_images(  # type: ignore[override]
        self,
        images: Sequence[ImageLike],
        regions: Sequence[Region | None] | None = None,
        *,
        batch_size: int = 64,
        return_norms: bool = False,
    ) -> Array | tuple[Array, Array]:
        """B pictures → (B, 4). A colour counts where its pixels are; they are round where they fill their box badly."""
        chosen = [None] * len(images) if regions is None else regions
        if len(chosen) != len(images):
            raise BadQuery(f"{len(images)} pictures and {len(chosen)} regions; give one region, or None, per picture.")
        rows = np.zeros((len(images), self.dim), np.float32)
        for row, source, region in zip(rows, images, chosen, strict=True):
            image = load_image(source)
            row[:] = _look(image if region is None else crop_region(image, region))
        return unit(rows) if return_norms else unit(rows)[0]

    def encode_texts(  # type: ignore[override]
        self, texts: Sequence[str], *, batch_size: int = 256, return_norms: bool = False
    ) -> Array | tuple[Array, Array]:
        """B texts → (B, 4): one for each axis that is named. A text that names none has a zero row."""
        rows = np.stack([_read(text) for text in texts]) if len(texts) else np.zeros((0, self.dim), np.float32)
        return unit(rows) if return_norms else unit(rows)[0]

    def encode_prompts(
        self,
        prompts: Sequence[Sequence[str | None]],
        tokens: Array,
        *,
        batch_size: int = 256,
        return_norms: bool = False,
    ) -> Array | tuple[Array, Array]:
        """Words and pseudo-tokens (B, n, 4) of a prompt are added up → (B, 4)."""
        rows = np.zeros((len(prompts), self.dim), np.float32)
        for row, prompt, own in zip(rows, prompts, tokens, strict=True):
            left = iter(own)
            for piece in prompt:
                row += next(left) if piece is None else _read(piece)
        return unit(rows) if return_norms else unit(rows)[0]


def _read(text: str) -> Array:
    words = set(re.findall(r"[a-z]+", text.lower()))
    return np.array([axis in words for axis in AXES], np.float32)


def _look(image: Image.Image) -> Array:
    """(4,): each colour that is there, and the shape of what has that colour."""
    red, green, blue = np.moveaxis(np.asarray(image, np.int16), -1, 0)
    seen = np.zeros(len(AXES), np.float32)
    for colour, strong, other in (("red", red, blue), ("blue", blue, red)):
        pixels = (strong - other > 64) & (strong - green > 64)
        if not pixels.any():
            continue
        rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
        box = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
        shape = "square" if pixels.sum() / box > 0.9 else "round"  # a disc fills π/4 of its box
        seen[AXES.index(colour)] = seen[AXES.index(shape)] = 1
    return seen

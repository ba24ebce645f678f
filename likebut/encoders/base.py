"""What an encoder is: pictures and words become rows of one space.

`Encoder` is enough for every fusion composer. `TokenEncoder` also takes pseudo-tokens inside a prompt (the
inversion methods need it); `RegionEncoder` also looks at a mask by itself (Alpha-CLIP). Arrays at this seam are
NumPy float32: a store, a file and a test read them without torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal, overload

import numpy as np

from likebut.types import Array, ImageLike, Region


class Encoder(ABC):
    """Pictures and words → (B, D) unit rows.

    name         what a person types, and what an index's manifest records
    dim          D
    fingerprint  changes when weights or preprocessing change; two indexes with one fingerprint hold comparable rows
    preprocess   one phrase for people and result files, e.g. "targetpad 1.25, 224 px, exact"
    """

    name: str
    dim: int
    fingerprint: str
    preprocess: str

    @overload
    def encode_images(
        self,
        images: Sequence[ImageLike],
        regions: Sequence[Region | None] | None = ...,
        *,
        batch_size: int = ...,
        return_norms: Literal[False] = ...,
    ) -> Array: ...
    @overload
    def encode_images(
        self,
        images: Sequence[ImageLike],
        regions: Sequence[Region | None] | None = ...,
        *,
        batch_size: int = ...,
        return_norms: Literal[True],
    ) -> tuple[Array, Array]: ...
    @abstractmethod
    def encode_images(
        self,
        images: Sequence[ImageLike],
        regions: Sequence[Region | None] | None = None,
        *,
        batch_size: int = 64,
        return_norms: bool = False,
    ) -> Array | tuple[Array, Array]:
        """B pictures → (B, D) float32 unit rows; with `return_norms` also the lengths before scaling, (B,).

        An encoder that is not a `RegionEncoder` answers a region by cropping the picture to its box.
        Raises `BadImage` for the first picture that cannot be read.
        """

    @overload
    def encode_texts(
        self, texts: Sequence[str], *, batch_size: int = ..., return_norms: Literal[False] = ...
    ) -> Array: ...
    @overload
    def encode_texts(
        self, texts: Sequence[str], *, batch_size: int = ..., return_norms: Literal[True]
    ) -> tuple[Array, Array]: ...
    @abstractmethod
    def encode_texts(
        self, texts: Sequence[str], *, batch_size: int = 256, return_norms: bool = False
    ) -> Array | tuple[Array, Array]:
        """B texts → (B, D) float32 unit rows; with `return_norms` also the lengths before scaling, (B,)."""


class TokenEncoder(Encoder):
    """An encoder whose prompts may hold pseudo-tokens. `token_width` is W, the width of a token embedding."""

    token_width: int

    @abstractmethod
    def encode_prompts(
        self,
        prompts: Sequence[Sequence[str | None]],
        tokens: Array,
        *,
        batch_size: int = 256,
        return_norms: bool = False,
    ) -> Array | tuple[Array, Array]:
        """Prompts given in pieces, `None` where a pseudo-token goes → (B, D) float32 unit rows.

        `["a photo of", None, "that is red"]` is one prompt with one pseudo-token. Pieces are tokenised one by one
        and joined at id level, so no punctuation beside a pseudo-token and no `*` or `$` in a caption can disturb it.
        tokens: (B, n, W) float32, row i holds the tokens of prompt i in order; rows with fewer than n are padded
        at the end with anything.
        """


class RegionEncoder(Encoder):
    """An encoder that sees the whole picture and a mask of what counts, instead of a crop."""


def unit(rows: Array) -> tuple[Array, Array]:
    """(B, D) → the same rows scaled to length 1, and their lengths (B,). A zero row stays zero."""
    rows = np.asarray(rows, dtype=np.float32)
    norms = np.linalg.norm(rows, axis=-1)
    return rows / np.maximum(norms, 1e-12)[..., None], norms

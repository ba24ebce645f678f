"""A `TokenEncoder` for tests: a real text tower over a vocabulary of whole words; pictures are feature rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from likebut.encoders.base import TokenEncoder, unit
from likebut.encoders.clip.config import CLIPConfig, TextConfig
from likebut.encoders.clip.model import CLIP
from likebut.types import Array, Region

HOLE = -1


class WordEncoder(TokenEncoder):
    """A picture is its own feature row, (D,), not scaled; the region of a picture is that row turned back to front."""

    def __init__(self, clip: CLIP, vocabulary: Mapping[str, int], *, name: str = "words", start: int, end: int) -> None:
        assert clip.config.text is not None
        self.name, self.dim, self.token_width = name, clip.config.dim, clip.config.text.width
        self.fingerprint, self.preprocess = f"{name}-1", "none"
        self.clip, self.vocabulary, self.start, self.end = clip.eval(), vocabulary, start, end
        self.opened = 0

    def encode_images(
        self,
        images: Sequence[Any],
        regions: Sequence[Region | None] | None = None,
        *,
        batch_size: int = 64,
        return_norms: bool = False,
    ) -> Any:
        self.opened += len(images)
        rows = [np.asarray(image) for image in images]
        rows = [
            row if region is None else row[::-1]
            for row, region in zip(rows, regions or [None] * len(rows), strict=True)
        ]
        vectors, norms = unit(np.stack(rows))
        return (vectors, norms) if return_norms else vectors

    def encode_texts(self, texts: Sequence[str], *, batch_size: int = 256, return_norms: bool = False) -> Any:
        return self.encode_prompts(
            [[text] for text in texts], np.zeros((len(texts), 0, self.token_width)), return_norms=return_norms
        )

    def ids(self, prompts: Sequence[Sequence[str | None]]) -> torch.Tensor:
        rows = torch.zeros(len(prompts), 77, dtype=torch.int64)
        for row, pieces in zip(rows, prompts, strict=True):
            ids = [
                i
                for piece in pieces
                for i in ([HOLE] if piece is None else [self.vocabulary[w] for w in piece.split()])
            ]
            row[: len(ids) + 2] = torch.tensor([self.start, *ids, self.end])
        return rows

    @torch.no_grad()
    def encode_prompts(
        self,
        prompts: Sequence[Sequence[str | None]],
        tokens: Array,
        *,
        batch_size: int = 256,
        return_norms: bool = False,
    ) -> Any:
        given = torch.from_numpy(np.asarray(tokens, np.float32)) if np.shape(tokens)[1] else None
        rows = (
            self.clip.encode_text(self.ids(prompts), given, HOLE, "all")
            if given is not None
            else self.clip.encode_text(self.ids(prompts))
        )
        vectors, norms = unit(rows.numpy())
        return (vectors, norms) if return_norms else vectors


def word_encoder(dim: int = 8, width: int = 16, seed: int = 0, name: str = "words") -> WordEncoder:
    """Random weights and a vocabulary of whole words."""
    words = [
        "a",
        "photo",
        "of",
        "and",
        "that",
        "is",
        "red",
        "blue",
        "in",
        "with",
        "cartoon",
        "*",
        "$",
        ",",
        "*red*",
        "$5",
        "style",
    ]
    torch.manual_seed(seed)
    clip = CLIP(CLIPConfig(dim, None, TextConfig(len(words) + 3, width, layers=2, heads=2, mlp=32)))
    return WordEncoder(
        clip, {word: i + 1 for i, word in enumerate(words)}, name=name, start=len(words) + 1, end=len(words) + 2
    )

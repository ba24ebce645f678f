"""Composers that are a formula: plain functions of an image row and a text row, nothing trained.

A function takes `image` and `text`, both (B, D) rows of length 1, and returns (B, D); it may take `alpha`, the
fraction of the way from the image to the text. `Fusion` makes a composer of it: it gathers the vectors, mixes
region and sketch into the image side, handles queries that lack one side, subtracts the negative text, and keeps
the ledger.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from likebut.composers.base import NEGATIVE_WEIGHT, Composer, Composition, Features, References
from likebut.encoders.base import unit
from likebut.errors import BadQuery
from likebut.types import Array, Query


def image_only(image: Array, text: Array) -> Array:
    """The reference alone; what a search without words finds."""
    return image


def text_only(image: Array, text: Array) -> Array:
    """The words alone; what a search without a reference finds."""
    return text


def sum(image: Array, text: Array, *, alpha: Array | float = 0.5) -> Array:
    """(1 - alpha) image + alpha text, scaled to length 1.

    With alpha = 0.5 this is the "Image + Text" baseline of the zero-shot papers (Saito et al., CVPR 2023,
    arXiv:2302.03084, section 4): both sides normalised before they are added.
    """
    weight = np.asarray(alpha, np.float32).reshape(-1, 1)
    return unit((1 - weight) * image + weight * text)[0]


def slerp(image: Array, text: Array, *, alpha: Array | float = 0.8) -> Array:
    """Walk the great circle from `image` to `text` by the fraction `alpha`.

    alpha = 0 is `image_only`, alpha = 1 is `text_only`. Where the two point the same way, or opposite ways (no
    great circle is the shortest), it falls back to their weighted sum.
    Source: Jang et al., ECCV 2024, arXiv:2405.00571, section 3.2; 0.8 is their value.
    """
    weight = np.asarray(alpha, np.float32).reshape(-1, 1)
    angle = np.arccos(np.clip((image * text).sum(-1, keepdims=True), -1, 1))
    sine = np.sin(angle)
    straight = sine < 1e-4
    safe = np.where(straight, 1, sine)
    arc = (np.sin((1 - weight) * angle) * image + np.sin(weight * angle) * text) / safe
    return unit(np.where(straight, (1 - weight) * image + weight * text, arc))[0]


class Fusion(Composer):
    """A formula as a composer. `options` are handed to the function, e.g. `alpha=0.6`."""

    def __init__(self, name: str, function: Callable[..., Array], **options: Any) -> None:
        known = set(inspect.signature(function).parameters) - {"image", "text"}
        if unknown := sorted(set(options) - known):
            raise BadQuery(
                f"Composer {name!r} takes no option {unknown[0]!r}; it takes {', '.join(sorted(known)) or 'none'}."
            )
        self.name = name
        self._function = function
        self._options = options
        self._takes_alpha = "alpha" in known
        self._default_alpha = (
            options.get("alpha", inspect.signature(function).parameters["alpha"].default) if self._takes_alpha else 0.0
        )

    def compose(self, queries: Sequence[Query], references: References) -> Composition:
        """B queries → (B, D) unit rows and their ledger.

        Weights are relative: image=1 and text=3 lean three times as far to the text. A region takes the place of
        the whole image, unless the query weighs the image as well.
        """
        visual, shares = self._visual_side(queries, references)
        words = references.texts(queries) if self._function is not image_only else _nothing(len(queries))
        negatives = references.negatives(queries)
        width = max(visual.vectors.shape[1], words.vectors.shape[1])
        image, text = _widen(visual, width), _widen(words, width)
        for query, seen, said in zip(queries, visual.present, words.present, strict=True):
            if not (seen or said):
                raise BadQuery(
                    f"{self.name} has nothing to search with: {_lack(self._function)}. Found: {_describe(query)}."
                )

        both = visual.present & words.present
        vectors = np.where(words.present[:, None], text, image)
        if both.any():
            options = dict(self._options)
            if self._takes_alpha:
                options["alpha"] = self._alphas(queries)[both]
            vectors[both] = self._function(image[both], text[both], **options)
        weights = _coefficients(vectors, image, text)
        parts = {name: share * weights[:, :1] for name, share in shares.items() if share.shape[1]}
        parts["text"] = text * weights[:, 1:]
        linear = np.allclose(np.sum(list(parts.values()), axis=0), vectors, atol=1e-5)

        if negatives.present.any():
            push = np.array([q.weights.get("negative", NEGATIVE_WEIGHT) for q in queries], np.float32)[:, None]
            away = -push * negatives.vectors
            vectors, lengths = unit(vectors + away)
            parts = {
                name: part / np.maximum(lengths, 1e-12)[:, None] for name, part in (parts | {"negative": away}).items()
            }
        return Composition(vectors, {name: part for name, part in parts.items() if part.any()} if linear else {})

    def _visual_side(self, queries: Sequence[Query], references: References) -> tuple[Features, dict[str, Array]]:
        """Image, region and sketch mixed to one unit row per query, and what each of them contributed to it."""
        if self._function is text_only:
            return _nothing(len(queries)), {}
        wants_image = [q if q.reference is not None and _image_weight(q) else Query() for q in queries]
        sources = {
            "image": (references.images(wants_image), [_image_weight(q) for q in queries]),
            "region": (references.regions(queries), [q.weights.get("region", 1.0) for q in queries]),
            "sketch": (references.sketches(queries), [q.weights.get("sketch", 1.0) for q in queries]),
        }
        width = max(features.vectors.shape[1] for features, _ in sources.values())
        scaled = {
            name: _widen(features, width) * np.array(weights, np.float32)[:, None]
            for name, (features, weights) in sources.items()
        }
        mixed, lengths = unit(np.sum(list(scaled.values()), axis=0))
        present = np.any([features.present for features, _ in sources.values()], axis=0)
        shares = {name: rows / np.maximum(lengths, 1e-12)[:, None] for name, rows in scaled.items()}
        return Features(mixed, np.ones(len(queries), np.float32), present & (lengths > 0)), shares

    def _alphas(self, queries: Sequence[Query]) -> Array:
        """Each query's own alpha from its relative weights; the composer's where it gives none."""
        alphas = np.empty(len(queries), np.float32)
        for row, query in enumerate(queries):
            if {"image", "region", "sketch", "text"} & set(query.weights):
                seen = max(query.weights.get(name, 1.0) for name in _visual_parts(query))
                said = query.weights.get("text", 1.0)
                if seen < 0 or said < 0 or seen + said == 0:
                    raise BadQuery(f"Weights {dict(query.weights)} must be 0 or more, and not all 0.")
                alphas[row] = said / (seen + said)
            else:
                alphas[row] = self._default_alpha
        return alphas


def _visual_parts(query: Query) -> list[str]:
    given = {"image": _image_weight(query) > 0, "region": query.region is not None, "sketch": query.sketch is not None}
    return [name for name, there in given.items() if there] or ["image"]


def _image_weight(query: Query) -> float:
    return query.weights.get("image", 0.0 if query.region is not None else 1.0)


def _nothing(rows: int) -> Features:
    return Features(np.zeros((rows, 0), np.float32), np.zeros(rows, np.float32), np.zeros(rows, bool))


def _widen(features: Features, width: int) -> Array:
    return features.vectors if features.vectors.shape[1] else np.zeros((len(features.present), width), np.float32)


def _coefficients(vectors: Array, image: Array, text: Array) -> Array:
    """(B, 2): how much of `image` and of `text` each row of `vectors` is, by least squares."""
    basis = np.stack([image, text], axis=-1).astype(np.float64)
    return (np.linalg.pinv(basis, rcond=1e-6) @ vectors[..., None].astype(np.float64))[..., 0].astype(np.float32)


def _lack(function: Callable[..., Array]) -> str:
    wanted = {image_only: "it needs a reference, a region or a sketch", text_only: "it needs a text"}
    return wanted.get(function, "it needs a reference, a region, a sketch or a text")


def _describe(query: Query) -> str:
    given = [
        name for name in ("reference", "text", "region", "sketch", "negative") if getattr(query, name) not in (None, "")
    ]
    return " and ".join(given) or "an empty query"

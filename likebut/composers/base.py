"""What a composer is: it turns B queries into B query vectors. And `References`, where it gets its vectors from.

A composer sees queries and an encoder's vectors; it has never heard of ranks, files or benchmarks. `References`
is lazy: a reference that is an item of the gallery ("@ID") comes out of the store and no picture is opened; any
other picture or text is encoded once, however many queries and composers ask for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from likebut.encoders.base import Encoder
from likebut.errors import BadCheckpoint, BadQuery
from likebut.stores.base import Record, Store
from likebut.types import Array, ImageLike, Query, Region

NEGATIVE_WEIGHT = 0.5  # of the negative text, where the query names none: strong enough to reorder, too weak to lead


@dataclass(frozen=True)
class Features:
    """Rows for B queries: unit `vectors` (B, D), their lengths `norms` (B,) before that, and which are `present` (B,).

    A query without that part has a zero row. `raw` is what the inversion methods take: the rows at their own length.
    """

    vectors: Array
    norms: Array
    present: Array

    @property
    def raw(self) -> Array:
        """(B, D), not normalised."""
        return self.vectors * self.norms[:, None]


@dataclass(frozen=True)
class Composition:
    """B query vectors, and how each came about.

    vectors  (B, D) float32, length 1
    parts    the ledger: name → (B, D), summing to `vectors` where the composer is a weighted sum; else empty
    """

    vectors: Array
    parts: Mapping[str, Array] = field(default_factory=dict)


class References:
    """The vectors behind a batch of queries; each picture and each text is encoded at most once.

    encoder  an `Encoder`, or a function that loads it: it is called when the first picture or text needs it
    store    where "@ID" references are looked up; without it they are a `BadQuery`
    """

    def __init__(self, encoder: Encoder | Callable[[], Encoder], store: Store | None = None) -> None:
        self._load = (lambda: encoder) if isinstance(encoder, Encoder) else encoder
        self._store = store
        self._known: dict[Hashable, tuple[Array, float]] = {}
        self._records: dict[str, Record] = {}
        self._kept_alive: list[object] = []  # a key made of id() is only safe while its object lives

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded now if it was not yet."""
        return self._load()

    def record(self, item: str) -> Record:
        """The store's record of one gallery item. Raises `UnknownItem`, or `BadQuery` without a store."""
        if item not in self._records:
            if self._store is None:
                raise BadQuery(
                    f"Reference @{item} is an item of an index, but no index is open. Give a picture instead."
                )
            self._records[item] = self._store.get([item])[0]
        return self._records[item]

    def picture(self, query: Query) -> ImageLike | None:
        """The reference as a picture that can be opened; an "@ID" gives the file it was indexed from."""
        if query.reference_id is None:
            return query.reference
        path = self.record(query.reference_id).path
        if not path:
            raise BadQuery(
                f"Item {query.reference_id!r} was not indexed from a file, so it has no picture to look at again."
            )
        return path

    def images(self, queries: Sequence[Query]) -> Features:
        """Whole references → (B, D)."""
        self._fetch([q.reference_id for q in queries if q.reference_id is not None])
        self._encode_images(
            [(q.reference, None) for q in queries if q.reference is not None and q.reference_id is None]
        )
        return self._gather([_image_key(q.reference, None) if q.reference is not None else None for q in queries])

    def regions(self, queries: Sequence[Query]) -> Features:
        """The region of each reference that has one → (B, D)."""
        wanted = [(self.picture(q), q.region) if q.region is not None else (None, None) for q in queries]
        if any(q.region is not None and q.reference is None for q in queries):
            raise BadQuery("A region was given without a reference picture to find it in.")
        self._encode_images([pair for pair in wanted if pair[0] is not None])
        return self._gather([_image_key(*pair) if pair[0] is not None else None for pair in wanted])

    def sketches(self, queries: Sequence[Query]) -> Features:
        """Drawings → (B, D)."""
        self._encode_images([(q.sketch, None) for q in queries if q.sketch is not None])
        return self._gather([_image_key(q.sketch, None) if q.sketch is not None else None for q in queries])

    def texts(self, queries: Sequence[Query]) -> Features:
        """What should be different → (B, D)."""
        return self._texts([q.text for q in queries])

    def negatives(self, queries: Sequence[Query]) -> Features:
        """What must not be there → (B, D)."""
        return self._texts([q.negative for q in queries])

    def _texts(self, texts: Sequence[str]) -> Features:
        new = list(dict.fromkeys(text for text in texts if text and ("text", text) not in self._known))
        if new:
            vectors, norms = self.encoder.encode_texts(new, return_norms=True)
            for text, vector, norm in zip(new, vectors, norms, strict=True):
                self._known[("text", text)] = (vector, float(norm))
        return self._gather([("text", text) if text else None for text in texts])

    def _fetch(self, items: Sequence[str]) -> None:
        new = [item for item in dict.fromkeys(items) if item not in self._records]
        if new and self._store is not None:
            self._records.update(zip(new, self._store.get(new), strict=True))
        for item in items:
            record = self.record(item)
            self._known[("image", "@" + item, None)] = (record.vector, record.norm)

    def _encode_images(self, pairs: Sequence[tuple[Any, Region | None]]) -> None:
        new = {key: pair for pair in pairs if (key := _image_key(*pair)) not in self._known}
        if not new:
            return
        self._kept_alive.extend(new.values())
        pictures = [picture for picture, _ in new.values()]
        regions = [region for _, region in new.values()]
        given = regions if any(region is not None for region in regions) else None
        vectors, norms = self.encoder.encode_images(pictures, given, return_norms=True)
        for key, vector, norm in zip(new, vectors, norms, strict=True):
            self._known[key] = (vector, float(norm))

    def _gather(self, keys: Sequence[Hashable | None]) -> Features:
        present = np.array([key is not None for key in keys], dtype=bool)
        rows = [self._known[key] for key in keys if key is not None]
        width = len(rows[0][0]) if rows else 0
        vectors, norms = np.zeros((len(keys), width), np.float32), np.zeros(len(keys), np.float32)
        if rows:
            vectors[present] = np.stack([vector for vector, _ in rows])
            norms[present] = [norm for _, norm in rows]
        return Features(vectors, norms, present)


def _image_key(picture: Any, region: Region | None) -> Hashable:
    """Paths and "@ID"s are known by name, everything else by identity."""
    name = fspath(picture) if isinstance(picture, str | PathLike) else id(picture)
    return ("image", name, None if region is None else id(region))


class Composer(ABC):
    """Queries → query vectors. `name` is what a person types; one instance serves any number of batches."""

    name: str

    @classmethod
    def for_encoder(cls, encoder: Encoder, **options: Any) -> Composer:
        """The composer ready to work with `encoder`. Trained ones find their weights here, or say what is missing."""
        return cls(**options)

    @classmethod
    def from_checkpoint(cls, path: Path, encoder: Encoder, **options: Any) -> Composer:
        """The composer with the weights of a checkpoint folder whose config.json names this class."""
        raise BadCheckpoint(f"{path} names the class {cls.__name__}, which keeps no weights.")

    @abstractmethod
    def compose(self, queries: Sequence[Query], references: References) -> Composition:
        """B queries → (B, D) unit rows. Raises `BadQuery` for a query that lacks what this composer needs."""

"""What a store is: it holds unit vectors with their metadata and answers top-k.

`Store.top` is the one door: it owns `exclude`, `within`, `where` and ties for every store, so a store of one's own
only implements `_top` over an allowed set. A store knows no picture, no encoder and no composer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from likebut.types import Array


@dataclass(frozen=True)
class Record:
    """One item at rest.

    vector     (D,) float32, length 1; `norm` is its length before scaling (inversion methods take vector * norm)
    path       where the picture came from ("" when it came from memory); `stamp` is "size:mtime_ns" of that file and
               `digest` the sha256 of its bytes: an unchanged file is not encoded again
    thumbnail  a small encoded picture (WebP bytes, longest side 256 px)
    """

    id: str
    vector: Array
    norm: float = 1.0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    stamp: str = ""
    digest: str = ""
    thumbnail: bytes = b""


@dataclass(frozen=True)
class Manifest:
    """index.json: which encoder made the vectors, and what they are."""

    encoder: str
    fingerprint: str
    dim: int
    preprocess: str
    store: str = "lance"
    count: int = 0
    version: int = 0
    likebut: str = ""


class Store(ABC):
    """Holds N records; see the module header. Ids are unique: adding an id again replaces it (upsert)."""

    manifest: Manifest

    @abstractmethod
    def add(self, records: Sequence[Record]) -> None: ...

    @abstractmethod
    def remove(self, ids: Sequence[str]) -> int: ...

    @abstractmethod
    def get(self, ids: Sequence[str]) -> list[Record]:
        """Records in the order asked for. Raises `UnknownItem` for the first id that is not held."""

    @abstractmethod
    def ids(self) -> list[str]: ...

    @abstractmethod
    def __len__(self) -> int: ...

    def top(
        self,
        vectors: Array,
        k: int,
        *,
        exclude: Sequence[frozenset[str]] | None = None,
        within: Sequence[frozenset[str] | None] | None = None,
        where: Sequence[str | None] | None = None,
        exact: bool = False,
    ) -> list[list[tuple[str, float]]]:
        """(B, D) unit rows → for each the best k (id, cosine), best first; equal scores in order of id."""
        raise NotImplementedError

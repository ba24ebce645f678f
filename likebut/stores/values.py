"""The values that stores pass around, and what a score is. Knows no tables and no files.

The score of a query and an item is one number everywhere: the dot product summed in float64, rounded to float32
(`pair_scores`). Matrix products round differently by shape and by position, so two copies of a photo would not tie.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from likebut.stores.columns import Kind
from likebut.types import Array

if TYPE_CHECKING:
    from likebut.stores.where import Where

FORMAT = 1  # of the folder an index lives in; rises when an older likebut could no longer read it
MARGIN = 1e-5  # float32 products of unit vectors err by less; whatever is this close to rank k is scored exactly
FIXED = ("id", "vector", "norm", "path", "stamp", "digest", "thumbnail")  # columns of every item beside its metadata
_BLOCK = 4096  # rows scored at once in float64


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
    """index.json: which encoder made the vectors, and what they are.

    `count` and `version` are read from the store itself whenever it is open; in the file they say how things stood
    after the last write that came to its end. `version` rises with every write.
    """

    encoder: str
    fingerprint: str
    dim: int
    preprocess: str
    store: str = "lance"
    count: int = 0
    version: int = 0
    likebut: str = ""
    format: int = FORMAT


@dataclass(frozen=True)
class Facet:
    """What one metadata column holds: `count` items have a value; `values` are the most frequent with their number.

    Numbers also have `low` and `high`. A list counts once for each of its members.
    """

    name: str
    kind: Kind
    count: int
    values: tuple[tuple[Any, int], ...] = ()
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, name: str, kind: Kind, count: int, counts: Mapping[Any, int], limit: int) -> Facet:
        """From the number of times each value occurs; equal numbers in order of the value."""
        values = tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:limit])
        ranged = kind in (Kind.INT, Kind.FLOAT) and counts
        return cls(name, kind, count, values, *((min(counts), max(counts)) if ranged else ()))


@dataclass(frozen=True)
class Selection:
    """Which items one query may return: in `within` (None: all), not in `exclude`, and true under `where`."""

    exclude: frozenset[str] = frozenset()
    within: frozenset[str] | None = None
    where: Where | None = None


@dataclass
class Candidates:
    """Items that may be answers, in any order: n ids and their (n,) `pair_scores`."""

    ids: list[str]
    scores: Array

    def best(self, k: int) -> list[tuple[str, float]]:
        """The k best (id, score): score first, then id. A run is then the same file on every machine and store."""
        near = self.joined(Candidates([], np.empty(0, np.float32)), k)
        order = sorted(range(len(near.ids)), key=lambda row: (-near.scores[row], near.ids[row]))[:k]
        return [(near.ids[row], float(near.scores[row])) for row in order]

    def only(self, selection: Selection) -> Candidates:
        """Those that `exclude` and `within` let through."""
        held = [selection.within is None or id in selection.within for id in self.ids]
        kept = [row for row, id in enumerate(self.ids) if held[row] and id not in selection.exclude]
        return Candidates([self.ids[row] for row in kept], self.scores[kept])

    def joined(self, other: Candidates, k: int) -> Candidates:
        """Both, less what cannot be among the k best."""
        ids, scores = self.ids + other.ids, np.concatenate([self.scores, other.scores])
        if len(ids) <= k:
            return Candidates(ids, scores)
        kept = np.flatnonzero(scores >= np.partition(scores, len(ids) - k)[len(ids) - k])
        return Candidates([ids[row] for row in kept.tolist()], scores[kept])


def pair_scores(rows: Array, query: Array) -> Array:
    """(n, D) rows against one (D,) query → (n,) float32 scores that depend on nothing but the two vectors.

    >>> pair_scores(np.eye(2, dtype="float32"), np.array([0.6, 0.8], "float32")).tolist()
    [0.6000000238418579, 0.800000011920929]
    """
    wide = query.astype(np.float64)
    scores = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK].astype(np.float64)
        scores[start : start + _BLOCK] = np.einsum("nd,d->n", block, wide)
    return scores

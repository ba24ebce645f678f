"""Exact search over vectors that are in memory: one matrix product, a mask, a partition. Knows no files.

The product only proposes: whatever comes within `MARGIN` of the k-th best is scored again by `pair_scores`, which is
what makes ties and the boundary at k exact. Beside the (N, D) vectors a search holds at most `SCORES` bytes of scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from likebut.stores.values import MARGIN, Candidates, Selection, pair_scores
from likebut.stores.where import Where, where_mask
from likebut.types import Array

SCORES = 64 * 2**20
_FEW = 16  # below N / _FEW allowed rows, gathering them is cheaper than one product with all


class Matrix:
    """N ids, their (N, D) float32 unit vectors and an Arrow table with the columns that filters read.

    `version` is the caller's: of what these are a copy.
    """

    def __init__(self, ids: list[str], vectors: Array, columns: Any, version: int = 0) -> None:
        self.version = version
        self.ids = ids
        self.vectors = vectors
        self.columns = columns
        self._masks: dict[Where, Array] = {}

    @cached_property
    def rows(self) -> dict[str, int]:
        """id → row."""
        return {id: row for row, id in enumerate(self.ids)}

    def candidates(self, vectors: Array, k: int, selections: Sequence[Selection]) -> list[Candidates]:
        """What `Store._candidates` promises, exactly."""
        size = max(1, SCORES // (4 * max(1, len(self.ids))))
        found: list[Candidates] = []
        for start in range(0, len(vectors), size):
            queries, chosen = vectors[start : start + size], selections[start : start + size]
            allowed = [self._allowed(selection) for selection in chosen]
            full = [i for i, rows in enumerate(allowed) if rows is None or len(rows) * _FEW > len(self.ids)]
            scores = dict(zip(full, queries[full] @ self.vectors.T if full else [], strict=True))
            for i, (query, rows) in enumerate(zip(queries, allowed, strict=True)):
                found.append(self._best(query, k, rows, scores.get(i), chosen[i].exclude))
        return found

    def _allowed(self, selection: Selection) -> Array | None:
        """Sorted rows that `within` and `where` let through; None is all."""
        rows: Array | None = None
        if selection.within is not None:
            rows = self._rows_of(selection.within)
        if selection.where is not None:
            mask = self._mask(selection.where)
            rows = np.flatnonzero(mask) if rows is None else rows[mask[rows]]
        return rows

    def _rows_of(self, ids: frozenset[str]) -> Array:
        found = (self.rows.get(id) for id in ids)
        return np.sort(np.fromiter((row for row in found if row is not None), dtype=np.int64))

    def _mask(self, where: Where) -> Array:
        mask = self._masks.get(where)
        if mask is None:
            if len(self._masks) >= 64:  # a service sees few filters often; N bytes each
                self._masks.clear()
            mask = self._masks[where] = where_mask(where, self.columns)
        return mask

    def _best(
        self, query: Array, k: int, rows: Array | None, scores: Array | None, exclude: frozenset[str]
    ) -> Candidates:
        """Rows within `MARGIN` of the k-th best of `rows` less `exclude`. `scores` (N,) may be written to."""
        if rows is not None and len(exclude):
            rows = np.setdiff1d(rows, self._rows_of(exclude), assume_unique=True)
        if scores is None:
            assert rows is not None, "only a query with few rows comes without scores"
            scores = self.vectors[rows] @ query
        elif rows is not None:
            scores = scores[rows]
        elif len(exclude):
            scores[self._rows_of(exclude)] = -np.inf
        if len(scores) > k:
            floor = np.partition(scores, len(scores) - k)[len(scores) - k]
            near = np.flatnonzero(scores >= floor - MARGIN * max(1.0, float(np.linalg.norm(query))))
        else:
            near = np.arange(len(scores))
        near = near[scores[near] > -np.inf]
        rows = near if rows is None else rows[near]
        return Candidates([self.ids[row] for row in rows.tolist()], pair_scores_at(self.vectors, rows, query))


def pair_scores_at(vectors: Array, rows: Array, query: Array) -> Array:
    """`pair_scores` of some rows, without copying them all at once."""
    scores = [pair_scores(vectors[rows[start : start + 4096]], query) for start in range(0, len(rows), 4096)]
    return np.concatenate(scores) if scores else np.empty(0, np.float32)

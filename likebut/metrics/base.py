"""What a metric sees: at which ranks the right answers of each query landed. No pictures, no vectors, no data sets.

A metric is a function `(Judged, k) → (B,)`: one value per query, 0–1. Averaging over queries is not its business,
because significance tests need the single values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from likebut.types import Array

NOT_FOUND = np.iinfo(np.int64).max  # the rank of an item that was not ranked; it also pads short rows


@dataclass(frozen=True)
class Judged:
    """Where the relevant items of B queries landed.

    ranks     (B, R) int64, rising along each row, counted from 1; `NOT_FOUND` pads queries with fewer than R
    relevant  (B,) how many items are relevant, found or not
    ranked    (B,) how many items could be returned (the gallery less what is excluded)
    grades    (B, G) float, what the items at ranks 1…G are worth where labels are graded; else None
    """

    ranks: Array
    relevant: Array
    ranked: Array
    grades: Array | None = None

    def __len__(self) -> int:
        return len(self.ranks)

    @classmethod
    def of_ranks(cls, ranks: Sequence[Sequence[int]], relevant: Sequence[int], ranked: Sequence[int]) -> Judged:
        """From one list of ranks per query, in any order."""
        padded = np.full((len(ranks), max(map(len, ranks), default=0) or 1), NOT_FOUND, dtype=np.int64)
        for row, found in zip(padded, ranks, strict=True):
            row[: len(found)] = sorted(found)
        return cls(padded, np.asarray(relevant, dtype=np.int64), np.asarray(ranked, dtype=np.int64))

    @classmethod
    def of_lists(
        cls,
        ranked: Sequence[Sequence[str]],
        relevant: Sequence[AbstractSet[str]],
        grades: Sequence[Mapping[str, float]] | None = None,
    ) -> Judged:
        """From ranked ids, best first, and relevant ids, one of each per query. An id ranked twice: `ValueError`."""
        for ids in ranked:
            if len(set(ids)) != len(ids):
                raise ValueError(f"{next(id for id in ids if ids.count(id) > 1)!r} is ranked twice for one query.")
        judged = cls.of_ranks(
            [
                [rank for rank, id in enumerate(ids, 1) if id in wanted]
                for ids, wanted in zip(ranked, relevant, strict=True)
            ],
            [len(wanted) for wanted in relevant],
            [len(ids) for ids in ranked],
        )
        if grades is None:
            return judged
        worth = np.zeros((len(ranked), max(map(len, ranked), default=0)))
        for row, ids, values in zip(worth, ranked, grades, strict=True):
            row[: len(ids)] = [values.get(id, 0.0) for id in ids]
        return cls(judged.ranks, judged.relevant, judged.ranked, worth)

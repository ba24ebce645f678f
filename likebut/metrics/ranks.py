"""Where the right answer stands: mean and median rank. These are not fractions: 1 is best."""

from __future__ import annotations

import numpy as np

from likebut.metrics.base import NOT_FOUND, Judged
from likebut.types import Array


def best_rank(judged: Judged, k: int = 0) -> Array:
    """The rank of the best-placed relevant item of each query, counted from 1. → (B,)

    Raises ValueError where nothing relevant was ranked: a mean over the others would flatter.
    """
    best = judged.ranks[:, 0]
    if (best == NOT_FOUND).any():
        lost = int((best == NOT_FOUND).sum())
        raise ValueError(f"{lost} of {len(best)} queries have no relevant item in the ranking, so they have no rank.")
    return best.astype(np.float64)


def lower_median(values: Array) -> float:
    """The middle of (B,) ranks as Pic2Word's evaluator takes it: of ranks counted from 0, halves rounded down, plus 1.

    >>> lower_median(np.array([1.0, 2.0, 3.0, 10.0]))  # between 2 and 3
    2.0
    """
    return float(np.floor(np.median(values - 1))) + 1

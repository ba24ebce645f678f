"""Is one method better than another on the same queries? Two paired tests, and an interval for one method alone.

Everything here works on values per query (0 or 1 for a recall, a fraction for an average precision), because two
methods that answered the same queries are compared query by query: the hard queries are hard for both, and
comparing two means as if they were independent would hide most differences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from likebut.errors import BadData
from likebut.types import Array

_BLOCK = 1 << 22  # numbers drawn at a time: 32 MiB, however many queries there are


@dataclass(frozen=True)
class Difference:
    """mean of a minus mean of b, its 95 % interval, and the chance of one as large if a and b were exchangeable."""

    mean: float
    low: float
    high: float
    p: float


def bootstrap_interval(
    values: Array, *, draws: int = 10_000, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Percentile interval of the mean of `values` (B,), by drawing B queries with replacement.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    >>> bootstrap_interval(np.ones(50))
    (1.0, 1.0)
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not len(values):
        raise BadData(f"An interval needs values of shape (B,) with B >= 1; found {values.shape}.")
    rng = np.random.default_rng(seed)
    means = np.concatenate(
        [values[rng.integers(0, len(values), (rows, len(values)))].mean(1) for rows in _rows(draws, len(values))]
    )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def randomisation_p(a: Array, b: Array, *, draws: int = 10_000, seed: int = 0) -> float:
    """Two-sided p of Fisher's paired randomisation test: how often random swaps of a and b differ at least as much.

    The observed assignment counts as one of the draws, so p is never 0.
    Source: Smucker, Allan and Carterette, CIKM 2007, doi:10.1145/1321440.1321528, section 3.1.

    >>> randomisation_p(np.array([1.0, 0.0, 1.0]), np.array([1.0, 0.0, 1.0]))
    1.0
    """
    gaps = _gaps(a, b)
    gaps = gaps[gaps != 0]  # a query on which both agree is the same after a swap
    observed = abs(gaps.sum())
    rng = np.random.default_rng(seed)
    extreme = 0
    for rows in _rows(draws, max(len(gaps), 1)):
        signs = rng.integers(0, 2, (rows, len(gaps)), dtype=np.int8) * 2 - 1
        extreme += int((np.abs(signs @ gaps) >= observed - 1e-9).sum())
    return (extreme + 1) / (draws + 1)


def compare_paired(a: Array, b: Array, *, draws: int = 10_000, seed: int = 0) -> Difference:
    """a (B,) against b (B,) on the same queries in the same order."""
    gaps = _gaps(a, b)
    low, high = bootstrap_interval(gaps, draws=draws, seed=seed)
    return Difference(float(gaps.mean()), low, high, randomisation_p(a, b, draws=draws, seed=seed))


def _gaps(a: Array, b: Array) -> Array:
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise BadData(f"A paired test needs two arrays (B,) over the same queries; found {a.shape} and {b.shape}.")
    return a - b


def _rows(draws: int, width: int) -> list[int]:
    """`draws` split into blocks of at most _BLOCK numbers."""
    step = max(1, _BLOCK // width)
    return [min(step, draws - start) for start in range(0, draws, step)]

"""Several metrics in one number, as checkpoints are selected by it."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, fsum, log


def arithmetic_mean(values: Sequence[float]) -> float:
    """The plain mean.

    >>> arithmetic_mean([0.25, 0.75])
    0.5
    """
    return fsum(values) / len(values)


def harmonic_mean(values: Sequence[float]) -> float:
    """n / Σ 1/v; 0 if any value is 0. The lowest number weighs most. Source: CLIP4Cir, Baldrati et al., TOMM 2023.

    >>> harmonic_mean([0.25, 0.75])  # 2 / (4 + 4/3)
    0.375
    """
    if min(values) <= 0:
        return 0.0
    return len(values) / fsum(1 / value for value in values)


def geometric_mean(values: Sequence[float]) -> float:
    """(Π v)^(1/n); 0 if any value is 0. Source: CLIP4Cir, Baldrati et al., TOMM 2023.

    >>> round(geometric_mean([0.2, 0.8]), 12)  # √0.16
    0.4
    """
    if min(values) <= 0:
        return 0.0
    return exp(fsum(log(value) for value in values) / len(values))

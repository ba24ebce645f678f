"""Metrics that weigh a hit by its rank: average precision with CIRCO's denominator, and nDCG."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from likebut.metrics.base import Judged
from likebut.types import Array


def average_precision(judged: Judged, k: int) -> Array:
    """Average precision over the first k ranks; see `average_precision_at_k`. No relevant item: 0. → (B,)"""
    nth = np.arange(1, judged.ranks.shape[1] + 1)  # the j-th relevant item at rank r has precision j / r
    share = np.where(judged.ranks <= k, nth / judged.ranks, 0.0)
    return share.sum(axis=1) / np.maximum(np.minimum(k, judged.relevant), 1)


def ndcg(judged: Judged, k: int) -> Array:
    """Normalised discounted cumulative gain of yes-or-no labels over the first k ranks, mteb's main score. → (B,)

    Source: Järvelin and Kekäläinen, ACM TOIS 20(4), 2002.

    >>> ndcg(Judged.of_ranks([[1, 3]], relevant=[2], ranked=[50]), 10).round(4).item()  # (1 + 1/2) / (1 + 1/log2 3)
    0.9197
    """
    gain = np.where(judged.ranks <= k, 1 / np.log2(1.0 + judged.ranks), 0.0).sum(axis=1)
    ideal = np.cumsum(1 / np.log2(1.0 + np.arange(1, k + 1)))
    return gain / ideal[np.clip(judged.relevant, 1, k) - 1]


def average_precision_at_k(ranked: Sequence[str], relevant: AbstractSet[str], k: int) -> float:
    """Average precision over the first k ranks of one query, as CIRCO scores it.

    Precision is summed at the ranks that hold a relevant id and divided by min(k, len(relevant)), so a perfect
    top k is worth 1.0 even when more than k ids are relevant. TREC divides by len(relevant): same name, lower number.

    Source: Baldrati et al., ICCV 2023, arXiv:2303.15247.

    >>> average_precision_at_k(["a", "x", "b"], {"a", "b"}, k=3)  # (1/1 + 2/3) / 2
    0.8333333333333333
    """
    return average_precision(Judged.of_lists([ranked], [relevant]), k)[0].item()

"""Recall in the four senses that papers give the word, and precision beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from likebut.metrics.base import Judged
from likebut.types import Array


def recall(judged: Judged, k: int) -> Array:
    """1 for a query with any relevant item among the first k, else 0 (CIRR, FashionIQ, GeneCIS, WebVid-CoVR). → (B,)"""
    return (judged.ranks[:, 0] <= k).astype(np.float64)


def target_recall(judged: Judged, k: int) -> Array:
    """`recall` where only the one target that the annotator started from counts (CIRCO's Recall@K). → (B,)"""
    return recall(judged, k)


def true_recall(judged: Judged, k: int) -> Array:
    """Relevant items among the first k / (all relevant + 1e-5), as ImageNet-R domain conversion is scored. → (B,)

    A query without a relevant item scores 0 and stays in the mean, so the best possible mean is below 1.
    Source: Pic2Word, Saito et al., CVPR 2023, arXiv:2302.03084.

    >>> judged = Judged.of_ranks([[1, 12], []], relevant=[2, 0], ranked=[50, 50])
    >>> true_recall(judged, 10)[0].round(4).item()  # 1 of 2; the second query has nothing to find
    0.5
    """
    return (judged.ranks <= k).sum(axis=1) / (judged.relevant + 1e-5)


def precision(judged: Judged, k: int) -> Array:
    """Relevant items among the first k / k, or / the size of a gallery smaller than k. → (B,)

    >>> precision(Judged.of_ranks([[1, 3]], relevant=[2], ranked=[50]), 5).item()
    0.4
    """
    return (judged.ranks <= k).sum(axis=1) / np.minimum(k, judged.ranked)


def soft_recall(judged: Judged, k: int) -> Array:
    """The best grade among the first k, at least 0, as CoVR scores CIRR's subsets with `target_soft`. → (B,)

    Source: CoVR, Ventura et al., AAAI 2024, arXiv:2308.14746; grades: CIRR, Liu et al., ICCV 2021.

    >>> judged = Judged.of_lists([["a", "b", "c"]], [{"c"}], grades=[{"a": -1.0, "b": 0.5, "c": 1.0}])
    >>> [soft_recall(judged, k).item() for k in (1, 2, 3)]
    [0.0, 0.5, 1.0]
    """
    if judged.grades is None:
        raise ValueError("soft_recall needs graded labels; this data set has none.")
    if not judged.grades.shape[1]:
        return np.zeros(len(judged))
    return np.maximum(judged.grades[:, :k].max(axis=1), 0.0)


def recall_at_k(ranked: Sequence[str], relevant: AbstractSet[str], k: int) -> float:
    """1.0 if any relevant id is among the first k of one query, else 0.0.

    This is a hit rate, the sense in which CIRR and FashionIQ use "recall"; with several relevant ids see `true_recall`.
    Source: FashionIQ, Wu et al., CVPR 2021, arXiv:1905.12794.

    >>> recall_at_k(["a", "b", "c"], {"b"}, k=1), recall_at_k(["a", "b", "c"], {"b"}, k=2)
    (0.0, 1.0)
    """
    return recall(Judged.of_lists([ranked], [relevant]), k)[0].item()


def recall_subset_at_k(ranked: Sequence[str], relevant: AbstractSet[str], k: int, group: Collection[str]) -> float:
    """`recall_at_k` after everything outside `group` has left the ranking.

    CIRR's group holds six look-alikes; the reference is one of them and must not be in `ranked`, which leaves five.
    Source: CIRR, Liu et al., ICCV 2021, arXiv:2108.04024.

    >>> recall_subset_at_k(["x", "b", "y", "a"], {"a"}, k=2, group={"a", "b", "c"})  # b, then a
    1.0
    """
    members = set(group)
    return recall_at_k([id for id in ranked if id in members], relevant, k)

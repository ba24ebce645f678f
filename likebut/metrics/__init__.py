"""Metrics by the names that people type: "recall@10", "recall_subset@1", "map@5", "mean_rank".

THE CATALOGUE is the list of `METRICS.add` lines. A card says which ranking a metric looks at (`on`: the gallery, the
query's group, or the reverse direction, pictures looking for their query) and how queries are averaged (`over`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from likebut.errors import UnknownName
from likebut.registry import Registry

if TYPE_CHECKING:
    from likebut.metrics.base import Judged
    from likebut.metrics.precision import average_precision_at_k
    from likebut.metrics.recall import recall_at_k, recall_subset_at_k
    from likebut.types import Array

__all__ = ["METRICS", "Metric", "average_precision_at_k", "get_metric", "recall_at_k", "recall_subset_at_k"]

METRICS = Registry("metric")
METRICS.add("recall", "likebut.metrics.recall:recall", paper="arXiv:1905.12794")
METRICS.add("recall_subset", "likebut.metrics.recall:recall", on="group", paper="arXiv:2108.04024")
METRICS.add("soft_recall_subset", "likebut.metrics.recall:soft_recall", on="group", paper="arXiv:2308.14746")
METRICS.add("target_recall", "likebut.metrics.recall:target_recall", on="target", paper="arXiv:2303.15247")
METRICS.add("map", "likebut.metrics.precision:average_precision", paper="arXiv:2303.15247")
METRICS.add("ndcg", "likebut.metrics.precision:ndcg", paper="doi:10.1145/582415.582418")
METRICS.add("true_recall", "likebut.metrics.recall:true_recall", paper="arXiv:2302.03084")
METRICS.add("precision", "likebut.metrics.recall:precision", paper="arXiv:2302.03084")
METRICS.add("mean_rank", "likebut.metrics.ranks:best_rank", k="none", paper="arXiv:2302.03084")
METRICS.add("median_rank", "likebut.metrics.ranks:best_rank", k="none", over="lower_median", paper="arXiv:2302.03084")
METRICS.add("reverse_recall", "likebut.metrics.recall:recall", on="reverse", paper="arXiv:2302.03084")
METRICS.add("reverse_mean_rank", "likebut.metrics.ranks:best_rank", on="reverse", k="none", paper="arXiv:2302.03084")
METRICS.add(
    "reverse_median_rank",
    "likebut.metrics.ranks:best_rank",
    on="reverse",
    k="none",
    over="lower_median",
    paper="arXiv:2302.03084",
)


@dataclass(frozen=True)
class Metric:
    """A metric ready to use. `on`: "gallery", "group", "target" or "reverse"; `higher`: whether more is better."""

    name: str
    k: int
    on: str
    values: Callable[[Judged, int], Array]
    median: bool = False

    @property
    def higher(self) -> bool:
        """False for ranks, where 1 is best."""
        return not self.name.endswith("_rank")

    def per_query(self, judged: Judged) -> Array:
        """(B,) one value per query."""
        return self.values(judged, self.k)

    def average(self, values: Array) -> float:
        """The value that is reported for (B,) queries: their mean, or median."""
        if self.median:
            from likebut.metrics.ranks import lower_median

            return lower_median(values)
        return float(values.mean()) if len(values) else 0.0


def get_metric(name: str) -> Metric:
    """The metric behind "recall@10" or "mean_rank". Raises `UnknownName`: a wrong name, a missing k, a needless k."""
    base, at, depth = name.partition("@")
    entry = METRICS[base]
    needs_k = entry.card.get("k") != "none"
    if needs_k != bool(at) or (at and not (depth.isdigit() and int(depth) > 0)):
        expected = f"{base}@K with K = 1, 2, …, e.g. {base}@10" if needs_k else base
        raise UnknownName(f"Metric {name!r} is not complete or has too much. Expected {expected}.")
    return Metric(
        name, int(depth or 0), entry.card.get("on", "gallery"), entry.load(), entry.card.get("over") == "lower_median"
    )


def __getattr__(name: str) -> Any:
    if name in ("recall_at_k", "recall_subset_at_k"):
        from likebut.metrics import recall

        return getattr(recall, name)
    if name == "average_precision_at_k":
        from likebut.metrics.precision import average_precision_at_k

        return average_precision_at_k
    raise AttributeError(f"module 'likebut.metrics' has no attribute {name!r}")

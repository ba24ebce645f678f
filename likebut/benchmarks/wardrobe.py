"""Wardrobe's tasks: our own drawn catalogue, where relevance is exact. A diagnostic, never a photo benchmark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from likebut.benchmarks.base import Benchmark
from likebut.datasets.base import RetrievalSet


def read(root: Path, split: str, *, task: str) -> list[RetrievalSet]:
    """One task of the catalogue that `likebut data make wardrobe` wrote to `root`."""
    from likebut.datasets import wardrobe

    found = wardrobe.read(root, task, split)
    return [found] if isinstance(found, RetrievalSet) else list(found)


def _task(task: str, metrics: tuple[str, ...], main: str, gallery: str = "all pictures of the split") -> Benchmark:
    return Benchmark(
        name=f"wardrobe-{task}",
        dataset="likebut.benchmarks.wardrobe:read",
        split="test",
        gallery=gallery,
        options={"task": f"wardrobe-{task}"},
        metrics=metrics,
        slice_metrics=metrics,
        main=main,
        card="wardrobe",
        paper="",
        note="Drawn pictures; not comparable with any photo benchmark.",
    )


_RECALLS = ("recall@1", "recall@5", "recall@10")
EDIT = _task("edit", (*_RECALLS, "recall_subset@1", "recall_subset@2", "recall_subset@3"), "recall@1")
MANY = _task("many", ("map@5", "map@10", "map@25"), "map@10")
REGION = _task("region", _RECALLS, "recall@1")
COMPOSE = _task("compose", _RECALLS, "recall@1")
DOMAIN = _task("domain", ("recall@10", "recall@50"), "recall@10")
SKETCH = _task("sketch", _RECALLS, "recall@1")
DIALOGUE = _task("dialogue", ("recall@10",), "recall@10")

EDIT_VAL = replace(EDIT, name="wardrobe-edit@val", split="val")

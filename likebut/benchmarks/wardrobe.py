"""Wardrobe's tasks: our own drawn catalogue, where relevance is exact. A diagnostic, never a photo benchmark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from likebut.benchmarks.base import Benchmark
from likebut.datasets.base import RetrievalSet


def read(root: Path, split: str, *, task: str, exclude_reference: bool) -> list[RetrievalSet]:
    """One task of the catalogue that `likebut data make wardrobe` wrote to `root`."""
    from likebut.datasets.wardrobe.read import read as read_task

    part = read_task(root, task, split)
    if exclude_reference:
        hidden = [replace(q, exclude=frozenset([q.reference_id] if q.reference_id else [])) for q in part.queries]
        part = replace(part, queries=hidden)
    return [part]


def _task(task: str, metrics: tuple[str, ...], main: str, *, exclude_reference: bool = True) -> Benchmark:
    return Benchmark(
        name=f"wardrobe-{task}",
        dataset="likebut.benchmarks.wardrobe:read",
        split="test",
        gallery="all pictures of the task's gallery.txt",
        exclude_reference=exclude_reference,
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
DOMAIN = _task("domain", ("recall@10", "recall@50"), "recall@10", exclude_reference=False)
SKETCH = _task("sketch", _RECALLS, "recall@1")
DIALOGUE = _task("dialogue", ("recall@10",), "recall@10")

EDIT_VAL = replace(
    EDIT, name="wardrobe-edit@val", split="val", note="The validation split, for choosing checkpoints. " + EDIT.note
)

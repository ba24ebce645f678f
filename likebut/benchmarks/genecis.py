"""GeneCIS's four tasks."""

from __future__ import annotations

from likebut.benchmarks.base import Benchmark

# Queries as published, and candidates per query beside the target.
_SIZES = {
    "focus_attribute": (2000, 9),
    "change_attribute": (2112, 9),
    "focus_object": (1960, 14),
    "change_object": (1960, 14),
}


def _task(task: str) -> Benchmark:
    _, distractors = _SIZES[task]
    return Benchmark(
        name=f"genecis-{task.replace('_', '-')}",
        dataset="likebut.datasets.genecis:read",
        split=task,
        gallery=f"the target and {distractors} distractors of each query",
        metrics=("recall@1", "recall@2", "recall@3"),
        main="recall@1",
        card="genecis",
        paper="arXiv:2306.07969",
        note="Published differences below 0.2 points are noise, say the authors.",
    )


FOCUS_ATTRIBUTE, CHANGE_ATTRIBUTE, FOCUS_OBJECT, CHANGE_OBJECT = map(_task, _SIZES)

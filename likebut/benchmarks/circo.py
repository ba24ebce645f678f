"""CIRCO's protocols."""

from __future__ import annotations

from dataclasses import replace

from likebut.benchmarks.base import Benchmark

_DEPTHS = (5, 10, 25, 50)

VAL = Benchmark(
    name="circo-val",
    dataset="likebut.datasets.circo:read",
    split="val",
    gallery="all pictures of image_info_unlabeled2017.json",
    exclude_reference=False,
    metrics=tuple(f"map@{k}" for k in _DEPTHS) + tuple(f"target_recall@{k}" for k in _DEPTHS),
    slice_metrics=("map@10",),
    main="map@5",
    submission="circo",
    counts={"": (220, 123403)},
    card="circo",
    paper="arXiv:2303.15247",
    note="relative_caption alone; average precision is divided by min(k, relevant).",
)

TEST = replace(
    VAL,
    name="circo-test",
    split="test",
    counts={"": (800, 123403)},
    note="The answers are on the authors' server: a run is written as a submission file. relative_caption alone.",
)

VAL_EXCLUDED = replace(
    VAL,
    name="circo-val@reference-excluded",
    exclude_reference=True,
    submission_ids="number",
    paper="arXiv:2308.14746",
    note="The reference is not ranked, as CoVR evaluates; everybody else keeps it.",
)

TEST_EXCLUDED = replace(VAL_EXCLUDED, name="circo-test@reference-excluded", split="test", counts={"": (800, 123403)})

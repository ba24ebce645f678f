"""CIRR's protocols. The hard-target scorer of CLIP4Cir, SEARLE and the test server is the default."""

from __future__ import annotations

from dataclasses import replace

from likebut.benchmarks.base import Benchmark

_SEVEN = ("recall@1", "recall@5", "recall@10", "recall@50", "recall_subset@1", "recall_subset@2", "recall_subset@3")

VAL = Benchmark(
    name="cirr-val",
    dataset="likebut.datasets.cirr:read",
    split="val",
    gallery="all pictures of split.rc2.val.json",
    exclude_reference=True,
    join_captions="plain",
    metrics=("recall@1", "recall@2", *_SEVEN[1:4], "recall@100", *_SEVEN[4:]),
    derived={
        "average": ("arithmetic_mean", ("recall@5", "recall_subset@1")),
        "selection_arithmetic": ("arithmetic_mean", _SEVEN),
        "selection_harmonic": ("harmonic_mean", _SEVEN),
        "selection_geometric": ("geometric_mean", _SEVEN),
    },
    main="recall@1",
    counts={"": (4181, 2297)},
    card="cirr",
    paper="arXiv:2108.04024",
    note="Hard target; subsets are the five members of the group without the reference.",
)

TEST = replace(
    VAL,
    name="cirr-test",
    split="test1",
    gallery="all pictures of split.rc2.test1.json",
    submission="cirr",
    counts={"": (4148, 2315)},
    note="The answers are on the authors' server: a run is written as two submission files.",
)

TRAIN_LOOP = replace(
    VAL,
    name="cirr-val@covr-train-loop",
    gallery="the target of every query, one copy per query",
    join_captions="covr",
    options={"gallery": "targets"},
    metrics=("recall@1", "recall@5", "recall@10", "recall@50"),
    derived={"mean": ("arithmetic_mean", ("recall@1", "recall@5", "recall@10"))},
    counts={"": (4181, 4181)},
    paper="arXiv:2308.14746",
    note="CoVR's validation while training: only the copy on the diagonal counts, so a perfect model reaches about "
    "53 % recall@1. Not comparable with cirr-val.",
)

SOFT_SUBSET = replace(
    VAL,
    name="cirr-val@soft-subset",
    join_captions="covr",
    metrics=(*_SEVEN[:4], "soft_recall_subset@1", "soft_recall_subset@2", "soft_recall_subset@3"),
    derived={},
    paper="arXiv:2308.14746",
    note="Subset recall by target_soft (best grade among the first k, at least 0), as CoVR's val script scores it.",
)

"""FashionIQ's protocols: three galleries and reference rules, four ways to join captions, and CoVR's training loop."""

from __future__ import annotations

from dataclasses import replace

from likebut.benchmarks.base import Benchmark

VAL = Benchmark(
    name="fashioniq-val",
    dataset="likebut.datasets.fashioniq:read",
    split="val",
    gallery="all pictures of split.CATEGORY.val.json",
    exclude_reference=False,
    join_captions="clip4cir",
    metrics=("recall@1", "recall@5", "recall@10", "recall@50", "recall@100"),
    derived={"average": ("arithmetic_mean", ("recall@10", "recall@50"))},
    main="recall@10",
    counts={"dress": (2017, 3817), "shirt": (2038, 6346), "toptee": (1961, 5373)},
    card="fashioniq",
    paper="arXiv:1905.12794",
    note="Original split, reference kept: CLIP4Cir, SPRC, SEARLE, LinCIR, Pic2Word.",
)

EXCLUDED = replace(
    VAL,
    name="fashioniq-val@reference-excluded",
    exclude_reference=True,
    join_captions="covr",
    metrics=("recall@1", "recall@5", "recall@10", "recall@50"),
    note="Original split, reference not ranked, CoVR's captions: CoVR, CoVR-2 and those who report beside them.",
)

VAL_SPLIT = replace(
    VAL,
    name="fashioniq-val@val-split",
    gallery="references and targets of the val queries",
    options={"gallery": "pairs"},
    counts={"dress": (2017, 2628), "shirt": (2038, 3089), "toptee": (1961, 2902)},
    paper="arXiv:2003.05150",
    note="The smaller gallery of VAL, CosMo and TG-CIR gives higher numbers; the reference is kept.",
)

VAL_SPLIT_EXCLUDED = replace(
    VAL_SPLIT,
    name="fashioniq-val@val-split-reference-excluded",
    exclude_reference=True,
    note="The smaller gallery, reference not ranked, as most papers of VAL's line print it.",
)

SEARLE = replace(
    VAL,
    name="fashioniq-val@searle",
    join_captions="searle",
    paper="arXiv:2303.15247",
    note="As fashioniq-val, captions in both orders, the two query vectors averaged: SEARLE, LinCIR.",
)

PIC2WORD = replace(
    VAL,
    name="fashioniq-val@pic2word",
    join_captions="pic2word",
    paper="arXiv:2302.03084",
    note="As fashioniq-val, second caption first, nothing trimmed: Pic2Word.",
)

TRAIN_LOOP = replace(
    EXCLUDED,
    name="fashioniq-val@covr-train-loop",
    gallery="the targets of the val queries",
    options={"gallery": "targets"},
    derived={"mean": ("arithmetic_mean", ("recall@1", "recall@5", "recall@10"))},
    counts={"dress": (2017, 2017), "shirt": (2038, 2038), "toptee": (1961, 1961)},
    paper="arXiv:2308.14746",
    note="CoVR's validation while training. Not comparable with fashioniq-val.",
)

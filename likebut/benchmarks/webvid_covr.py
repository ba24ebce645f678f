"""WebVid-CoVR's test set."""

from __future__ import annotations

from likebut.benchmarks.base import Benchmark

TEST = Benchmark(
    name="webvid-covr-test",
    dataset="likebut.datasets.webvid_covr:read",
    split="test",
    gallery="the distinct target clips",
    join_captions="covr",
    metrics=("recall@1", "recall@5", "recall@10", "recall@50"),
    derived={
        "mean_of_3": ("arithmetic_mean", ("recall@1", "recall@5", "recall@10")),
        "mean_of_4": ("arithmetic_mean", ("recall@1", "recall@5", "recall@10", "recall@50")),
    },
    main="recall@1",
    counts={"": (2556, 2556)},
    card="webvid_covr",
    paper="arXiv:2308.14746",
    note="The reference is not ranked. A clip is its middle frame unless vectors are given; the paper averages 15.",
)

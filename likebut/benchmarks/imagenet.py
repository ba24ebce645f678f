"""Domain conversion on ImageNet-R, and with ImageNet-S masks."""

from __future__ import annotations

from dataclasses import replace

from likebut.benchmarks.base import Benchmark

_DEPTHS = (1, 5, 10, 50, 100, 200)
_DOMAINS = ("cartoon", "origami", "toy", "sculpture")

R_DOMAIN = Benchmark(
    name="imagenet-r-domain",
    dataset="likebut.datasets.imagenet:read",
    split="real",
    gallery="all pictures of imgnet_targets.txt, the queried photos among them",
    metrics=tuple(f"true_recall@{k}" for k in _DEPTHS) + tuple(f"precision@{k}" for k in _DEPTHS),
    main="true_recall@10",
    text_prompt="a {text} of",
    counts=dict.fromkeys(_DOMAINS, (10000, 16983)),
    card="imagenet",
    paper="arXiv:2302.03084",
    note="Queries without an answer count 0, so the best possible values are 0.765, 0.530, 0.720 and 0.710.",
)

S_DOMAIN = replace(
    R_DOMAIN,
    name="imagenet-s-domain",
    split="alpha",
    counts=dict.fromkeys(_DOMAINS, (2470, 16983)),
    note="The queries of ImageNet-R that have an ImageNet-S mask; queries without an answer count 0.",
)

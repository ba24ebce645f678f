"""COCO object composition: our frozen list, the paper-like one, and what the query shows of the object."""

from __future__ import annotations

from dataclasses import replace

from likebut.benchmarks.base import Benchmark

_FORWARD = ("recall@1", "recall@5", "recall@10", "recall@50", "recall@100", "mean_rank", "median_rank")

COMPOSE = Benchmark(
    name="coco-compose",
    dataset="likebut.datasets.coco:read",
    split="val2017",
    gallery="the photos of the query list",
    metrics=(*_FORWARD, *(f"reverse_{name}" for name in _FORWARD)),
    main="recall@1",
    seeded=True,
    text_prompt="a photo of {text}",
    card="coco",
    paper="arXiv:2302.03084",
    note="Query: the object cut out on white, squashed to a square. List: coco_eval.csv of the data folder if there is "
    "one, else drawn by hash with the seed from boxes of 5 to 50 % of the picture.",
)

PAPER = replace(
    COMPOSE,
    name="coco-compose@paper-sizes",
    options={"size": "paper"},
    note="As coco-compose, but tiny boxes count, as in the published script. The paper's own list was never shipped.",
)

CROP = replace(
    COMPOSE,
    name="coco-compose@crop",
    options={"query": "crop"},
    note="As coco-compose, but the query shows the object's box with what is around it.",
)

REGION = replace(
    COMPOSE,
    name="coco-compose@region",
    options={"query": "region"},
    note="As coco-compose, but the query is the whole photo with the object's mask, for encoders that look at one.",
)

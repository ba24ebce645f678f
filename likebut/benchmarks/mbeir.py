"""CIRR and FashionIQ as M-BEIR and mteb evaluate them. Not the papers' protocols."""

from __future__ import annotations

from dataclasses import replace

from likebut.benchmarks.base import Benchmark

CIRR = Benchmark(
    name="mbeir-cirr-test",
    dataset="likebut.datasets.mbeir:read",
    split="test",
    gallery="corpus*.parquet: CIRR pictures of all splits",
    metrics=("ndcg@10", "recall@1", "recall@5", "recall@10", "recall@50"),
    main="ndcg@10",
    counts={"": (4170, 21551)},
    card="mbeir",
    paper="arXiv:2311.17136",
    note="The gallery holds all splits and the reference is ranked. Compares with mteb's CIRRIT2IRetrieval only.",
)

FASHIONIQ = replace(
    CIRR,
    name="mbeir-fashioniq-test",
    gallery="corpus*.parquet: FashionIQ pictures of all categories and splits",
    counts={"": (6003, 74381)},
    note="One gallery for all categories, reference ranked. Compares with mteb's FashionIQIT2IRetrieval only.",
)

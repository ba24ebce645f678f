"""A benchmark of one's own: a folder of pictures and queries.csv."""

from __future__ import annotations

from likebut.benchmarks.base import Benchmark

CUSTOM = Benchmark(
    name="custom",
    dataset="likebut.datasets.folder:read",
    split="queries",
    gallery="gallery.txt, or every picture in the folder",
    exclude_reference=True,
    metrics=("recall@1", "recall@5", "recall@10", "recall@50", "map@10"),
    main="recall@10",
    card="custom",
    paper="",
)

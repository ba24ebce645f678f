"""A saved result, scored again from its run files and the data: numbers, and the values per query behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from likebut.benchmarks import get_benchmark
from likebut.benchmarks.base import Benchmark
from likebut.benchmarks.result import Result, load_result
from likebut.benchmarks.running import without
from likebut.benchmarks.runs import read_run
from likebut.benchmarks.scoring import Answers, Measured, measure
from likebut.datasets.base import RetrievalSet
from likebut.errors import NotFound
from likebut.types import Array


@dataclass(frozen=True)
class Rescored:
    """`answers` and `measured` by method: the result's composer, and its baselines where they were run."""

    path: Path
    result: Result
    benchmark: Benchmark
    parts: Sequence[RetrievalSet]
    answers: Mapping[str, Sequence[Answers]]
    measured: Mapping[str, Measured]

    def values(self, method: str, metric: str) -> Array:
        """(B,) one value per query over all parts, scaled so that their mean is the mean of the parts' means."""
        rows = [self.measured[method].per_query[part.part][metric] for part in self.parts]
        whole = sum(len(values) for values in rows)
        return np.concatenate([values * (whole / (len(rows) * len(values))) for values in rows])


def rescore(path: str | Path, *, data: str | Path | None = None) -> Rescored:
    """Read a result with its runs, and judge them against the data.

    data: where the benchmark's files are now; by default where the result says they were.
    Raises `NotFound` for missing data or runs, `BadData` for a run that no ranking can be.
    """
    path = Path(path).expanduser()
    result = load_result(path)
    folder = Path(data or result.data_path).expanduser()
    if not folder.exists():
        raise NotFound(f"The data of {path} were at {folder}, which is not there. Say where they are: --data DIR.")
    benchmark = get_benchmark(result.benchmark)
    parts = benchmark.read(folder, seed=result.seed)
    if result.partial:
        parts = [without(part, frozenset(result.missing.get("ids", ()))) for part in parts]
    answers = {method: read_run(benchmark, parts, path.parent / file) for method, file in result.run.items()}
    measured = {method: measure(benchmark, found) for method, found in answers.items()}
    return Rescored(path, result, benchmark, parts, answers, measured)

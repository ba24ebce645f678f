"""Figures that others published, shown beside ours and marked as theirs; the data is docs/reference-results.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path


@dataclass(frozen=True)
class Published:
    """One row of theirs. `metrics` are percent, as printed; `evidence` says how the row came here."""

    benchmark: str
    method: str
    backbone: str
    metrics: Mapping[str, float]
    source: str
    evidence: str
    protocol: str
    note: str = ""


@cache
def published() -> tuple[Published, ...]:
    """Every row."""
    packaged = files("likebut.benchmarks") / "reference-results.json"  # a wheel carries a copy; a checkout has docs/
    text = (
        packaged.read_text(encoding="utf-8")
        if packaged.is_file()
        else Path(__file__).parents[2].joinpath("docs", "reference-results.json").read_text(encoding="utf-8")
    )
    return tuple(Published(**row) for row in json.loads(text)["results"])


def published_for(benchmark: str) -> list[Published]:
    """Rows for a benchmark of exactly that name: another protocol is another benchmark."""
    return [row for row in published() if row.benchmark == benchmark]

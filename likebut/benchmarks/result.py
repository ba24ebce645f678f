"""A result that can be read alone in a year: the numbers, the protocol they were made under, and what made them.

`save` writes the passport as JSON with its run files beside it. Numbers are fractions 0–1 (ranks excepted).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import likebut
from likebut.benchmarks.base import Benchmark
from likebut.benchmarks.runs import write_run
from likebut.benchmarks.scoring import Answers
from likebut.datasets.base import RetrievalSet, read_json
from likebut.errors import BadData, NotFound
from likebut.types import Query


@dataclass
class Result:
    """What `run` returns.

    metrics    name → value; see `scoring.measure` for the names of parts and slices
    intervals  method → metric → 95 % interval, for the composer and the baselines; see `scoring.Measured`
    baselines  name → the metrics of image_only, text_only and sum under the same protocol
    composition_gap  metric − the better of image_only and text_only: what composing added (ranks: what it saved)
    missing    pictures that could not be had, by reason; `skipped`: queries that were left out because of them
    seconds    features, compose and lookup, of this run
    answers    method → its answers per part; they become the run files and are empty in a result that was loaded
    """

    benchmark: str
    protocol: Mapping[str, Any]
    composer: str
    encoder: str
    metrics: Mapping[str, float]
    main: str
    options: Mapping[str, Any] = field(default_factory=dict)
    preprocess: str = ""
    fingerprint: str = ""
    prompt: str = ""
    baselines: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    intervals: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    composition_gap: Mapping[str, float] = field(default_factory=dict)
    n_queries: int = 0
    n_gallery: int = 0
    parts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    missing: Mapping[str, Any] = field(default_factory=lambda: {"pictures": 0, "reasons": {}})
    skipped: int = 0
    partial: bool = False
    seed: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    gallery_sha256: str = ""
    data: str = ""
    data_path: str = ""
    run: Mapping[str, str] = field(default_factory=dict)
    made_by: str = ""
    likebut: str = ""
    commit: str = ""
    date: str = ""
    answers: Mapping[str, Sequence[Answers]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """COMPOSER--ENCODER, safe as a file name."""
        return f"{_slug(self.composer)}--{_slug(self.encoder)}"

    def save(self, path: str | Path = "results") -> Path:
        """Write the result and its runs. A path that ends in .json is the file, another the folder of all results.

        In a folder the file is BENCHMARK/COMPOSER--ENCODER.json. Runs of baselines are named by what they hold, so that
        all results of one encoder share them. Returns the file.
        """
        path = Path(path).expanduser()
        file = path if path.suffix == ".json" else path / self.benchmark / f"{self.name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        runs = dict(self.run)
        for method, answers in self.answers.items():
            if method == self.composer:
                runs[method] = write_run(answers, file.parent / file.stem)[0].name
            else:
                runs[method] = _write_shared(answers, file.parent / f"{_slug(method)}--{_slug(self.encoder)}")
        self.run = runs
        content = {key: value for key, value in vars(self).items() if key != "answers"}
        draft = file.with_name(file.name + ".part")
        draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(file)
        return file


def load_result(path: str | Path) -> Result:
    """A saved result, without its answers. Raises `NotFound`, or `BadData` for a file that is not one."""
    path = Path(path).expanduser()
    if not path.exists():
        raise NotFound(f"{path} does not exist.")
    content = read_json(path)
    lost = [key for key in ("benchmark", "composer", "encoder", "metrics", "main", "run") if key not in content]
    if lost:
        raise BadData(f"{path} is not a result of `likebut eval`: it has no {lost[0]!r}.")
    known = {name for name in Result.__dataclass_fields__ if name != "answers"}
    return Result(**{key: value for key, value in content.items() if key in known})


def describe_data(parts: Sequence[RetrievalSet]) -> dict[str, Any]:
    """What was searched and asked, as sizes and hashes: `gallery_sha256`, and `data` for all that is scored."""
    gallery, whole = sha256(), sha256()
    for part in parts:
        ids = "\n".join([part.part, *(item.id for item in part.gallery)])
        gallery.update(ids.encode())
        asked = [
            [
                query.id,
                _reference_name(query),
                query.text,
                sorted(query.exclude),
                sorted(part.relevant.get(query.id, ())),
                sorted(part.groups.get(query.id, ())),
                sorted(part.galleries.get(query.id, ())),
                list(part.wordings.get(query.id, ())),
            ]
            for query in part.queries
        ]
        whole.update(ids.encode() + json.dumps(asked, separators=(",", ":")).encode())
    distinct = {item.id for part in parts for item in part.gallery}
    return {
        "n_queries": sum(len(part.queries) for part in parts),
        "n_gallery": len(distinct),
        "parts": {
            part.part: {"queries": len(part.queries), "gallery": len(part.gallery)} for part in parts if part.part
        },
        "gallery_sha256": gallery.hexdigest(),
        "data": f"sha256:{whole.hexdigest()}",
    }


def describe_making() -> dict[str, Any]:
    """Which likebut made a result, and when."""
    return {"likebut": likebut.__version__, "commit": _commit(), "date": time.strftime("%Y-%m-%d", time.gmtime())}


def composition_gap(
    benchmark: Benchmark, metrics: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """Metric by metric, what composing added over the better of the two sides alone; {} without both baselines."""
    sides = [baselines[name] for name in ("image_only", "text_only") if name in baselines]
    if len(sides) < 2 or not metrics:
        return {}
    gap = {}
    for name in (*benchmark.metrics, *benchmark.derived):
        values = [side[name] for side in sides]
        gap[name] = min(values) - metrics[name] if name.endswith("_rank") else metrics[name] - max(values)
    return gap


def _reference_name(query: Query) -> str:
    """The last part of a reference's id or path: data that are moved are still the same data."""
    known = isinstance(query.reference, str | os.PathLike)
    return os.fspath(query.reference).removeprefix("@").rpartition("/")[2] if known else ""  # type: ignore[arg-type]


def short_name(name: str) -> str:
    """A checkpoint's path → its folder's name, which says as much to others; every other name as it is."""
    return Path(name).name if name.startswith(("/", ".", "~")) else name


def _write_shared(answers: Sequence[Answers], stem: Path) -> str:
    """Write a run as STEM.<first digits of its sha256>.jsonl.gz; returns that file's name."""
    files = write_run(answers, Path(f"{stem}.new"))
    digest = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]
    for file in files:
        file.replace(file.with_name(file.name.replace(f"{stem.name}.new", f"{stem.name}.{digest}", 1)))
    return f"{stem.name}.{digest}.jsonl.gz"


def _slug(name: str) -> str:
    """A name that may be a hub id → one that can be a file's."""
    return re.sub(r"[^\w.=,@-]+", "-", short_name(name)).strip("-.") or "unnamed"


def _commit() -> str:
    root = Path(likebut.__file__).parents[1]
    if not (root / ".git").exists():
        return ""  # an installed package: the version says which
    try:
        command = ["git", "-C", str(root), "rev-parse", "--short", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""

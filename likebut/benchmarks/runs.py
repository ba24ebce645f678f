"""Run files: one line of JSON per query, packed. `{"query": id, "ids": [...], "scores": [...]}`, best first.

`NAME.jsonl.gz` holds the gallery ranking, `NAME.subset.jsonl.gz` CIRR's subset, `NAME.reverse.jsonl.gz` pictures
looking for their query. Where a metric looks deeper than the listed ids, a line also has `"ranks"`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from likebut.benchmarks.base import Benchmark
from likebut.benchmarks.scoring import Answers, Ranked, judge
from likebut.datasets.base import RetrievalSet
from likebut.errors import BadData, NotFound


def write_run(answers: Sequence[Answers], stem: Path) -> list[Path]:
    """Write the runs of all parts one after the other; `stem` has no ending. Returns the files, gallery run first."""
    files = [_write(Path(f"{stem}.jsonl.gz"), (line for part in answers for line in _lines(part.ranked)))]
    if answers[0].ranked.group_ids:
        subset = (line for part in answers for line in _subset_lines(part.ranked))
        files.append(_write(Path(f"{stem}.subset.jsonl.gz"), subset))
    if answers[0].reverse is not None:
        reverse = (line for part in answers if part.reverse for line in _lines(part.reverse))
        files.append(_write(Path(f"{stem}.reverse.jsonl.gz"), reverse))
    return files


def read_run(benchmark: Benchmark, parts: Sequence[RetrievalSet], path: Path) -> list[Answers]:
    """A saved run, with its subset and reverse files beside it, judged against the data.

    Raises `NotFound` for a missing file, `BadData` for a run that is not one; see `scoring.judge`.
    """
    stem = str(path).removesuffix(".jsonl.gz")
    main = _read(path)
    subset = iter(_read(Path(f"{stem}.subset.jsonl.gz"))) if any(part.groups for part in parts) else None
    reverse = Path(f"{stem}.reverse.jsonl.gz")
    backwards = iter(_read(reverse)) if reverse.exists() else None
    rows, answers = iter(main), []
    for part in parts:
        ranked = _ranked(list(islice(rows, len(part.queries))))
        if subset is not None:
            groups = _ranked(list(islice(subset, len(part.queries))))
            if list(groups.queries) != list(ranked.queries):
                raise BadData(f"{stem}.subset.jsonl.gz answers other queries than {path.name}.")
            ranked = Ranked(ranked.queries, ranked.ids, ranked.scores, groups.ids, groups.scores, ranked.ranks)
        answered = len({id for found in part.relevant.values() for id in found})
        back = _ranked(list(islice(backwards, answered))) if backwards is not None else None
        answers.append(judge(benchmark, part, ranked, back))
    if next(rows, None) is not None:
        raise BadData(
            f"{path} answers more queries than {benchmark.name} has ({sum(len(part.queries) for part in parts)})."
        )
    return answers


def _lines(ranked: Ranked) -> Iterable[dict[str, Any]]:
    for row, query in enumerate(ranked.queries):
        line = {"query": query, **_listed(ranked.ids[row], ranked.scores[row])}
        if ranked.ranks:
            line["ranks"] = list(ranked.ranks[row])
        yield line


def _subset_lines(ranked: Ranked) -> Iterable[dict[str, Any]]:
    for row, query in enumerate(ranked.queries):
        yield {"query": query, **_listed(ranked.group_ids[row], ranked.group_scores[row])}


def _listed(ids: Sequence[str], scores: Any) -> dict[str, Any]:
    # Seven digits are all a float32 has; written out they keep the order, and equal scores equal.
    return {"ids": list(ids), "scores": [float(f"{score:.8g}") for score in np.asarray(scores)[: len(ids)].tolist()]}


def _write(path: Path, lines: Iterable[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    # mtime 0: the same run is the same file, byte for byte.
    with draft.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    draft.replace(path)
    return path


def _read(path: Path) -> list[Mapping[str, Any]]:
    if not path.exists():
        raise NotFound(f"The run {path} does not exist; it belongs beside its result file.")
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        for line in lines:
            if len(line["ids"]) != len(line["scores"]) or not isinstance(line["query"], str):
                raise KeyError("scores")
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise BadData(
            f"{path} is not a run: one JSON object per line with query, ids and scores ({error!r})."
        ) from error
    return lines


def _ranked(lines: Sequence[Mapping[str, Any]]) -> Ranked:
    return Ranked(
        [line["query"] for line in lines],
        [line["ids"] for line in lines],
        [line["scores"] for line in lines],
        ranks=[line["ranks"] for line in lines] if lines and "ranks" in lines[0] else (),
    )

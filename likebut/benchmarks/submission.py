"""Submission files for the CIRR and CIRCO servers, and the servers' rules, checked offline.

CIRR   two JSON objects, {"version": "rc2", "metric": "recall" or "recall_subset", "<pairid>": [50 or 3 names]}, at most
       5 MB each; the reference is not among the names, the subset's three are group members
CIRCO  one JSON object, {"0": [50 COCO ids], "1": …}: every query, no gap, no id twice
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from likebut.benchmarks import get_benchmark
from likebut.benchmarks.base import Benchmark
from likebut.benchmarks.result import Result, load_result
from likebut.benchmarks.runs import read_run
from likebut.benchmarks.scoring import Answers
from likebut.datasets.base import RetrievalSet
from likebut.errors import BadData, BadQuery, NotFound

SIZES = {"recall": 50, "recall_subset": 3, "circo": 50}
LIMIT = 5_000_000  # bytes; CIRR's server refuses larger files
COUNTS = {"cirr": 4148, "circo": 800}


def submit(result: Result | str | Path, to: str | Path, *, data: str | Path | None = None) -> list[Path]:
    """Write a result's answers as the server takes them, into the folder `to`; the files are checked before they count.

    result: fresh from `run`, or a saved file whose data are where it says, or at `data`.
    Raises `BadQuery` for a benchmark without a server, `BadData` with the first rule a file would break.
    """
    if isinstance(result, Result):
        benchmark, answers = get_benchmark(result.benchmark), result.answers[result.composer]
    else:
        path, result = Path(result), load_result(result)
        benchmark = get_benchmark(result.benchmark)
        parts = benchmark.read(Path(data or result.data_path), seed=result.seed)
        answers = read_run(benchmark, parts, path.parent / result.run[result.composer])
    folder = Path(to).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in contents(benchmark, answers).items():
        file = folder / name.format(f"{result.name}")
        file.write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
        problems = check_submission(file, part=answers[0].part)
        if problems:
            raise BadData(f"{file} would be refused: {problems[0]}")
        written.append(file)
    return written


def contents(benchmark: Benchmark, answers: Sequence[Answers]) -> dict[str, dict[str, Any]]:
    """File name (with {} for the result's name) → what the file holds."""
    ranked = answers[0].ranked
    if benchmark.submission == "cirr":
        best = {query: list(ids)[:50] for query, ids in zip(ranked.queries, ranked.ids, strict=True)}
        three = {query: list(ids)[:3] for query, ids in zip(ranked.queries, ranked.group_ids, strict=True)}
        return {
            "recall_submission_{}.json": {**best, "version": "rc2", "metric": "recall"},
            "recall_subset_submission_{}.json": {**three, "version": "rc2", "metric": "recall_subset"},
        }
    if benchmark.submission == "circo":
        kind = int if benchmark.submission_ids == "number" else str
        fifty = {query: [kind(id) for id in ids[:50]] for query, ids in zip(ranked.queries, ranked.ids, strict=True)}
        return {f"submission_{benchmark.split}_{{}}.json": fifty}
    raise BadQuery(f"{benchmark.name} has no server; submissions exist for cirr-test, circo-val and circo-test.")


def check_submission(
    path: str | Path, *, data: str | Path | None = None, benchmark: str = "", part: RetrievalSet | None = None
) -> list[str]:
    """Every rule of the server that a file breaks, in words; [] if it would be taken.

    With `data` (the benchmark's folder) names, references and groups are checked too; without it the format and the
    published number of queries. benchmark: by default cirr-test or circo-test, whichever the file looks like.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise NotFound(f"{path} does not exist.")
    try:
        pairs: list[tuple[str, Any]] = json.loads(path.read_bytes(), object_pairs_hook=lambda found: found)
        content = dict(pairs)
    except (ValueError, TypeError) as error:
        return [f"not a JSON object ({error})"]
    problems = []
    if len(content) < len(pairs):
        problems.append(f"{len(pairs) - len(content)} queries are answered twice")
    cirr = "metric" in content or "version" in content
    if data is not None and part is None:
        part = get_benchmark(benchmark or ("cirr-test" if cirr else "circo-test")).read(data)[0]
    if cirr:
        return problems + _check_cirr(content, path.stat().st_size, part)
    expected = [query.id for query in part.queries] if part else [str(i) for i in range(COUNTS["circo"])]
    known = {item.id for item in part.gallery} if part else None
    return problems + _check_queries(content, expected, SIZES["circo"], known, _coco_id)


def _check_cirr(content: dict[str, Any], size: int, part: RetrievalSet | None) -> list[str]:
    problems = [] if size <= LIMIT else [f"{size:,} bytes; the server takes 5 MB"]
    version, metric = content.pop("version", None), content.pop("metric", None)
    if version != "rc2":
        problems.append(f'"version" is {version!r}; the server expects "rc2"')
    if metric not in ("recall", "recall_subset"):
        return [*problems, f'"metric" is {metric!r}; the server expects "recall" or "recall_subset"']
    expected = [query.id for query in part.queries] if part else None
    if expected is None and len(content) != COUNTS["cirr"]:
        problems.append(f"{len(content):,} queries; CIRR's test split has {COUNTS['cirr']:,}")
    known = {item.id for item in part.gallery} if part else None
    problems += _check_queries(content, expected or list(content), SIZES[metric], known, _name)
    for query in part.queries if part else ():
        names = content.get(query.id, [])
        if query.reference_id in names:
            problems.append(f"query {query.id}: the reference {query.reference_id!r} is among the answers")
        outside = (
            [name for name in names if name not in part.groups[query.id]] if part and metric == "recall_subset" else []
        )
        if outside:
            problems.append(f"query {query.id}: {outside[0]!r} is not in the query's group")
    return problems


def _check_queries(
    content: Mapping[str, Any], expected: Sequence[str], size: int, known: set[str] | None, read: Any
) -> list[str]:
    lost, extra = [query for query in expected if query not in content], sorted(set(content) - set(expected))
    problems = []
    if lost:
        problems.append(f"{len(lost)} of {len(expected)} queries have no answer, e.g. {lost[0]!r}")
    if extra:
        problems.append(f"{len(extra)} queries do not belong to the split, e.g. {extra[0]!r}")
    for query, answers in content.items():
        if not isinstance(answers, list) or len(answers) != size:
            found = f"{len(answers)} answers" if isinstance(answers, list) else type(answers).__name__
            problems.append(f"query {query}: {found}; expected a list of {size}")
            continue
        ids = [read(answer) for answer in answers]
        wrong = [
            answer
            for answer, id in zip(answers, ids, strict=True)
            if id is None or (known is not None and id not in known)
        ]
        if wrong:
            problems.append(f"query {query}: {wrong[0]!r} is not a picture of the gallery")
        elif len(set(ids)) < len(ids):
            problems.append(f"query {query}: {next(id for id in ids if ids.count(id) > 1)!r} is answered twice")
    return problems


def _coco_id(answer: Any) -> str | None:
    """COCO ids may stand as numbers or as digits."""
    if isinstance(answer, bool) or not isinstance(answer, int | str) or not str(answer).isdigit():
        return None
    return str(int(answer))


def _name(answer: Any) -> str | None:
    return answer if isinstance(answer, str) and "/" not in answer and not answer.endswith(".png") else None

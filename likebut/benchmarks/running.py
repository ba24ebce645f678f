"""Run a benchmark: data → queries and gallery → vectors → ranks → a result.

Two ways to the vectors: an encoder and a composer, or arrays made elsewhere. After that everything is the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from likebut.benchmarks import get_benchmark
from likebut.benchmarks.base import Benchmark
from likebut.benchmarks.result import Result, composition_gap, describe_data, describe_making, short_name
from likebut.benchmarks.scoring import Answers, measure, rank_part
from likebut.benchmarks.vectors import read_vectors
from likebut.datasets.base import RetrievalSet
from likebut.errors import BadQuery, NotFound
from likebut.types import Array, Item, Query

if TYPE_CHECKING:
    from likebut.benchmarks.features import Found, Opener
    from likebut.composers.base import Composer
    from likebut.encoders.base import Encoder

BASELINES = ("image_only", "text_only", "sum")
BATCH = 1024  # queries composed at a time
Progress = Callable[[str, int, int], object]


def run(
    name: str | Benchmark,
    *,
    data: str | Path,
    encoder: str | Encoder | None = None,
    composer: str | Composer | None = None,
    vectors: str | Path | None = None,
    baselines: bool = True,
    seed: int = 0,
    cache: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    batch_size: int = 64,
    progress: Progress | None = None,
    made_by: str = "",
) -> Result:
    """Evaluate under the protocol `name`; see `Result` for what comes back. Nothing is written except features.

    data      the folder that holds the official files; scoring `vectors` needs no picture
    encoder, composer   names, or objects; the composer is "sum" if nothing is said
    vectors   instead of both: an .npz file, or a folder with one per part (see `likebut.benchmarks.vectors`)
    baselines also score image_only, text_only and sum
    seed      for benchmarks that draw their queries
    cache     folder of features; default: under LIKEBUT_HOME, or the platform's cache folder
    options   the composer's own, e.g. {"alpha": 0.6}
    skip_bad  score what is there if pictures are missing or unreadable, and mark the result partial
    progress  called with (stage, done, all)

    Raises `NotFound` or `BadData` for data that is not complete, `BadQuery` for arguments that exclude each other.
    """
    benchmark = get_benchmark(name) if isinstance(name, str) else name
    if (vectors is None) == (encoder is None):
        raise BadQuery(
            "Give either an encoder (with a composer) or vectors: encoder='clip-vit-b32', or vectors=FILE.npz."
        )
    parts = benchmark.read(data, seed=seed)
    made: dict[str, Any] = {
        "made_by": made_by or f"likebut eval {benchmark.name}",
        "seed": seed,
        "data_path": str(data),
    }
    if vectors is not None:
        return _score_vectors(benchmark, parts, Path(vectors), made)

    from likebut.encoders import load_encoder

    ready = load_encoder(encoder) if isinstance(encoder, str) else encoder
    assert ready is not None  # one of the two was given
    methods = _methods(benchmark, composer, ready, dict(options or {}), baselines)
    parts = [named_references(part) for part in parts]
    start = time.perf_counter()
    items, found = _features(parts, ready, cache, batch_size, progress)
    parts, gaps = _without_missing(benchmark, parts, items, found, skip_bad)
    encoded = time.perf_counter()
    answers, seconds = _answer(benchmark, parts, methods, ready, items, found, progress)
    chosen = next(iter(methods))
    scored = {method: measure(benchmark, found) for method, found in answers.items()}
    measured = {method: found.metrics for method, found in scored.items()}
    others = {method: metrics for method, metrics in measured.items() if method in BASELINES}
    return Result(
        benchmark=benchmark.name,
        protocol=benchmark.protocol(seed),
        composer=chosen,
        encoder=short_name(ready.name),
        metrics=measured[chosen],
        main=benchmark.main,
        options=dict(options or {}),
        preprocess=ready.preprocess,
        fingerprint=ready.fingerprint,
        prompt=getattr(methods[chosen], "prompt", ""),
        baselines=others if baselines else {},
        intervals={method: found.intervals() for method, found in scored.items()},
        composition_gap=composition_gap(benchmark, measured[chosen], others),
        seconds={"features": round(encoded - start, 3), **seconds},
        answers=answers,
        **gaps,
        **describe_data(parts),
        **describe_making(),
        **made,
    )


def _score_vectors(benchmark: Benchmark, parts: Sequence[RetrievalSet], path: Path, made: Mapping[str, Any]) -> Result:
    start = time.perf_counter()
    rows = read_vectors(path, parts)
    read = time.perf_counter()
    answers = [rank_part(benchmark, part, *pair) for part, pair in zip(parts, rows, strict=True)]
    scored = measure(benchmark, answers)
    done = time.perf_counter()
    return Result(
        benchmark=benchmark.name,
        protocol=benchmark.protocol(made["seed"]),
        composer="vectors",
        encoder=path.stem,
        metrics=scored.metrics,
        intervals={"vectors": scored.intervals()},
        main=benchmark.main,
        preprocess="made elsewhere",
        seconds={"features": round(read - start, 3), "compose": 0.0, "lookup": round(done - read, 3)},
        answers={"vectors": answers},
        **describe_data(parts),
        **describe_making(),
        **made,
    )


def _methods(
    benchmark: Benchmark, composer: str | Composer | None, encoder: Encoder, options: dict[str, Any], baselines: bool
) -> dict[str, Composer]:
    """Name → composer, the one asked for first. A composer with prompts gets the one published for the benchmark."""
    from likebut.composers import load_composer

    composer = composer or "sum"
    if isinstance(composer, str):
        loaded = load_composer(composer, encoder, **options)
        if hasattr(loaded, "prompt") and "prompt" not in options:
            loaded = load_composer(composer, encoder, prompt=benchmark.name, **options)
        methods = {short_name(composer): loaded}
    else:
        methods = {composer.name: composer}
    if baselines:
        for name in BASELINES:
            methods.setdefault(name, load_composer(name, encoder))
    return methods


def feature_folder(cache: str | Path | None = None) -> Path:
    """Where features are kept: `cache`, or "features" under LIKEBUT_HOME or the platform's cache folder."""
    if cache is not None:
        return Path(cache).expanduser()
    home = os.environ.get("LIKEBUT_HOME")
    if home:
        return Path(home).expanduser() / "features"
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("likebut")) / "features"


def _features(
    parts: Sequence[RetrievalSet],
    encoder: Encoder,
    cache: str | Path | None,
    batch_size: int,
    progress: Progress | None,
) -> tuple[dict[str, tuple[Item, Opener]], Found]:
    from likebut.benchmarks.features import FeatureCache

    items = {item.id: (item, part.open) for part in parts for item in (*part.gallery, *part.references)}
    report = None if progress is None else lambda done, whole: progress("features", done, whole)
    cached = FeatureCache(feature_folder(cache), encoder)
    return items, cached.find(list(items.values()), batch_size=batch_size, progress=report)


def named_references(part: RetrievalSet) -> RetrievalSet:
    """The part with every reference that is a file turned into an item, so that its features are kept as well."""
    files = {
        os.fspath(query.reference): None
        for query in part.queries
        if isinstance(query.reference, str | os.PathLike) and query.reference_id is None
    }
    queries = [
        replace(query, reference=f"@{os.fspath(query.reference)}")
        if isinstance(query.reference, str | os.PathLike) and query.reference_id is None
        else query
        for query in part.queries
    ]
    return replace(part, queries=queries, references=[*part.references, *(Item(file, file) for file in files)])


def _without_missing(
    benchmark: Benchmark,
    parts: Sequence[RetrievalSet],
    items: Mapping[str, tuple[Item, Opener]],
    found: Found,
    skip_bad: bool,
) -> tuple[list[RetrievalSet], dict[str, Any]]:
    """The parts without what has no features, and what to say about it in the result."""
    if not found.bad:
        return list(parts), {}
    first, reason = next(iter(found.bad.items()))
    lost = [items[id][0] for id in found.bad]
    whole = {str(item.image) for item in lost if "view" not in item.metadata}
    count = sum(
        "view" not in item.metadata or str(item.image) not in whole for item in lost
    )  # a file and its crop: one
    if not skip_bad:
        raise NotFound(
            f"{count} pictures of {benchmark.name} are missing or unreadable, e.g. {first!r}: {reason}. "
            f"`likebut data check {benchmark.name} DIR` lists them; --skip-bad scores what is there and marks the "
            "result partial."
        )
    reasons: dict[str, int] = {}
    for why in found.bad.values():
        reasons[why] = reasons.get(why, 0) + 1
    kept = [without(part, found.bad) for part in parts]
    skipped = sum(len(part.queries) for part in parts) - sum(len(part.queries) for part in kept)
    if not all(part.queries for part in kept):
        raise NotFound(f"No query of {benchmark.name} is left without the {count} missing pictures, e.g. {first!r}.")
    missing = {"pictures": count, "reasons": reasons, "ids": sorted(found.bad)}
    return kept, {"missing": missing, "skipped": skipped, "partial": True}


def without(part: RetrievalSet, missing: Mapping[str, Any] | frozenset[str]) -> RetrievalSet:
    """A part less the items in `missing`, and less the queries that lost their reference or an answer they need.

    A query with several answers stays as long as one of them, and the annotator's own where it is scored, is there.
    """
    left = {query: frozenset(id for id in ids if id not in missing) for query, ids in part.relevant.items()}

    def stays(query: Query) -> bool:
        lost_answers = bool(part.relevant.get(query.id)) and not left[query.id]
        return query.reference_id not in missing and not lost_answers and part.targets.get(query.id) not in missing

    queries = [query for query in part.queries if stays(query)]
    return replace(
        part,
        gallery=[item for item in part.gallery if item.id not in missing],
        queries=queries,
        relevant={query.id: left[query.id] for query in queries if query.id in left},
        groups={query: tuple(id for id in ids if id not in missing) for query, ids in part.groups.items()},
        galleries={query: tuple(id for id in ids if id not in missing) for query, ids in part.galleries.items()},
    )


def _answer(
    benchmark: Benchmark,
    parts: Sequence[RetrievalSet],
    methods: Mapping[str, Composer],
    encoder: Encoder,
    items: Mapping[str, tuple[Item, Opener]],
    found: Found,
    progress: Progress | None,
) -> tuple[dict[str, list[Answers]], dict[str, float]]:
    """Every method's answers to every part. A baseline that cannot answer (no words at all) is left out."""
    answers: dict[str, list[Answers]] = {method: [] for method in methods}
    composed = looked_up = 0.0
    whole, done = sum(len(part.queries) for part in parts), 0
    for part in parts:
        start = time.perf_counter()
        rows: dict[str, list[Array]] = {method: [] for method in answers}
        for first in range(0, len(part.queries), BATCH):
            batch = part.queries[first : first + BATCH]
            for method, made in _compose(benchmark, part, batch, methods, rows, encoder, items, found).items():
                rows[method].append(made)
            answers = {method: answers[method] for method in answers if method in rows}
            done += len(batch)
            if progress is not None:
                progress("queries", done, whole)
        middle = time.perf_counter()
        gallery = found.of([item.id for item in part.gallery])
        for method, made_rows in rows.items():
            answers[method].append(rank_part(benchmark, part, np.concatenate(made_rows), gallery))
        composed, looked_up = composed + middle - start, looked_up + time.perf_counter() - middle
    return answers, {"compose": round(composed, 3), "lookup": round(looked_up, 3)}


def _compose(
    benchmark: Benchmark,
    part: RetrievalSet,
    queries: Sequence[Query],
    methods: Mapping[str, Composer],
    rows: dict[str, list[Array]],
    encoder: Encoder,
    items: Mapping[str, tuple[Item, Opener]],
    found: Found,
) -> dict[str, Array]:
    """Method → (B, D) unit rows; a baseline that cannot compose these queries leaves `rows`."""
    from likebut.benchmarks.features import FoundReferences
    from likebut.encoders.base import unit

    references = FoundReferences(encoder, found, items)
    chosen = next(iter(methods))
    made = {}
    for method in list(rows):
        composer = methods[method]
        own = hasattr(composer, "prompt")
        readings = [[query.text, *part.wordings.get(query.id, ())] for query in queries]
        vectors = []
        try:
            for turn in range(max(map(len, readings))):
                texts = [reading[min(turn, len(reading) - 1)] for reading in readings]
                said = [text if own or not text else benchmark.text_prompt.replace("{text}", text) for text in texts]
                asked = [replace(query, text=text) for query, text in zip(queries, said, strict=True)]
                vectors.append(composer.compose(asked, references).vectors)
        except BadQuery:
            if method == chosen:
                raise
            del rows[method]
            continue
        made[method] = vectors[0] if len(vectors) == 1 else unit(np.mean(vectors, axis=0))[0]
    return made

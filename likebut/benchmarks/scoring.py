"""Vectors → ranks → numbers, under a benchmark's protocol. Opens no picture and runs no network.

`rank_part` makes ranked ids from vectors; `judge` says where the answers landed in ranked ids, whether they were just
made or come out of a run file; `measure` averages. A number is therefore the same when it is verified later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from likebut.benchmarks.base import Benchmark
from likebut.datasets.base import RetrievalSet
from likebut.errors import BadData
from likebut.metrics import Metric, get_metric, means
from likebut.metrics.base import NOT_FOUND, Judged
from likebut.metrics.ranker import Ranking, RowSource, rank, rank_candidates
from likebut.types import Array


@dataclass(frozen=True)
class Ranked:
    """What one method answered for one part: an entry per query (or per picture, for `reverse`), best first.

    ids, scores   the first hundred at least; `group_ids`, `group_scores`: CIRR's subset, else empty
    ranks         rank of every relevant item, rising, where it is known beyond the listed ids; else empty
    """

    queries: Sequence[str]
    ids: Sequence[Sequence[str]]
    scores: Array | Sequence[Sequence[float]]
    group_ids: Sequence[Sequence[str]] = ()
    group_scores: Array | Sequence[Sequence[float]] = ()
    ranks: Sequence[Sequence[int]] = ()


@dataclass(frozen=True)
class Answers:
    """One part's ranked ids, the judgements on them, and the reverse direction where a metric asks for it."""

    part: RetrievalSet
    ranked: Ranked
    judged: Mapping[str, Judged]
    reverse: Ranked | None = None


@dataclass(frozen=True)
class Measured:
    """Numbers: averages by metric name, and (B,) values per query behind them, by part and metric."""

    metrics: Mapping[str, float]
    per_query: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)

    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % of each mean over queries: ± 1.96 standard errors, parts weighing alike; a fraction stays in 0–1.

        Medians and means of metrics have none.
        """
        found = {}
        parts = list(self.per_query.values())
        for name in parts[0] if parts else ():
            if get_metric(name).median or min(len(part[name]) for part in parts) < 2:
                continue
            variance = sum(float(part[name].var(ddof=1)) / len(part[name]) for part in parts) / len(parts) ** 2
            half = 1.96 * variance**0.5
            low, high = self.metrics[name] - half, self.metrics[name] + half
            found[name] = (max(0.0, low), min(1.0, high)) if get_metric(name).higher else (low, high)
        return found


def rank_part(benchmark: Benchmark, part: RetrievalSet, queries: Array, gallery: RowSource) -> Answers:
    """(B, D) and (N, D) unit rows in the order of `part` → its answers, judged.

    Raises `BadData` if an answer of the annotations is not in the gallery: its query could never be solved.
    """
    place = _places(part)
    ids = list(place)
    wanted = [_positions(place, part.relevant.get(query.id, ())) for query in part.queries]
    if part.galleries:
        candidates = [np.array([place[id] for id in part.galleries[query.id]]) for query in part.queries]
        found = rank_candidates(queries, np.asarray(gallery[:]), ids, candidates, wanted)
        sizes = np.array([len(rows) for rows in candidates])
    else:
        excluded = [_positions(place, query.exclude) for query in part.queries]
        groups = None
        if part.groups:
            groups = [_positions(place, part.groups[query.id]) for query in part.queries]
        found = rank(queries, gallery, ids, wanted=wanted, excluded=excluded, groups=groups, depth=benchmark.depth)
        sizes = np.array([len(ids) - len(out) for out in excluded])
    names = np.array([*ids, ""], dtype=object)  # position -1, padding, is the empty name
    ranked = Ranked(
        [query.id for query in part.queries],
        _Named(names, found.top),
        found.scores,
        _Named(names, found.group) if part.groups else (),
        found.group_scores if part.groups else (),
        _deep_ranks(benchmark, found, reverse=False),
    )
    judged = _judged(part, wanted, found, sizes, names)
    reverse = None
    if any(get_metric(name).on == "reverse" for name in benchmark.metrics) and part.relevant:
        reverse, judged["reverse"] = _reverse(benchmark, part, queries, np.asarray(gallery[:]), place)
    return Answers(part, ranked, judged, reverse)


class _Named(Sequence[Sequence[str]]):
    """Positions (B, K) as lists of ids, made when they are asked for: most runs only need ranks."""

    def __init__(self, names: Array, positions: Array) -> None:
        self._names, self._positions = names, positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, row):  # type: ignore[no-untyped-def]
        positions = self._positions[row]
        return self._names[positions[positions >= 0]].tolist()


def judge(benchmark: Benchmark, part: RetrievalSet, ranked: Ranked, reverse: Ranked | None = None) -> Answers:
    """Ranked ids, e.g. out of a run file → where the answers landed. Checks what a ranking must be; see `_check`."""
    _check(part, ranked, benchmark.depth)
    relevant = [part.relevant.get(query, frozenset()) for query in ranked.queries]
    judged = {"gallery": _from_lists(ranked, relevant, _sizes(part))}
    if part.groups and ranked.group_ids:
        grades = [part.grades.get(query, {}) for query in ranked.queries] if part.grades else None
        judged["group"] = Judged.of_lists(ranked.group_ids, relevant, grades)
    if part.targets:
        judged["target"] = Judged.of_lists(ranked.ids, [frozenset([part.targets[query]]) for query in ranked.queries])
    if reverse is not None:
        answers = _inverted(part)
        size = np.full(len(reverse.queries), len(part.queries))
        judged["reverse"] = _from_lists(reverse, [answers[item] for item in reverse.queries], size)
    return Answers(part, ranked, judged, reverse)


def measure(benchmark: Benchmark, answers: Sequence[Answers]) -> Measured:
    """The benchmark's numbers, as fractions 0–1 (ranks excepted).

    "recall@10" is the plain mean over parts, "recall@10/dress" one part, "map@10/addition" one slice. A part without
    answers (a test split) has no numbers.
    """
    if not all(part.part.relevant for part in answers):
        return Measured({})
    metrics = {name: get_metric(name) for name in benchmark.metrics}
    per_query = {
        part.part.part: {name: metric.per_query(part.judged[metric.on]) for name, metric in metrics.items()}
        for part in answers
    }
    single: list[dict[str, float]] = []
    for values in per_query.values():
        numbers = {name: metrics[name].average(rows) for name, rows in values.items()}
        single.append({**numbers, **_derived(benchmark, numbers)})
    averages = {name: means.arithmetic_mean([numbers[name] for numbers in single]) for name in single[0]}
    averages |= _derived(benchmark, averages)
    for part, numbers in zip(answers, single, strict=True):
        if len(answers) > 1:
            averages |= {f"{name}/{part.part.part}": value for name, value in numbers.items()}
        averages |= _sliced(benchmark, metrics, part.part, per_query[part.part.part])
    return Measured(averages, per_query)


def _derived(benchmark: Benchmark, numbers: Mapping[str, float]) -> dict[str, float]:
    return {
        name: getattr(means, mean)([numbers[metric] for metric in over])
        for name, (mean, over) in benchmark.derived.items()
    }


def _sliced(
    benchmark: Benchmark, metrics: Mapping[str, Metric], part: RetrievalSet, values: Mapping[str, Array]
) -> dict[str, float]:
    order = [query.id for query in part.queries]
    numbers = {}
    for slice_name, members in part.slices.items():
        rows = np.array([id in members for id in order])
        for name in benchmark.slice_metrics:
            if rows.any():
                numbers[f"{name}/{slice_name}"] = metrics[name].average(values[name][rows])
    return numbers


def _places(part: RetrievalSet) -> dict[str, int]:
    place = {item.id: row for row, item in enumerate(part.gallery)}
    if len(place) < len(part.gallery):
        raise BadData(
            f"{len(part.gallery) - len(place)} ids of the {part.name} gallery occur twice; ids must be unique."
        )
    lost = {id for answers in part.relevant.values() for id in answers if id not in place}
    if lost:
        raise BadData(
            f"{len(lost)} answers of {part.name} {part.split} {part.part} are not in its gallery, e.g. {min(lost)!r}; "
            "their queries could never be solved. Do captions and split files belong together? Try: likebut data check."
        )
    return place


def _positions(place: Mapping[str, int], ids: Iterable[str]) -> Array:
    return np.array([place[id] for id in ids if id in place], dtype=np.int64)


def _judged(
    part: RetrievalSet, wanted: Sequence[Array], found: Ranking, sizes: Array, names: Array
) -> dict[str, Judged]:
    """Judgements straight from counted ranks."""
    count = np.array([len(rows) for rows in wanted])
    ranks = found.ranks if found.ranks.shape[1] else np.full((len(wanted), 1), NOT_FOUND)
    judged = {"gallery": Judged(np.sort(ranks, axis=1), count, sizes)}
    if part.targets:
        picked = [list(part.relevant[q.id]).index(part.targets[q.id]) for q in part.queries]
        rank_of_target = np.take_along_axis(ranks, np.array(picked)[:, None], axis=1)
        judged["target"] = Judged(rank_of_target, np.ones(len(wanted), dtype=np.int64), sizes)
    if part.groups:
        rows = ranks_in_group(found.group, wanted)
        grades = None
        if part.grades:
            grades = np.zeros(found.group.shape)
            for row, (query, members) in enumerate(zip(part.queries, names[found.group], strict=True)):
                worth = part.grades.get(query.id, {})
                grades[row] = [worth.get(member, 0.0) for member in members]
        judged["group"] = Judged(rows, count, (found.group >= 0).sum(axis=1), grades)
    return judged


def ranks_in_group(group: Array, wanted: Sequence[Array]) -> Array:
    """(B, C) ordered positions → (B, R) rising ranks of the wanted ones among them."""
    lists = (
        [np.flatnonzero(np.isin(row, rows)) + 1 for row, rows in zip(group, wanted, strict=True)]
        if any(len(rows) != 1 for rows in wanted)
        else None
    )
    if lists is not None:
        return Judged.of_ranks([row.tolist() for row in lists], [0] * len(lists), [0] * len(lists)).ranks
    hits = group == np.concatenate(wanted)[:, None]
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, NOT_FOUND)[:, None]


def _deep_ranks(benchmark: Benchmark, found: Ranking, *, reverse: bool) -> Sequence[Sequence[int]]:
    """Ranks to keep in the run file: only where a metric looks deeper than the listed ids."""
    needed = [name for name in benchmark.metrics if name.endswith("_rank") and name.startswith("reverse") == reverse]
    return [sorted(rank for rank in row if rank != NOT_FOUND) for row in found.ranks.tolist()] if needed else ()


def _inverted(part: RetrievalSet) -> dict[str, frozenset[str]]:
    """Item → the queries that it answers; items that answer none are left out."""
    answers: dict[str, set[str]] = {}
    for query in part.queries:
        for item in part.relevant[query.id]:
            answers.setdefault(item, set()).add(query.id)
    return {item.id: frozenset(answers[item.id]) for item in part.gallery if item.id in answers}


def _reverse(
    benchmark: Benchmark, part: RetrievalSet, queries: Array, gallery: Array, place: Mapping[str, int]
) -> tuple[Ranked, Judged]:
    """Pictures looking for their query: rows are gallery pictures, the queries are ranked."""
    answers = _inverted(part)
    order = {query.id: row for row, query in enumerate(part.queries)}
    names = np.array([*order, ""], dtype=object)
    wanted = [_positions(order, sorted(found)) for found in answers.values()]
    rows = np.array([place[item] for item in answers])
    found = rank(gallery[rows], queries, list(order), wanted=wanted, depth=benchmark.depth)
    ranked = Ranked(
        list(answers), _Named(names, found.top), found.scores, ranks=_deep_ranks(benchmark, found, reverse=True)
    )
    size = np.full(len(wanted), len(order))
    return ranked, Judged(np.sort(found.ranks, axis=1), np.array([len(row) for row in wanted]), size)


def _sizes(part: RetrievalSet) -> Array:
    known = {item.id for item in part.gallery}
    if part.galleries:
        return np.array([len(part.galleries[query.id]) for query in part.queries])
    return np.array([len(known) - len(query.exclude & known) for query in part.queries])


def _from_lists(ranked: Ranked, relevant: Sequence[frozenset[str]], sizes: Array) -> Judged:
    listed = Judged.of_lists(ranked.ids, relevant)
    if not ranked.ranks:
        return Judged(listed.ranks, listed.relevant, sizes)
    for query, ids, shown, ranks in zip(ranked.queries, ranked.ids, listed.ranks.tolist(), ranked.ranks, strict=True):
        if [rank for rank in shown if rank != NOT_FOUND] != [rank for rank in sorted(ranks) if rank <= len(ids)]:
            raise BadData(f"The run's ranks of query {query!r} contradict its listed ids.")
    return Judged.of_ranks(ranked.ranks, listed.relevant.tolist(), sizes.tolist())


def _check(part: RetrievalSet, ranked: Ranked, depth: int) -> None:
    """A run answers every query once, with enough ids of the gallery, none excluded, none twice, scores falling."""
    expected = [query.id for query in part.queries]
    if list(ranked.queries) != expected:
        lost, extra = set(expected) - set(ranked.queries), set(ranked.queries) - set(expected)
        example = min(lost | extra, default="their order")
        raise BadData(
            f"The run misses {len(lost)} queries of {part.name} and has {len(extra)} unknown ones, e.g. {example!r}."
        )
    known = {item.id for item in part.gallery}
    for query, ids, scores, size in zip(part.queries, ranked.ids, ranked.scores, _sizes(part).tolist(), strict=True):
        allowed = frozenset(part.galleries[query.id]) if part.galleries else known
        wrong = [id for id in ids if id not in allowed or id in query.exclude]
        if wrong or len(set(ids)) != len(ids) or len(ids) < min(depth, size):
            found = (
                f"{wrong[0]!r}, which is not ranked there" if wrong else f"{len(set(ids))} different ids of {len(ids)}"
            )
            raise BadData(f"The run's answer to query {query.id!r} has {found}; expected {min(depth, size)} or more.")
        if any(a < b for a, b in zip(scores, scores[1:], strict=False)):
            raise BadData(f"The run's scores of query {query.id!r} rise; a ranking's scores fall.")

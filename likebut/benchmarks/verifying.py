"""Is a result true? Its numbers are computed again from its run files and the data; no network is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from likebut.benchmarks.rescoring import rescore
from likebut.benchmarks.result import composition_gap, describe_data

TOLERANCE = 1e-9  # numbers are written with all their digits


@dataclass(frozen=True)
class Verdict:
    """`true` if every number came out again; else `differences` says which did not, one line each."""

    checked: int
    differences: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def true(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def verify(path: str | Path, *, data: str | Path | None = None) -> Verdict:
    """Score a saved result again from its run and the data, and compare every number.

    data: where the benchmark's files are now; by default where the result says they were.
    Raises `NotFound` for missing data or runs, `BadData` for a run that no ranking can be.
    """
    again = rescore(path, data=data)
    result, benchmark = again.result, again.benchmark
    differences = []
    for name, value in describe_data(again.parts).items():
        if getattr(result, name) != value:
            differences.append(f"{name}: the result says {getattr(result, name)}, the data are {value}")
    if dict(result.protocol) != _plain(benchmark.protocol(result.seed)):
        differences.append(f"protocol: not what {benchmark.name} is in this likebut")
    if result.main != benchmark.main:
        differences.append(f"main: the result says {result.main}, the benchmark {benchmark.main}")
    checked = 0
    measured = {method: found.metrics for method, found in again.measured.items()}
    claims = {result.composer: ("metrics", result.metrics)}
    claims |= {name: (f"baselines.{name}", numbers) for name, numbers in result.baselines.items() if name not in claims}
    for method, (where, numbers) in claims.items():
        if method not in measured:
            differences.append(f"{where}: there is no run of {method}")
            continue
        differences += _compare(where, numbers, measured[method])
        checked += len(numbers)
        limits = again.measured[method].intervals()
        differences += _compare(f"intervals.{method}", _flat(result.intervals.get(method, {})), _flat(limits))
    if result.composer in result.baselines:
        differences += _compare(
            f"baselines.{result.composer}", result.baselines[result.composer], measured.get(result.composer, {})
        )
    if result.baselines:
        others = {name: measured[name] for name in result.baselines if name in measured}
        gap = composition_gap(benchmark, measured.get(result.composer, {}), others)
        differences += _compare("composition_gap", result.composition_gap, gap)
        checked += len(gap)
    return Verdict(checked, tuple(differences), measured.get(result.composer, {}))


def _compare(where: str, claimed: Mapping[str, float], found: Mapping[str, float]) -> list[str]:
    lines = []
    for name in dict.fromkeys([*claimed, *found]):
        if name not in claimed or name not in found:
            lines.append(f"{where}.{name}: only in the {'result' if name in claimed else 'run'}")
        elif abs(claimed[name] - found[name]) > TOLERANCE:
            lines.append(f"{where}.{name}: the result says {claimed[name]:.6g}, the run gives {found[name]:.6g}")
    return lines


def _flat(limits: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {f"{name}.{end}": value for name, ends in limits.items() for end, value in zip("lh", ends, strict=True)}


def _plain(value: object) -> object:
    """A value as it reads after JSON: tuples are lists."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value

"""Results side by side: which is better, by how much, and could it be chance?

Every number is scored again from the runs, so that a comparison never rests on a figure that somebody typed. The
first result is what the others are compared with, query by query.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from likebut.benchmarks.published import Published, published_for
from likebut.benchmarks.rescoring import Rescored, rescore
from likebut.errors import BadData, BadQuery, MissingExtra
from likebut.metrics import get_metric
from likebut.metrics.significance import Difference, bootstrap_interval, compare_paired

LEVEL = 0.05  # p below this earns a mark in the tables


@dataclass(frozen=True)
class Row:
    """One method. `interval`: 95 % of each metric; `against`: its difference to the first row, where it has one."""

    name: str
    encoder: str
    metrics: Mapping[str, float]
    interval: Mapping[str, tuple[float, float]]
    against: Mapping[str, Difference] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class Comparison:
    """What `compare` returns. `rows` are ours, the first one the yardstick; `theirs` are published figures."""

    benchmark: str
    metrics: tuple[str, ...]
    n: int
    rows: tuple[Row, ...]
    theirs: tuple[Published, ...] = ()
    partial: bool = False
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return asdict(self)

    def _head(self) -> list[str]:
        return ["method", "encoder", *self.metrics]

    def _cell(self, row: Row, metric: str) -> str:
        if metric not in row.metrics:
            return "–"
        text = _number(metric, row.metrics[metric])
        found = row.against.get(metric)
        if found is None or found.p >= LEVEL:
            return text
        better = (found.mean > 0) == get_metric(metric).higher
        return text + (" ▲" if better else " ▼")

    def _table(self) -> list[list[str]]:
        ours = [[row.name, row.encoder, *(self._cell(row, metric) for metric in self.metrics)] for row in self.rows]
        theirs = [
            [
                f"{row.method} (theirs, {row.source})",
                row.backbone,
                *(f"{row.metrics[metric]:.2f}" if metric in row.metrics else "–" for metric in self.metrics),
            ]
            for row in self.theirs
        ]
        return ours + theirs

    def legend(self) -> str:
        """One sentence below a table."""
        text = f"{self.benchmark}, n = {self.n:,} queries; percent where a metric is a fraction."
        if len(self.rows) > 1:
            text += f" ▲ ▼: better or worse than {self.rows[0].name} (paired randomisation test, p < {LEVEL})."
        if self.partial:
            text += " Partial: pictures were missing, so these are not the benchmark's numbers."
        if self.theirs:
            text += " Rows marked theirs were published by others and not reproduced here."
        return text

    def markdown(self) -> str:
        """A table for a README."""
        lines = [self._head(), ["---", "---", *["--:"] * len(self.metrics)], *self._table()]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines) + f"\n\n{self.legend()}\n"

    def latex(self) -> str:
        """A table for a paper (booktabs)."""
        body = [" & ".join(map(_tex, line)) + r" \\" for line in self._table()]
        head = " & ".join(map(_tex, self._head())) + r" \\"
        spec = "ll" + "r" * len(self.metrics)
        return "\n".join(
            [rf"\begin{{tabular}}{{{spec}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"]
            + [f"% {self.legend()}", ""]
        )

    def html(self) -> str:
        """A table for a page, without style of its own."""
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in self._head())
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>" for line in self._table()
        )
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><p>{html.escape(self.legend())}</p>\n"
        )

    def plot(self, path: str | Path) -> Path:
        """One panel per metric, a dot per method with its 95 % interval; PNG, SVG or PDF by the ending.

        Raises `MissingExtra` without matplotlib.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise MissingExtra("Plotting", "plots") from error
        shown = self.metrics[:6]
        figure = Figure(figsize=(1.8 + 2.0 * len(shown), 1.1 + 0.34 * len(self.rows)), layout="constrained")
        axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        places = np.arange(len(self.rows))[::-1]
        for axis, metric in zip(axes, shown, strict=True):
            scale = 1 if metric.endswith("_rank") else 100
            for place, row in zip(places, self.rows, strict=True):
                if metric in row.metrics:
                    low, high = row.interval.get(metric, (row.metrics[metric],) * 2)
                    axis.plot([low * scale, high * scale], [place] * 2, color="#9aa0ab", linewidth=2)
                    axis.plot(row.metrics[metric] * scale, place, "o", color="#4527a0", markersize=5)
            axis.set_title(metric, fontsize=9)
            axis.set_yticks(places, [row.name for row in self.rows], fontsize=9)
            axis.tick_params(axis="x", labelsize=8)
            axis.grid(axis="x", alpha=0.25)
            axis.set_ylim(-0.6, len(self.rows) - 0.4)
            for side in ("top", "right", "left"):
                axis.spines[side].set_visible(False)
        figure.suptitle(f"{self.benchmark}, n = {self.n:,}, 95 % intervals", fontsize=10)
        path = Path(path)
        figure.savefig(path, dpi=160)
        return path


def compare(
    results: Sequence[str | Path | Rescored],
    *,
    data: str | Path | None = None,
    metrics: Sequence[str] | None = None,
    baselines: bool = True,
    theirs: bool = False,
    draws: int = 10_000,
    seed: int = 0,
) -> Comparison:
    """Compare saved results of one benchmark on the same data.

    results  files, or what `rescore` made of them already
    metrics    names; default: those of the benchmark. baselines: also show those of the first result
    theirs     also show published figures for the same protocol
    draws, seed  of bootstrap and randomisation
    Raises `BadData` for results on different benchmarks, protocols or data, which no test can pair.
    """
    if not results:
        raise BadQuery("There is nothing to compare. Give one or more result files: likebut compare results/…/*.json")
    found = [one if isinstance(one, Rescored) else rescore(one, data=data) for one in results]
    first = found[0]
    for other in found[1:]:
        _same(first, other)
    names = tuple(metrics or (*first.benchmark.metrics, *first.benchmark.derived))
    for name in names:
        if name not in first.measured[first.result.composer].metrics:
            known = ", ".join(first.measured[first.result.composer].metrics)
            raise BadQuery(f"{first.benchmark.name} has no metric {name!r}. It has: {known}.")
    methods = [(one, one.result.composer) for one in found]
    if baselines:
        shown = {composer for _, composer in methods}
        methods += [(first, name) for name in first.measured if name not in shown]
    rows = [_row(one, method, names, first, draws, seed) for one, method in methods]
    return Comparison(
        first.benchmark.name,
        names,
        first.result.n_queries,
        tuple(rows),
        tuple(published_for(first.benchmark.name) if theirs else ()),
        any(one.result.partial for one in found),
        seed,
    )


def _same(first: Rescored, other: Rescored) -> None:
    for what in ("benchmark", "data", "gallery_sha256"):
        a, b = getattr(first.result, what), getattr(other.result, what)
        if a != b:
            raise BadData(
                f"{first.path} and {other.path} cannot be compared: their {what} differs ({a} and {b}). "
                "Evaluate both under one benchmark on one copy of the data."
            )


def _row(one: Rescored, method: str, names: Sequence[str], first: Rescored, draws: int, seed: int) -> Row:
    measured = one.measured[method]
    interval, against = {}, {}
    yardstick = one is first and method == first.result.composer
    for name in names:
        if name not in one.benchmark.metrics or get_metric(name).median:
            continue  # a mean of metrics, or a median, has no value per query
        values = one.values(method, name)
        interval[name] = bootstrap_interval(values, draws=draws, seed=seed)
        if not yardstick:
            against[name] = compare_paired(values, first.values(first.result.composer, name), draws=draws, seed=seed)
    numbers = {name: measured.metrics[name] for name in names if name in measured.metrics}
    return Row(method, one.result.encoder, numbers, interval, against, str(one.path))


def _number(metric: str, value: float) -> str:
    return f"{value:.1f}" if metric.endswith("_rank") else f"{100 * value:.2f}"


def _tex(text: str) -> str:
    marked = text.replace("▲", r"$\uparrow$").replace("▼", r"$\downarrow$")
    for sign in "&%#_":
        marked = marked.replace(sign, "\\" + sign)
    return marked.replace("–", "--")

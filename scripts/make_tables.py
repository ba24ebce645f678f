"""Tables in the docs and the README, generated between markers; `scripts/make_tables.py` writes them all.

    <!-- table: results wardrobe-edit -->      one benchmark of results/, a row per method
    <!-- table: summary -->                    the main metric of every benchmark in results/
    <!-- table: model wardrobe-tiny -->        pictures and texts matched by a bundled encoder
    <!-- table: speed evaluator -->, store_lookup    timings of benchmarks-speed/, kept in results/speed/
    <!-- table: benchmarks -->                 the catalogue of protocols
    <!-- table: composers -->, encoders        the catalogues with their cards
    <!-- table: published cirr-test -->        figures of others

Everything between such a line and `<!-- end -->` is replaced. tests/test_docs.py fails where a page is out of date.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(<!-- table: (?P<what>[^>]*?) -->\n).*?(<!-- end -->)", re.DOTALL)
METHODS = ("image_only", "text_only", "sum")


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: int) -> str:
    """A table whose last `numbers` columns are right-aligned."""
    rule = ["---"] * (len(head) - numbers) + ["--:"] * numbers
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *rows)) + "\n"


def found(benchmark: str) -> list[dict[str, Any]]:
    """The results of a benchmark, by composer."""
    files = sorted((ROOT / "results" / benchmark).glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def number(metric: str, value: float, interval: Sequence[float] | None = None) -> str:
    """As people read it: percent, with half the width of the 95 % interval."""
    if metric.endswith("_rank"):
        return f"{value:.1f}"
    half = f" ± {50 * (interval[1] - interval[0]):.1f}" if interval else ""
    return f"{100 * value:.1f}{half}"


def results(benchmark: str) -> str:
    """A row per method: baselines first, as one result holds them; then every composer."""
    made = found(benchmark)
    if not made:
        return "No results yet.\n"
    protocol = made[0]["protocol"]
    metrics = list(protocol["metrics"])
    rows: dict[str, list[str]] = {}
    for result in made:
        for method, numbers in {**result["baselines"], result["composer"]: result["metrics"]}.items():
            limits = result.get("intervals", {}).get(method, {})
            rows.setdefault(method, [number(name, numbers[name], limits.get(name)) for name in metrics])
    others = sorted(set(rows) - set(METHODS), key=lambda name: name.removeprefix("runs/"))
    order = [*(name for name in METHODS if name in rows), *others]
    first = made[0]
    seeds = sorted({result["seed"] for result in made})
    note = (
        f"\n{benchmark}, {first['n_queries']:,} queries, {first['n_gallery']:,} pictures, encoder {first['encoder']}, "
        f"data seed {', '.join(map(str, seeds))}; percent with 95 % intervals."
        + (" **Partial.**" if any(result["partial"] for result in made) else "")
        + "\n"
    )
    return (
        markdown(
            ["method", *metrics], [[f"`{name.removeprefix('runs/')}`", *rows[name]] for name in order], len(metrics)
        )
        + note
    )


def summary(_: str) -> str:
    """The main metric of every benchmark, methods across."""
    columns: dict[str, None] = dict.fromkeys(METHODS)
    table: dict[str, dict[str, str]] = {}
    for folder in sorted(path for path in (ROOT / "results").iterdir() if path.is_dir()):
        for result in found(folder.name):
            if "composer" not in result or "@" in result["composer"] or "/" in result["composer"]:
                continue  # region baselines and further training seeds stand in the table of their own benchmark
            main = result["main"]
            row = table.setdefault(f"{folder.name} ({main}, n = {result['n_queries']:,})", {})
            for method, numbers in {**result["baselines"], result["composer"]: result["metrics"]}.items():
                columns[method] = None
                row.setdefault(method, number(main, numbers[main]))
    rows = [[name, *(row.get(method, "–") for method in columns)] for name, row in table.items()]
    return (
        markdown(["benchmark", *(f"`{name}`" for name in columns)], rows, len(columns)) if rows else "No results yet.\n"
    )


def model(name: str) -> str:
    """How well a bundled encoder matches pictures and texts."""
    result = json.loads((ROOT / "results" / name / "text-image.json").read_text(encoding="utf-8"))
    depths = (1, 5, 10)
    rows = [
        [
            direction,
            *(f"{100 * result['metrics'][f'{direction} recall@{k}{part}']:.1f}" for part in parts for k in depths),
        ]
        for direction in ("text-image", "image-text")
        for parts in (("", " unseen"),)
    ]
    head = ["direction", *(f"recall@{k}" for k in depths), *(f"recall@{k}, unseen" for k in depths)]
    training, chance = result["training"], result["metrics"]["text-image recall@1 chance"]
    note = (
        f"\n{name}, {result['queries']:,} test pictures; {result['queries_unseen']} of them show a combination of "
        f"item, colour and pattern that no training picture shows (unseen). Chance at 1: {100 * chance:.1f} %; "
        f"seed {result['seed']}. Trained in {training['seconds'] / 60:.0f} minutes on {training['machine']}: "
        f"`{training['recipe']}`.\n"
    )
    return markdown(head, rows, len(head) - 1) + note


def speed(what: str) -> str:
    """A timing script's last run, as it wrote it to results/speed/."""
    made = json.loads((ROOT / "results" / "speed" / f"{what}.json").read_text(encoding="utf-8"))
    if what == "evaluator":
        rows = [
            [
                title,
                f"{times['ours_s']:.2f}",
                f"{times['full_sort_s']:.2f}",
                f"{times['full_sort_s'] / times['ours_s']:.1f} ×",
            ]
            for title, times in made.items()
            if isinstance(times, dict)
        ]
        head = ["scoring from vectors, wall seconds", "likebut", "sorting everything", "ratio"]
        return (
            markdown(head, rows, 3)
            + f"\n`benchmarks-speed/evaluator.py`, {made['cores']} CPU cores, best of 5 and of 2.\n"
        )
    ways = {
        "numpy": "NumPy, plain",
        "lancedb-flat": "LanceDB, no index",
        "default": "`lance` as it comes (from memory)",
    }
    ways |= {"index": "`lance` through its index", "index-exact": "`lance`, index there, exact asked for"}
    columns = ["all", "10%", "0.5%", "0.5% correlated", "exclude 50000", "within 50000"]
    rows = [
        [
            ways[way],
            *(f"{made[way][name]['p50_ms']:.1f}" if name in made[way] else "" for name in columns),
            f"{100 * min(made[way][name]['same_ids'] for name in columns if name in made[way]):.0f} %",
            str(made[way]["rss_mb"]),
        ]
        for way in ways
    ]
    head = ["p50 ms", "all", "10 % pass", "0.5 %", "0.5 %, correlated", "50,000 excluded", "within 50,000"]
    size, build = f"{made['n']:,} × {made['dim']}", made["build"]
    note = (
        f"\n`benchmarks-speed/store_lookup.py --queries {made['queries']}`: {size}, a mixture of 1,000 clusters, "
        f"k = {made['k']}, one query at a time, {made['cores']} CPU cores, load {made['load_before']:.1f} before. "
        f"Adding took {build['add_s']:.1f} s, the index {build['index_s']:.1f} s, {build['disk_mb']} MB on disk.\n"
    )
    return markdown([*head, "same first 10 ids", "memory MB"], rows, len(head) + 1) + note


def benchmarks(_: str) -> str:
    """The catalogue of protocols."""
    from likebut.benchmarks import BENCHMARKS

    rows = []
    for entry in BENCHMARKS.entries():
        benchmark = entry.load()
        reference = {True: "excluded", False: "kept", None: "by the data"}[benchmark.exclude_reference]
        rows.append([f"`{entry.name}`", benchmark.main, benchmark.gallery, reference, benchmark.paper])
    return markdown(["name", "main metric", "gallery", "reference", "source"], rows, 0)


def catalogue(kind: str) -> Callable[[str], str]:
    """The catalogue of composers or encoders."""

    def table(_: str) -> str:
        from likebut.composers import COMPOSERS
        from likebut.encoders import ENCODERS

        entries = (COMPOSERS if kind == "composers" else ENCODERS).entries()
        keys = list(dict.fromkeys(key for entry in entries for key in entry.card))
        return markdown(
            ["name", *keys], [[f"`{entry.name}`", *(entry.card.get(key, "") for key in keys)] for entry in entries], 0
        )

    return table


def published(benchmark: str) -> str:
    """Figures of others, marked as theirs."""
    from likebut.benchmarks.published import published_for

    found_rows = published_for(benchmark)
    metrics = list(dict.fromkeys(name for row in found_rows for name in row.metrics))
    rows = [
        [row.method, row.backbone, row.source, row.evidence, *(str(row.metrics.get(name, "–")) for name in metrics)]
        for row in found_rows
    ]
    return markdown(["method (theirs)", "backbone", "source", "how it came here", *metrics], rows, len(metrics))


TABLES: dict[str, Callable[[str], str]] = {
    "results": results,
    "summary": summary,
    "model": model,
    "speed": speed,
    "benchmarks": benchmarks,
    "composers": catalogue("composers"),
    "encoders": catalogue("encoders"),
    "published": published,
}


def filled(text: str) -> str:
    """A page with every table made anew."""

    def fill(block: re.Match[str]) -> str:
        kind, _, argument = block["what"].partition(" ")
        return f"{block[1]}\n{TABLES[kind](argument.strip())}\n{block[3]}"

    return BLOCK.sub(fill, text)


def pages() -> list[Path]:
    """Every page that may hold tables."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    for page in pages():
        old = page.read_text(encoding="utf-8")
        if (new := filled(old)) != old:
            page.write_text(new, encoding="utf-8")
            print(f"Wrote {page.relative_to(ROOT)}")

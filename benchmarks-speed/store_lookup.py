"""How fast and how right a lookup is: our stores beside plain NumPy and LanceDB's own scan, in one run.

    python benchmarks-speed/store_lookup.py                          # 100,000 x 512
    python benchmarks-speed/store_lookup.py --n 20000 --queries 50   # 36 seconds on 2 cores

Vectors are a mixture of clusters, queries are noisy members of it, one at a time, k = 50. Filters let through 10 % of
the items, 0.5 %, and 0.5 % that are the members of a few clusters, so that filter and vector are correlated.
Each way of answering runs in a process of its own; `rss_mb` is that process's memory after its queries. Recall is
against NumPy; `same_ids` is the share of queries whose first 10 ids are NumPy's, in order. `index-exact` asks 20
queries only. JSON on stdout, each way also on stderr as soon as it is done.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from likebut.stores import create_store, open_store
from likebut.stores.base import Manifest, Record, Store

WAYS = ("numpy", "lancedb-flat", "default", "index", "index-exact")
FILTERS = {"10%": "ten = 3", "0.5%": "brand = 7", "0.5% correlated": "cluster_group = 7"}
K = 50


def make(n: int, dim: int, queries: int, seed: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """(N, D) items and (B, D) queries of a mixture of 1,000 clusters, and the metadata columns."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(1000, dim)).astype(np.float32)
    cluster = rng.integers(0, 1000, n)
    items = centres[cluster] + rng.normal(scale=0.8, size=(n, dim)).astype(np.float32)
    asked = items[rng.integers(0, n, queries)] + rng.normal(scale=0.6, size=(queries, dim)).astype(np.float32)
    columns = {"ten": rng.integers(0, 10, n), "brand": rng.integers(0, 200, n), "cluster_group": cluster % 200}
    return unit(items), unit(asked), columns


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def ids_of(n: int) -> list[str]:
    return [f"item-{row:07d}" for row in range(n)]


def records(items: np.ndarray, columns: dict[str, np.ndarray], rows: Sequence[int]) -> list[Record]:
    ids = ids_of(len(items))
    metadata = [{name: int(values[row]) for name, values in columns.items()} for row in rows]
    return [
        Record(ids[row], items[row], 10.0, held, path=f"pictures/{ids[row]}.jpg")
        for row, held in zip(rows, metadata, strict=True)
    ]


def masks(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return dict(zip(FILTERS, (columns["ten"] == 3, columns["brand"] == 7, columns["cluster_group"] == 7), strict=True))


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def timed(search: Callable[[np.ndarray], list[str]], queries: np.ndarray) -> tuple[list[list[str]], dict[str, float]]:
    """Answers, and milliseconds; the first three queries warm up and are asked again."""
    for query in queries[:3]:
        search(query)
    answers, took = [], []
    for query in queries:
        start = time.perf_counter()
        answers.append(search(query))
        took.append(1000 * (time.perf_counter() - start))
    return answers, {"p50_ms": round(float(np.median(took)), 2), "p99_ms": round(float(np.quantile(took, 0.99)), 2)}


def compared(answers: list[list[str]], truth: list[list[str]]) -> dict[str, float]:
    pairs = [(mine[:10], true[:10]) for mine, true in zip(answers, truth, strict=True)]
    share = [len(set(mine) & set(true)) / len(true) for mine, true in pairs]
    same = [mine == true for mine, true in pairs]
    return {"recall@10": round(float(np.mean(share)), 4), "same_ids": round(float(np.mean(same)), 4)}


def numpy_search(items: np.ndarray, ids: np.ndarray, mask: np.ndarray | None) -> Callable[[np.ndarray], list[str]]:
    """What one would write without a store."""
    rows = np.arange(len(items)) if mask is None else np.flatnonzero(mask)

    def search(query: np.ndarray) -> list[str]:
        scores = items @ query if mask is None else items[rows] @ query
        near = np.argpartition(-scores, min(K, len(scores) - 1))[:K]
        return list(ids[rows[near[np.argsort(-scores[near], kind="stable")]]])

    return search


def flat_search(folder: Path, where: str | None) -> Callable[[np.ndarray], list[str]]:
    """LanceDB without an index, as its own tutorial has it."""
    import lancedb

    table = lancedb.connect(folder).open_table("items")

    def search(query: np.ndarray) -> list[str]:
        builder = table.search(query, vector_column_name="vector").distance_type("cosine").bypass_vector_index()
        builder = builder.where(f"meta_{where}", prefilter=True) if where else builder
        return builder.select(["id", "_distance"]).limit(K).to_arrow()["id"].to_pylist()

    return search


def store_search(
    store: Store, where: str | None, exact: bool = False, **sets: Any
) -> Callable[[np.ndarray], list[str]]:
    """Ours; `sets` are `exclude` and `within`."""
    given = {name: [value] for name, value in sets.items()}
    return lambda query: [id for id, _ in store.top(query[None], K, where=[where], exact=exact, **given)[0]]


def open_with(folder: Path, way: str, mode: str = "r") -> Store:
    os.environ["LIKEBUT_MEMORY_MB"] = "0" if way.startswith("index") else ""
    return open_store(folder, "w" if mode == "w" else "r")


def build(folder: Path, items: np.ndarray, columns: dict[str, np.ndarray]) -> dict[str, float]:
    """Write the store in batches of 10,000 and index it; the default way does not need the index."""
    os.environ["LIKEBUT_MEMORY_MB"] = "0"
    start = time.perf_counter()
    manifest = Manifest("none", "none", items.shape[1], "none")
    with create_store(folder, manifest) as store:
        for first in range(0, len(items), 10_000):
            store.add(records(items, columns, range(first, min(first + 10_000, len(items)))))
        added = time.perf_counter()
        store.optimize()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    times = {"add_s": round(added - start, 1), "index_s": round(time.perf_counter() - added, 1)}
    return times | {"disk_mb": round(size / 2**20)}


def measure(way: str, folder: Path, data: tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]) -> dict[str, Any]:
    """One way of answering: unfiltered, each filter, and (ours) large sets and 1,000 replaced items."""
    items, queries, columns = data
    ids, allowed = np.array(ids_of(len(items))), masks(columns)
    true = {name: [numpy_search(items, ids, mask)(q) for q in queries] for name, mask in allowed.items()}
    true["all"] = [numpy_search(items, ids, None)(q) for q in queries]
    store = open_with(folder, way) if way not in ("numpy", "lancedb-flat") else None

    def searcher(name: str) -> Callable[[np.ndarray], list[str]]:
        if way == "numpy":
            return numpy_search(items, ids, allowed.get(name))
        if store is None:
            return flat_search(folder, FILTERS.get(name))
        return store_search(store, FILTERS.get(name), exact=way == "index-exact")

    queries = queries[:20] if way == "index-exact" else queries  # each reads every vector from disk
    report: dict[str, Any] = {}
    for name in ("all", *FILTERS):
        answers, times = timed(searcher(name), queries)
        report[name] = times | compared(answers, true[name][: len(queries)])
        if name == "all":
            report["rss_mb"] = rss_mb() - round(items.nbytes / 2**20) * (way != "numpy")  # the truth's own copy
    if store is not None and way != "index-exact":
        report |= large_sets(store, items, queries[:20], ids) | {"get_50_ms": get_time(store, true["all"])}
        report["replace_1000"] = replaced(folder, way, items, columns, queries)
    return report


def large_sets(store: Store, items: np.ndarray, queries: np.ndarray, ids: np.ndarray) -> dict[str, Any]:
    """`exclude` and `within` of half the gallery, at most 50,000 ids."""
    rows = np.arange(0, len(ids), 2)[:50_000]
    chosen, mask = frozenset(ids[rows]), np.zeros(len(ids), bool)
    mask[rows] = True
    report = {}
    for name, kept in (("exclude", ~mask), ("within", mask)):
        truth = [numpy_search(items, ids, kept)(query) for query in queries]
        options: dict[str, Any] = {name: chosen}
        answers, times = timed(store_search(store, None, **options), queries)
        report[f"{name} {len(chosen)}"] = times | compared(answers, truth)
    return report


def get_time(store: Store, answers: list[list[str]]) -> float:
    """Milliseconds to read the records of one answer, median."""
    took = []
    for ids in answers[:20]:
        start = time.perf_counter()
        store.get([str(id) for id in ids])
        took.append(1000 * (time.perf_counter() - start))
    return round(float(np.median(took)), 2)


def replaced(
    folder: Path, way: str, items: np.ndarray, columns: dict[str, np.ndarray], queries: np.ndarray
) -> dict[str, float]:
    """Give 1,000 items new vectors; seconds, and whether searches see the new ones and only those."""
    rng = np.random.default_rng(1)
    rows = rng.choice(len(items), 1000, replace=False)
    changed = items.copy()
    changed[rows] = unit(rng.normal(size=(1000, items.shape[1])))
    ids = np.array(ids_of(len(items)))
    with open_with(folder, way, "w") as store:
        store.top(queries[:1], 1)
        start = time.perf_counter()
        store.add(records(changed, columns, rows.tolist()))
        took = time.perf_counter() - start
        asked = np.concatenate([queries, changed[rows[:50]]])
        answers = [store_search(store, None)(query) for query in asked]
        start = time.perf_counter()
        store.add(records(items, columns, rows.tolist()))  # as it was, for the next way
        store.optimize()
        undone = time.perf_counter() - start
    truth = [numpy_search(changed, ids, None)(query) for query in asked]
    return {"seconds": round(took, 3), "undo_and_optimize_s": round(undone, 2)} | compared(answers, truth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--ways", nargs="*", default=WAYS, choices=WAYS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)  # set for the process of one way
    options = parser.parse_args()
    data = make(options.n, options.dim, options.queries, seed=0)
    if options.folder:
        print(json.dumps(measure(options.ways[0], options.folder, data)))
        return
    report: dict[str, Any] = {"n": options.n, "dim": options.dim, "queries": options.queries, "k": K}
    report |= {"cores": os.cpu_count(), "load_before": round(os.getloadavg()[0], 2)}
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "lookup.likebut"
        report["build"] = build(folder, data[0], data[2])
        for way in options.ways:
            same = ["--n", str(options.n), "--dim", str(options.dim), "--queries", str(options.queries)]
            command = [sys.executable, __file__, *same, "--ways", way, "--folder", str(folder)]
            report[way] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            print(f"{way}: {json.dumps(report[way])}", file=sys.stderr, flush=True)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()

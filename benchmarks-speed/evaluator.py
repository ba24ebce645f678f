"""How long scoring takes, and how much memory, beside an evaluator that sorts everything and compares names.

    python benchmarks-speed/evaluator.py            # CIRR-val and FashionIQ-val sizes, 640 numbers per row
    python benchmarks-speed/evaluator.py --json results/speed/evaluator.json
    python benchmarks-speed/evaluator.py --circo    # 1,020 queries over 123,403 x 768, peak memory of the process

Random vectors, fixed seed. Ours is `rank_part` and `measure`: subset ranking and the first hundred ids of every query
included. The other is what the published evaluators do: distances, argsort of the whole gallery, a table of names,
comparisons of names; it computes the same recalls, and the script stops if one differs. Processor time stands beside
wall time because it hardly depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from likebut.benchmarks import get_benchmark
from likebut.benchmarks.scoring import measure, rank_part
from likebut.benchmarks.vectors import read_vectors, unit_rows
from likebut.datasets.base import RetrievalSet
from likebut.types import Item, Query

FASHIONIQ = {"dress": (2017, 3817), "shirt": (2038, 6346), "toptee": (1961, 5373)}


def scene(
    name: str, queries: int, size: int, dim: int, *, answers: int = 1
) -> tuple[RetrievalSet, np.ndarray, np.ndarray]:
    """A made-up split of the given size, with groups of six as CIRR has them, and unit vectors for it."""
    rng = np.random.default_rng(0)
    ids = [f"dev-{i // 8}-{i % 4}-img{i % 2}-{i}" for i in range(size)]
    picked = [rng.choice(size, 6 + answers, replace=False) for _ in range(queries)]
    part = RetrievalSet(
        name=name,
        split="val",
        part=name if name in FASHIONIQ else "",
        gallery=[Item(id, id) for id in ids],
        queries=[
            Query(f"@{ids[row[0]]}", "", exclude=frozenset([ids[row[0]]] if name == "cirr" else []), id=str(i))
            for i, row in enumerate(picked)
        ],
        relevant={str(i): frozenset(ids[j] for j in row[1 : 1 + answers]) for i, row in enumerate(picked)},
        groups={str(i): tuple(ids[j] for j in row[:6]) for i, row in enumerate(picked)} if name == "cirr" else {},
        targets={str(i): ids[row[1]] for i, row in enumerate(picked)} if name == "circo" else {},
    )
    rows = [unit_rows(rng.standard_normal((count, dim), dtype=np.float32), name) for count in (queries, size)]
    return part, rows[0], rows[1]


def full_sort(part: RetrievalSet, queries: np.ndarray, gallery: np.ndarray) -> dict[str, float]:
    """The literal way: sort all distances, write out all names, compare names."""
    names = np.array([item.id for item in part.gallery])
    order = np.argsort(1 - queries @ gallery.T, axis=-1)
    ranked = names[order]
    references = np.array([query.reference_id for query in part.queries])
    if part.groups:
        kept = ranked != references[:, None]
        ranked = ranked[kept].reshape(len(ranked), -1)
    targets = np.array([next(iter(part.relevant[query.id])) for query in part.queries])
    labels = ranked == targets[:, None]
    found = {f"recall@{k}": float(labels[:, :k].any(axis=1).mean()) for k in (1, 5, 10, 50)}
    if part.groups:
        members = np.array([part.groups[query.id] for query in part.queries])
        inside = (ranked[:, :, None] == members[:, None, :]).any(axis=2)
        grouped = labels[inside].reshape(len(ranked), -1)
        found |= {f"recall_subset@{k}": float(grouped[:, :k].any(axis=1).mean()) for k in (1, 2, 3)}
    return found


def ours(benchmark: str, part: RetrievalSet, queries: np.ndarray, gallery: np.ndarray) -> Mapping[str, float]:
    """The evaluator of this package."""
    declared = get_benchmark(benchmark)
    return measure(declared, [rank_part(declared, part, queries, gallery)]).metrics


def best_of(times: int, function: Callable[[], Mapping[str, float]]) -> tuple[float, float, Mapping[str, float]]:
    """Best wall and best processor time of several, and the values."""
    wall, processor = [], []
    for _ in range(times):
        start, worked = time.perf_counter(), time.process_time()
        values = function()
        wall.append(time.perf_counter() - start)
        processor.append(time.process_time() - worked)
    return min(wall), min(processor), values


def compare(title: str, benchmark: str, scenes: list[tuple[RetrievalSet, np.ndarray, np.ndarray]]) -> dict[str, float]:
    """Print both times, return them, and stop if a number differs."""
    fast = [best_of(5, lambda scene=scene: ours(benchmark, *scene)) for scene in scenes]
    slow = [best_of(2, lambda scene=scene: full_sort(*scene)) for scene in scenes]
    for (_, _, mine), (_, _, theirs) in zip(fast, slow, strict=True):
        for name, value in theirs.items():
            assert abs(mine[name] - value) < 1e-12, f"{title}: {name} is {mine[name]}, sorting everything gives {value}"
    wall, processor = (sum(times[i] for times in fast) for i in (0, 1))
    other, others = (sum(times[i] for times in slow) for i in (0, 1))
    print(
        f"{title:<34} ours {wall:6.3f} s (processor {processor:.3f} s)   full sort {other:6.2f} s ({others:.2f} s)   "
        f"{other / wall:5.1f} x"
    )
    return {"ours_s": wall, "ours_processor_s": processor, "full_sort_s": other, "full_sort_processor_s": others}


def circo() -> None:
    """A gallery of COCO's size, vectors read from a file as `likebut eval --vectors` does."""
    part, queries, gallery = scene("circo", 1020, 123_403, 768, answers=4)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npz"
        np.savez(
            path,
            gallery_ids=[i.id for i in part.gallery],
            gallery=gallery,
            query_ids=list(part.relevant),
            queries=queries,
        )
        del queries, gallery
        made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        rows = read_vectors(path, [part])
        read = time.perf_counter()
        declared = get_benchmark("circo-val")
        values = measure(declared, [rank_part(declared, part, *rows[0])]).metrics
        done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"CIRCO 1,020 x 123,403 x 768          read {read - start:.2f} s   score {done - read:.2f} s   "
        f"peak {peak / 2**20:.2f} GiB (making the scene: {made / 2**20:.2f} GiB)   map@5 {values['map@5']:.2e}"
    )


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--circo", action="store_true", help="the large gallery, alone in its process")
    parser.add_argument("--json", type=Path, help="also write the numbers there")
    args = parser.parse_args()
    if args.circo:
        circo()
        return
    fashioniq = [scene(name, *size, 640) for name, size in FASHIONIQ.items()]
    found = {
        title: compare(title, benchmark, scenes)
        for title, benchmark, scenes in (
            ("CIRR-val 4,181 x 2,297 x 640", "cirr-val", [scene("cirr", 4181, 2297, 640)]),
            ("FashionIQ-val, three categories", "fashioniq-val", fashioniq),
        )
    }
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps({"cores": os.cpu_count(), **found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

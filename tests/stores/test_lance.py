"""What only the store on disk can get wrong: its index, its versions, processes that die, readers beside a writer."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from likebut.stores import create_store, open_store
from likebut.stores.base import Manifest, Record
from likebut.stores.folder import MANIFEST, read_manifest
from likebut.stores.lance import LanceStore

DIM = 32
MANIFEST_OF = Manifest("toy", "f00d", DIM, "none")


def clustered(n: int, seed: int = 0) -> np.ndarray:
    """(n, DIM) unit rows around 40 centres."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(40, DIM))[rng.integers(0, 40, n)] + 0.4 * rng.normal(size=(n, DIM))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def numbered(rows: np.ndarray, start: int = 0) -> list[Record]:
    numbers = range(start, start + len(rows))
    return [Record(f"{i:05d}", row, metadata={"n": i, "odd": i % 2 == 1}) for i, row in zip(numbers, rows, strict=True)]


@pytest.fixture
def indexed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanceStore:
    """6,000 clustered items that are only reachable through the index."""
    monkeypatch.setenv("LIKEBUT_MEMORY_MB", "0.001")
    store = create_store(tmp_path / "a.likebut", MANIFEST_OF)
    assert isinstance(store, LanceStore)
    store.add(numbered(clustered(6000)))
    store.optimize()
    return store


def share_equal(mine: list[list[tuple[str, float]]], true: list[list[tuple[str, float]]]) -> float:
    return sum(a == b for a, b in zip(mine, true, strict=True)) / len(true)


def test_the_index_proposes_what_an_exact_search_finds(indexed: LanceStore) -> None:
    queries = clustered(60, seed=0)[:50]
    rng = np.random.default_rng(1)
    picked = frozenset(f"{i:05d}" for i in rng.choice(6000, 3000, replace=False))
    for options in (
        {},
        {"where": ["odd"] * 50},
        {"where": ["n < 300"] * 50},
        {"exclude": [picked] * 50},
        {"within": [picked] * 50, "where": ["NOT odd"] * 50},
        {"within": [frozenset(sorted(picked)[:500])] * 50, "where": ["odd"] * 50},
    ):
        true = indexed.top(queries, 10, exact=True, **options)
        assert all(len(hits) == 10 for hits in true)
        assert share_equal(indexed.top(queries, 10, **options), true) >= 0.99, options


def test_exact_answers_do_not_depend_on_where_they_are_computed(indexed: LanceStore) -> None:
    queries = clustered(20, seed=3)
    from_disk = indexed.top(queries, 100, exact=True, where=["n >= 10"] * 20)
    indexed.memory_mb = 256
    assert indexed.top(queries, 100, where=["n >= 10"] * 20) == from_disk


def test_items_added_replaced_and_removed_after_the_index_was_built_are_seen_at_once(indexed: LanceStore) -> None:
    fresh = clustered(200, seed=9)
    indexed.add(numbered(fresh[:100], start=7000))  # new
    indexed.add(numbered(fresh[100:]))  # in place of the first hundred
    indexed.remove([f"{i:05d}" for i in range(200, 300)])
    for round in range(2):  # before and after the index takes them in
        found = indexed.top(fresh, 1)
        assert [hits[0][0] for hits in found] == [f"{i:05d}" for i in [*range(7000, 7100), *range(100)]]
        gone = {id for hits in indexed.top(clustered(6000)[200:300], 10) for id, _ in hits}
        assert not gone & {f"{i:05d}" for i in range(200, 300)}
        if round == 0:
            indexed.optimize()


def test_a_direction_of_zero_ties_everything(indexed: LanceStore) -> None:
    hits = indexed.top(np.zeros((1, DIM), "float32"), 3)[0]
    assert hits == [("00000", 0.0), ("00001", 0.0), ("00002", 0.0)]


def test_a_wider_column_is_one_version_and_takes_the_new_items_along(tmp_path: Path) -> None:
    store = create_store(tmp_path / "a.likebut", MANIFEST_OF)
    store.add(numbered(clustered(30)))
    before = store.manifest.version
    reader = open_store(tmp_path / "a.likebut")
    store.add([Record("00003", clustered(1)[0], metadata={"n": "three"}), Record("new", clustered(1)[0])])
    assert store.manifest.version == before + 1
    assert [record.metadata.get("n") for record in store.get(["00002", "00003", "new"])] == ["2", "three", None]
    assert reader.get(["00003"])[0].metadata["n"] == 3  # still on the version it opened
    reader.refresh()
    assert reader.get(["00003"])[0].metadata["n"] == "three"


def test_many_small_writes_are_merged_and_nothing_is_lost(tmp_path: Path) -> None:
    rows = clustered(40)
    with create_store(tmp_path / "a.likebut", MANIFEST_OF) as store:
        for i in range(40):
            store.add(numbered(rows[i : i + 1], start=i))
        store.optimize()
        assert len(store) == 40 == read_manifest(tmp_path / "a.likebut").count
        assert [hits[0][0] for hits in store.top(rows, 1)] == [f"{i:05d}" for i in range(40)]


def test_what_a_writer_left_that_died_before_its_manifest_is_started_over(tmp_path: Path) -> None:
    create_store(tmp_path / "a.likebut", MANIFEST_OF).close()
    (tmp_path / "a.likebut" / MANIFEST).unlink()
    with create_store(tmp_path / "a.likebut", MANIFEST_OF) as store:
        store.add(numbered(clustered(3)))
        assert len(store) == 3


WRITER = """
import sys, itertools
import numpy as np
from likebut.stores import open_store
from likebut.stores.base import Record
rng = np.random.default_rng(0)
with open_store(sys.argv[1], "w") as store:
    for batch in itertools.count():
        rows = rng.normal(size=(10, 32)).astype("float32")
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        # Ten items of its own, and ten that every batch writes anew with its own number.
        own = [Record(f"{batch}-{i}", row, metadata={"batch": batch}) for i, row in enumerate(rows)]
        shared = [Record(f"shared-{i}", row, metadata={"batch": batch}) for i, row in enumerate(rows)]
        store.add(own + shared)
        if batch % 4 == 3:
            store.optimize()
        print(batch, flush=True)
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)


def check_whole(path: Path, store: object) -> int:
    """That batches are there completely or not at all; how many there are."""
    reader = open_store(path) if store is None else store
    assert isinstance(reader, LanceStore)
    held = dict(reader.metadata())
    shared = {id: row["batch"] for id, row in held.items() if id.startswith("shared")}
    own = [id for id in held if not id.startswith("shared")]
    batches = len(own) // 10
    assert sorted(own) == sorted(f"{batch}-{i}" for batch in range(batches) for i in range(10))
    assert shared == ({f"shared-{i}": batches - 1 for i in range(10)} if batches else {})
    assert reader.manifest.count == len(reader) == len(held) == len(reader.ids())
    query = np.eye(32, dtype="float32")[:1]
    assert len(reader.top(query, 10_000)[0]) == len(held)
    return batches


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_whole_batches(tmp_path: Path) -> None:
    path = tmp_path / "a.likebut"
    for round, delay in enumerate([0.0, 0.02, 0.05]):
        if path.exists():
            path = tmp_path / f"{round}.likebut"
        create_store(path, MANIFEST_OF).close()
        writer = start(WRITER, str(path))
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(3 + round)][-1]
        time.sleep(delay)  # into the middle of the next batch, each time elsewhere
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        batches = check_whole(path, None)
        assert batches > said  # what was reported as written is there
        with open_store(path, "w") as again:  # the dead writer's lock does not keep us out
            on_disk = json.loads((path / MANIFEST).read_text())
            assert (on_disk["count"], on_disk["version"]) == (len(again), again.manifest.version)
            again.add([Record(f"{batches}-{i}", np.eye(32, dtype="float32")[i]) for i in range(10)])
            assert len(again) == 10 * batches + 20


READER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from likebut.stores import open_store
from tests.stores.test_lance import check_whole
reader, seen, until = open_store(sys.argv[1]), set(), time.time() + 20
while len(seen) < 3 and time.time() < until:
    seen.add(check_whole(Path(sys.argv[1]), reader))
    reader.refresh()
print(len(seen))
"""


@pytest.mark.slow
def test_readers_in_other_processes_see_only_whole_versions(tmp_path: Path) -> None:
    path, root = tmp_path / "a.likebut", str(Path(__file__).parents[2])
    create_store(path, MANIFEST_OF).close()
    writer = start(WRITER, str(path))
    try:
        readers = [start(READER, str(path), root) for _ in range(2)]
        answers = [reader.communicate(timeout=60)[0] for reader in readers]
    finally:
        writer.kill()
        writer.wait()
    assert [reader.returncode for reader in readers] == [0, 0]
    assert answers == ["3\n", "3\n"]  # each saw three different versions, every one of them whole

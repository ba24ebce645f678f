"""What every store of the catalogue must do alike, held against a sorted list.

`lance-index` is `lance` with no memory for a matrix: every answer that is not asked to be exact comes through the
index, and every exact one is read from disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from likebut.errors import BadData, BadQuery, IndexBusy, LikebutError, NotFound, UnknownItem
from likebut.stores import STORES, create_store, open_store
from likebut.stores.base import Manifest, Record, Store

Made = Callable[..., Store]
WAYS = [*STORES, "lance-index"]
COLOURS = ["red", "blue", "dark blue", None]


@pytest.fixture(params=WAYS)
def make(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """Makes empty stores of one kind, in folders of their own."""
    made: list[Store] = []
    name, _, indexed = request.param.partition("-")
    if indexed:
        monkeypatch.setenv("LIKEBUT_MEMORY_MB", "0.000001")

    def new(dim: int = 4) -> Store:
        folder = tmp_path / f"{len(made)}.likebut"
        made.append(create_store(folder, Manifest("toy", "f00d", dim, "none", store=name)))
        return made[-1]

    yield new
    for store in made:
        store.close()


def gallery(n: int = 50, seed: int = 0, dim: int = 4) -> list[Record]:
    """n records with small integer directions, so that scores tie, and metadata with gaps."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(-2, 3, size=(n, dim)).astype(np.float32)
    rows[~rows.any(axis=1)] = 1
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    price = rng.integers(0, 10, n).tolist()
    return [
        Record(
            f"{i:02d}",
            rows[i],
            norm=float(i + 1),
            metadata={"price": price[i], "colour": COLOURS[i % 4], "tags": ["a", "b"][: i % 3]},
            path=f"p/{i}.jpg" if i % 2 else "",
            stamp=f"{i}:{i}",
            digest=f"d{i}",
            thumbnail=bytes([i % 256]),
        )
        for i in range(n)
    ]


def slow_top(
    records: list[Record], query: np.ndarray, k: int, allowed: Callable[[Record], Any]
) -> list[tuple[str, float]]:
    """What `top` means: the k best scores of what is allowed, equal scores by id."""
    score = {
        r.id: float(np.float32(r.vector.astype("float64") @ query.astype("float64"))) for r in records if allowed(r)
    }
    return [(id, value) for value, id in sorted((-value, id) for id, value in score.items())[:k] for value in [-value]]


@pytest.mark.parametrize("k", [1, 10, 50, 80])  # fewer than, as many as, more than the gallery
@pytest.mark.parametrize("exact", [False, True])
def test_the_k_best_come_first_and_equal_scores_in_order_of_id(make: Made, k: int, exact: bool) -> None:
    records, query = gallery(), np.full((1, 4), 0.5, "float32")
    store = make()
    store.add(records)
    assert store.top(query, k, exact=exact)[0] == slow_top(records, query[0], k, lambda record: True)


FILTERS: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("price < 5", lambda m: m["price"] < 5),
    ("NOT colour = 'red'", lambda m: m["colour"] is not None and m["colour"] != "red"),
    (
        "colour LIKE '%blue' AND price BETWEEN 2 AND 6.5",
        lambda m: "blue" in (m["colour"] or "") and 2 <= m["price"] <= 6,
    ),
    ("colour IS NULL OR tags = 'b'", lambda m: m["colour"] is None or "b" in m["tags"]),
    ("tags IN ('a') AND NOT price IN (1, 2, 3)", lambda m: "a" in m["tags"] and m["price"] not in (1, 2, 3)),
    ("price > 100", lambda m: False),
]


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exclude_within_and_where_combine_as_in_a_sorted_list(
    filled: tuple[Store, list[Record]], data: st.DataObject
) -> None:
    store, records = filled
    ids = st.frozensets(st.sampled_from([record.id for record in records] + ["nobody"]), max_size=60)
    n = data.draw(st.integers(1, 4))
    queries = np.array(data.draw(st.lists(st.tuples(*[st.integers(-2, 2)] * 4), min_size=n, max_size=n)), "float32")
    queries /= np.maximum(1e-9, np.linalg.norm(queries, axis=1, keepdims=True))
    exclude = [data.draw(ids) for _ in range(n)]
    within = [data.draw(st.none() | ids) for _ in range(n)]
    where = [data.draw(st.none() | st.sampled_from(FILTERS)) for _ in range(n)]
    k, exact = data.draw(st.sampled_from([1, 3, 50, 70])), data.draw(st.booleans())
    texts = [chosen[0] if chosen else None for chosen in where]
    answers = store.top(queries, k, exclude=exclude, within=within, where=texts, exact=exact)
    for i in range(n):
        inside, condition = within[i], where[i]

        def allowed(record: Record, i: int = i, inside: Any = inside, condition: Any = condition) -> bool:
            passes = condition is None or condition[1](record.metadata)
            return record.id not in exclude[i] and (inside is None or record.id in inside) and passes

        assert answers[i] == slow_top(records, queries[i], k, allowed)


@pytest.fixture
def filled(make: Made) -> tuple[Store, list[Record]]:
    """50 records, a third of them replaced once, a few removed again."""
    store, records = make(), gallery()
    store.add(gallery(seed=1)[:15])
    store.add(records[:30])
    store.add([*records[30:], Record("gone", records[0].vector)])
    store.remove(["gone"])
    store.optimize()
    return store, records


@pytest.mark.parametrize("width", [37, 40])  # products round differently at the edges of an odd width
def test_copies_of_one_photo_tie_wherever_they_lie_and_however_many_queries_come_along(make: Made, width: int) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, width)).astype("float32")
    rows[::7] = rows[0]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    store = make(width)
    store.add([Record(f"{i:03d}", row) for i, row in enumerate(rows)])
    store.optimize()
    copies = [f"{i:03d}" for i in range(0, 300, 7)]  # 43 of them, so that they straddle k = 10
    for queries in (rows[:1], rows[:64]):
        hits = store.top(queries, 10)[0]
        assert [id for id, _ in hits] == copies[:10]
        assert len({score for _, score in hits}) == 1


def test_adding_an_id_again_replaces_it_and_the_last_of_a_batch_counts(make: Made) -> None:
    east, north = np.eye(4, dtype="float32")[:2]
    store = make()
    store.add([Record("a", east, metadata={"n": 1}), Record("b", north)])
    store.add([Record("a", east, metadata={"n": 2}), Record("a", north, norm=7, metadata={"m": 3})])
    assert len(store) == 2 == store.manifest.count
    [record] = store.get(["a"])
    assert (record.vector.tolist(), record.norm, record.metadata) == (north.tolist(), 7.0, {"m": 3})
    assert store.top(north[None], 5) == [[("a", 1.0), ("b", 1.0)]]


def test_removing_counts_only_what_was_there(make: Made) -> None:
    store = make()
    store.add(gallery(5))
    assert store.remove(["00", "00", "nobody", "04"]) == 2
    assert store.remove([]) == 0
    assert store.ids() == ["01", "02", "03"]
    assert store.top(np.ones((1, 4), "float32") / 2, 9)[0] == slow_top(gallery(5)[1:4], np.full(4, 0.5), 9, bool)


def test_get_keeps_the_order_asked_for_and_names_the_first_unknown_id(make: Made) -> None:
    store = make()
    store.add(gallery(9))
    assert [record.id for record in store.get(["07", "01", "07"])] == ["07", "01", "07"]
    record, given = store.get(["07"])[0], gallery(9)[7]
    assert np.array_equal(record.vector, given.vector)
    assert (record.norm, record.path, record.stamp, record.digest) == (8.0, "p/7.jpg", "7:7", "d7")
    assert store.thumbnails(["03", "01"]) == [b"\x03", b"\x01"]
    for ask in (store.get, store.thumbnails):
        with pytest.raises(UnknownItem, match="no item 'nobody' among the 9"):
            ask(["01", "nobody", "no one"])
    assert store.get([]) == []


ODD = [
    "it's",
    '"quoted"',
    "naïve/ünïcode/照片.jpg",
    "a\\b",
    "%_",
    "; DROP TABLE items; --",
    " ",
    "é",
    "e\u0301",
    "🧦",
    "x" * 500,
]


def test_ids_may_hold_quotes_slashes_and_any_letter(make: Made) -> None:
    store = make()
    store.add([Record(id, np.eye(4, dtype="float32")[i % 4]) for i, id in enumerate(ODD)])
    store.add([Record(id, np.eye(4, dtype="float32")[0]) for id in ODD])
    assert store.ids() == sorted(ODD)
    assert [record.id for record in store.get(ODD)] == ODD
    query = np.eye(4, dtype="float32")[:1]
    for id in ODD:
        others = frozenset(ODD) - {id}
        assert store.top(query, 3, within=[frozenset([id])]) == [[(id, 1.0)]] == store.top(query, 3, exclude=[others])
        assert store.top(query, 3, where=[f"id = '{id.replace(chr(39), chr(39) * 2)}'"]) == [[(id, 1.0)]]
    assert store.remove(ODD[:5]) == 5
    assert len(store) == len(ODD) - 5


def test_sets_of_fifty_thousand_ids_are_honoured(make: Made) -> None:
    store, records = make(), gallery(60)
    store.add(records)
    store.optimize()
    many = frozenset(f"{i:02d}" for i in range(30, 50_030))
    query = np.full((1, 4), 0.5, "float32")
    assert store.top(query, 10, exclude=[many])[0] == slow_top(records, query[0], 10, lambda r: r.id not in many)
    assert store.top(query, 10, within=[many])[0] == slow_top(records, query[0], 10, lambda r: r.id in many)
    assert store.top(query, 10, within=[many], exclude=[many]) == [[]] == store.top(query, 10, within=[frozenset()])


def test_metadata_reads_back_with_its_types_and_any_name(make: Made) -> None:
    store, east = make(), np.eye(4, dtype="float32")[0]
    store.add(
        [Record("a", east, metadata={"vector": "v", "id": 5, "a.b": 1.5, "size (EU)": True, "Größe": ["x"], "n": None})]
    )
    store.add([Record("b", east, metadata={"id": 6, "late": "x", "nan": float("nan")})])
    a, b = store.get(["a", "b"])
    assert a.metadata == {"vector": "v", "id": 5, "a.b": 1.5, "size (EU)": True, "Größe": ["x"]}
    assert b.metadata == {"id": 6, "late": "x"}
    assert dict(store.metadata()) == {"a": a.metadata, "b": b.metadata}
    assert store.top(east[None], 5, where=['"size (EU)" AND "a.b" > 1 AND Größe = \'x\'']) == [[("a", 1.0)]]
    assert store.top(east[None], 5, where=["id = 6"]) == [[("b", 1.0)]]  # the metadata's `id`, since there is one


def test_a_column_widens_when_later_items_need_it(make: Made) -> None:
    store, east = make(), np.eye(4, dtype="float32")[0]
    store.add([Record("a", east, metadata={"x": 1, "y": 2}), Record("b", east, metadata={"x": True})])
    assert [record.metadata["x"] for record in store.get(["a", "b"])] == ["1", "true"]
    store.add([Record("c", east, metadata={"y": 2.5})])
    assert [record.metadata["y"] for record in store.get(["a", "c"])] == [2.0, 2.5]
    store.add([Record("c", east, metadata={"y": ["p", "q"]}), Record("d", east, metadata={"new": 1})])
    assert [record.metadata.get("y") for record in store.get(["a", "b", "c", "d"])] == ["2.0", None, '["p", "q"]', None]
    assert len(store) == 4
    assert store.top(east[None], 9, where=["y LIKE '2%' OR new = 1"]) == [[("a", 1.0), ("d", 1.0)]]


def test_blocks_tables_stamps_and_facets_show_every_item_once(make: Made, tmp_path: Path) -> None:
    store, records = make(), gallery(50)
    for start in range(0, 50, 20):
        store.add(records[start : start + 20])
    seen = {}
    for ids, vectors, norms in store.blocks(16):
        assert len(ids) <= 16
        seen |= {id: (vector.tolist(), norm) for id, vector, norm in zip(ids, vectors, norms, strict=True)}
    assert seen == {record.id: (record.vector.tolist(), record.norm) for record in records}
    assert store.stamps() == {r.id: (r.path, r.stamp, r.digest) for r in records}
    table = store.table()
    assert table.column_names == ["id", "vector", "norm", "path", "stamp", "digest", "price", "colour", "tags"]
    assert dict(zip(table["id"].to_pylist(), table["colour"].to_pylist(), strict=True))["06"] == "dark blue"
    assert store.export(tmp_path / "out.parquet", vectors=False) == 50
    assert sorted(pq.read_table(tmp_path / "out.parquet")["id"].to_pylist()) == store.ids()
    price, colour, tags = store.facets(limit=2)
    prices = [record.metadata["price"] for record in records]
    assert (price.count, price.low, price.high) == (50, min(prices), max(prices))
    assert (colour.count, colour.values) == (38, (("blue", 13), ("red", 13)))  # ids 0, 4, … 48 and 1, 5, … 49
    assert tags.values == (("a", 33), ("b", 16))  # a where i % 3 is 1 or 2, b where it is 2


def test_an_empty_store_answers_with_nothing(make: Made) -> None:
    store = make()
    assert store.top(np.ones((2, 4), "float32") / 2, 3) == [[], []]
    assert store.top(np.empty((0, 4), "float32"), 3) == []
    assert (len(store), store.ids(), store.stamps(), store.facets(), store.table().num_rows) == (0, [], {}, [], 0)
    store.add([])
    store.optimize()


def test_a_closed_store_reopens_as_it_was(make: Made, tmp_path: Path) -> None:
    store = make()
    store.add(gallery(30))
    store.add([Record("x", np.eye(4, dtype="float32")[0], metadata={"other": [1, "mixed"]})])
    before = (
        store.manifest,
        store.ids(),
        store.kinds(),
        store.top(np.full((1, 4), 0.5, "float32"), 31, where=["price < 7"]),
    )
    store.close()
    for mode in ("r", "w"):
        with open_store(tmp_path / "0.likebut", mode) as again:  # type: ignore[arg-type]
            query = np.full((1, 4), 0.5, "float32")
            assert before == (again.manifest, again.ids(), again.kinds(), again.top(query, 31, where=["price < 7"]))
            assert again.get(["x"])[0].metadata == {"other": '[1, "mixed"]'}


def test_a_reader_stays_on_its_version_until_it_refreshes_and_cannot_write(make: Made, tmp_path: Path) -> None:
    store = make()
    store.add(gallery(10))
    store.close()
    reader = open_store(tmp_path / "0.likebut")
    with open_store(tmp_path / "0.likebut", "w") as writer:
        writer.add(gallery(20))
        writer.remove(["00"])
    query = np.full((1, 4), 0.5, "float32")
    assert (len(reader), len(reader.top(query, 50)[0]), len(reader.ids())) == (10, 10, 10)
    assert reader.refresh()
    assert (len(reader), len(reader.top(query, 50)[0]), len(reader.ids())) == (19, 19, 19)
    assert not reader.refresh()
    with pytest.raises(LikebutError, match="open for reading"):
        reader.add(gallery(1))
    with pytest.raises(LikebutError, match="open for reading"):
        reader.remove(["01"])


def test_a_second_writer_is_told_who_the_first_is(make: Made, tmp_path: Path) -> None:
    store = make()
    with pytest.raises(IndexBusy, match=r"being written by process \d+"):
        open_store(tmp_path / "0.likebut", "w")
    store.close()
    open_store(tmp_path / "0.likebut", "w").close()


def test_an_index_is_never_made_over_something_else(make: Made, tmp_path: Path) -> None:
    make().close()
    with pytest.raises(BadData, match="is there already"):
        create_store(tmp_path / "0.likebut", Manifest("toy", "f00d", 4, "none"))
    with pytest.raises(NotFound, match=r"is not an index: there is no index\.json"):
        open_store(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "record, message",
    [
        (Record("", np.eye(4)[0]), "must be a text that is not empty"),
        (Record("bad\udcff", np.eye(4)[0]), "not valid Unicode"),
        (Record("a", np.ones(4)), "length 2; a store holds length 1"),
        (Record("a", np.ones(3)), r"shape \(3,\); this index holds \(4,\)"),
        (Record("a", np.full(4, np.nan)), "length nan"),
        (Record("a", np.eye(4)[0], norm=float("inf")), "norm inf"),
    ],
)
def test_a_record_that_does_not_fit_leaves_the_store_as_it_was(make: Made, record: Record, message: str) -> None:
    store = make()
    with pytest.raises(BadData, match=message):
        store.add([*gallery(3), record])
    assert len(store) == 0


def test_a_query_that_does_not_fit_is_refused(make: Made) -> None:
    store, query = make(), np.ones((1, 4), "float32")
    store.add(gallery(3))
    for vectors, k, options, message in [
        (np.ones((1, 3)), 1, {}, r"shape \(1, 3\); this index takes \(B, 4\)"),
        (query * np.nan, 1, {}, "Query vector 0 holds NaN"),
        (query, 0, {}, "k is 0"),
        (query, 1, {"exclude": []}, "exclude has 0 entries for 1 queries"),
        (query, 1, {"where": ["prise < 3"]}, "no column 'prise'. Did you mean 'price'"),
    ]:
        with pytest.raises(BadQuery, match=message):
            store.top(vectors, k, **options)


def test_threads_search_while_another_adds(make: Made) -> None:
    store, rows, failures = make(), np.eye(4, dtype="float32"), []
    store.add([Record(f"a{i}", rows[i]) for i in range(4)])  # no later item is nearer, and none sorts before

    def search() -> None:
        while len(store) < 404:
            hits = store.top(rows, 1, where=["id LIKE 'a%'", None, "path = ''", None])
            if [found[0] for found in hits] != [(f"a{i}", 1.0) for i in range(4)]:
                failures.append(hits)
            time.sleep(0.001)  # else the searches hold the interpreter, and the writer mostly waits for it

    with ThreadPoolExecutor(2) as pool:
        searches = [pool.submit(search) for _ in range(2)]
        for start in range(0, 400, 80):
            store.add([Record(f"b{i}", rows[i % 4], metadata={"n": i}) for i in range(start, start + 80)])
        for done in searches:
            done.result()
    assert failures == []

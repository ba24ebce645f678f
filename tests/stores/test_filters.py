"""The filter language: what is read, what is refused, and that mask and SQL mean the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likebut.errors import BadQuery
from likebut.stores.base import Record
from likebut.stores.columns import Kind
from likebut.stores.filters import parse_where
from likebut.stores.tables import to_table
from likebut.stores.where import where_mask, where_sql

KINDS = {
    "price": Kind.INT,
    "weight": Kind.FLOAT,
    "colour": Kind.TEXT,
    "sale": Kind.BOOL,
    "tags": Kind.TEXTS,
    "size (EU)": Kind.INT,
}
TEXTS = ["red", "dark red", "Red", "it's", "50%", "a_b", "a\\b", "", "naïve 照片"]
Row = dict[str, Any]


def rows() -> list[Row]:
    """60 rows, every column with gaps."""
    rng = np.random.default_rng(0)
    pick = lambda values: values[rng.integers(len(values))]  # noqa: E731
    return [
        {
            "price": pick([None, -3, 0, 1, 2, 3, 50, 2**53 + 1]),
            "weight": pick([None, -1.5, 0.0, 0.1, 2.0, 2.5, 1e20]),
            "colour": pick([None, *TEXTS]),
            "sale": pick([None, True, False]),
            "tags": pick([None, [], ["red"], ["red", "it's"], ["", "a\\b"]]),
            "size (EU)": pick([None, 38, 39, 40]),
        }
        for _ in range(60)
    ]


ROWS = rows()
RECORDS = [Record(f"i{n}", np.eye(8, dtype="float32")[0], metadata=row) for n, row in enumerate(ROWS)]
TABLE = to_table(RECORDS, 8, KINDS)


def passing(expression: str) -> list[int]:
    return np.flatnonzero(where_mask(parse_where(expression, KINDS), TABLE)).tolist()


def expected(test: Callable[[Row], Any]) -> list[int]:
    return [n for n, row in enumerate(ROWS) if test(row)]


def known(name: str, test: Callable[[Any], Any]) -> Callable[[Row], Any]:
    return lambda row: row[name] is not None and test(row[name])


@pytest.mark.parametrize(
    "expression, test",
    [
        ("price < 50", known("price", lambda p: p < 50)),
        ("50 > price", known("price", lambda p: p < 50)),
        ("price <> 2", known("price", lambda p: p != 2)),
        ("price == -3", known("price", lambda p: p == -3)),
        ("price < 1.5", known("price", lambda p: p <= 1)),
        ("price > 1.5", known("price", lambda p: p >= 2)),
        ("price = 1.5 OR price IN (2.0, 0.5)", known("price", lambda p: p == 2)),
        ("NOT price = 1.5", known("price", lambda p: True)),
        ("price = 9007199254740993", known("price", lambda p: p == 2**53 + 1)),  # no float holds it
        ("weight BETWEEN 0 AND 2", known("weight", lambda w: 0 <= w <= 2)),
        ("weight NOT BETWEEN 0 AND 2", known("weight", lambda w: not 0 <= w <= 2)),
        ("weight = .1 OR weight = 1e20", known("weight", lambda w: w in (0.1, 1e20))),
        ("colour = 'it''s'", known("colour", lambda c: c == "it's")),
        ("colour NOT IN ('red', 'Red')", known("colour", lambda c: c not in ("red", "Red"))),
        ("colour LIKE '%red'", known("colour", lambda c: c.endswith("red"))),
        ("colour NOT LIKE '%red'", known("colour", lambda c: not c.endswith("red"))),
        ("colour ILIKE '%RED'", known("colour", lambda c: c.lower().endswith("red"))),
        (r"colour LIKE '50\%'", known("colour", lambda c: c == "50%")),
        (r"colour LIKE 'a_b'", known("colour", lambda c: c in ("a_b", "a\\b"))),
        (r"colour = 'a\b'", known("colour", lambda c: c == "a\\b")),
        ("colour IS NULL", lambda row: row["colour"] is None),
        ("colour IS NOT NULL", lambda row: row["colour"] is not None),
        ("sale", known("sale", lambda s: s)),
        ("NOT sale", known("sale", lambda s: not s)),
        ("sale = false", known("sale", lambda s: not s)),
        ("tags = 'red'", known("tags", lambda t: "red" in t)),
        ("tags <> 'red'", known("tags", lambda t: "red" not in t)),
        ("tags IN ('', 'it''s')", known("tags", lambda t: "" in t or "it's" in t)),
        ('"size (EU)" >= 39', known("size (EU)", lambda s: s >= 39)),
        ("id IN ('i3', 'i5', 'nobody')", lambda row: any(row is ROWS[n] for n in (3, 5))),
        ("sale OR price < 2", lambda r: r["sale"] or (r["price"] is not None and r["price"] < 2)),
        ("NOT (sale OR price < 2)", lambda r: r["sale"] is False and r["price"] is not None and r["price"] >= 2),
        ("price = 1 OR price = 2 AND sale", lambda r: r["price"] == 1 or (r["price"] == 2 and r["sale"])),
    ],
)
def test_a_filter_means_what_the_words_say(expression: str, test: Callable[[Row], Any]) -> None:
    assert passing(expression) == expected(test)


@pytest.mark.parametrize(
    "expression, message",
    [
        ("colur = 'red'", "there is no column 'colur'. Did you mean 'colour'\\? Known: colour, id, path, price"),
        ('colour = "red"', "Text goes in single quotes: 'red'"),
        ("colour = red", "Text goes in single quotes: 'red'"),
        ("price = 'cheap'", "price holds whole numbers; found 'cheap'"),
        ("price = true", "price holds whole numbers; found TRUE"),
        ("sale = 1", "sale holds true/false; found 1"),
        ("colour = 5", "colour holds text; found 5"),
        ("colour", "colour stands alone but holds text"),
        ("colour = NULL", "Write colour IS NULL"),
        ("colour IN ('red', NULL)", "Write colour IS NULL"),
        ("price LIKE '5%'", "LIKE needs a column of text"),
        ("tags < 'red'", "have no order; use = or IN"),
        ("sale BETWEEN false AND true", "have no order; use = or IN"),
        ("price IN ()", "IN needs a list of values"),
        ("price IN (SELECT 1)", "says more than is understood|IN needs a list"),
        ("price = (SELECT 1)", "not a number, a text in single quotes"),
        ("EXISTS (SELECT 1)", "not a comparison"),
        ("lower(colour) = 'red'", "expected the name of a column"),
        ("price + 1 = 2", "expected the name of a column"),
        ("price = 1 + 1", "not a number, a text in single quotes"),
        ("other.price = 1", "expected the name of a column"),
        ("price = 1e400", "out of range"),
        ("price = 9999999999999999999", "out of range"),
        ("colour LIKE 'a' ESCAPE 'b'", "not a comparison"),
        ("colour LIKE 'a\\'", "ends in a lone backslash"),
        ("price IS TRUE", "only IS NULL and IS NOT NULL"),
        ("1 = 1", "expected the name of a column"),
        ("true", "not a comparison"),
        ("price = 1; DROP TABLE items", "cannot be read"),
        ("price = 1 ORDER BY price", "cannot be read"),
        ("price =", "cannot be read|not a number"),
        ("", "cannot be read"),
        ("'", "cannot be read"),
        ("(" * 5000 + "sale" + ")" * 5000, "cannot be read|nested too deeply"),
        (" OR ".join(["price = 1"] * 500), "more than 200 conditions|nested too deeply"),
        ("price IN (" + "1," * 60_000 + "1)", "at most 100000 are read"),
    ],
)
def test_what_is_no_comparison_is_refused_with_a_hint(expression: str, message: str) -> None:
    with pytest.raises(BadQuery, match=message):
        parse_where(expression, KINDS)


def test_a_long_list_of_values_is_fine() -> None:
    assert passing("price IN (" + "7, " * 10_000 + "50)") == expected(lambda row: row["price"] == 50)


def test_metadata_called_id_hides_the_item_id() -> None:
    assert parse_where("id = 5", {"id": Kind.INT}) != parse_where("id = '5'", {})
    with pytest.raises(BadQuery, match="id holds whole numbers"):
        parse_where("id = 'i5'", {"id": Kind.INT})


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


INTS = st.sampled_from([-3, 0, 1, 2, 50, 1.5, 2.0, 2**53 + 1]).map(repr)
FLOATS = st.sampled_from([-1.5, 0, 0.1, 2, 2.5, 1e20]).map(repr)
STRINGS = st.sampled_from(TEXTS).map(quoted)
PATTERNS = st.sampled_from(["%", "red%", "%red", "_ed", "%'%", "50\\%", "a\\_b", "a\\\\b", "", "%照_"]).map(quoted)
OPS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
LEAVES = st.one_of(
    st.builds("price {} {}".format, OPS, INTS),
    st.builds("weight {} {}".format, OPS, FLOATS),
    st.builds("colour {} {}".format, OPS, STRINGS),
    st.builds("tags {} {}".format, st.sampled_from(["=", "<>"]), STRINGS),
    st.builds("price IN ({})".format, st.lists(INTS, min_size=1, max_size=4).map(", ".join)),
    st.builds("tags IN ({})".format, st.lists(STRINGS, min_size=1, max_size=3).map(", ".join)),
    st.builds("colour NOT IN ({})".format, st.lists(STRINGS, min_size=1, max_size=3).map(", ".join)),
    st.builds("price BETWEEN {} AND {}".format, INTS, INTS),
    st.builds("colour {} {}".format, st.sampled_from(["LIKE", "NOT LIKE", "ILIKE"]), PATTERNS),
    st.builds("{} IS NULL".format, st.sampled_from([*list(KINDS)[:-1], '"size (EU)"'])),
    st.sampled_from(["sale", "sale = false", '"size (EU)" > 38', "id < 'i3'"]),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT ({})".format, inner),
    ),
    max_leaves=6,
)


def test_not_in_or_not_in_leaves_missing_values_out_of_the_engine_too(engine: Any) -> None:
    expression = "colour NOT IN ('red') OR colour NOT IN ('dark red')"
    found = engine.count_rows(where_sql(parse_where(expression, KINDS)))
    assert found == len(passing(expression)) == len(expected(known("colour", lambda c: True))) < len(ROWS)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same rows in LanceDB."""
    folder: Path = tmp_path_factory.mktemp("filters")
    return lancedb.connect(folder).create_table("items", data=TABLE)


@given(expression=TREES)
@settings(max_examples=150, deadline=None)
def test_mask_and_engine_let_the_same_items_through(engine: Any, expression: str) -> None:
    where = parse_where(expression, KINDS)
    found = engine.search().where(where_sql(where)).select(["id"]).to_arrow()["id"].to_pylist()
    assert sorted(int(id[1:]) for id in found) == passing(expression), where_sql(where)

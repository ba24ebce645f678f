"""How metadata becomes columns, by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from likebut.stores.columns import Kind, column_of, convert, join, kind_of, name_of, plain, tidy, to_arrow, widened


@pytest.mark.parametrize(
    "value, kind, as_text",
    [
        ("red", Kind.TEXT, "red"),
        (True, Kind.BOOL, "true"),
        (np.bool_(False), Kind.BOOL, "false"),
        (3, Kind.INT, "3"),
        (np.int32(3), Kind.INT, "3"),
        (2**63 - 1, Kind.INT, "9223372036854775807"),
        (2**63, Kind.TEXT, "9223372036854775808"),  # no 64-bit column holds it
        (2.5, Kind.FLOAT, "2.5"),
        (np.float32(0.5), Kind.FLOAT, "0.5"),
        (["a", "b"], Kind.TEXTS, '["a", "b"]'),
        (("a", "b"), Kind.TEXTS, '["a", "b"]'),
        ({"b", "a"}, Kind.TEXTS, '["a", "b"]'),
        (np.array(["a"]), Kind.TEXTS, '["a"]'),
        ([], Kind.TEXTS, "[]"),
        ([1, 2], Kind.TEXT, "[1, 2]"),
        ({"a": "é"}, Kind.TEXT, '{"a": "é"}'),
        (date(2026, 1, 2), Kind.TEXT, "2026-01-02"),
        ("bad\udcff", Kind.TEXT, "bad\\udcff"),
    ],
)
def test_a_value_has_one_kind_and_one_text(value: Any, kind: Kind, as_text: str) -> None:
    assert kind_of(plain(value)) is kind
    assert convert(plain(value), Kind.TEXT) == as_text


@pytest.mark.parametrize("nothing", [None, float("nan"), np.float64("nan")])
def test_none_and_nan_are_no_value(nothing: Any) -> None:
    assert kind_of(plain(nothing)) is None
    assert widened({}, [{"x": nothing}]) == {}
    assert tidy({"x": nothing, "y": 1}, {"y": Kind.FLOAT}) == {"y": 1.0}
    assert to_arrow([nothing, 1], Kind.INT).to_pylist() == [None, 1]


def test_kinds_join_to_the_narrowest_that_holds_both() -> None:
    for first in Kind:
        for second in Kind:
            numbers = {first, second} == {Kind.INT, Kind.FLOAT}
            assert join(first, second) is (first if first is second else Kind.FLOAT if numbers else Kind.TEXT)
        assert join(first, None) is first is join(None, first)


@pytest.mark.parametrize("name", ["price", "a.b", "size (EU)", "Größe", "100%", "meta_x", "`", "'", "", "照片"])
def test_a_column_name_survives_the_way_to_the_table_and_back(name: str) -> None:
    column = column_of(name)
    assert name_of(column) == name
    assert not set(column) & set(".`'\" ()")

"""Metadata of items → typed columns. One rule for every store; knows nothing of vectors, files or queries.

A column holds text, whole numbers, numbers, yes/no, or lists of texts. What its values have in common decides:

- whole numbers and numbers together are numbers;
- any other mixture is text: `True` becomes "true", 3 becomes "3", lists and dicts become JSON;
- lists whose members are all text are lists; other lists, dicts, dates and whatever else are text;
- None, NaN and a missing key are the same thing: no value (SQL's NULL), and such a key is absent when read back.

A column only ever widens, in this order, as later items arrive; values already held are converted by the same rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, time
from enum import StrEnum
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa

Kinds = Mapping[str, "Kind"]


class Kind(StrEnum):
    """What a metadata column holds; the value is the word used in messages."""

    TEXT = "text"
    INT = "whole numbers"
    FLOAT = "numbers"
    BOOL = "true/false"
    TEXTS = "lists of texts"


ARROW = {
    Kind.TEXT: pa.string(),
    Kind.INT: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.BOOL: pa.bool_(),
    Kind.TEXTS: pa.list_(pa.string()),
}


PREFIX = "meta_"  # metadata may be called "id" or "vector" too


def column_of(name: str) -> str:
    """The name a metadata column has in an Arrow table; engines take no dots in names.

    >>> column_of("price"), column_of("size (EU)"), name_of("meta_size%20%28EU%29")
    ('meta_price', 'meta_size%20%28EU%29', 'size (EU)')
    """
    return PREFIX + quote(name, safe="", errors="backslashreplace").replace(".", "%2E")


def name_of(column: str) -> str:
    """The metadata name behind a column; see `column_of`."""
    return unquote(column.removeprefix(PREFIX))


def kind_of_type(arrow: Any) -> Kind:
    """The kind behind an Arrow type of `ARROW`."""
    return next(kind for kind, known in ARROW.items() if known.equals(arrow) or str(known) == str(arrow))


def plain(value: Any) -> Any:
    """NumPy scalars and arrays as Python values, NaN as None, tuples and sets as lists."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return list(value) if isinstance(value, tuple) else value


def kind_of(value: Any) -> Kind | None:
    """The kind of one plain value, None for no value."""
    if value is None:
        return None
    if isinstance(value, bool):
        return Kind.BOOL
    if isinstance(value, int):
        return Kind.INT if -(2**63) < value < 2**63 else Kind.TEXT
    if isinstance(value, float):
        return Kind.FLOAT
    if isinstance(value, list) and all(isinstance(member, str) for member in value):
        return Kind.TEXTS
    return Kind.TEXT


def join(first: Kind | None, second: Kind | None) -> Kind | None:
    """The narrowest kind that holds both.

    >>> join(Kind.INT, Kind.FLOAT), join(Kind.INT, Kind.TEXTS)
    (<Kind.FLOAT: 'numbers'>, <Kind.TEXT: 'text'>)
    """
    if first is None or second is None or first == second:
        return first or second
    return Kind.FLOAT if {first, second} == {Kind.INT, Kind.FLOAT} else Kind.TEXT


def text(value: Any) -> str:
    """A plain value as text; see the module header."""
    if isinstance(value, str):
        # File names that are not UTF-8 arrive with lone surrogates, which no column can hold.
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return text(json.dumps(value, ensure_ascii=False, default=str))
    return value.isoformat() if isinstance(value, date | time) else str(value)


def convert(value: Any, kind: Kind) -> Any:
    """A plain value as a member of a column of `kind`, which must be wide enough for it."""
    if value is None:
        return None
    if kind is Kind.TEXT:
        return text(value)
    if kind is Kind.TEXTS:
        return [text(member) for member in value]
    return float(value) if kind is Kind.FLOAT else value


def widened(kinds: Kinds, rows: Iterable[Mapping[str, Any]]) -> dict[str, Kind]:
    """`kinds` joined with the kinds of all values in `rows`; a column without any value does not come to be."""
    result = dict(kinds)
    for row in rows:
        for name, value in row.items():
            kind = join(result.get(name), kind_of(plain(value)))
            if kind is not None:
                result[name] = kind
    return result


def tidy(row: Mapping[str, Any], kinds: Kinds) -> dict[str, Any]:
    """One item's metadata as it reads back: converted to `kinds`, keys without a value dropped."""
    values = {name: plain(value) for name, value in row.items()}
    return {name: convert(value, kinds[name]) for name, value in values.items() if value is not None}


def to_arrow(values: Iterable[Any], kind: Kind) -> Any:
    """A column as an Arrow array; the values may be of any kind that joins to `kind`."""
    return pa.array([convert(plain(value), kind) for value in values], type=ARROW[kind])

"""A metadata filter that has been checked: a small tree with two readings, a mask over a table and SQL for an engine.

Truth has three values, as in SQL: a comparison with a missing value is neither true nor false, and only true rows pass.
The text that people write is read in `filters.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from likebut.stores.columns import Kind
from likebut.types import Array


@dataclass(frozen=True)
class Column:
    """A column as people call it, what it holds, and what tables call it."""

    name: str
    kind: Kind
    key: str


@dataclass(frozen=True)
class Compare:
    """column op value; `op` is one of = < <= > >=."""

    column: Column
    op: str
    value: Any


@dataclass(frozen=True)
class Member:
    """column IN (values); an empty list is false, or NULL where the column is."""

    column: Column
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Like:
    """column LIKE pattern; `fold` ignores case."""

    column: Column
    pattern: str
    fold: bool


@dataclass(frozen=True)
class Missing:
    """column IS NULL."""

    column: Column


@dataclass(frozen=True)
class Not:
    """NOT inner."""

    inner: Where


@dataclass(frozen=True)
class Both:
    """all of the parts (AND) or any of them (OR)."""

    op: str
    parts: tuple[Where, ...]


Where = Compare | Member | Like | Missing | Not | Both


def columns_of(where: Where) -> set[str]:
    """What tables call the columns that the filter reads."""
    if isinstance(where, Not):
        return columns_of(where.inner)
    if isinstance(where, Both):
        return set().union(*(columns_of(part) for part in where.parts))
    return {where.column.key}


def where_mask(where: Where, table: Any) -> Array:
    """(N,) bool over the rows of an Arrow table: true where the filter is true, neither false nor NULL."""
    answer = _evaluate(where, table)
    return np.asarray(pc.fill_null(answer, False).to_numpy(zero_copy_only=False), dtype=bool)


def _evaluate(where: Where, table: Any) -> Any:
    """Three-valued truth of every row, as an Arrow boolean array."""
    if isinstance(where, Not):
        return pc.invert(_evaluate(where.inner, table))
    if isinstance(where, Both):
        combine = pc.and_kleene if where.op == "AND" else pc.or_kleene
        return reduce(combine, [_evaluate(part, table) for part in where.parts])
    column = table.column(where.column.key).combine_chunks()
    if isinstance(where, Missing):
        return pc.is_null(column)
    if isinstance(where, Like):
        return pc.match_like(column, where.pattern, ignore_case=where.fold)
    if isinstance(where, Compare):
        functions = {"=": pc.equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal}
        return functions[where.op](column, pa.scalar(where.value, column.type))
    return _member(column, where)


def _member(column: Any, where: Member) -> Any:
    if where.column.kind is not Kind.TEXTS:
        found = pc.is_in(column, value_set=pa.array(where.values, column.type))
    else:
        rows = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
        hits = pc.is_in(pc.list_flatten(column), value_set=pa.array(where.values, pa.string()))
        any_member = np.zeros(len(column), dtype=bool)
        any_member[rows[hits.to_numpy(zero_copy_only=False)]] = True
        found = pa.array(any_member)
    return pc.if_else(pc.is_valid(column), found, pa.scalar(None, pa.bool_()))


def where_sql(where: Where, holds: bool = True) -> str:
    """SQL for DataFusion that is true for exactly the rows where the filter is true (`holds`), or is false.

    NOT is carried down to the comparisons, each of which then says itself that there is a value. Left to the engine,
    `NOT c IN ('a') OR NOT c IN ('b')` is simplified to true, also where c is NULL (DataFusion as of LanceDB 0.40).
    The table's columns are called as `column_of` says.
    """
    if isinstance(where, Not):
        return where_sql(where.inner, not holds)
    if isinstance(where, Both):
        op = where.op if holds else {"AND": "OR", "OR": "AND"}[where.op]
        return "(" + f" {op} ".join(where_sql(part, holds) for part in where.parts) + ")"
    name = f"`{where.column.key}`"
    if isinstance(where, Missing):
        return f"({name} IS {'' if holds else 'NOT '}NULL)"
    condition = _condition(where, name)
    return f"({condition})" if holds else f"({name} IS NOT NULL AND NOT ({condition}))"


def _condition(where: Like | Compare | Member, name: str) -> str:
    if isinstance(where, Like):
        return f"{name} {'ILIKE' if where.fold else 'LIKE'} {sql_literal(where.pattern)}"
    if isinstance(where, Compare):
        return f"{name} {where.op} {sql_literal(where.value)}"
    if not where.values:
        return "false"
    if where.column.kind is Kind.TEXTS:
        return " OR ".join(f"array_has({name}, {sql_literal(value)})" for value in where.values)
    return f"{name} IN ({sql_list(where.values)})"


def sql_literal(value: str | bool | int | float) -> str:
    """A value as a SQL literal; quotes are doubled, so nothing in a text can end it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def sql_list(values: Sequence[Any]) -> str:
    """Literals with commas between."""
    return ", ".join(map(sql_literal, values))

"""Metadata filters: `price < 50 AND colour IN ('red', 'blue')` → the checked tree of where.py.

The language is the part of SQL that compares a column with a value: = == != <> < <= > >=, IN, BETWEEN, LIKE and ILIKE
(% any text, _ one character, backslash takes the next one literally), IS NULL, AND, OR, NOT, parentheses. Text stands
in single quotes; a column whose name is no plain word stands in double quotes. A column of yes/no values may stand
alone. On a column of lists = and IN ask whether any member is equal. No functions, no subqueries, no arithmetic.

Missing values are SQL's NULL: a comparison with one is neither true nor false, and only true rows pass, so
`NOT colour = 'red'` does not return items without a colour.

A value of the wrong kind is refused here, before any store sees it, so no store can coerce it in its own way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NoReturn

from likebut.errors import BadQuery
from likebut.stores.columns import Kind, Kinds, column_of
from likebut.stores.where import Both, Column, Compare, Like, Member, Missing, Not, Where

MAX_LENGTH = 100_000
MAX_CONDITIONS = 200  # an engine walks the tree on its native stack; a stranger must not be able to overflow it
_READ = {"this", "expression", "expressions", "low", "high", "negate"}  # parts of sqlglot's nodes that are looked at
EXAMPLE = "e.g. price < 50 AND colour IN ('red', 'blue')"


def parse_where(expression: str, kinds: Kinds) -> Where:
    """Check `expression` against the metadata columns at hand, plus `id` and `path` where no metadata has that name.

    Raises `BadQuery` that says what is wrong and what is known.
    """
    return _parse(expression, tuple(kinds.items()))


@lru_cache(maxsize=256)
def _parse(expression: str, kinds: tuple[tuple[str, Kind], ...]) -> Where:
    import sqlglot
    from sqlglot import errors, exp

    if len(expression) > MAX_LENGTH:
        raise BadQuery(f"The filter has {len(expression)} characters; at most {MAX_LENGTH} are read.")
    try:
        # Read as a condition of a query of its own: a second statement or a trailing clause then has nowhere to hide.
        tree = sqlglot.parse_one(expression, into=exp.Condition)
    except (errors.SqlglotError, RecursionError) as error:
        reason = str(error).split("\n")[0][:200]
        raise BadQuery(f"The filter {_short(expression)} cannot be read ({reason}). Write {EXAMPLE}.") from None
    reader = _Reader(expression, dict(kinds))
    try:
        return reader.read(tree)
    except RecursionError:
        raise BadQuery(f"The filter {_short(expression)} is nested too deeply. Use IN (...) for long lists.") from None


def _short(expression: str) -> str:
    return repr(expression if len(expression) <= 120 else expression[:117] + "...")


class _Reader:
    """Walks sqlglot's tree and lets through what the module header names, nothing else."""

    def __init__(self, expression: str, kinds: dict[str, Kind]) -> None:
        from sqlglot import exp

        self.expression, self.conditions = expression, 0
        self.columns = {name: Column(name, Kind.TEXT, name) for name in ("id", "path")}
        self.columns |= {name: Column(name, kind, column_of(name)) for name, kind in kinds.items()}
        self.compare = {exp.EQ: "=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=", exp.NEQ: "!="}
        self.rules: dict[type, Callable[[Any], Where]] = {
            exp.Paren: lambda tree: self.read(tree.this),
            exp.Not: lambda tree: Not(self.read(tree.this)),
            exp.And: lambda tree: self._both("AND", tree),
            exp.Or: lambda tree: self._both("OR", tree),
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: lambda tree: self._like(tree, fold=False),
            exp.ILike: lambda tree: self._like(tree, fold=True),
            exp.Is: self._is,
            exp.Column: self._alone,
            **dict.fromkeys(self.compare, self._compare),
        }

    def fail(self, message: str) -> NoReturn:
        raise BadQuery(f"In the filter {_short(self.expression)}: {message}")

    def read(self, tree: Any) -> Where:
        rule = self.rules.get(type(tree))
        if rule is None:
            self.fail(f"{_short(tree.sql())} is not a comparison of a column with a value; {EXAMPLE}.")
        self.conditions += 1
        if self.conditions > 2 * MAX_CONDITIONS:
            self.fail(f"more than {MAX_CONDITIONS} conditions. Use IN (...) for long lists.")
        unread = {name for name, value in tree.args.items() if value} - _READ
        if unread:
            self.fail(f"{_short(tree.sql())} says more than is understood ({', '.join(sorted(unread))}); {EXAMPLE}.")
        condition = rule(tree)
        return Not(condition) if tree.args.get("negate") else condition

    def column(self, tree: Any) -> Column:
        from sqlglot import exp

        if not isinstance(tree, exp.Column) or tree.args.get("table") is not None:
            self.fail(f"expected the name of a column, found {_short(tree.sql())}.")
        if tree.name not in self.columns:
            close = get_close_matches(tree.name, self.columns, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            self.fail(f"there is no column {tree.name!r}.{meant} Known: {', '.join(sorted(self.columns))}.")
        return self.columns[tree.name]

    def value(self, tree: Any, column: Column) -> Any:
        """A literal of the column's kind; whole numbers may be compared with fractions."""
        from sqlglot import exp

        if isinstance(tree, exp.Column):
            self.fail(f"{tree.name!r} stands where a value is expected. Text goes in single quotes: '{tree.name}'.")
        if isinstance(tree, exp.Null):
            self.fail(f"nothing equals NULL. Write {column.name} IS NULL.")
        found = self._literal(tree)
        wanted = {Kind.TEXT: str, Kind.TEXTS: str, Kind.BOOL: bool}.get(column.kind, int | float)
        if not isinstance(found, wanted) or (isinstance(found, bool) and column.kind is not Kind.BOOL):
            self.fail(f"{column.name} holds {column.kind}; found {tree.sql()}.")
        if column.kind is Kind.INT and not -(2**63) < float(found) < 2**63:
            self.fail(f"{tree.sql()} is out of range.")
        return float(found) if column.kind is Kind.FLOAT else found

    def ordered(self, column: Column) -> None:
        if column.kind in (Kind.BOOL, Kind.TEXTS):
            self.fail(f"{column.name} holds {column.kind}, which have no order; use = or IN.")

    def _literal(self, tree: Any) -> str | bool | int | float:
        from sqlglot import exp

        sign = 1
        if isinstance(tree, exp.Neg):
            sign, tree = -1, tree.this
        if isinstance(tree, exp.Boolean) and sign == 1:
            return bool(tree.this)
        if isinstance(tree, exp.Literal) and tree.is_string and sign == 1:
            return str(tree.this)
        if isinstance(tree, exp.Literal) and not tree.is_string:
            number = float(tree.this)
            if not math.isfinite(number):
                self.fail(f"{tree.sql()} is out of range.")
            return sign * int(tree.this) if str(tree.this).isdigit() else sign * number
        self.fail(f"{_short(tree.sql())} is not a number, a text in single quotes, or true/false.")

    def _both(self, op: str, tree: Any) -> Where:
        return Both(op, (self.read(tree.this), self.read(tree.expression)))

    def _compare(self, tree: Any) -> Where:
        from sqlglot import exp

        op, left, right = self.compare[type(tree)], tree.this, tree.expression
        if isinstance(right, exp.Column) and not isinstance(left, exp.Column):
            left, right = right, left
            op = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, op)
        column = self.column(left)
        value = self.value(right, column)
        if op not in ("=", "!="):
            self.ordered(column)
        condition = self._whole(column, "=" if op == "!=" else op, value)
        return Not(condition) if op == "!=" else condition

    def _whole(self, column: Column, op: str, value: Any) -> Where:
        """Whole numbers against a fraction, said in whole numbers: x < 2.5 is x <= 2, x = 2.5 is never."""
        if column.kind is Kind.INT and isinstance(value, float):
            if op == "=":
                return Member(column, (int(value),) if value.is_integer() else ())
            if value.is_integer():
                value = int(value)
            else:
                op, value = ("<=", math.floor(value)) if op in ("<", "<=") else (">=", math.ceil(value))
        return Member(column, (value,)) if column.kind is Kind.TEXTS else Compare(column, op, value)

    def _in(self, tree: Any) -> Where:
        if not tree.expressions:
            self.fail("IN needs a list of values, e.g. colour IN ('red', 'blue').")
        column = self.column(tree.this)
        values = [self.value(member, column) for member in tree.expressions]
        if column.kind is Kind.INT:
            values = [int(value) for value in values if value == int(value)]
        return Member(column, tuple(values))

    def _between(self, tree: Any) -> Where:
        column = self.column(tree.this)
        self.ordered(column)
        low, high = (self.value(tree.args[end], column) for end in ("low", "high"))
        return Both("AND", (self._whole(column, ">=", low), self._whole(column, "<=", high)))

    def _like(self, tree: Any, fold: bool) -> Where:
        column = self.column(tree.this)
        if column.kind is not Kind.TEXT:
            self.fail(f"LIKE needs a column of text; {column.name} holds {column.kind}.")
        pattern = self.value(tree.expression, column)
        if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
            self.fail("the pattern ends in a lone backslash; write two for a literal one.")
        return Like(column, pattern, fold)

    def _is(self, tree: Any) -> Where:
        from sqlglot import exp

        column = self.column(tree.this)
        if not isinstance(tree.expression, exp.Null):
            self.fail(f"only IS NULL and IS NOT NULL are understood; write {column.name} = {tree.expression.sql()}.")
        return Missing(column)

    def _alone(self, tree: Any) -> Where:
        column = self.column(tree)
        if column.kind is not Kind.BOOL:
            self.fail(f"{column.name} stands alone but holds {column.kind}; compare it with a value.")
        return Compare(column, "=", True)

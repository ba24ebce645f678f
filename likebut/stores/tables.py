"""Records ↔ Arrow tables. Inside a store metadata columns are called as `column_of` says. Knows no folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from likebut.stores.columns import ARROW, Kind, Kinds, column_of, convert, kind_of_type, name_of, to_arrow
from likebut.stores.values import FIXED, Record
from likebut.types import Array


def schema_of(dim: int, kinds: Kinds) -> Any:
    """The columns of a store: `FIXED`, then one per metadata column."""
    fixed = [
        pa.field("id", pa.string(), nullable=False),
        pa.field("vector", pa.list_(pa.float32(), dim)),
        pa.field("norm", pa.float32()),
        *(pa.field(name, pa.string()) for name in ("path", "stamp", "digest")),
        pa.field("thumbnail", pa.binary()),
    ]
    return pa.schema(fixed + [pa.field(column_of(name), ARROW[kind]) for name, kind in kinds.items()])


def kinds_of(schema: Any) -> dict[str, Kind]:
    """The metadata columns of a store's table."""
    return {name_of(field.name): kind_of_type(field.type) for field in schema if field.name not in FIXED}


def to_table(records: Sequence[Record], dim: int, kinds: Kinds) -> Any:
    """N records as a table of `schema_of(dim, kinds)`; `kinds` must be wide enough for their metadata."""
    schema = schema_of(dim, kinds)
    vectors = np.stack([np.asarray(record.vector, np.float32) for record in records]) if records else np.empty((0, dim))
    flat = pa.array(vectors.astype(np.float32, copy=False).ravel(), pa.float32())
    columns = [pa.FixedSizeListArray.from_arrays(flat, dim)]
    for name in FIXED:
        if name != "vector":
            columns.append(pa.array([getattr(record, name) for record in records], schema.field(name).type))
    columns.insert(0, columns.pop(1))  # id before vector, as in the schema
    columns += [to_arrow((record.metadata.get(name) for record in records), kind) for name, kind in kinds.items()]
    return pa.Table.from_arrays(columns, schema=schema)


def vectors_of(column: Any, dim: int) -> Array:
    """An Arrow column of N fixed-size lists as (N, D) float32, without a copy where Arrow has none to make."""
    if hasattr(column, "combine_chunks"):
        column = column.combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(-1, dim)


def metadata_of(table: Any) -> Iterator[dict[str, Any]]:
    """Each row's metadata under its own names; a key without a value is absent."""
    names = [name for name in table.schema.names if name not in FIXED]
    if not names:
        return iter([{}] * len(table))
    keys = [name_of(name) for name in names]
    columns = [table[name].to_pylist() for name in names]
    rows = zip(*columns, strict=True)
    return ({key: value for key, value in zip(keys, row, strict=True) if value is not None} for row in rows)


def records_of(table: Any) -> Iterator[Record]:
    """The records in a table of all `FIXED` columns and any metadata columns."""
    vectors = vectors_of(table["vector"], table.schema.field("vector").type.list_size)
    fixed = {name: table[name].to_pylist() for name in FIXED if name != "vector"}
    for i, metadata in enumerate(metadata_of(table)):
        rest = {name: values[i] for name, values in fixed.items()}
        yield Record(vector=vectors[i].copy(), metadata=metadata, **rest)


def widen_table(table: Any, kinds: Mapping[str, Kind]) -> Any:
    """The same rows with the metadata columns `kinds`, converted as `columns.convert` says."""
    held = kinds_of(table.schema)
    fields, columns = [table.schema.field(name) for name in FIXED], [table[name] for name in FIXED]
    for name, kind in kinds.items():
        key = column_of(name)
        if held.get(name) is kind:
            column = table[key]
        elif name in held:
            column = pa.array([convert(value, kind) for value in table[key].to_pylist()], ARROW[kind])
        else:
            column = pa.nulls(len(table), ARROW[kind])
        fields.append(pa.field(key, ARROW[kind]))
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def outward(batch: Any) -> Any:
    """A batch of the store as users see it: metadata under its own names, or `meta_…` where those are taken."""
    keys = [field.name for field in batch.schema if field.name not in FIXED]
    names = {key: name_of(key) if name_of(key) not in FIXED else key for key in keys}
    return batch.rename_columns([names.get(name, name) for name in batch.schema.names])

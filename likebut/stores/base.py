"""What a store is: it holds unit vectors with their metadata and answers top-k.

`Store.top` is the one door: it owns `exclude`, `within`, `where` and ties for every store. A store of one's own
implements `_candidates` (at least the k best of what a `Selection` lets through) and the few ways of reading and
writing above the line in `Store`, and nothing else. A store knows no picture, no encoder and no composer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from likebut.errors import BadData, BadQuery, LikebutError, UnknownItem
from likebut.stores.columns import Kind, column_of
from likebut.stores.tables import metadata_of, outward, records_of, schema_of, vectors_of
from likebut.stores.values import FIXED, Candidates, Facet, Manifest, Record, Selection
from likebut.types import Array

if TYPE_CHECKING:
    import pyarrow as pa

    from likebut.stores.where import Where

__all__ = ["Candidates", "Facet", "Manifest", "Record", "Selection", "Store"]


class Store(ABC):
    """Holds N records; see the module header. Ids are unique: adding an id again replaces it (upsert).

    A store opened for reading stays on the version it opened until `refresh`; one opened for writing holds the
    index's lock until `close`, and is best used in a `with` statement.
    """

    manifest: Manifest

    # What a store of one's own implements.

    @classmethod
    @abstractmethod
    def create(cls, path: Path | None, manifest: Manifest) -> Self:
        """An empty store at `path`, open for writing; None is in memory, where the store can be."""

    @classmethod
    @abstractmethod
    def open(cls, path: Path, manifest: Manifest, *, write: bool) -> Self:
        """The store at `path`."""

    @abstractmethod
    def _write(self, records: Sequence[Record]) -> None:
        """Upsert checked records, no id twice, all or nothing."""

    @abstractmethod
    def _delete(self, ids: Sequence[str]) -> int:
        """Remove the ids that are held; how many there were."""

    @abstractmethod
    def _read(self, ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """`columns` of the ids that are held, in any order; named as in `FIXED`, or by `column_of` for metadata."""

    @abstractmethod
    def _batches(self, columns: Sequence[str], size: int) -> Iterator[pa.RecordBatch]:
        """`columns` of all items, each once, at most `size` rows at a time."""

    @abstractmethod
    def _candidates(self, vectors: Array, k: int, selections: Sequence[Selection], exact: bool) -> list[Candidates]:
        """For each (D,) query at least the k best items its selection lets through, with all that tie with the k-th.

        Fewer only where fewer are let through; others than the best only where `exact` is False.
        """

    @abstractmethod
    def kinds(self) -> dict[str, Kind]:
        """The metadata columns and what they hold."""

    @abstractmethod
    def __len__(self) -> int: ...

    # What every store gets.

    writable = True

    def add(self, records: Sequence[Record]) -> None:
        """Upsert; of two records with one id the later counts. Raises `BadData` for the first that does not fit."""
        self._check_writable()
        for record in records:
            _check(record, self.manifest.dim)
        unique = {record.id: record for record in records}
        if unique:
            self._write(list(unique.values()))

    def remove(self, ids: Sequence[str]) -> int:
        """Take items out; ids that are not held are passed over. Returns how many were removed."""
        self._check_writable()
        return self._delete(list(dict.fromkeys(ids))) if ids else 0

    def get(self, ids: Sequence[str]) -> list[Record]:
        """Records in the order asked for. Raises `UnknownItem` for the first id that is not held."""
        table = self._read(list(dict.fromkeys(ids)), [*FIXED, *map(column_of, self.kinds())])
        rows = {row.id: row for row in records_of(table)}
        for id in ids:
            if id not in rows:
                raise UnknownItem(f"There is no item {id!r} among the {len(self)} of this index.")
        return [rows[id] for id in ids]

    def thumbnails(self, ids: Sequence[str]) -> list[bytes]:
        """The small pictures, in the order asked for; b"" where an item has none. Raises `UnknownItem`."""
        table = self._read(list(dict.fromkeys(ids)), ["id", "thumbnail"])
        held = dict(zip(table["id"].to_pylist(), table["thumbnail"].to_pylist(), strict=True))
        for id in ids:
            if id not in held:
                raise UnknownItem(f"There is no item {id!r} among the {len(self)} of this index.")
        return [held[id] for id in ids]

    def ids(self) -> list[str]:
        """All ids, sorted."""
        return sorted(id for batch in self._batches(["id"], 65_536) for id in batch["id"].to_pylist())

    def stamps(self) -> dict[str, tuple[str, str, str]]:
        """id → (path, stamp, digest) of every item: two items may share a file, and one from memory has no path."""
        columns = ["id", "path", "stamp", "digest"]
        batches = self._batches(columns, 65_536)
        rows = (row for batch in batches for row in zip(*(batch[name].to_pylist() for name in columns), strict=True))
        return {id: (path, stamp, digest) for id, path, stamp, digest in rows}

    def blocks(self, size: int = 8192) -> Iterator[tuple[list[str], Array, Array]]:
        """All items, at most `size` at a time: ids, (n, D) unit rows, (n,) norms. Memory holds one block."""
        for batch in self._batches(["id", "vector", "norm"], size):
            norms = batch["norm"].to_numpy(zero_copy_only=False)
            yield batch["id"].to_pylist(), vectors_of(batch["vector"], self.manifest.dim), norms

    def metadata(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(id, metadata) of all items."""
        for batch in self._batches(["id", *map(column_of, self.kinds())], 65_536):
            yield from zip(batch["id"].to_pylist(), metadata_of(batch), strict=True)

    def facets(self, limit: int = 20) -> list[Facet]:
        """What the metadata columns hold: the `limit` most frequent values of each, and the range of numbers."""
        kinds = self.kinds()
        counts: dict[str, Counter[Any]] = {name: Counter() for name in kinds}
        held: Counter[str] = Counter()
        for _, metadata in self.metadata():
            held.update(metadata.keys())
            for name, value in metadata.items():
                counts[name].update(value if kinds[name] is Kind.TEXTS else [value])
        return [Facet.of(name, kind, held[name], counts[name], limit) for name, kind in kinds.items()]

    def table(self, *, vectors: bool = True, thumbnails: bool = False) -> pa.Table:
        """Everything as one Arrow table: id, vector (fixed-size list), norm, path, stamp, digest, then the metadata.

        Metadata keeps its names; one that is called like a column before it becomes `meta_…`.
        """
        import pyarrow as pa

        columns = self._outward_columns(vectors, thumbnails)
        schema = schema_of(self.manifest.dim, self.kinds()).empty_table().select(columns)
        batches = (outward(batch) for batch in self._batches(columns, 65_536))
        return pa.Table.from_batches(batches, outward(schema).schema)

    def export(self, path: str | PathLike[str], *, vectors: bool = True, thumbnails: bool = False) -> int:
        """`table` into a Parquet file, block by block; how many rows."""
        import pyarrow.parquet as pq

        columns = self._outward_columns(vectors, thumbnails)
        schema = outward(schema_of(self.manifest.dim, self.kinds()).empty_table().select(columns)).schema
        with pq.ParquetWriter(path, schema) as out:
            for batch in self._batches(columns, 65_536):
                out.write_batch(outward(batch).cast(schema))
        return len(self)

    def _outward_columns(self, vectors: bool, thumbnails: bool) -> list[str]:
        left_out = ({"vector"} if not vectors else set()) | ({"thumbnail"} if not thumbnails else set())
        return [name for name in FIXED if name not in left_out] + [column_of(name) for name in self.kinds()]

    def refresh(self) -> bool:
        """Go to the newest version, for readers beside a writer; whether it changed."""
        return False

    def optimize(self) -> None:
        """Tidy up after large additions; nothing to do for most stores."""
        return None

    def close(self) -> None:
        """Give back what is held; a closed store takes no more writes."""
        self.writable = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _check_writable(self) -> None:
        if not self.writable:
            raise LikebutError("This index is open for reading. Open it for writing: open_store(path, mode='w').")

    def top(
        self,
        vectors: Array,
        k: int,
        *,
        exclude: Sequence[frozenset[str]] | None = None,
        within: Sequence[frozenset[str] | None] | None = None,
        where: Sequence[str | None] | None = None,
        exact: bool = False,
    ) -> list[list[tuple[str, float]]]:
        """(B, D) unit rows → for each the best k (id, cosine), best first; equal scores in order of id.

        exclude, within, where: one per query, or None for all. `exact` asks for the true answer where the store
        would otherwise approximate. Fewer than k come back only where fewer items are let through.
        Raises `BadQuery` for vectors that do not fit, k < 1, or a filter that cannot be understood.
        """
        vectors = self._check_queries(vectors, k)
        selections = self._selections(len(vectors), exclude, within, where)
        found = self._candidates(vectors, k, selections, exact) if len(vectors) else []
        return [candidates.best(k) for candidates in found]

    def _check_queries(self, vectors: Array, k: int) -> Array:
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
        if rows.ndim != 2 or rows.shape[1] != self.manifest.dim:
            raise BadQuery(f"Query vectors have shape {rows.shape}; this index takes (B, {self.manifest.dim}).")
        if not np.isfinite(rows).all():
            bad = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
            raise BadQuery(f"Query vector {bad} holds NaN or infinity; every number must be finite.")
        if k < 1:
            raise BadQuery(f"k is {k}; ask for at least 1 result.")
        return rows

    def _selections(
        self,
        n: int,
        exclude: Sequence[frozenset[str]] | None,
        within: Sequence[frozenset[str] | None] | None,
        where: Sequence[str | None] | None,
    ) -> list[Selection]:
        for name, given in (("exclude", exclude), ("within", within), ("where", where)):
            if given is not None and len(given) != n:
                raise BadQuery(f"{name} has {len(given)} entries for {n} queries; give one each, or None.")
        parsed: dict[str, Where] = {}
        if any(where or ()):
            from likebut.stores.filters import parse_where

            kinds = self.kinds()
            parsed = {text: parse_where(text, kinds) for text in where or () if text}
        return [
            Selection(
                exclude[i] if exclude is not None else frozenset(),
                within[i] if within is not None else None,
                parsed.get(where[i] or "") if where is not None else None,
            )
            for i in range(n)
        ]


def _check(record: Record, dim: int) -> None:
    if not isinstance(record.id, str) or not record.id:
        raise BadData(f"An item's id must be a text that is not empty; found {record.id!r}.")
    for name in ("id", "path"):
        try:
            getattr(record, name).encode("utf-8")
        except UnicodeEncodeError:
            raise BadData(f"The {name} {getattr(record, name)!r} is not valid Unicode. Rename the file.") from None
    vector = np.asarray(record.vector)
    if vector.shape != (dim,):
        raise BadData(f"Item {record.id!r} has a vector of shape {vector.shape}; this index holds ({dim},).")
    length = float(np.linalg.norm(vector.astype(np.float64)))
    if not abs(length - 1) < 0.01:
        raise BadData(
            f"Item {record.id!r} has a vector of length {length:.4g}; a store holds length 1. "
            "Scale it, and give the length as `norm`."
        )
    if not (np.isfinite(record.norm) and record.norm >= 0):
        raise BadData(f"Item {record.id!r} has norm {record.norm}; it must be finite and not negative.")

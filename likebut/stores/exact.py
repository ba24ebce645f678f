"""`exact`: everything in memory, every answer exact. The oracle of the other stores, and a store for small work.

With a path it is loaded whole from one Parquet file and written back whole by `save` and `close`, so what was added
since is lost if the process dies before. For a gallery that grows on disk take `lance`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from likebut.errors import BadData
from likebut.stores.base import Candidates, Manifest, Record, Selection, Store
from likebut.stores.columns import Kind, column_of, tidy, widened
from likebut.stores.folder import WriterLock, write_manifest
from likebut.stores.matrix import Matrix
from likebut.stores.tables import kinds_of, records_of, to_table, vectors_of
from likebut.types import Array

FILE = "items.parquet"


class ExactStore(Store):
    """N records in a dict and, from the first search after a change on, one (N, D) float32 matrix."""

    def __init__(self, manifest: Manifest, path: Path | None = None, lock: WriterLock | None = None) -> None:
        self.manifest = replace(manifest, store="exact")
        self.writable = path is None or lock is not None
        self._path, self._lock = path, lock
        self._items: dict[str, Record] = {}
        self._kinds: dict[str, Kind] = {}
        self._matrix: Matrix | None = None
        self._guard = threading.RLock()

    @classmethod
    def create(cls, path: Path | None, manifest: Manifest) -> Self:
        """An empty store; with a path it is there, empty, from now on."""
        if path is None:
            return cls(manifest)
        path.mkdir(parents=True, exist_ok=True)
        store = cls(manifest, path, WriterLock(path).acquire())
        store.save()
        return store

    @classmethod
    def open(cls, path: Path, manifest: Manifest, *, write: bool) -> Self:
        """Load the whole of it."""
        lock = WriterLock(path).acquire() if write else None
        store = cls(manifest, path, lock)
        try:
            store._load()
        except (OSError, pa.ArrowException) as error:
            if lock is not None:
                lock.release()
            raise BadData(f"{path / FILE} cannot be read ({error}). Restore it, or index again.") from None
        return store

    def _load(self) -> None:
        assert self._path is not None, "a store in memory has nothing to load"
        table = pq.read_table(self._path / FILE)
        self._items = {record.id: record for record in records_of(table)}
        self._kinds = kinds_of(table.schema)
        version = int((table.schema.metadata or {}).get(b"version", b"0"))
        self._changed(version)

    def refresh(self) -> bool:
        """Load the file again if it was saved since."""
        if self._path is None or self._lock is not None:
            return False
        schema = pq.read_schema(self._path / FILE)
        before = self.manifest.version
        if int((schema.metadata or {}).get(b"version", b"0")) != before:
            self._load()
        return self.manifest.version != before

    def save(self) -> None:
        """Write everything, in one step: a reader sees the old file or the new one. Nothing to do in memory."""
        if self._path is None:
            return
        self._check_writable()
        table = to_table(list(self._items.values()), self.manifest.dim, self._kinds)
        table = table.replace_schema_metadata({"version": str(self.manifest.version)})
        temporary = self._path / f"{FILE}.{os.getpid()}.tmp"
        pq.write_table(table, temporary)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(self._path / FILE)
        write_manifest(self._path, self.manifest)

    def close(self) -> None:
        """Save, and let the next writer in."""
        if self._lock is not None:
            if self.writable:
                self.save()
            self._lock.release()
        super().close()

    def _changed(self, version: int) -> None:
        self._matrix = None
        self.manifest = replace(self.manifest, count=len(self._items), version=version)

    def _write(self, records: Sequence[Record]) -> None:
        kinds = widened(self._kinds, (record.metadata for record in records))
        with self._guard:
            if any(kinds[name] is not kind for name, kind in self._kinds.items()):
                for held in list(self._items.values()):
                    self._items[held.id] = replace(held, metadata=tidy(held.metadata, kinds))
            self._kinds = kinds
            for record in records:
                vector, norm = np.array(record.vector, np.float32), float(np.float32(record.norm))
                metadata = tidy(record.metadata, kinds)
                self._items[record.id] = replace(record, vector=vector, norm=norm, metadata=metadata)
            self._changed(self.manifest.version + 1)

    def _delete(self, ids: Sequence[str]) -> int:
        with self._guard:
            found = [self._items.pop(id) for id in ids if id in self._items]
            if found:
                self._changed(self.manifest.version + 1)
        return len(found)

    def _read(self, ids: Sequence[str], columns: Sequence[str]) -> Any:
        found = [self._items[id] for id in ids if id in self._items]
        return to_table(found, self.manifest.dim, self._kinds).select(list(columns))

    def _batches(self, columns: Sequence[str], size: int) -> Iterator[Any]:
        records = list(self._items.values())
        for start in range(0, len(records), size):
            block = to_table(records[start : start + size], self.manifest.dim, self._kinds)
            yield from block.select(list(columns)).to_batches()

    def _candidates(self, vectors: Array, k: int, selections: Sequence[Selection], exact: bool) -> list[Candidates]:
        return self._in_memory().candidates(vectors, k, selections)

    def _in_memory(self) -> Matrix:
        with self._guard:
            if self._matrix is None:
                columns = ["id", "path", "vector", *map(column_of, self._kinds)]
                table = to_table(list(self._items.values()), self.manifest.dim, self._kinds).select(columns)
                rows = vectors_of(table["vector"], self.manifest.dim)
                self._matrix = Matrix(list(self._items), rows, table.drop_columns(["vector"]))
                for record, row in zip(list(self._items.values()), rows, strict=True):
                    self._items[record.id] = replace(record, vector=row)  # the same numbers, held once
            return self._matrix

    def kinds(self) -> dict[str, Kind]:
        """The metadata columns and what they hold."""
        return dict(self._kinds)

    def __len__(self) -> int:
        return len(self._items)

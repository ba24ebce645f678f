"""`lance`: the default on disk, one LanceDB table in the folder of the index.

Up to `memory_mb` of vectors are answered from an in-memory matrix, exactly and without an index to build. It is a
cache of the table at one version, never a second truth. Above it LanceDB's IVF_RQ
proposes (`BITS`-bit codes, `NPROBES` lists, `REFINE` × k full vectors read back) and the base scores what it proposed.
`exact=True` reads every vector, block by block, whatever the size.

Every `add` and every `remove` is one Lance commit, so a process that dies leaves a version whole or not at all.
Numbers behind the constants: docs/stores.md.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import lancedb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.index import BTree, IvfRq, IvfSq

from likebut.errors import BadData, BadQuery
from likebut.stores.base import Candidates, Manifest, Record, Selection, Store
from likebut.stores.columns import ARROW, Kind, column_of, widened
from likebut.stores.folder import WriterLock, write_manifest
from likebut.stores.matrix import Matrix
from likebut.stores.tables import kinds_of, schema_of, to_table, vectors_of, widen_table
from likebut.stores.values import MARGIN, pair_scores
from likebut.stores.where import columns_of, sql_list, where_sql
from likebut.types import Array

TABLE = "items"
MEMORY_MB = 256  # 131,072 vectors of 512 numbers
BITS = 4  # per number; at 1 bit half of the ten nearest are lost where thousands of items lie close together
NPROBES = 40
REFINE = 4
REFINE_FILTERED = 10  # a filter leaves neighbours that are further away and closer together
FEW = 1_000  # so many ids of `within` are read and scored outright
KEEP = timedelta(days=1)  # readers may stay on an old version so long before `optimize` takes its files away
_SCAN = 65_536  # rows of a block
_INDEX_IDS = 10_000  # items, below which finding an id by reading all of them is as fast
_SPARE = 8  # proposals beyond k, to see that the k-th best has no further ties
_DROPPED = 64  # excluded ids that are always fetched and dropped, not named to the engine
_WORTH = 32  # naming so many ids to the engine costs as much as fetching one more proposal


class LanceStore(Store):
    """See the module header. `memory_mb`: environment LIKEBUT_MEMORY_MB, else `MEMORY_MB`."""

    def __init__(self, path: Path, manifest: Manifest, table: Any, lock: WriterLock | None) -> None:
        self.manifest = manifest
        self.writable = lock is not None
        self.memory_mb = float(os.environ.get("LIKEBUT_MEMORY_MB") or MEMORY_MB)
        self._path, self._table, self._lock = path, table, lock
        self._guard = threading.RLock()
        self._matrix: Matrix | None = None
        self._ids: set[str] | None = None  # a writer's; so that new items can be appended instead of merged
        self._look()

    @classmethod
    def create(cls, path: Path | None, manifest: Manifest) -> Self:
        """An empty table and its index.json, which comes last: without it there is no index."""
        if path is None:
            raise BadQuery("The store 'lance' lives in a folder; give a path, or take the store 'exact'.")
        path.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(path).acquire()
        schema = schema_of(manifest.dim, {})
        left_behind = (path / f"{TABLE}.lance").exists()  # by a writer that died before its index.json was there
        mode = "overwrite" if left_behind else "create"
        table = lancedb.connect(path).create_table(TABLE, schema=schema, mode=mode)
        store = cls(path, replace(manifest, store="lance"), table, lock)
        write_manifest(path, store.manifest)
        return store

    @classmethod
    def open(cls, path: Path, manifest: Manifest, *, write: bool) -> Self:
        """The newest version. A writer also mends the counts in index.json where the last one died."""
        lock = WriterLock(path) if write else None
        if lock is not None:
            lock.acquire()
        try:
            table = lancedb.connect(path).open_table(TABLE)
        except (ValueError, RuntimeError, OSError) as error:
            if lock is not None:
                lock.release()
            raise BadData(
                f"The table of {path} cannot be opened ({error}). Restore the folder, or index again."
            ) from None
        store = cls(path, manifest, table, lock)
        if lock is not None and store.manifest != manifest:
            write_manifest(path, store.manifest)
        return store

    # Versions

    def _look(self) -> bool:
        """Take in what the table holds now; whether that changed anything."""
        version, before = int(self._table.version), (self.manifest.version, self.manifest.count)
        self._kinds = kinds_of(self._table.schema)
        self.manifest = replace(self.manifest, count=int(self._table.count_rows()), version=version)
        self._indexed = any(index.columns == ["vector"] for index in self._table.list_indices())
        return before != (self.manifest.version, self.manifest.count)

    def _changed(self) -> None:
        self._look()
        write_manifest(self._path, self.manifest)

    def refresh(self) -> bool:
        """Go to the newest version; whether it changed."""
        with self._guard:
            self._table.checkout_latest()
            return self._look()

    def optimize(self) -> None:
        """Merge small files and, where the vectors no longer fit in `memory_mb`, build or extend the index.

        The index is trained anew once more rows lie outside it than in it. Versions older than `KEEP` lose their files.
        """
        self._check_writable()
        with self._guard:
            indexes = {index.columns[0]: index.name for index in self._table.list_indices()}
            if not self._fits():
                stats = self._table.index_stats(indexes["vector"]) if "vector" in indexes else None
                if stats is None or stats.num_unindexed_rows > stats.num_indexed_rows:
                    self._table.create_index("vector", config=self._index_kind(), replace=True)
            if len(self) >= _INDEX_IDS and "id" not in indexes:
                self._table.create_index("id", config=BTree())
            self._table.optimize(cleanup_older_than=KEEP)
            self._changed()

    def _index_kind(self) -> Any:
        if self.manifest.dim % 8:  # IVF_RQ packs its codes by eights
            return IvfSq(distance_type="cosine")
        return IvfRq(distance_type="cosine", num_bits=BITS)

    def close(self) -> None:
        """Let the next writer in."""
        super().close()
        if self._lock is not None:
            self._lock.release()

    # Writing

    def _write(self, records: Sequence[Record]) -> None:
        with self._guard:
            self._upsert(records)
            self._changed()

    def _upsert(self, records: Sequence[Record]) -> None:
        kinds = widened(self._kinds, (record.metadata for record in records))
        rows = to_table(records, self.manifest.dim, kinds)
        if self._ids is None:
            self._ids = set(self.ids())
        new = [record.id for record in records if record.id not in self._ids]
        if any(kinds[name] is not kind for name, kind in self._kinds.items()):
            self._rewrite(rows, kinds)
        else:
            fresh = [pa.field(column_of(name), ARROW[kind]) for name, kind in kinds.items() if name not in self._kinds]
            if fresh:
                self._table.add_columns(fresh)  # a commit of its own: should the next one fail, they are just empty
                self._look()
            rows = rows.select(self._table.schema.names)
            if len(new) == len(records):
                self._table.add(rows)
            else:
                self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all().execute(rows)
        self._ids.update(new)

    def _rewrite(self, rows: Any, kinds: dict[str, Kind]) -> None:
        """Write the whole table anew in one commit: a column has to hold more than it could. Rare, and not cheap."""
        schema, replaced = schema_of(self.manifest.dim, kinds), rows["id"]

        def batches() -> Iterator[Any]:
            for batch in self._batches(self._table.schema.names, _SCAN):
                old = pa.Table.from_batches([batch])
                old = old.filter(pc.invert(pc.is_in(old["id"], value_set=replaced.combine_chunks())))
                yield from widen_table(old, kinds).cast(schema).to_batches()
            yield from rows.to_batches()

        reader = pa.RecordBatchReader.from_batches(schema, batches())
        self._table = lancedb.connect(self._path).create_table(TABLE, data=reader, schema=schema, mode="overwrite")

    def _delete(self, ids: Sequence[str]) -> int:
        with self._guard:
            before = len(self)
            self._table.delete(f"id IN ({sql_list(ids)})")
            self._ids = None if self._ids is None else self._ids.difference(ids)
            self._changed()
            return before - len(self)

    # Reading

    def _read(self, ids: Sequence[str], columns: Sequence[str]) -> Any:
        query = self._table.search().select(list(columns))
        return query.where(f"id IN ({sql_list(ids)})").to_arrow() if ids else query.limit(0).to_arrow()

    def _batches(self, columns: Sequence[str], size: int) -> Iterator[Any]:
        yield from self._table.search().select(list(columns)).to_batches(batch_size=size)

    def kinds(self) -> dict[str, Kind]:
        """The metadata columns and what they hold."""
        return dict(self._kinds)

    def __len__(self) -> int:
        return self.manifest.count

    # Searching

    def _fits(self) -> bool:
        return len(self) * self.manifest.dim * 4 <= self.memory_mb * 2**20

    def _candidates(self, vectors: Array, k: int, selections: Sequence[Selection], exact: bool) -> list[Candidates]:
        if self._fits():
            return self._in_memory().candidates(vectors, k, selections)
        if exact or not self._indexed:
            return self._scan(vectors, k, selections)
        return [self._propose(query, k, chosen) for query, chosen in zip(vectors, selections, strict=True)]

    def _in_memory(self) -> Matrix:
        held = self._matrix
        if held is not None and held.version == self.manifest.version:
            return held  # without the guard, so that many searches do not keep a writer waiting
        with self._guard:
            if self._matrix is None or self._matrix.version != self.manifest.version:
                self._matrix = None  # let go of the old one before the new one is read
                self._matrix = self._load()
            return self._matrix

    def _load(self) -> Matrix:
        columns = ["id", "path", *map(column_of, self._kinds)]
        vectors, rest, start = np.empty((len(self), self.manifest.dim), np.float32), [], 0
        for batch in self._batches([*columns, "vector"], _SCAN):
            vectors[start : start + len(batch)] = vectors_of(batch["vector"], self.manifest.dim)
            start += len(batch)
            rest.append(batch.select(columns))
        table = pa.Table.from_batches(rest, self._table.schema.empty_table().select(columns).schema)
        return Matrix(table["id"].to_pylist(), vectors, table, self.manifest.version)

    def _scan(self, vectors: Array, k: int, selections: Sequence[Selection]) -> list[Candidates]:
        """Every vector, one block in memory at a time."""
        found = [Candidates([], np.empty(0, np.float32)) for _ in vectors]
        named = {column for chosen in selections if chosen.where for column in columns_of(chosen.where)}
        for batch in self._batches(["id", "vector", *sorted(named - {"id"})], _SCAN):
            block = _matrix_of(pa.Table.from_batches([batch]), self.manifest.dim)
            better = block.candidates(vectors, k, selections)
            found = [old.joined(new, k) for old, new in zip(found, better, strict=True)]
        return found

    def _propose(self, query: Array, k: int, chosen: Selection) -> Candidates:
        """The index proposes more than k, until the last proposal is clearly worse than the k-th best."""
        if chosen.within is not None and len(chosen.within) <= FEW:
            named = columns_of(chosen.where) if chosen.where else set()
            rows = self._read(sorted(chosen.within), ["id", "vector", *sorted(named - {"id"})])
            return _matrix_of(rows, self.manifest.dim).candidates(query[None], k, [chosen])[0]
        if not query.any():  # no direction, so nothing to follow through the index: all items tie
            return self._scan(query[None], k, [chosen])[0]
        wanted = self._guess(k, chosen)
        named_ids = len(chosen.exclude) + len(chosen.within or ())
        while wanted <= max(k + _SPARE + _DROPPED, named_ids // _WORTH):
            proposed = self._fetch(query, wanted, replace(chosen, exclude=frozenset(), within=None))
            found = proposed.only(chosen)
            if len(proposed.ids) < wanted or _settled(found, proposed, k):
                return found
            wanted *= 4
        wanted = k + _SPARE
        while True:
            proposed = self._fetch(query, wanted, chosen)
            if len(proposed.ids) < wanted or _settled(proposed, proposed, k):
                return proposed
            wanted *= 4

    def _guess(self, k: int, chosen: Selection) -> int:
        """How many to fetch so that k are likely left when `exclude` and `within` are honoured afterwards."""
        if chosen.within is None and len(chosen.exclude) <= _DROPPED:
            return k + _SPARE + len(chosen.exclude)
        left = (len(self) if chosen.within is None else len(chosen.within)) - len(chosen.exclude)
        return (k + _SPARE) * len(self) // max(1, min(left, len(self)))

    def _fetch(self, query: Array, wanted: int, chosen: Selection) -> Candidates:
        """The index's own best `wanted`, filtered before the search."""
        search = self._table.search(query, vector_column_name="vector").distance_type("cosine")
        search = search.minimum_nprobes(NPROBES).maximum_nprobes(0)
        sql = _sql(chosen)
        search = (
            search.where(sql, prefilter=True).refine_factor(REFINE_FILTERED) if sql else search.refine_factor(REFINE)
        )
        rows = search.select(["id", "vector", "_distance"]).limit(wanted).to_arrow()
        return Candidates(rows["id"].to_pylist(), pair_scores(vectors_of(rows["vector"], self.manifest.dim), query))


def _settled(found: Candidates, proposed: Candidates, k: int) -> bool:
    """Whether the worst proposal is clearly worse than the k-th best kept, so that no tie is left outside."""
    return len(found.ids) >= k and bool(proposed.scores.min() < found.best(k)[-1][1] - MARGIN)


def _matrix_of(table: Any, dim: int) -> Matrix:
    return Matrix(table["id"].to_pylist(), vectors_of(table["vector"], dim), table)


def _sql(chosen: Selection) -> str:
    """What the engine filters by."""
    parts = [where_sql(chosen.where)] if chosen.where else []
    if chosen.within is not None:
        parts.append(f"id IN ({sql_list(sorted(chosen.within))})")
    if chosen.exclude:
        parts.append(f"id NOT IN ({sql_list(sorted(chosen.exclude))})")
    return " AND ".join(parts)

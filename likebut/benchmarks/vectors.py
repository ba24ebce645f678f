"""Vectors made elsewhere: arrays in an .npz file → rows in the order of a benchmark.

`gallery_ids (N,)`, `gallery (N, D)`, `query_ids (B,)`, `queries (B, D)`; a benchmark of several parts takes a folder
with `vectors.PART.npz` for each. Rows are scaled to length 1 here, whatever their length in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from likebut.datasets.base import RetrievalSet
from likebut.errors import BadData, NotFound
from likebut.metrics.ranker import RowSource
from likebut.types import Array

# The contract's names first; the others are what people's scripts call the same arrays.
KEYS = {
    "gallery_ids": ("gallery_ids", "gallery_names", "index_names"),
    "gallery": ("gallery", "index_features"),
    "query_ids": ("query_ids", "pairids"),
    "queries": ("queries", "query"),
}


class Rows:
    """Rows picked out of an array or memory map, in another order, without copying them all."""

    def __init__(self, rows: Array, order: Array) -> None:
        self._rows, self._order = rows, order
        self._first = int(order[0]) if len(order) and (np.diff(order) == 1).all() else -1

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, D)."""
        return len(self._order), self._rows.shape[1]

    def __getitem__(self, rows: slice) -> Array:
        if self._first >= 0:  # they stand as they are needed: no copy
            start, stop, _ = rows.indices(len(self._order))
            return np.asarray(self._rows[self._first + start : self._first + stop], dtype=np.float32)
        return np.ascontiguousarray(self._rows[self._order[rows]], dtype=np.float32)


def read_vectors(path: str | Path, parts: Sequence[RetrievalSet]) -> list[tuple[Array, RowSource]]:
    """For each part (B, D) queries and (N, D) gallery rows, unit length, in the part's own order.

    Raises `NotFound` for a missing file; `BadData` for a missing array, id or shape, with the first offender.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise NotFound(f"{path} does not exist.")
    if path.is_dir():
        files = [path / (f"vectors.{part.part}.npz" if part.part else "vectors.npz") for part in parts]
        missing = [file.name for file in files if not file.exists()]
        if missing:
            raise NotFound(f"{path} has no {missing[0]}; expected {', '.join(file.name for file in files)}.")
        return [_align(_load(file), part, file) for file, part in zip(files, parts, strict=True)]
    arrays = _load(path)
    return [_align(arrays, part, path) for part in parts]


def unit_rows(rows: Array, what: str) -> Array:
    """(B, D) numbers → float32 rows of length 1, changed in place where they can be.

    Raises `BadData` for rows that are not finite or have no length: their ranks would be noise.
    """
    rows = np.asarray(rows)
    if rows.ndim != 2:
        raise BadData(f"{what} has shape {rows.shape}; expected two dimensions, one row per id.")
    rows = rows if rows.dtype == np.float32 and rows.flags.writeable else rows.astype(np.float32)
    for start in range(0, len(rows), 8192):
        block = rows[start : start + 8192]
        norms = np.sqrt(np.einsum("nd,nd->n", block, block, dtype=np.float64))
        bad = np.flatnonzero(~np.isfinite(norms) | (norms == 0))
        if len(bad):
            raise BadData(
                f"{what}: row {start + bad[0]} (counted from 0) is {'zero' if norms[bad[0]] == 0 else 'not finite'}."
            )
        block /= norms[:, None].astype(np.float32)
    return rows


def _load(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as file:
            names = {key: next((name for name in known if name in file), "") for key, known in KEYS.items()}
            lost = [key for key, name in names.items() if not name]
            if lost:
                raise BadData(f"{path} has no array {lost[0]!r}; expected {', '.join(KEYS)}; found {', '.join(file)}.")
            arrays = {key: file[name] for key, name in names.items()}
    except (ValueError, OSError, BadZipFile) as error:
        raise BadData(f"{path} is not an .npz file of plain arrays ({error}).") from error
    for ids, rows in (("gallery_ids", "gallery"), ("query_ids", "queries")):
        if len(arrays[ids]) != len(arrays[rows]):
            raise BadData(f"{path}: {len(arrays[ids])} {ids} for {len(arrays[rows])} rows of {rows}.")
        arrays[rows] = unit_rows(arrays[rows], f"{path}: {rows}")
    if arrays["gallery"].shape[1] != arrays["queries"].shape[1]:
        raise BadData(
            f"{path}: gallery rows have {arrays['gallery'].shape[1]} numbers, query rows {arrays['queries'].shape[1]}."
        )
    return arrays


def _align(arrays: Mapping[str, Array], part: RetrievalSet, path: Path) -> tuple[Array, RowSource]:
    ids = [str(id) for id in arrays["gallery_ids"].tolist()]
    place = {id: row for row, id in enumerate(ids)}
    if len(place) < len(ids):
        twice = next(id for row, id in enumerate(ids) if place[id] != row)
        raise BadData(f"{path}: {len(ids) - len(place)} gallery ids occur twice, e.g. {twice!r}.")
    wanted = [item.id if item.id in place else part.pictures.get(item.id, item.id) for item in part.gallery]
    lost = [id for id in wanted if id not in place]
    if lost:
        raise BadData(
            f"{path} lacks {len(lost)} of the {len(wanted)} gallery items of {part.name} {part.split} {part.part}, "
            f"e.g. {lost[0]!r}; its own ids look like {ids[0]!r}."
        )
    order = np.array([place[id] for id in wanted])
    gallery = arrays["gallery"]
    same = len(order) == len(gallery) and bool((order == np.arange(len(order))).all())
    queries = arrays["queries"][_query_rows([str(id) for id in arrays["query_ids"].tolist()], part, path)]
    return queries, gallery if same else Rows(gallery, order)


def _query_rows(given: list[str], part: RetrievalSet, path: Path) -> Array:
    """Which row of the file belongs to each query. Ids are the benchmark's; positions are understood as well, and so
    are names of references or targets where there is one row per query in the order of the annotations."""
    row = {id: number for number, id in enumerate(given)}
    if len(row) == len(given):
        for names in ([query.id for query in part.queries], [str(i) for i in range(len(part.queries))]):
            if all(name in row for name in names):
                return np.array([row[name] for name in names], dtype=np.int64)
    if given in ([query.reference_id for query in part.queries], [_only(part, query.id) for query in part.queries]):
        return np.arange(len(given))
    lost = [query.id for query in part.queries if query.id not in row]
    raise BadData(
        f"{path} lacks {len(lost)} of the {len(part.queries)} queries of {part.name} {part.split} {part.part}, e.g. "
        f"{lost[0] if lost else part.queries[0].id!r}; its own ids look like {given[0] if given else 'nothing'!r}."
    )


def _only(part: RetrievalSet, query: str) -> str:
    answers = part.relevant.get(query, frozenset())
    return next(iter(answers)) if len(answers) == 1 else ""

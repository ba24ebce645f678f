"""Features of pictures, kept on disk by encoder fingerprint and picture bytes: nothing is encoded twice.

    FOLDER/<fingerprint>/rows.f32      D numbers of length 1 and the norm, one row per picture, appended
    FOLDER/<fingerprint>/rows.sqlite   sha256 of the bytes and the view → row; path and stamp → sha256

A moved or copied file is found again by its bytes, a changed one is encoded anew, another encoder has another folder.
A run that is killed keeps every finished batch. Rows are read through a memory map, so 123,403 pictures cost no more
memory than 100.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from likebut.benchmarks.vectors import Rows
from likebut.composers.base import References
from likebut.encoders.base import Encoder
from likebut.errors import BadImage, UnknownItem
from likebut.images import file_digest, file_stamp
from likebut.stores.base import Record
from likebut.types import Array, ImageLike, Item, Query

Opener = Callable[[Item], ImageLike]

CHUNK = 256  # pictures encoded between two commits
_TABLES = """
CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, row INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, digest TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Found:
    """Features of items: where each id's row is, which pictures could not be read, and how many were encoded now."""

    rows: Array
    place: Mapping[str, int]
    bad: Mapping[str, str] = field(default_factory=dict)
    encoded: int = 0

    def of(self, ids: Sequence[str]) -> Rows:
        """(N, D) unit rows in the order of `ids`."""
        return Rows(self.rows[:, :-1], np.array([self.place[id] for id in ids], dtype=np.int64))


class FeatureCache:
    """The features of one encoder under `folder`."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.encoder = encoder
        self.folder = folder / encoder.fingerprint.replace("/", "-")
        self.folder.mkdir(parents=True, exist_ok=True)

    def find(
        self,
        items: Sequence[tuple[Item, Opener]],
        *,
        batch_size: int = 64,
        progress: Callable[[int, int], object] | None = None,
    ) -> Found:
        """Features of items, each with the function that opens its picture; encodes those that are new.

        progress is called with (done, all) after each batch of new pictures. A picture that cannot be read is named
        in `bad`, with the reason.
        """
        with closing(sqlite3.connect(self.folder / "rows.sqlite", timeout=60)) as table:
            table.executescript(_TABLES)
            keys, bad = self._keys(table, [item for item, _ in items])
            known = dict(table.execute("SELECT key, row FROM rows"))
            new = {
                keys[item.id]: (item, opened)
                for item, opened in items
                if item.id in keys and keys[item.id] not in known
            }
            lost: dict[str, str] = {}
            done, left = 0, iter(new.items())
            while batch := dict(islice(left, CHUNK)):
                vectors, unreadable = self._encode(batch, batch_size)
                self._append(table, [key for key in batch if key not in unreadable], vectors, known)
                lost |= unreadable
                done += len(batch)
                if progress is not None:
                    progress(done, len(new))
            bad |= {id: lost[key] for id, key in keys.items() if key in lost}
        place = {id: known[key] for id, key in keys.items() if key in known}
        return Found(self._rows(), place, bad, len(new))

    def _keys(self, table: sqlite3.Connection, items: Sequence[Item]) -> tuple[dict[str, str], dict[str, str]]:
        """Item id → sha256 of its picture's bytes and its view; files with a known stamp are not read again."""
        stamped = {path: (stamp, digest) for path, stamp, digest in table.execute("SELECT * FROM files")}
        keys, bad, fresh = {}, {}, []
        for item in items:
            view = str(item.metadata.get("view", ""))
            if not isinstance(item.image, str | PathLike):
                keys[item.id] = f"{_digest(item.image)} {view}"
                continue
            path = fspath(item.image)
            try:
                stamp = file_stamp(path)
                if stamped.get(path, ("", ""))[0] != stamp:
                    stamped[path] = (stamp, file_digest(path))
                    fresh.append((path, *stamped[path]))
            except OSError as error:
                bad[item.id] = error.strerror or str(error)
                continue
            keys[item.id] = f"{stamped[path][1]} {view}"
        with table:
            table.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", fresh)
        return keys, bad

    def _encode(self, batch: Mapping[str, tuple[Item, Opener]], batch_size: int) -> tuple[Array, dict[str, str]]:
        """(n, D + 1) rows for the pictures that can be read, and the reasons for the others."""
        pictures, lost = {}, {}
        for key, (item, opened) in batch.items():
            try:
                pictures[key] = opened(item)
            except BadImage as error:
                lost[key] = error.reason
        while pictures:
            try:
                vectors, norms = self.encoder.encode_images(
                    list(pictures.values()), batch_size=batch_size, return_norms=True
                )
                return np.column_stack([vectors, norms]).astype(np.float32), lost
            except BadImage:
                broken = dict(self._broken(pictures))
                lost |= broken
                pictures = {key: picture for key, picture in pictures.items() if key not in broken}
        return np.empty((0, self.encoder.dim + 1), np.float32), lost

    def _broken(self, pictures: Mapping[str, ImageLike]) -> Iterator[tuple[str, str]]:
        """A batch holds a bad picture: which of them, one by one."""
        for key, picture in pictures.items():
            try:
                self.encoder.encode_images([picture])
            except BadImage as error:
                yield key, error.reason

    def _append(self, table: sqlite3.Connection, keys: Sequence[str], rows: Array, known: dict[str, int]) -> None:
        width = 4 * (self.encoder.dim + 1)
        with table:
            table.execute("BEGIN IMMEDIATE")  # another process may append too: the row number is taken under its lock
            (first,) = table.execute("SELECT COALESCE(MAX(row) + 1, 0) FROM rows").fetchone()
            path = self.folder / "rows.f32"
            with path.open("r+b" if path.exists() else "w+b") as file:
                file.seek(first * width)
                file.write(np.ascontiguousarray(rows, dtype="<f4").tobytes())
            numbered = [(key, first + offset) for offset, key in enumerate(keys)]
            table.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?)", numbered)
        known.update(numbered)

    def _rows(self) -> Array:
        path = self.folder / "rows.f32"
        width = self.encoder.dim + 1
        if not path.exists() or not path.stat().st_size:
            return np.empty((0, width), np.float32)
        return np.memmap(path, dtype="<f4", mode="r").reshape(-1, width)


class FoundReferences(References):
    """References whose "@ID"s are found features; see `likebut.composers.base`. Make one per batch of queries."""

    def __init__(self, encoder: Encoder, found: Found, items: Mapping[str, tuple[Item, Opener]]) -> None:
        super().__init__(encoder)
        self._found, self._items = found, items

    def record(self, item: str) -> Record:
        """Vector and norm of one item. Raises `UnknownItem`."""
        if item not in self._found.place:
            raise UnknownItem(f"There are no features of {item!r}.")
        row = self._found.rows[self._found.place[item]]
        return Record(item, np.asarray(row[:-1]), float(row[-1]))

    def picture(self, query: Query) -> ImageLike | None:
        """The reference as a picture, opened as its data set says: a crop of the file, a frame of it, or the file."""
        if query.reference_id is None:
            return query.reference
        item, opened = self._items[query.reference_id]
        return opened(item)


def _digest(image: Any) -> str:
    if isinstance(image, bytes):
        return sha256(image).hexdigest()
    pixels = np.asarray(image)
    return sha256(f"{pixels.shape}{pixels.dtype}".encode() + pixels.tobytes()).hexdigest()

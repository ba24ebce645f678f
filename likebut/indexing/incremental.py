"""Items → store. Knows no folder and no table; see `likebut.indexing.sources` for those.

What is held already is recognised twice: by the file's stamp (size and time: the file is not even read), then by the
digest of its bytes (touched or copied: the vector is kept). Only what is left is decoded, in threads that work
ahead of the encoder, and encoded. The store is written in chunks; each is there whole or not at all, so a run that
was killed is simply started again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from os import PathLike, fsdecode, fspath
from time import monotonic
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from likebut.encoders.base import Encoder
from likebut.errors import BadData, BadImage, IndexMismatch
from likebut.images import describe, fast_load, file_digest, file_stamp, load_image, thumbnail
from likebut.stores.base import Record, Store
from likebut.types import Item

AHEAD_BYTES = 512 * 2**20  # decoded pictures that may wait for the encoder
CHUNK_RECORDS, CHUNK_SECONDS = 1024, 5.0  # a chunk is written when it is this long or this old
BATCHES = 4  # per call of the encoder: while one is in its network, it prepares the next
DEFAULT_WORKERS = min(8, os.cpu_count() or 1)


@dataclass
class IndexReport:
    """What a run did. `encoded` counts pictures that went through the encoder; `seconds` is the whole run."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    encoded: int = 0
    seconds: float = 0.0

    @property
    def images_per_second(self) -> float:
        """Encoded pictures by the time of the whole run."""
        return self.encoded / self.seconds if self.seconds else 0.0


class Held(NamedTuple):
    """What the store knows of an item without its vector."""

    path: str
    stamp: str
    digest: str


@dataclass(frozen=True)
class Ready:
    """An item that a thread has looked at, and what is to be done with it."""

    item: Item
    verdict: Literal["unchanged", "restamp", "encode", "skip"]
    path: str = ""
    stamp: str = ""
    digest: str = ""
    picture: Image.Image | None = None
    thumbnail: bytes = b""
    reason: str = ""

    @property
    def size(self) -> int:
        """Bytes of the decoded picture."""
        return 3 * self.picture.width * self.picture.height if self.picture else 0


def index_items(
    items: Iterable[Item],
    encoder: Encoder,
    store: Store,
    *,
    batch_size: int = 64,
    workers: int = DEFAULT_WORKERS,
    strict: bool = False,
    prune: bool = False,
    allow_url: bool = False,
    progress: Callable[[int], object] | None = None,
) -> IndexReport:
    """Bring `store` up to date with `items`: new and changed pictures are encoded, the rest is left alone.

    batch_size  pictures that go through the encoder's network at once
    workers     threads that read and decode ahead of it
    strict      stop at the first picture that cannot be read; otherwise it is reported in `skipped`
    prune       take out items whose file is gone
    allow_url   fetch pictures that are URLs. One that was fetched before is taken as unchanged.
    progress    called with the number of items that are done since the last call

    Pictures handed over in memory are recognised by their digest alone. A file that changes while it is read keeps
    its old stamp and is looked at again in the next run.

    Raises `BadData` for an id that comes twice, `IndexMismatch` for an encoder the store was not made with, and
    `BadImage` where `strict`. What was encoded before is kept.
    """
    if encoder.fingerprint != store.manifest.fingerprint:
        raise IndexMismatch(
            f"The index was made with {store.manifest.encoder} ({store.manifest.fingerprint}); this is {encoder.name} "
            f"({encoder.fingerprint}). Use that encoder, or index into a new folder."
        )
    start = monotonic()
    run = _Run(encoder, store, batch_size, strict, progress or (lambda done: None))
    try:
        for ready in _look_ahead(items, run.held, encoder, workers, batch_size, allow_url):
            run.take(ready)
        run.encode()
    finally:
        run.write()
    if prune:
        run.report.removed = _prune(store, run.present)
    if run.report.encoded or run.report.removed:
        store.optimize()
    run.report.seconds = monotonic() - start
    return run.report


class _Run:
    """One run of `index_items`: the batch for the encoder, the chunk for the store, and the report."""

    def __init__(
        self, encoder: Encoder, store: Store, batch_size: int, strict: bool, progress: Callable[[int], object]
    ) -> None:
        self.report = IndexReport()
        self.held = {item: Held(*known) for item, known in store.stamps().items()}
        self.present: set[str] = set()  # ids whose picture is there; prune looks at all others
        self._encoder, self._store = encoder, store
        self._batch_size, self._strict, self._progress = batch_size, strict, progress
        self._batch: list[Ready] = []
        self._restamps: list[Ready] = []
        self._records: list[Record] = []
        self._written = monotonic()

    def take(self, ready: Ready) -> None:
        """Sort one item into what it needs, and pass on what has become enough."""
        if ready.verdict == "encode":
            ready = self._unless_taken(ready)
        if ready.verdict == "skip":
            self._skip(ready.item, ready.reason)
            return
        self.present.add(ready.item.id)
        if ready.verdict == "encode":
            self._batch.append(ready)
        elif ready.verdict == "restamp":
            self._restamps.append(ready)
        else:
            self.report.unchanged += 1
            self._progress(1)
        if (
            len(self._batch) >= BATCHES * self._batch_size
            or sum(waiting.size for waiting in self._batch) > AHEAD_BYTES // 2
        ):
            self.encode()
        if len(self._records) + len(self._restamps) >= CHUNK_RECORDS or monotonic() - self._written > CHUNK_SECONDS:
            self.write()

    def _unless_taken(self, ready: Ready) -> Ready:
        """Two folders may both hold a `1.jpg`: the second must not silently take the first one's place."""
        old = self.held.get(ready.item.id)
        if old is None or not ready.path or not os.path.isfile(old.path):
            return ready
        if old.path == ready.path or os.path.samefile(old.path, ready.path):
            return ready
        reason = (
            f"the index already has an item {ready.item.id!r}, from {old.path}; index the folder that holds both, "
            "or a table with a column `id`"
        )
        return replace(ready, verdict="skip", reason=reason)

    def _skip(self, item: Item, reason: str) -> None:
        source = item.id if _is_missing(item.image) else describe(item.image)
        if self._strict:
            self.encode()  # what came before it is kept
            raise BadImage(source, reason)
        self.report.skipped.append((source, reason))
        self._progress(1)

    def encode(self) -> None:
        """Send the batch through the encoder."""
        batch, self._batch = self._batch, []
        if not batch:
            return
        pictures = [ready.picture for ready in batch if ready.picture is not None]
        vectors, norms = self._encoder.encode_images(pictures, batch_size=self._batch_size, return_norms=True)
        for ready, vector, norm in zip(batch, vectors, norms, strict=True):
            if not (np.isfinite(vector).all() and norm > 0):
                self.present.discard(ready.item.id)
                self._skip(ready.item, f"{self._encoder.name} gave no direction for it (norm {norm:g})")
                continue
            known = ready.item.id in self.held
            self.report.updated, self.report.added = self.report.updated + known, self.report.added + (not known)
            self.report.encoded += 1
            self._records.append(
                Record(
                    ready.item.id,
                    vector,
                    float(norm),
                    ready.item.metadata,
                    ready.path,
                    ready.stamp,
                    ready.digest,
                    ready.thumbnail,
                )
            )
            self._progress(1)

    def write(self) -> None:
        """Commit the chunk: new vectors, and old ones under a new stamp or with new metadata."""
        restamps, self._restamps = self._restamps, []
        for ready, old in zip(restamps, self._store.get([ready.item.id for ready in restamps]), strict=True):
            changed = _label(ready.stamp) != _label(old.stamp)
            self.report.updated += changed
            self.report.unchanged += not changed
            metadata = ready.item.metadata if changed else old.metadata
            self._records.append(
                replace(old, metadata=metadata, path=ready.path, stamp=ready.stamp, digest=ready.digest)
            )
            self._progress(1)
        records, self._records = self._records, []
        if records:
            self._store.add(records)
        self._written = monotonic()


def _look_ahead(
    items: Iterable[Item],
    held: dict[str, Held],
    encoder: Encoder,
    workers: int,
    batch_size: int,
    allow_url: bool,
) -> Iterator[Ready]:
    """Items in their order, each looked at by a thread.

    Two batches are looked at ahead, fewer where pictures are so large that those would not fit into `AHEAD_BYTES`.
    """
    size = int(getattr(encoder, "image_size", 0))
    typical = 36e6  # bytes of a decoded picture: 12 megapixels until we know better
    futures: deque[Future[Ready]] = deque()
    pool = ThreadPoolExecutor(max(1, workers), thread_name_prefix="likebut-decode")
    try:
        for item in _once_each(items):
            futures.append(pool.submit(_look, item, held.get(item.id), size, allow_url))
            while len(futures) > max(workers, min(2 * batch_size, AHEAD_BYTES / typical)):
                ready = futures.popleft().result()
                if ready.picture is not None:
                    typical = 0.9 * typical + 0.1 * ready.size
                yield ready
        while futures:
            yield futures.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _once_each(items: Iterable[Item]) -> Iterator[Item]:
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise BadData(
                f"The id {item.id!r} comes twice, the second time for {describe(item.image)}. Ids must be unique."
            )
        seen.add(item.id)
        yield item


def _look(item: Item, old: Held | None, size: int, allow_url: bool) -> Ready:
    """What one item needs; reads no more of its picture than that takes. Never raises for a bad picture."""
    try:
        path = _path(item.image)
        label = _metadata_label(item)
        if not path:
            return _decode(item, old, "", f"memory|{label}", _digest_in_memory(item.image), size, allow_url)
        if "://" in path:
            stamp = f"url|{label}"
            if old and old.path == path:
                return Ready(item, "unchanged" if old.stamp == stamp else "restamp", path, stamp, old.digest)
            picture = load_image(path, allow_url=allow_url)
            return Ready(item, "encode", path, stamp, _digest_in_memory(picture), picture, thumbnail(picture))
        stamp = f"{_stamp(path)}|{label}"
        if old and old.path == path and old.stamp == stamp:
            return Ready(item, "unchanged", path, stamp, old.digest)
        if old and old.path == path and old.stamp.rpartition("|")[0] == stamp.rpartition("|")[0]:
            return Ready(item, "restamp", path, stamp, old.digest)
        return _decode(item, old, path, stamp, file_digest(path), size, allow_url)
    except BadImage as error:
        return Ready(item, "skip", reason=error.reason)
    except OSError as error:
        return Ready(item, "skip", reason=f"cannot be read: {error.strerror or error}")


def _decode(item: Item, old: Held | None, path: str, stamp: str, digest: str, size: int, allow_url: bool) -> Ready:
    if old and old.digest == digest:
        return Ready(item, "restamp" if (old.path, old.stamp) != (path, stamp) else "unchanged", path, stamp, digest)
    source = path or item.image
    picture = fast_load(source, size, allow_url=allow_url) if size else load_image(source, allow_url=allow_url)
    return Ready(item, "encode", path, stamp, digest, picture, thumbnail(picture))


def _path(image: object) -> str:
    """Where a picture lies, so that it can be found from any working directory; "" for pictures in memory."""
    if _is_missing(image):
        raise BadImage("", "the row names no image")
    if not isinstance(image, str | PathLike):
        return ""
    name = fsdecode(fspath(image))
    try:
        name.encode()
    except UnicodeEncodeError:
        raise BadImage(describe(image), "its name is not valid Unicode; rename the file") from None
    return name if "://" in name else os.path.abspath(name)


def _is_missing(image: object) -> bool:
    return image is None or (isinstance(image, str) and not image)


def _stamp(path: str) -> str:
    try:
        return file_stamp(path)
    except FileNotFoundError:
        raise BadImage(path, "no such file") from None


def _metadata_label(item: Item) -> str:
    """Eight digits that change with the metadata, so that a stamp alone says whether anything did."""
    if not item.metadata:
        return ""
    text = json.dumps(dict(item.metadata), sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]


def _label(stamp: str) -> str:
    return stamp.rpartition("|")[2]


def _digest_in_memory(image: object) -> str:
    if isinstance(image, bytes):
        return hashlib.sha256(image).hexdigest()
    pixels = np.ascontiguousarray(np.asarray(image))
    return hashlib.sha256(f"{pixels.dtype}{pixels.shape}".encode() + pixels.tobytes()).hexdigest()


def _prune(store: Store, present: set[str]) -> int:
    gone: Sequence[str] = [
        item
        for item, (path, _, _) in store.stamps().items()
        if item not in present and path and "://" not in path and not os.path.exists(path)
    ]
    return store.remove(gone)

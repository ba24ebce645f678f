"""Where items stand in a ranking, found by counting instead of sorting.

The rank of an item is 1 + how many scores are higher + how many are equal with a smaller id. That needs one pass over
the scores, no sort of the gallery and no table of names. Scores are made for a block of queries at a time, so memory
does not grow with the number of queries, and the gallery may be a file that is read in slices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Queue
from typing import Protocol

import numpy as np

from likebut.metrics.base import NOT_FOUND
from likebut.types import Array

SLICE = 8192  # gallery rows read at a time
THREADS = 2


class RowSource(Protocol):
    """(N, D) float32 unit rows that can be sliced: an array, a memory map, or rows picked out of one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, D)."""

    def __getitem__(self, rows: slice, /) -> Array: ...


@dataclass(frozen=True)
class Ranking:
    """Of B queries over N items; items are positions in the gallery, -1 pads.

    ranks         (B, R) int64: the rank of each wanted item, in the order they were wanted; `NOT_FOUND` pads
    top, scores   (B, K) the best K, best first, and their cosines
    group, group_scores   (B, C) the query's group, best first; excluded members are left out
    """

    ranks: Array
    top: Array
    scores: Array
    group: Array
    group_scores: Array


def rank(
    queries: Array,
    gallery: RowSource,
    ids: Sequence[str],
    *,
    wanted: Sequence[Array],
    excluded: Sequence[Array] | None = None,
    groups: Sequence[Array] | None = None,
    depth: int = 100,
    memory: int = 256 << 20,
) -> Ranking:
    """Rank N gallery rows for B queries; equal scores in order of id.

    queries   (B, D) float32 unit rows; gallery (N, D) likewise
    wanted    per query the positions whose rank is asked for; `excluded`: positions that are not ranked at all
    groups    per query the positions of a small set that is also ranked by itself
    depth     how many of the best to return
    memory    bytes for the scores that are held at one time; the peak is about four times this, beside the gallery's
    """
    names = _order_of_ids(ids)
    copies, originals = _equal_rows(gallery)
    depth = min(depth, len(ids))
    wanted_rows = _padded(wanted)
    group_rows = _padded(groups if groups is not None else [np.empty(0, int)] * len(queries))

    def one_block(rows: slice, scores: Array) -> tuple[Array, ...]:
        # A matrix product may round two equal rows differently at its edges; equal pictures must tie exactly.
        scores[:, copies] = scores[:, originals]
        for row, out in enumerate(excluded[rows] if excluded is not None else ()):
            scores[row, out] = -np.inf
        group, group_scores = order_candidates(_gather(scores, group_rows[rows]), group_rows[rows], names)
        return _ranks(scores, wanted_rows[rows], names), *_top(scores, depth, names), group, group_scores

    parts = _in_blocks(queries, gallery, memory, one_block)
    return Ranking(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def order_candidates(scores: Array, candidates: Array, names: Array) -> tuple[Array, Array]:
    """(B, C) scores of (B, C) positions → both, best first, equal scores in order of `names`; -1 where left out."""
    order = np.lexsort((names[candidates], -scores), axis=-1)
    ordered, best = np.take_along_axis(candidates, order, axis=1), np.take_along_axis(scores, order, axis=1)
    return np.where(np.isneginf(best), -1, ordered), best


def rank_candidates(
    queries: Array, gallery: Array, ids: Sequence[str], candidates: Sequence[Array], wanted: Sequence[Array]
) -> Ranking:
    """`rank` where each query has a small gallery of its own (GeneCIS): `candidates` are its positions."""
    names, rows = _order_of_ids(ids), _padded(candidates)
    scores = np.stack([gallery[np.maximum(row, 0)] @ query for row, query in zip(rows, queries, strict=True)])
    top, best = order_candidates(np.where(rows < 0, -np.inf, scores), rows, names)
    targets = _padded(wanted)
    places = (top[:, None, :] == targets[:, :, None]) & (targets >= 0)[:, :, None]
    ranks = np.where(places.any(axis=2), places.argmax(axis=2) + 1, NOT_FOUND)
    empty = np.empty((len(queries), 0))
    return Ranking(ranks, top, best, empty.astype(np.int64), empty.astype(np.float32))


def _in_blocks(
    queries: Array, gallery: RowSource, memory: int, finish: Callable[[slice, Array], tuple[Array, ...]]
) -> list[tuple[Array, ...]]:
    """`finish` on blocks of queries with their scores over the whole gallery, (b, N), in order.

    Two threads, each with its own block of scores: selecting runs on one core, and the next product on the others.
    """
    count, size = len(queries), gallery.shape[0]
    step = max(1, min(-(-count // THREADS), memory // (4 * size * THREADS)))
    free: Queue[Array] = Queue()
    for _ in range(THREADS):
        free.put(np.empty((step, size), dtype=np.float32))

    def work(start: int) -> tuple[Array, ...]:
        rows = slice(start, min(start + step, count))
        scores = free.get()
        try:
            block = scores[: rows.stop - rows.start]
            for left in range(0, size, SLICE):
                part = gallery[left : left + SLICE]
                np.matmul(queries[rows], part.T, out=block[:, left : left + len(part)])
            return finish(rows, block)
        finally:
            free.put(scores)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(0, count, step)))


def _ranks(scores: Array, wanted: Array, names: Array) -> Array:
    """(b, N) scores, (b, R) positions → (b, R) ranks."""
    ranks = np.full(wanted.shape, NOT_FOUND, dtype=np.int64)
    if wanted.shape[1] == 1:
        mark = _gather(scores, wanted)
        found = ~np.isneginf(mark[:, 0])
        higher, equal = np.count_nonzero(scores > mark, axis=1), np.count_nonzero(scores == mark, axis=1)
        ranks[found, 0] = 1 + higher[found]
        for tied in np.flatnonzero(found & (equal > 1)):
            ranks[tied, 0] += np.count_nonzero((scores[tied] == mark[tied]) & (names < names[wanted[tied, 0]]))
        return ranks
    for row, positions in enumerate(wanted):
        for column, position in enumerate(positions):
            mark = scores[row, position]
            if position < 0 or np.isneginf(mark):
                continue
            equal = np.flatnonzero(scores[row] == mark)
            before = np.count_nonzero(names[equal] < names[position])
            ranks[row, column] = 1 + np.count_nonzero(scores[row] > mark) + before
    return ranks


def _top(scores: Array, depth: int, names: Array) -> tuple[Array, Array]:
    """(b, N) scores → the best `depth` positions and their scores, each (b, depth)."""
    size = scores.shape[1]
    edge = np.partition(scores, size - depth, axis=1)[:, size - depth, None]
    best = scores >= edge
    # Where the last place is shared, more than `depth` pass; the smallest ids win.
    for row in np.flatnonzero(np.count_nonzero(best, axis=1) > depth):
        rivals = np.flatnonzero(best[row])
        best[row] = False
        best[row, rivals[np.lexsort((names[rivals], -scores[row, rivals]))[:depth]]] = True
    picked = np.flatnonzero(best).reshape(-1, depth) % size
    return order_candidates(np.take_along_axis(scores, picked, axis=1), picked, names)


def _gather(scores: Array, positions: Array) -> Array:
    """scores[row, positions[row]], -inf where the position is -1."""
    return np.where(positions < 0, np.float32(-np.inf), np.take_along_axis(scores, np.maximum(positions, 0), axis=1))


def _padded(lists: Sequence[Array]) -> Array:
    """B arrays of positions → (B, longest) int64, -1 at the end of shorter ones."""
    padded = np.full((len(lists), max(map(len, lists), default=0)), -1, dtype=np.int64)
    for row, positions in zip(padded, lists, strict=True):
        row[: len(positions)] = positions
    return padded


def _order_of_ids(ids: Sequence[str]) -> Array:
    """(N,) where each id stands when ids are sorted as text."""
    places = np.empty(len(ids), dtype=np.int64)
    places[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    return places


def _equal_rows(gallery: RowSource) -> tuple[list[int], list[int]]:
    """Positions of rows that repeat an earlier row byte for byte, and the positions they repeat."""
    first: dict[int, list[int]] = {}
    copies, originals = [], []
    for left in range(0, gallery.shape[0], SLICE):
        part = np.ascontiguousarray(gallery[left : left + SLICE])
        for position, row in enumerate(part, start=left):
            for earlier in first.setdefault(hash(row.tobytes()), []):
                if np.array_equal(gallery[earlier : earlier + 1][0], row):
                    copies.append(position)
                    originals.append(earlier)
                    break
            else:
                first[hash(row.tobytes())].append(position)
    return copies, originals

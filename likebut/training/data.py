"""Batches: which rows come next, for ever, the same after an interruption as without one.

The order of an epoch is a function of (seed, epoch) and the randomness of a batch is a function of (seed, epoch,
position, process). So the state of a loader is two numbers, prefetching cannot change what is served, and resuming
costs nothing. What a row is, `make` decides: this file has never seen a picture.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from likebut.errors import BadData
from likebut.types import Array

MakeBatch = Callable[[Array, np.random.Generator], Any]


class Batches:
    """Endless batches over `size` rows, shuffled anew in every epoch; the rest that fills no batch is left out.

    make        (indices (B,) int64, generator) → a batch of any kind. All its randomness must come from the generator
    batch_size  B, rows per process; `world` processes share an epoch without overlap
    prefetch    batches made ahead in one background thread (0: made when asked for)

    Raises `BadData` where `size` does not fill a single batch.

    >>> loader = Batches(6, 3, lambda indices, rng: sorted(indices.tolist()), shuffle=False)
    >>> next(loader), next(loader), next(loader)
    ([0, 1, 2], [3, 4, 5], [0, 1, 2])
    """

    def __init__(
        self,
        size: int,
        batch_size: int,
        make: MakeBatch,
        *,
        seed: int = 0,
        shuffle: bool = True,
        rank: int = 0,
        world: int = 1,
        prefetch: int = 0,
    ) -> None:
        self.per_epoch = size // (batch_size * world)
        if self.per_epoch == 0:
            raise BadData(
                f"{size} rows do not fill one batch of {batch_size} × {world} processes. "
                "Use a smaller batch, or more data."
            )
        self.size, self.batch_size, self.make = size, batch_size, make
        self.seed, self.shuffle, self.rank, self.world, self.prefetch = seed, shuffle, rank, world, prefetch
        self.epoch, self.position = 0, 0
        self._order: tuple[int, Array] = (-1, np.empty(0, np.int64))
        self._pool: ThreadPoolExecutor | None = None
        self._ahead: deque[Future[Any]] = deque()

    def __iter__(self) -> Batches:
        return self

    def __next__(self) -> Any:
        if self.prefetch:
            batch = self._next_prefetched()
        else:
            batch = self._make(self.epoch, self.position)
        self.epoch, self.position = self._after(self.epoch, self.position)
        return batch

    def state_dict(self) -> dict[str, int | bool]:
        """What the next batch depends on."""
        keys = ("epoch", "position", "seed", "size", "batch_size", "world", "shuffle")
        return {key: getattr(self, key) for key in keys}

    def load_state_dict(self, state: dict[str, int | bool]) -> None:
        """Go on where the other loader stopped. Raises `BadData` if it walked over other rows or in another order."""
        own = self.state_dict()
        for key in ("seed", "size", "batch_size", "world", "shuffle"):
            if state[key] != own[key]:
                raise BadData(
                    f"The interrupted run had {key} {state[key]}, this one has {own[key]}: the same batches "
                    "cannot follow. Use the old setting, or start a new run in an empty folder."
                )
        self.close()
        self.epoch, self.position = int(state["epoch"]), int(state["position"])

    def close(self) -> None:
        """Drop what was made ahead and end the background thread."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None
        self._ahead.clear()

    def _after(self, epoch: int, position: int) -> tuple[int, int]:
        return (epoch, position + 1) if position + 1 < self.per_epoch else (epoch + 1, 0)

    def _make(self, epoch: int, position: int) -> Any:
        if self._order[0] != epoch:
            order = np.arange(self.size)
            if self.shuffle:
                order = np.random.default_rng([self.seed, epoch]).permutation(self.size)
            self._order = (epoch, order)
        start = (position * self.world + self.rank) * self.batch_size
        generator = np.random.default_rng([self.seed, epoch, position, self.rank])
        return self.make(self._order[1][start : start + self.batch_size], generator)

    def _next_prefetched(self) -> Any:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="likebut-batches")
            self._ahead.clear()
            self._made = (self.epoch, self.position)
        while len(self._ahead) <= self.prefetch:
            self._ahead.append(self._pool.submit(self._make, *self._made))
            self._made = self._after(*self._made)
        return self._ahead.popleft().result()


def over_arrays(*arrays: Array) -> MakeBatch:
    """`make` for rows that lie in arrays (or memmaps) of one length: a batch is the tuple of their rows, as tensors."""
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1:
        raise BadData(f"Arrays of one length expected; found {sorted(lengths)} rows.")

    def make(indices: Array, generator: np.random.Generator) -> tuple[Any, ...]:
        import torch

        rows = np.sort(indices)  # a memmap reads forwards; the order inside a batch carries no meaning
        return tuple(torch.from_numpy(np.ascontiguousarray(array[rows])) for array in arrays)

    return make


def over_items(items: Sequence[Any], make_one: Callable[[Any, np.random.Generator], Any]) -> MakeBatch:
    """`make` for rows that a function prepares one by one (open, crop, tokenise): a batch is the list of results."""

    def make(indices: Array, generator: np.random.Generator) -> list[Any]:
        return [make_one(items[int(index)], generator) for index in indices]

    return make

"""Batches: every row once per epoch, the same order whatever happens in between."""

from __future__ import annotations

import numpy as np
import pytest

from likebut.errors import BadData
from likebut.training.data import Batches, over_arrays, over_items


def serve(indices: np.ndarray, rng: np.random.Generator) -> tuple[list[int], float]:
    return indices.tolist(), float(rng.random())


def test_an_epoch_serves_every_row_once_and_the_next_in_another_order() -> None:
    batches = Batches(12, 4, serve, seed=1)
    first, second = ([next(batches)[0] for _ in range(3)] for _ in range(2))
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(12))
    assert first != second


def test_processes_share_an_epoch_without_overlap() -> None:
    one = Batches(13, 4, serve, seed=1)
    both = [Batches(13, 2, serve, seed=1, rank=rank, world=2) for rank in (0, 1)]
    for _ in range(5):
        whole = next(one)[0]
        assert next(both[0])[0] + next(both[1])[0] == whole


@pytest.mark.parametrize("served", [0, 2, 3, 7])
@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_a_resumed_loader_goes_on_exactly(served: int, prefetch: int) -> None:
    whole, cut = Batches(13, 4, serve, seed=2), Batches(13, 4, serve, seed=2, prefetch=prefetch)
    expected = [next(whole) for _ in range(12)]
    found = [next(cut) for _ in range(served)]
    resumed = Batches(13, 4, serve, seed=2, prefetch=prefetch)
    resumed.load_state_dict(cut.state_dict())
    found += [next(resumed) for _ in range(12 - served)]
    assert found == expected
    cut.close(), resumed.close()


def test_a_batch_of_arrays_holds_matching_rows() -> None:
    x = np.arange(10, dtype="f4")
    a, b = next(Batches(10, 5, over_arrays(x, 2 * x), seed=0))
    assert (2 * a == b).all()
    assert len(set(a.tolist())) == 5
    with pytest.raises(BadData, match=r"\[9, 10\] rows"):
        over_arrays(x, x[1:])


def test_items_are_prepared_one_by_one() -> None:
    assert next(Batches(3, 3, over_items("abc", lambda item, rng: item.upper()), shuffle=False)) == ["A", "B", "C"]


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(BadData, match="7 rows do not fill one batch of 4 × 2"):
        Batches(7, 4, serve, world=2)

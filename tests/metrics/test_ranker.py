"""The ranker counts; here it is held against a sorted list."""

import numpy as np
import pytest

from likebut.metrics.base import NOT_FOUND
from likebut.metrics.ranker import rank, rank_candidates


def slow_order(scores, ids, excluded=()):
    """What a ranking means: score first, then id; excluded items are not in it."""
    allowed = [i for i in range(len(ids)) if i not in set(excluded)]
    return sorted(allowed, key=lambda i: (-scores[i], ids[i]))


def scene(seed, queries=23, size=57, dim=5):
    """Small integers, so that scores tie often; ids in no order."""
    rng = np.random.default_rng(seed)
    ids = [f"g{i}" for i in rng.permutation(size)]
    return (
        rng,
        rng.integers(-2, 3, (queries, dim)).astype("float32"),
        rng.integers(-2, 3, (size, dim)).astype("float32"),
        ids,
    )


@pytest.mark.parametrize("memory", [1, 2000, 1 << 20])  # one query at a time, some, all
@pytest.mark.parametrize("depth", [1, 10, 57, 100])
def test_counted_ranks_and_the_top_equal_a_sorted_list(depth, memory):
    rng, queries, gallery, ids = scene(depth)
    wanted = [rng.choice(57, 3, replace=False) for _ in queries]
    excluded = [rng.choice(57, rng.integers(0, 3), replace=False) for _ in queries]
    groups = [rng.choice(57, 6, replace=False) for _ in queries]
    found = rank(queries, gallery, ids, wanted=wanted, excluded=excluded, groups=groups, depth=depth, memory=memory)
    for row, scores in enumerate(queries @ gallery.T):
        order = slow_order(scores, ids, excluded[row])
        assert [i for i in found.top[row] if i >= 0] == order[:depth]
        assert found.scores[row][: len(order[:depth])] == pytest.approx(scores[order[:depth]])
        expected = [order.index(i) + 1 if i in order else NOT_FOUND for i in wanted[row]]
        assert found.ranks[row].tolist() == expected
        assert [i for i in found.group[row] if i >= 0] == [i for i in order if i in groups[row]]


def test_a_single_target_takes_the_fast_path_to_the_same_rank():
    rng, queries, gallery, ids = scene(5)
    wanted = [rng.choice(57, 1) for _ in queries]
    found = rank(queries, gallery, ids, wanted=wanted)
    for row, scores in enumerate(queries @ gallery.T):
        assert found.ranks[row, 0] == slow_order(scores, ids).index(wanted[row][0]) + 1


def test_equal_pictures_tie_exactly_and_fall_in_order_of_id():
    # 300 copies of one row, wide enough that a matrix product may round them differently at its edges.
    row = np.random.default_rng(0).standard_normal(641).astype("float32")
    gallery = np.tile(row / np.linalg.norm(row), (300, 1))
    ids = [f"{i:03d}" for i in reversed(range(300))]
    found = rank(gallery[:1] * 0.3, gallery, ids, wanted=[np.array([0])], depth=300)
    assert [ids[i] for i in found.top[0]] == sorted(ids)
    assert found.ranks[0, 0] == 300  # position 0 holds the largest id


def test_a_target_that_is_excluded_has_no_rank():
    gallery = np.eye(3, dtype="float32")
    found = rank(gallery[:1], gallery, ["a", "b", "c"], wanted=[np.array([0])], excluded=[np.array([0])])
    assert found.ranks[0, 0] == NOT_FOUND
    assert found.top[0].tolist() == [1, 2, -1]


def test_small_galleries_of_their_own_equal_a_sorted_list():
    rng, queries, gallery, ids = scene(9)
    candidates = [rng.choice(57, rng.integers(4, 8), replace=False) for _ in queries]
    wanted = [rows[:1] for rows in candidates]
    found = rank_candidates(queries, gallery, ids, candidates, wanted)
    for row, scores in enumerate(queries @ gallery.T):
        order = sorted(candidates[row], key=lambda i: (-scores[i], ids[i]))
        assert [i for i in found.top[row] if i >= 0] == order
        assert found.ranks[row, 0] == order.index(wanted[row][0]) + 1

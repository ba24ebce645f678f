from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from likebut.errors import BadData
from likebut.metrics.significance import bootstrap_interval, compare_paired, randomisation_p


def test_randomisation_agrees_with_counting_every_swap() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random(10), rng.random(10) * 0.8
    gaps = a - b
    swaps = np.array(list(product([-1, 1], repeat=10))) @ gaps  # all 1,024
    exact = float((np.abs(swaps) >= abs(gaps.sum()) - 1e-12).mean())
    assert randomisation_p(a, b, draws=40_000) == pytest.approx(exact, abs=0.01)


def test_ten_wins_and_no_loss_are_significant_at_one_in_512() -> None:
    a, b = np.ones(10), np.zeros(10)  # only "no swap" and "all swapped" are as extreme: 2 of 1,024
    assert randomisation_p(a, b, draws=50_000) == pytest.approx(2 / 1024, abs=1e-3)


def test_the_interval_of_a_mean_is_about_two_standard_errors_wide() -> None:
    values = (np.arange(4000) % 4 == 0).astype(float)  # mean 0.25
    low, high = bootstrap_interval(values)
    error = np.sqrt(0.25 * 0.75 / 4000)
    assert low == pytest.approx(0.25 - 1.96 * error, abs=2e-3)
    assert high == pytest.approx(0.25 + 1.96 * error, abs=2e-3)


def test_a_paired_difference_is_sharper_than_two_separate_intervals() -> None:
    rng = np.random.default_rng(0)
    hard = rng.random(500)
    better, worse = hard + 0.01, hard + rng.normal(0, 0.02, 500)
    found = compare_paired(better, worse)
    assert found.mean == pytest.approx((better - worse).mean())
    assert found.low > 0
    assert found.p < 0.01
    assert bootstrap_interval(better)[0] < bootstrap_interval(worse)[1]  # unpaired, they overlap


def test_the_same_seed_gives_the_same_numbers() -> None:
    a, b = np.arange(50) % 2, np.arange(50) % 3 == 0
    assert compare_paired(a, b, seed=5) == compare_paired(a, b, seed=5)


@pytest.mark.parametrize("a, b", [([1.0], [1.0, 0.0]), ([], [])])
def test_arrays_that_cannot_be_paired_are_refused(a: list[float], b: list[float]) -> None:
    with pytest.raises(BadData, match="same queries"):
        compare_paired(np.array(a), np.array(b))

"""Metrics, worked by hand."""

import doctest
import importlib

import numpy as np
import pytest

from likebut.errors import UnknownName
from likebut.metrics import METRICS, average_precision_at_k, get_metric, recall_at_k, recall_subset_at_k
from likebut.metrics.base import NOT_FOUND, Judged


@pytest.mark.parametrize("module", ["recall", "precision", "ranks", "means"])
def test_the_examples_in_the_docstrings_hold(module):
    result = doctest.testmod(importlib.import_module(f"likebut.metrics.{module}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_a_perfect_top_two_of_four_targets_is_worth_one():
    assert average_precision_at_k(["a", "b", "x"], {"a", "b", "c", "d"}, k=2) == 1.0  # TREC would say 0.5


def test_average_precision_at_three_with_hits_first_and_third():
    assert average_precision_at_k(["a", "x", "b"], {"a", "b", "c", "d"}, k=3) == pytest.approx((1 + 2 / 3) / 3)


def test_recall_looks_no_further_than_k():
    assert [recall_at_k(["x", "y", "a"], {"a"}, k) for k in (1, 2, 3)] == [0.0, 0.0, 1.0]


def test_subset_recall_forgets_everything_outside_the_group():
    ranked = ["x", "y", "b", "z", "a"]
    assert recall_subset_at_k(ranked, {"a"}, 1, {"a", "b"}) == 0.0
    assert recall_subset_at_k(ranked, {"a"}, 2, {"a", "b"}) == 1.0


def test_an_id_ranked_twice_is_refused():
    with pytest.raises(ValueError, match="'a' is ranked twice"):
        recall_at_k(["a", "a"], {"a"}, 1)


def test_true_recall_counts_queries_without_an_answer_as_zero():
    metric = get_metric("true_recall@10")
    values = metric.per_query(Judged.of_ranks([[2, 3, 40], []], relevant=[3, 0], ranked=[100, 100]))
    assert values == pytest.approx([2 / 3.00001, 0.0])
    assert metric.average(values) == pytest.approx(1 / 3.00001)


def test_precision_divides_by_a_gallery_smaller_than_k():
    values = get_metric("precision@200").per_query(Judged.of_ranks([[1, 2]], relevant=[2], ranked=[20]))
    assert values == pytest.approx([2 / 20])


def test_mean_and_median_rank():
    judged = Judged.of_ranks([[1], [2], [3], [10]], relevant=[1] * 4, ranked=[10] * 4)
    for name, expected in [("mean_rank", 4.0), ("median_rank", 2.0)]:
        metric = get_metric(name)
        assert metric.average(metric.per_query(judged)) == expected
        assert not metric.higher


def test_a_rank_that_was_never_found_is_not_left_out_of_the_mean():
    judged = Judged.of_ranks([[1], []], relevant=[1, 1], ranked=[10, 10])
    assert judged.ranks[1, 0] == NOT_FOUND
    with pytest.raises(ValueError, match="1 of 2 queries"):
        get_metric("mean_rank").per_query(judged)


@pytest.mark.parametrize("name", ["recall", "recall@", "recall@0", "recall@ten", "mean_rank@5"])
def test_a_metric_name_without_its_k_or_with_a_needless_one_says_what_is_expected(name):
    with pytest.raises(UnknownName, match="Expected"):
        get_metric(name)


def test_a_mistyped_metric_is_met_with_the_right_one():
    with pytest.raises(UnknownName, match="Did you mean 'recall'"):
        get_metric("recal@10")


@pytest.mark.parametrize("name", list(METRICS))
def test_every_metric_of_the_catalogue_is_best_for_a_perfect_ranking_and_names_its_source(name):
    metric = get_metric(name if METRICS[name].card.get("k") == "none" else f"{name}@1")
    judged = Judged.of_lists([["a", "b"]] * 3, [{"a"}] * 3, grades=[{"a": 1.0}] * 3)
    value = metric.average(metric.per_query(judged))
    assert value == pytest.approx(1.0, abs=2e-5)
    assert METRICS[name].card["paper"].startswith(("arXiv:", "doi:"))
    assert np.asarray(metric.per_query(judged)).shape == (3,)

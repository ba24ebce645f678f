"""Losses against literal loops over the formulas, and against numbers of the published code."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from likebut.training.losses import batch_classification, hn_nce, info_nce, nt_xent

GOLDEN = {
    name: torch.from_numpy(np.asarray(array))
    for name, array in np.load(Path(__file__).parents[1] / "goldens/losses/losses.npz").items()
}


def rows(size: int, dim: int, seed: int) -> Tensor:
    return torch.randn(size, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def cosine(a: Tensor, b: Tensor) -> float:
    return float(a @ b / a.norm() / b.norm())


def slow_info_nce(v: Tensor, t: Tensor, scale: float, ignore: set[tuple[int, int]]) -> float:
    size, total = len(v), 0.0
    for i in range(size):
        right = math.exp(scale * cosine(v[i], t[i]))
        texts = sum(math.exp(scale * cosine(v[i], t[j])) for j in range(size) if (i, j) not in ignore)
        images = sum(math.exp(scale * cosine(v[j], t[i])) for j in range(size) if (j, i) not in ignore)
        total -= (math.log(right / texts) + math.log(right / images)) / 2
    return total / size


def slow_hn_nce(q: Tensor, g: Tensor, tau: float, alpha: float, beta: float, as_implemented: bool) -> float:
    size = len(q)
    s = [[float(q[i] @ g[j]) / tau for j in range(size)] for i in range(size)]
    total = 0.0
    for i in range(size):
        to_targets = to_queries = alpha * math.exp(s[i][i])
        for j in range(size):
            if j != i:
                r = j if as_implemented else i
                row_sum = sum(math.exp(beta * s[r][k]) for k in range(size) if k != r)
                to_targets += (size - 1) * math.exp(beta * s[i][j]) / row_sum * math.exp(s[i][j])
                column_sum = sum(math.exp(beta * s[k][i]) for k in range(size) if k != i)
                to_queries += (size - 1) * math.exp(beta * s[j][i]) / column_sum * math.exp(s[j][i])
        total += math.log(to_targets) - s[i][i] + math.log(to_queries) - s[i][i]
    return total / size


def slow_nt_xent(a: Tensor, b: Tensor, tau: float) -> float:
    z, size, total = torch.cat([a, b]), len(a), 0.0
    for i in range(2 * size):
        partner = i + size if i < size else i - size
        others = sum(math.exp(cosine(z[i], z[k]) / tau) for k in range(2 * size) if k != i)
        total -= math.log(math.exp(cosine(z[i], z[partner]) / tau) / others)
    return total / (2 * size)


@pytest.mark.parametrize("scale", [1.0, 14.3])
def test_info_nce_agrees_with_a_loop(scale: float) -> None:
    v, t = rows(7, 5, 1), rows(7, 5, 2)
    assert float(info_nce(v, t, scale)) == pytest.approx(slow_info_nce(v, t, scale, set()), rel=1e-5)


def test_info_nce_leaves_ignored_pairs_out_of_both_sums_but_never_the_positive() -> None:
    v, t = rows(5, 4, 3), rows(5, 4, 4)
    ignore = torch.eye(5, dtype=torch.bool)  # the diagonal is asked for too, and must stay
    pairs = {(0, 2), (2, 0), (3, 1)}
    for i, j in pairs:
        ignore[i, j] = True
    assert float(info_nce(v, t, 5.0, ignore=ignore)) == pytest.approx(slow_info_nce(v, t, 5.0, pairs), rel=1e-5)
    assert float(info_nce(v, t, 5.0, ignore=ignore)) < float(info_nce(v, t, 5.0))


def test_info_nce_of_two_perfect_pairs_is_log_of_one_plus_e_to_minus_scale() -> None:
    assert float(info_nce(torch.eye(2), 3 * torch.eye(2), 2.0)) == pytest.approx(math.log(1 + math.exp(-2)))


def test_batch_classification_is_the_image_direction_of_info_nce() -> None:
    q, g = rows(6, 4, 5), rows(6, 4, 6)
    both = info_nce(q, g, 100.0)
    assert float((batch_classification(q, g) + batch_classification(g, q)) / 2) == pytest.approx(float(both), rel=1e-6)
    assert float(batch_classification(q, g)) != pytest.approx(float(batch_classification(g, q)), rel=1e-2)


@pytest.mark.parametrize("as_implemented", [True, False])
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.5), (0.5, 1.0), (1.0, 0.0)])
def test_hn_nce_agrees_with_a_loop(alpha: float, beta: float, as_implemented: bool) -> None:
    q, g = torch.nn.functional.normalize(rows(6, 8, 7)), torch.nn.functional.normalize(rows(6, 8, 8))
    found = hn_nce(q, g, 0.07, alpha, beta, as_implemented=as_implemented)
    assert float(found) == pytest.approx(slow_hn_nce(q, g, 0.07, alpha, beta, as_implemented), rel=1e-5)


def test_hn_nce_without_hardness_is_twice_info_nce() -> None:
    q, g = torch.nn.functional.normalize(rows(5, 8, 9)), torch.nn.functional.normalize(rows(5, 8, 10))
    assert float(hn_nce(q, g, 0.07, beta=0.0)) == pytest.approx(2 * float(info_nce(q, g, 1 / 0.07)), rel=1e-5)


@pytest.mark.parametrize("temperature", [0.25, 1.0])
def test_nt_xent_agrees_with_a_loop(temperature: float) -> None:
    a, b = rows(5, 6, 11), rows(5, 6, 12)
    assert float(nt_xent(a, b, temperature)) == pytest.approx(slow_nt_xent(a, b, temperature), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("hn_nce_as_implemented", {}),
        ("hn_nce_paper", {"as_implemented": False}),
        ("hn_nce_as_implemented_alpha0_5_beta1", {"alpha": 0.5, "beta": 1.0}),
        ("hn_nce_paper_alpha0_5_beta1", {"alpha": 0.5, "beta": 1.0, "as_implemented": False}),
        ("hn_nce_beta0", {"beta": 0.0}),
    ],
)
def test_hn_nce_equals_the_published_numbers(name: str, options: dict[str, float]) -> None:
    found = hn_nce(GOLDEN["covr.query"], GOLDEN["covr.target"], 0.07, **options)  # type: ignore[arg-type]
    assert float(found) == pytest.approx(float(GOLDEN[f"covr.{name}"]), abs=2e-5)


def test_hn_nce_has_the_published_gradients() -> None:
    query = GOLDEN["covr.query"].clone().requires_grad_()
    target = GOLDEN["covr.target"].clone().requires_grad_()
    hn_nce(query, target, 0.07).backward()
    assert_gradient(query, GOLDEN["covr.hn_nce_grad_query"])
    assert_gradient(target, GOLDEN["covr.hn_nce_grad_target"])


def assert_gradient(tensor: Tensor, expected: Tensor) -> None:
    assert tensor.grad is not None
    assert float((tensor.grad - expected).abs().max()) <= 1e-4 * float(expected.abs().max())


def test_info_nce_equals_covrs_cross_entropy() -> None:
    found = info_nce(GOLDEN["covr.query"], GOLDEN["covr.target"], 1 / 0.07)
    assert float(found) == pytest.approx(float(GOLDEN["covr.cross_entropy"]), abs=2e-5)


def test_batch_classification_equals_clip4cirs_losses_and_gradients() -> None:
    found = batch_classification(GOLDEN["combiner.query"], GOLDEN["combiner.target"])
    assert float(found) == pytest.approx(float(GOLDEN["combiner.bbc_loss"]), abs=2e-5)
    parts = {name: GOLDEN[f"combiner.{name}"].clone().requires_grad_() for name in ("image", "text", "target")}
    loss = batch_classification(parts["image"] + parts["text"], parts["target"])  # stage 1: the sum, then unit length
    assert loss.item() == pytest.approx(float(GOLDEN["combiner.sum_loss"]), abs=2e-5)
    loss.backward()
    for name, part in parts.items():
        assert_gradient(part, GOLDEN[f"combiner.sum_grad_input.{name}"])


@pytest.mark.parametrize(("name", "temperature"), [("nt_xent_t0_25", 0.25), ("nt_xent_t0_07", 0.07)])
def test_nt_xent_equals_searles_contrastive_loss(name: str, temperature: float) -> None:
    found = nt_xent(GOLDEN["searle.oti_tokens"], GOLDEN["searle.phi_tokens"], temperature)
    assert float(found) == pytest.approx(float(GOLDEN[f"searle.{name}"]), abs=2e-5)


def test_losses_stay_in_float32_under_autocast() -> None:
    v, t = rows(8, 16, 13).float(), rows(8, 16, 14).float()
    exact = info_nce(v, t, 100.0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert float(info_nce(v, t, 100.0)) == pytest.approx(float(exact), rel=1e-6)


@pytest.mark.parametrize("loss", [info_nce, batch_classification, hn_nce, nt_xent])
def test_sides_of_different_length_are_refused(loss) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"\(3, 4\) and \(2, 4\)"):
        loss(torch.ones(3, 4), torch.ones(2, 4))


def test_hn_nce_refuses_a_batch_without_negatives() -> None:
    with pytest.raises(ValueError, match="found 1"):
        hn_nce(torch.ones(1, 4), torch.ones(1, 4))

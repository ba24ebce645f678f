"""What every composer of the catalogue promises, whatever it is made of."""

from __future__ import annotations

import numpy as np
import pytest

from likebut.composers import COMPOSERS, load_composer
from likebut.composers.base import Composer, References
from likebut.encoders.toy import ToyEncoder, draw
from likebut.errors import NotFound
from likebut.types import Query

QUERIES = [
    Query(draw("red round"), "blue"),
    Query(draw("blue square"), "red round"),
    Query(draw("red square"), "round", negative="blue"),
    Query(draw("blue round"), "red square", weights={"image": 1, "text": 2}),
]


def compose(composer: Composer, queries: list[Query]) -> np.ndarray:
    return composer.compose(queries, References(ToyEncoder())).vectors


def toy_phi(seed: int = 0):
    """A φ with random weights for the toy encoder's four numbers."""
    import torch

    from likebut.composers.phi import Phi

    torch.manual_seed(seed)
    phi = Phi(4, 8, 4)
    phi.origin = {"encoder": "toy"}
    return phi


TOY_OPTIONS = {name: lambda: {"phi": toy_phi()} for name in ("pic2word", "searle", "lincir")}


@pytest.fixture(params=list(COMPOSERS))
def composer(request: pytest.FixtureRequest) -> Composer:
    name = request.param
    try:
        return load_composer(name, ToyEncoder(), **TOY_OPTIONS.get(name, dict)())
    except NotFound as missing:
        pytest.skip(f"{name} has no weights for the toy encoder: {missing}")


def test_rows_have_length_one(composer: Composer):
    np.testing.assert_allclose(np.linalg.norm(compose(composer, QUERIES), axis=1), 1, atol=1e-5)


def test_a_batch_of_one_is_the_same_as_a_batch_of_many(composer: Composer):
    together = compose(composer, QUERIES)
    alone = np.concatenate([compose(composer, [query]) for query in QUERIES])
    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_the_order_of_a_batch_does_not_matter(composer: Composer):
    order = [2, 0, 3, 1]
    shuffled = compose(composer, [QUERIES[row] for row in order])
    np.testing.assert_allclose(shuffled, compose(composer, QUERIES)[order], atol=1e-6)


def test_composing_twice_gives_the_same_rows(composer: Composer):
    np.testing.assert_array_equal(compose(composer, QUERIES), compose(composer, QUERIES))


def test_a_ledger_sums_to_the_vector_or_is_empty(composer: Composer):
    composition = composer.compose(QUERIES, References(ToyEncoder()))
    if composition.parts:
        np.testing.assert_allclose(np.sum(list(composition.parts.values()), axis=0), composition.vectors, atol=1e-6)


def test_it_knows_its_name(composer: Composer):
    assert composer.name in COMPOSERS


@pytest.mark.parametrize("alpha, same", [(0, "image_only"), (1, "text_only")])
def test_slerp_ends_where_image_only_and_text_only_stand(alpha: float, same: str):
    plain = [Query(query.reference, query.text) for query in QUERIES]
    walked = compose(load_composer("slerp", alpha=alpha), plain)
    np.testing.assert_allclose(walked, compose(load_composer(same), plain), atol=1e-6)

"""The formulas by hand, on the toy axes red, blue, round, square; and the ledger against the vectors it explains."""

from __future__ import annotations

import numpy as np
import pytest

from likebut.composers import load_composer
from likebut.composers.base import References
from likebut.composers.fusion import slerp, sum
from likebut.encoders.base import Encoder, unit
from likebut.encoders.toy import ToyEncoder, draw
from likebut.errors import BadQuery
from likebut.types import Array, Query, Region

S = 2**-0.5  # one of two equal coordinates of a unit vector
RED_ROUND, BLUE_SQUARE = draw("red round"), draw("blue square")


def composed(composer: str, *queries: Query, **options: float) -> Array:
    return load_composer(composer, **options).compose(queries, References(ToyEncoder())).vectors


def side_by_side() -> Array:
    """A red disc on the left, a blue square on the right."""
    return np.concatenate([np.asarray(RED_ROUND), np.asarray(BLUE_SQUARE)], axis=1)


def test_the_sum_of_red_round_and_blue_lies_between_them():
    # (1,0,1,0)/√2 + (0,1,0,0), scaled to length 1, is (1,√2,1,0)/2.
    assert composed("sum", Query(RED_ROUND, "blue"))[0] == pytest.approx([0.5, S, 0.5, 0])


def test_alpha_is_the_fraction_of_the_text():
    # 0.2 (1,0) + 0.8 (0,1) has length √0.68.
    assert sum(np.array([[1.0, 0]]), np.array([[0, 1.0]]), alpha=0.8)[0] == pytest.approx(
        [0.2 / 0.68**0.5, 0.8 / 0.68**0.5]
    )


@pytest.mark.parametrize("alpha, degrees", [(0, 0), (1 / 3, 30), (0.5, 45), (1, 90)])
def test_slerp_walks_a_right_angle_evenly(alpha: float, degrees: float):
    found = slerp(np.array([[1.0, 0]]), np.array([[0, 1.0]]), alpha=alpha)[0]
    assert found == pytest.approx([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], abs=1e-6)


def test_slerp_between_a_vector_and_itself_is_that_vector():
    row = np.array([[0.6, 0.8]], np.float32)
    assert slerp(row, row, alpha=0.8)[0] == pytest.approx([0.6, 0.8])


def test_slerp_between_opposite_vectors_is_their_weighted_sum():
    # No great circle is the shortest: 0.2 (1,0) + 0.8 (-1,0) points to (-1,0).
    assert slerp(np.array([[1.0, 0]]), np.array([[-1.0, 0]]), alpha=0.8)[0] == pytest.approx([-1, 0])


@pytest.mark.parametrize("composer", ["sum", "slerp"])
def test_a_query_that_lacks_one_side_is_the_other_side(composer: str):
    found = composed(composer, Query(RED_ROUND), Query(None, "blue"), Query(RED_ROUND, "blue"))
    assert found[0] == pytest.approx([S, 0, S, 0])
    assert found[1] == pytest.approx([0, 1, 0, 0])
    assert composed(composer, Query(None, "blue"))[0] == pytest.approx([0, 1, 0, 0])  # alone in its batch, too


def test_weights_are_relative():
    # text three times as heavy as the image: alpha is 3/4, (0.25 S, 0.75, 0.25 S, 0) before scaling.
    expected = unit(np.array([[0.25 * S, 0.75, 0.25 * S, 0]]))[0][0]
    assert composed("sum", Query(RED_ROUND, "blue", weights={"image": 1, "text": 3}))[0] == pytest.approx(expected)
    assert composed("sum", Query(RED_ROUND, "blue", weights={"image": 2, "text": 6}))[0] == pytest.approx(expected)


def test_what_must_not_be_there_is_subtracted_at_half_its_weight():
    # (0,1,0,0) - 0.5 (0,0,0,1) has length √1.25.
    found = composed("text_only", Query(None, "blue", negative="square"))[0]
    assert found == pytest.approx([0, 1 / 1.25**0.5, 0, -0.5 / 1.25**0.5])
    heavier = composed("text_only", Query(None, "blue", negative="square", weights={"negative": 1}))[0]
    assert heavier == pytest.approx([0, S, 0, -S])


def test_a_region_takes_the_place_of_the_whole_picture():
    left = Query(side_by_side(), region=Region(box=(0, 0, 0.5, 1)))
    assert composed("image_only", left)[0] == pytest.approx([S, 0, S, 0])
    assert composed("image_only", Query(side_by_side()))[0] == pytest.approx([0.5, 0.5, 0.5, 0.5])


def test_a_region_and_its_picture_are_mixed_where_the_image_is_weighed_too():
    # (1,0,1,0)/√2 + (1,1,1,1)/2 = (1.207, 0.5, 1.207, 0.5)
    both = Query(side_by_side(), region=Region(box=(0, 0, 0.5, 1)), weights={"image": 1})
    assert composed("image_only", both)[0] == pytest.approx(unit(np.array([[S + 0.5, 0.5, S + 0.5, 0.5]]))[0][0])


def test_a_sketch_stands_beside_the_picture():
    # (1,0,1,0)/√2 + (0,1,0,1)/√2, scaled: all four axes alike.
    assert composed("image_only", Query(RED_ROUND, sketch=BLUE_SQUARE))[0] == pytest.approx([0.5] * 4)
    assert composed("image_only", Query(sketch=BLUE_SQUARE))[0] == pytest.approx([0, S, 0, S])


@pytest.mark.parametrize(
    "composer, query, lack",
    [
        ("image_only", Query(None, "blue"), "needs a reference"),
        ("text_only", Query(RED_ROUND), "needs a text"),
        ("sum", Query(), "an empty query"),
        ("sum", Query(RED_ROUND, "blue", weights={"text": -1}), "0 or more"),
        ("sum", Query(None, "blue", region=Region(box=(0, 0, 1, 1))), "without a reference"),
    ],
)
def test_a_query_that_cannot_be_composed_says_what_it_lacks(composer: str, query: Query, lack: str):
    with pytest.raises(BadQuery, match=lack):
        composed(composer, query)


def test_an_option_that_a_formula_does_not_take_is_refused():
    with pytest.raises(BadQuery, match="takes no option 'beta'; it takes alpha"):
        load_composer("slerp", beta=1)


class RowEncoder(Encoder):
    """Pictures are (1, D) rows and texts are numbers of rows: any vectors can be put on both sides."""

    name, fingerprint, preprocess = "rows", "rows-1", "none"

    def __init__(self, texts: Array) -> None:
        self.rows, self.dim = texts, texts.shape[1]

    def encode_images(self, images, regions=None, *, batch_size=64, return_norms=False):  # type: ignore[no-untyped-def, override]
        shifts = [0 if region is None else 1 for region in regions or [None] * len(images)]
        rows = [np.roll(np.asarray(image)[0], shift) for image, shift in zip(images, shifts, strict=True)]
        return unit(np.stack(rows)) if return_norms else unit(np.stack(rows))[0]

    def encode_texts(self, texts, *, batch_size=256, return_norms=False):  # type: ignore[no-untyped-def, override]
        rows = self.rows[[int(text) for text in texts]]
        return unit(rows) if return_norms else unit(rows)[0]


def queries_of_every_kind(pictures: Array) -> list[Query]:
    box = Region(box=(0, 0, 0.5, 1))
    return [
        Query(pictures[0], "0"),
        Query(pictures[1]),
        Query(None, "1"),
        Query(pictures[2], "2", negative="3"),
        Query(pictures[3], "3", region=box, weights={"image": 0.3, "region": 2, "text": 1.5}),
        Query(pictures[4], "4", sketch=pictures[5], negative="0", weights={"negative": 1.2}),
        Query(None, "5", sketch=pictures[6], weights={"sketch": 0.2}),
    ]


@pytest.mark.parametrize("closeness", [0.0, 0.9, 0.9999, 1.0])  # of text to image: CLIP's cone is narrow
@pytest.mark.parametrize("composer", ["image_only", "text_only", "sum", "slerp"])
def test_the_ledger_sums_to_the_query_vector(composer: str, closeness: float):
    rng = np.random.default_rng(0)
    pictures = rng.normal(size=(8, 1, 512)).astype(np.float32)
    texts = ((1 - closeness) * rng.normal(size=(8, 512)) + closeness * pictures[:, 0]).astype(np.float32)
    queries = [
        query
        for query in queries_of_every_kind(pictures)
        if (composer != "text_only" or query.text)
        and (composer != "image_only" or query.reference is not None or query.sketch is not None)
    ]
    composition = load_composer(composer).compose(queries, References(RowEncoder(texts)))
    assert set(composition.parts) <= {"image", "region", "sketch", "text", "negative"}
    total = np.sum(list(composition.parts.values()), axis=0)
    np.testing.assert_allclose(total, composition.vectors, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(composition.vectors, axis=1), 1, atol=1e-6)

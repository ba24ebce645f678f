from __future__ import annotations

import numpy as np
import pytest

from likebut.encoders import load_encoder
from likebut.encoders.toy import AXES, ToyEncoder, draw
from likebut.errors import BadQuery
from likebut.types import Region


@pytest.mark.parametrize("size", [16, 32, 100])
@pytest.mark.parametrize("words", ["red round", "red square", "blue round", "blue square"])
def test_what_is_drawn_is_what_is_seen(words: str, size: int):
    toy = ToyEncoder()
    np.testing.assert_allclose(toy.encode_images([draw(words, size)]), toy.encode_texts([words]))


def test_two_things_in_a_picture_and_one_in_a_region():
    picture = draw("red round")
    wide = picture.resize((64, 32))
    wide.paste(picture, (0, 0))
    wide.paste(draw("blue square"), (32, 0))
    rows, norms = ToyEncoder().encode_images(
        [wide, wide, wide],
        [None, Region(box=(0, 0, 0.5, 1)), Region(box=(0.5, 0, 1, 1))],
        return_norms=True,
    )
    np.testing.assert_allclose(rows * norms[:, None], [[1, 1, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]], atol=1e-6)


def test_text_moves_the_query_from_red_to_blue():
    # Axes: red, blue, round, square. "red round" is (1,0,1,0)/√2, "blue" is (0,1,0,0); the best of the four pictures
    # for their sum is "blue round": (√2,1,0... worked out: (1/√2, 1, 1/√2, 0)·(0,1,1,0)/√2 = (1 + 1/√2)/√2.
    toy = ToyEncoder()
    names = ["red round", "blue round", "red square", "blue square"]
    gallery = toy.encode_images([draw(name) for name in names])
    query = toy.encode_images([draw("red round")])[0] + toy.encode_texts(["blue"])[0]
    scores = gallery @ query
    assert names[int(scores.argmax())] == "blue round"
    assert scores.max() == pytest.approx((1 + 0.5**0.5) / 2**0.5)


def test_a_pseudo_token_is_a_point_on_the_axes():
    token = np.array([[[1, 0, 1, 0]], [[0, 0, 0, 0]]], np.float32)
    rows = ToyEncoder().encode_prompts([["a photo of", None, "that is square"], ["blue"]], token)
    np.testing.assert_allclose(rows, [np.array([1, 0, 1, 1]) / 3**0.5, [0, 1, 0, 0]], atol=1e-6)


def test_nothing_known_has_no_direction():
    toy = ToyEncoder()
    assert not toy.encode_texts(["green triangle"]).any()
    assert toy.encode_texts([]).shape == toy.encode_images([]).shape == (0, len(AXES))
    with pytest.raises(BadQuery, match="expected red or blue"):
        draw("green round")


def test_the_catalogue_loads_it():
    assert isinstance(load_encoder("toy"), ToyEncoder)

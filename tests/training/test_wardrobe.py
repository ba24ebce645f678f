"""Wardrobe as pairs and as an exam: what a text says is true of its picture, and relevance is exact."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from likebut.datasets.wardrobe.attributes import Garment, generator
from likebut.datasets.wardrobe.captions import Caption, caption
from likebut.datasets.wardrobe.samples import garment_of, scene_of
from likebut.encoders import load_encoder
from likebut.training.pictures import Attributes, PictureStack, fits
from likebut.training.wardrobe import (
    FIELDS,
    Exam,
    Mix,
    Pairs,
    draw_stack,
    plain_views,
    said_by,
    shown_by,
    words_about,
    wrong_before,
)

ALL = dict.fromkeys(("photo", "flat", "line", "watercolour", "pixel", "chalk", "sketch"), 1.0)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> PictureStack:
    return draw_stack(tmp_path_factory.mktemp("stack"), Mix(ALL, stored=48, drawn=64), "train", 40)


def test_fits_agrees_with_what_captions_say_of_themselves() -> None:
    rng = generator("test", 1)
    garments = [garment_of("train", rng) for _ in range(60)]
    captions = [caption(garment, "photo", rng) for garment in garments]
    table = Attributes(FIELDS)
    shown = table.encode([[shown_by(garment, "photo")] for garment in garments])
    found = fits(shown, table.encode([said_by(words) for words in captions]))
    assert found.tolist() == [[words.fits(garment) for words in captions] for garment in garments]


@pytest.mark.parametrize("style", ALL)
def test_every_text_is_true_of_what_it_was_made_for(style: str) -> None:
    rng = generator("test", 2, style)
    table = Attributes(FIELDS)
    for number in range(150):
        subject = garment_of("train", rng) if number % 3 or style == "sketch" else scene_of("train", rng)
        text, said = words_about(subject, style, rng, requests=0.5)
        seen = (subject,) if isinstance(subject, Garment) else subject.garments
        assert fits(table.encode([[shown_by(g, style) for g in seen]]), table.encode([said])).all(), text
        assert any(said), text


def test_a_text_about_a_sketch_names_no_colour() -> None:
    rng = generator("test", 3)
    red = Garment("hat", "red", "dots", "white", closure="none", fit="wide")
    for _ in range(100):
        text, said = words_about(red, "sketch", rng, requests=0.2)
        assert "red" not in text.split() and "white" not in text, text  # noqa: PT018
        assert not {"colour", "pattern", "second"} & set(said[0]), text


def test_a_request_tells_pattern_and_logo_from_their_colour_and_place() -> None:
    assert said_by(Caption("", (("item", "hat"), ("pattern", "dots/red"), ("style", "line")))) == [
        {"item": "hat", "pattern": "dots", "second": "red", "style": "line"}
    ]
    two = (("item", "hat"), ("item", "t-shirt"), ("logo", "star/chest"))
    assert said_by(Caption("", two)) == [{"item": "hat"}, {"item": "t-shirt", "logo": "star", "place": "chest"}]


def test_a_batch_is_the_same_for_the_same_generator_and_true_on_its_diagonal(stack: PictureStack) -> None:
    pairs = Pairs(stack, 32)
    views = [pairs(np.arange(40), np.random.default_rng(4)) for _ in range(2)]
    assert views[0].texts == views[1].texts
    np.testing.assert_array_equal(views[0].pictures, views[1].pictures)
    np.testing.assert_array_equal(views[0].masks, views[1].masks)
    assert views[0].fits.diagonal().all()
    assert views[0].pictures.shape == (40, 32, 32, 3)
    assert 0.02 < views[0].fits.mean() < 0.5
    assert (views[0].masks.mean((1, 2)) > 0.005).all()  # no mask is empty
    assert (views[0].masks.mean((1, 2)) < 1).any()


def test_a_stack_is_drawn_once_and_the_same_everywhere(tmp_path: Path) -> None:
    mix = Mix(ALL, stored=32, drawn=48)
    first, again = (draw_stack(tmp_path / name, mix, "train", 6) for name in ("a", "b"))
    np.testing.assert_array_equal(first.pixels, again.pixels)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert first.rows == again.rows
    stamp = (tmp_path / "a/pixels.npy").stat().st_mtime_ns
    draw_stack(tmp_path / "a", mix, "train", 6)
    assert (tmp_path / "a/pixels.npy").stat().st_mtime_ns == stamp


def test_ranks_by_hand() -> None:
    scores = np.array([[0.9, 0.5, 0.5, 0.1], [0.2, 0.9, 0.3, 0.9]])
    right = np.array([[False, True, False, False], [False, True, True, False]])
    # Row 0: 0.9 and the tie at 0.5 come first. Row 1: the best right one is 0.9, tied with a wrong one.
    assert wrong_before(scores, right).tolist() == [2, 1]


def test_an_exam_scores_a_perfect_model_full_and_chance_exactly() -> None:
    relevant = np.eye(4, dtype=bool)
    relevant[0, 1] = True  # text 1 is also true of picture 0
    exam = Exam(["a", "b", "c", "d"], relevant, np.array([True, False, False, False]))
    scores = exam.score(np.eye(4), np.eye(4), ks=(1, 2))
    assert scores["text-image recall@1"] == scores["image-text recall@1"] == scores["text-image recall@1 unseen"] == 1
    # text-image: one text has 2 right pictures of 4, three have 1. At k = 2 chance is 1 − (2/4)(1/3) = 5/6 for the
    # one and 1 − (3/4)(2/3) = 1/2 for the others.
    assert scores["text-image recall@1 chance"] == pytest.approx((2 / 4 + 3 * 1 / 4) / 4)
    assert scores["text-image recall@2 chance"] == pytest.approx((5 / 6 + 3 * 1 / 2) / 4)
    turned = exam.score(np.eye(4), np.roll(np.eye(4), 1, axis=0), ks=(1,))  # each text points at the picture before
    assert turned["text-image recall@1"] == 0.25  # text 1 asks for picture 0, and gets it


def test_an_exam_is_written_about_its_pictures(tmp_path: Path) -> None:
    stack = draw_stack(tmp_path, Mix({"photo": 1.0}, scenes=0.0, stored=32, drawn=48), "val", 12)
    exam = Exam.of(stack)
    assert exam.relevant.diagonal().all()
    assert len(set(exam.texts)) == 12
    assert plain_views(stack, 16).shape == (12, 16, 16, 3)


def test_the_recipe_runs_from_nothing_to_an_encoder_that_loads(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("recipe", Path(__file__).parents[2] / "recipes/wardrobe_tiny.py")
    assert spec is not None
    assert spec.loader is not None
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    result = tmp_path / "result.json"
    outcome = recipe.main(["--toy", "--out", str(tmp_path / "run"), "--result", str(result), "--device", "cpu"])
    assert (outcome["step"], outcome["stopped"]) == (4, "done")
    encoder = load_encoder(str(tmp_path / "run/encoder"))
    assert encoder.encode_texts(["a red hat"]).shape == (1, encoder.dim)
    written = json.loads(result.read_text())
    assert written["fingerprint"] == encoder.fingerprint
    assert 0 <= written["metrics"]["text-image recall@1"] <= 1

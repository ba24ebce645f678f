from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from likebut.composers.phi import load_phi
from likebut.encoders.clip import load_clip
from likebut.errors import BadData, NotFound
from likebut.training.distributed import Process
from likebut.training.inversion import FrozenText
from likebut.training.losses import nt_xent
from likebut.training.phi import frozen_text
from likebut.training.searle import (
    PHRASE_WEIGHT,
    TEMPLATES,
    Phrases,
    associate,
    gapped,
    optimise_all,
    optimise_tokens,
    searle_losses,
)
from tests.training.small_clip import small_clip

GOLDEN = Path(__file__).parents[1] / "goldens" / "searle"
INPUTS, OUTPUTS = np.load(GOLDEN / "inputs.npz"), np.load(GOLDEN / "outputs.npz")
DOLLAR = json.loads((GOLDEN / "config.json").read_text())["placeholder_id"]


def tensor(name: str) -> torch.Tensor:
    return torch.from_numpy(INPUTS[name])


@pytest.fixture(scope="module")
def text() -> FrozenText:
    return FrozenText(load_clip(GOLDEN / "clip.pt"), None)  # type: ignore[arg-type] # ids are given


def first_only(ids: torch.Tensor) -> torch.Tensor:
    """-1 in the place of the first `$` of each row; the reference leaves later ones literal."""
    ids = ids.clone()
    for row in ids:
        row[int((row == DOLLAR).nonzero()[0])] = -1
    return ids


@pytest.mark.parametrize("temperature, name", [(0.25, "nt_xent_t0_25"), (0.07, "nt_xent_t0_07")])
def test_the_distillation_loss_equals_the_reference(temperature: float, name: str):
    predicted = load_phi(GOLDEN / "phi_5.pt")(tensor("train_features"))
    np.testing.assert_allclose(nt_xent(tensor("oti_tokens"), predicted, temperature).detach(), OUTPUTS[name], atol=1e-5)


def test_a_whole_training_step_equals_the_reference_in_losses_and_gradients(text: FrozenText):
    phi = load_phi(GOLDEN / "phi_5.pt")
    with torch.no_grad():
        phrases = text.read(tensor("ids_gpt_phrase"))
    distil, phrase = searle_losses(
        phi, tensor("train_features"), tensor("oti_tokens"), first_only(tensor("ids_gpt_token_phrase")), phrases, text
    )
    total = distil + PHRASE_WEIGHT * phrase
    total.backward()
    np.testing.assert_allclose(distil.detach(), OUTPUTS["train_distillation_loss"], atol=1e-5)
    np.testing.assert_allclose(phrase.detach(), OUTPUTS["train_gpt_loss"], atol=1e-5)
    np.testing.assert_allclose(total.detach(), OUTPUTS["train_total_loss"], atol=1e-5)
    for name, parameter in phi.named_parameters():
        expected = OUTPUTS[f"grad.{name}"]
        np.testing.assert_allclose(parameter.grad, expected, atol=1e-4 * np.abs(expected).max())


# The stages before distillation


@pytest.fixture(scope="module")
def small() -> FrozenText:
    return frozen_text(small_clip())


@pytest.fixture
def phrases(tmp_path: Path, small: FrozenText) -> Phrases:
    (tmp_path / "phrases.tsv").write_text("dog\ta dog that runs\ndog\tthe red dog\nhat\ta hat that is red\n\n", "utf-8")
    return Phrases.read(tmp_path / "phrases.tsv", small)


@pytest.mark.parametrize(
    "phrase, pieces",
    [
        ("a photo of a dog that runs", ["a photo of a", None, "that runs"]),
        ("Dog, dog and hotdog", [None, ",", None, "and hotdog"]),
        ("dogs run", ["dogs run"]),
    ],
)
def test_a_concept_is_cut_out_as_a_whole_word_wherever_it_stands(phrase: str, pieces: list):
    assert gapped(phrase, "dog") == pieces


@pytest.mark.parametrize("line, number", [("dog a dog", 1), ("dog\ta cat sleeps", 1), ("dog\ta dog\nhat\ta cap", 2)])
def test_a_line_without_tab_or_concept_is_named(line: str, number: int, tmp_path: Path, small: FrozenText):
    (tmp_path / "phrases.tsv").write_text(line, "utf-8")
    with pytest.raises(BadData, match=f"line {number}: found"):
        Phrases.read(tmp_path / "phrases.tsv", small)


def test_a_missing_and_an_empty_phrase_file_are_errors(tmp_path: Path, small: FrozenText):
    with pytest.raises(NotFound, match="concept, a tab"):
        Phrases.read(tmp_path / "phrases.tsv", small)
    (tmp_path / "phrases.tsv").write_text("\n", "utf-8")
    with pytest.raises(BadData, match="no phrase"):
        Phrases.read(tmp_path / "phrases.tsv", small)


def test_phrases_are_drawn_for_the_concept_asked_for_and_their_features_are_the_text_towers(
    phrases: Phrases, small: FrozenText
):
    rows, gaps = phrases.draw(np.array([1, 0, 0, 0, 0, 0, 0, 0]), np.random.default_rng(0))
    assert rows[0] == 2
    assert set(rows[1:]) == {0, 1}
    assert (gaps == -1).sum(1).tolist() == [1] * 8
    whole = ["a dog that runs", "the red dog", "a hat that is red"]
    expected = small.read_plain([whole[row] for row in rows])
    np.testing.assert_allclose(phrases.features(rows), expected, atol=1e-6)
    np.testing.assert_allclose(phrases.features(rows), expected, atol=1e-6)  # from memory


def test_association_finds_the_concept_whose_sentences_a_feature_came_from(small: FrozenText):
    concepts = ["dog", "hat", "shoe", "cat"]
    pictures = np.stack([small.read_plain([t.format(c) for t in TEMPLATES]).mean(0) for c in concepts]) * 7
    nearest = associate(pictures, concepts, small, k=2)
    assert nearest.shape == (4, 2)
    assert nearest[:, 0].tolist() == [0, 1, 2, 3]


def test_optimised_tokens_read_in_a_sentence_point_at_their_picture(phrases: Phrases, small: FrozenText):
    pictures = np.random.default_rng(1).normal(size=(6, 16)).astype(np.float32)
    nearest = np.zeros((6, 1), np.int32)
    sentence = small.ids([["a photo of", None]])

    def closeness(tokens: np.ndarray) -> float:
        with torch.no_grad():
            rows = small.read(sentence, torch.from_numpy(tokens))
        return float(torch.cosine_similarity(rows, torch.from_numpy(pictures)).mean())

    few, many = (optimise_tokens(pictures, nearest, phrases, steps=n, decay=0.9) for n in (1, 60))
    assert closeness(many) > closeness(few) + 0.2


def test_tokens_do_not_depend_on_their_block_and_a_rerun_computes_only_what_is_missing(
    phrases: Phrases, tmp_path: Path
):
    pictures = np.random.default_rng(1).normal(size=(7, 16)).astype(np.float32)
    nearest = np.zeros((7, 1), np.int32)
    said: list[tuple[int, int]] = []
    given = {"steps": 3, "block": 3, "report": lambda done, of: said.append((done, of))}
    first = optimise_all(pictures, nearest, phrases, tmp_path / "t", Process(), **given)  # type: ignore[arg-type]
    assert first.shape == (7, 32)
    assert said == [(1, 3), (2, 3), (3, 3)]
    np.testing.assert_array_equal(
        first[3:6], optimise_tokens(pictures[3:6], nearest[3:6], phrases, steps=3, seed=[0, 1])
    )
    (tmp_path / "t" / "000001.npy").unlink()
    np.save(tmp_path / "t" / "000002.npy", np.full((1, 32), 5, np.float32))
    again = optimise_all(pictures, nearest, phrases, tmp_path / "t", Process(), **given)  # type: ignore[arg-type]
    np.testing.assert_array_equal(again[:6], first[:6])
    assert (again[6] == 5).all()
    with pytest.raises(BadData, match="another run"):
        optimise_all(pictures[:6], nearest[:6], phrases, tmp_path / "t", Process(rank=9), steps=1, block=7)

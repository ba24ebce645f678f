from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from likebut.composers.phi import load_phi
from likebut.encoders.clip import load_clip
from likebut.errors import MissingExtra, NotFound
from likebut.training.distributed import Process
from likebut.training.inversion import FrozenText
from likebut.training.keywords import clean, find_keywords, masked, spacy_finder
from likebut.training.lincir import LincirTraining, lincir_loss
from likebut.training.phi import frozen_text
from tests.training.small_clip import SENTENCES, small_clip

GOLDEN = Path(__file__).parents[1] / "goldens" / "lincir"
INPUTS, OUTPUTS = np.load(GOLDEN / "inputs.npz"), np.load(GOLDEN / "outputs.npz")
CONFIG = json.loads((GOLDEN / "config.json").read_text())


@pytest.fixture(scope="module")
def text() -> FrozenText:
    heads, activation = CONFIG["text_model"]["num_attention_heads"], CONFIG["text_model"]["hidden_act"]
    clip = load_clip(GOLDEN / "text_model.safetensors", text_heads=heads, activation=activation)
    return FrozenText(clip, None)  # type: ignore[arg-type] # ids are given


@pytest.mark.parametrize(
    "l2_normalize, loss, gradients", [(False, "train_loss", "grad."), (True, "train_loss_l2norm", "grad_l2norm.")]
)
def test_a_whole_training_step_equals_the_reference(l2_normalize: bool, loss: str, gradients: str, text: FrozenText):
    phi = load_phi(GOLDEN / "phi_best.pt")
    gaps = torch.from_numpy(INPUTS["train_masked_ids"]).clone()
    gaps[gaps == CONFIG["placeholder_id"]] = -1
    noise = torch.from_numpy(INPUTS["noise_u"][:, None] * INPUTS["noise_eps"])
    found = lincir_loss(phi, torch.from_numpy(INPUTS["train_original_ids"]), gaps, noise, text, l2_normalize)
    found.backward()
    np.testing.assert_allclose(found.detach(), OUTPUTS[loss], atol=1e-5)
    for name, parameter in phi.named_parameters():
        expected = OUTPUTS[gradients + name]
        np.testing.assert_allclose(parameter.grad, expected, atol=1e-4 * np.abs(expected).max())


# Which words are masked


@pytest.mark.parametrize(
    "caption, runs",
    [
        ("a red dog in a park", ["a red dog", "a park"]),  # the example of the source, with determiners
        ("two men are playing a guitar, on the green street.", ["two men", "a guitar", "the green street"]),
        ("a sleeping cat sitting on the couch", ["a sleeping cat", "the couch"]),  # -ing after a determiner is no verb
        ("red, blue and green t-shirt with a v-neck", ["red", "blue", "green t-shirt", "a v-neck"]),
        ("the dog a cat", ["the dog", "a cat"]),
        ("this is not there", []),
        ("", []),
    ],
)
def test_keywords_are_runs_of_nouns_adjectives_and_determiners(caption: str, runs: list[str]):
    assert [caption[start:end] for start, end in find_keywords(caption)] == runs


def test_a_masked_caption_keeps_everything_else_in_place():
    pieces = masked("two men are playing a guitar, on the street.", find_keywords, np.random.default_rng(0))
    assert pieces == [None, "are playing", None, ", on", None, "."]


def test_without_a_keyword_a_word_is_drawn_and_without_a_word_the_prompt_is_a_photo_of():
    drawn = {tuple(masked("this is it", find_keywords, np.random.default_rng(seed))) for seed in range(20)}
    assert drawn == {(None, "is it"), ("this", None, "it"), ("this is", None)}
    assert masked(" ?! ", find_keywords, np.random.default_rng(0)) == ["a photo of", None]


def test_captions_are_cleaned_as_in_the_source():
    assert clean("<PERSON> pays  $5 for a Hat") == "person pays 5 for a hat"


def test_without_spacy_or_its_model_the_message_says_what_to_install():
    with pytest.raises((MissingExtra, NotFound), match="nstall"):
        spacy_finder("no_such_model")


def test_batches_hold_captions_gaps_and_noise_of_one_scale_per_caption():
    method = LincirTraining(frozen_text(small_clip()), SENTENCES)
    whole, gaps, noise = next(method.batches(8, Process(), seed=0))
    assert not (whole == -1).any()
    assert ((gaps == -1).sum(1) >= 1).all()
    assert noise.shape == (8, 16)
    spread = noise.std(1)
    assert spread.max() < 2
    assert spread.min() < 0.5 < spread.max()  # u ε with u ~ U(0, 1): some captions are moved a little, some a lot
    louder = LincirTraining(frozen_text(small_clip()), SENTENCES, noise=6.0)
    torch.testing.assert_close(next(louder.batches(8, Process(), seed=0))[2], 6 * noise)

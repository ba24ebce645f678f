from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from likebut.composers.phi import load_phi
from likebut.encoders.clip import load_clip
from likebut.training.inversion import FrozenText
from likebut.training.pic2word import pic2word_loss

GOLDEN = Path(__file__).parents[1] / "goldens" / "pic2word"


@pytest.fixture(scope="module")
def step() -> tuple[torch.Tensor, dict[str, torch.Tensor], FrozenText]:
    """The loss and φ's gradients of the reference's training step."""
    inputs, config = np.load(GOLDEN / "inputs.npz"), json.loads((GOLDEN / "config.json").read_text())
    text = FrozenText(load_clip(GOLDEN / "epoch_3.pt"), None)  # type: ignore[arg-type] # ids are given
    phi = load_phi(GOLDEN / "epoch_3.pt")  # in eval mode: the reference's step had no dropout
    bare = inputs["ids_train"][0]
    end = int(bare.argmax())
    assert bare[end] == config["backbone"]["eot_id"]
    prompt = torch.from_numpy(np.concatenate([bare[:end], [-1], bare[end:-1]]))[None]
    with torch.no_grad():
        features = text.clip.encode_image(torch.from_numpy(inputs["train_images"]))
    loss = pic2word_loss(phi, features, text, prompt)
    loss.backward()
    return loss.detach(), {name: parameter.grad for name, parameter in phi.named_parameters()}, text  # type: ignore[misc]


def test_the_loss_of_the_reference_step_is_the_published_one(step):
    np.testing.assert_allclose(step[0], np.load(GOLDEN / "outputs.npz")["train_loss"], rtol=1e-5)


def test_phis_gradients_are_those_of_the_reference_step(step):
    outputs = np.load(GOLDEN / "outputs.npz")
    names = [name.removeprefix("grad.") for name in outputs.files if name.startswith("grad.")]
    assert sorted(names) == sorted(step[1])
    for name in names:
        expected = outputs[f"grad.{name}"]
        np.testing.assert_allclose(step[1][name], expected, atol=1e-4 * np.abs(expected).max())


def test_nothing_but_phi_collects_a_gradient(step):
    assert all(parameter.grad is None for parameter in step[2].clip.parameters())

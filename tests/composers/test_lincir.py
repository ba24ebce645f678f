from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from likebut.composers.lincir import Lincir
from likebut.composers.phi import Phi, load_phi
from likebut.composers.pseudo_token import prompt_for
from likebut.encoders.clip import CLIP, load_clip

GOLDEN = Path(__file__).parents[1] / "goldens" / "lincir"
INPUTS, OUTPUTS = np.load(GOLDEN / "inputs.npz"), np.load(GOLDEN / "outputs.npz")
CONFIG = json.loads((GOLDEN / "config.json").read_text())


@pytest.fixture(scope="module")
def clip() -> CLIP:
    return load_clip(
        GOLDEN / "text_model.safetensors",
        text_heads=CONFIG["text_model"]["num_attention_heads"],
        activation=CONFIG["text_model"]["hidden_act"],
    )


def test_phi_best_gives_the_reference_tokens():
    phi = load_phi(GOLDEN / "phi_best.pt")
    assert isinstance(phi, Phi)
    tokens = phi(torch.from_numpy(INPUTS["image_embeds"])).detach().numpy()
    np.testing.assert_allclose(tokens, OUTPUTS["pseudo_tokens"], atol=2e-5)


def test_every_placeholder_of_a_row_takes_its_token_and_a_row_without_one_is_plain_text(clip: CLIP):
    ids, tokens = torch.from_numpy(INPUTS["ids_composed"]), torch.from_numpy(OUTPUTS["pseudo_tokens"])
    found = clip.encode_text(ids, tokens, CONFIG["placeholder_id"], "all").detach().numpy()
    np.testing.assert_allclose(found, OUTPUTS["composed_features"], atol=2e-5)
    np.testing.assert_allclose(clip.encode_text(ids).detach().numpy(), OUTPUTS["text_embeds"], atol=2e-5)
    np.testing.assert_allclose(found[3], OUTPUTS["text_embeds"][3], atol=2e-5)  # row 3 holds no placeholder


def test_lincir_reads_searles_prompt():
    assert Lincir.name == "lincir"
    assert prompt_for("lincir", "cirr-val") == "a photo of {*} that {text}"

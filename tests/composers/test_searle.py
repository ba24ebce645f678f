from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from likebut.composers.base import References
from likebut.composers.phi import Phi, load_phi
from likebut.composers.pseudo_token import fill, prompt_for
from likebut.composers.searle import Searle
from likebut.datasets.fashioniq import CAPTION_RULES
from likebut.encoders.base import unit
from likebut.encoders.clip import CLIP, load_clip
from likebut.types import Query
from tests.composers.words import WordEncoder

GOLDEN = Path(__file__).parents[1] / "goldens" / "searle"
INPUTS, OUTPUTS = np.load(GOLDEN / "inputs.npz"), np.load(GOLDEN / "outputs.npz")
CONFIG = json.loads((GOLDEN / "config.json").read_text())


@pytest.fixture(scope="module")
def clip() -> CLIP:
    return load_clip(GOLDEN / "clip.pt")


def test_the_released_layout_loads_as_phi_and_gives_the_reference_tokens():
    phi = load_phi(GOLDEN / "phi_5.pt")
    assert isinstance(phi, Phi)
    assert phi.origin["layout"] == "searle/lincir"
    tokens = phi(torch.from_numpy(OUTPUTS["image_features"])).detach().numpy()
    np.testing.assert_allclose(tokens, OUTPUTS["pseudo_tokens"], atol=2e-5)


@pytest.mark.parametrize(
    "ids, tokens, expected",
    [
        ("ids_varied", OUTPUTS["pseudo_tokens"], "composed_varied"),  # the first $ of a row; later ones stay literal
        ("ids_broadcast", OUTPUTS["pseudo_tokens"][1:2], "composed_broadcast"),
        ("ids_two", INPUTS["pseudo_tokens_two"], "composed_two"),
    ],
)
def test_sentences_with_pseudo_tokens_equal_the_reference(ids: str, tokens: np.ndarray, expected: str, clip: CLIP):
    found = clip.encode_text(torch.from_numpy(INPUTS[ids]), torch.from_numpy(tokens), CONFIG["placeholder_id"], "first")
    np.testing.assert_allclose(found.detach().numpy(), OUTPUTS[expected], atol=2e-5)


def test_captions_in_both_orders_make_the_sentences_of_the_reference():
    for pair, forward, reversed_ in zip(
        CONFIG["fiq_caption_pairs"], CONFIG["fiq_forward_strings"], CONFIG["fiq_reversed_strings"], strict=True
    ):
        sentences = [
            " ".join(piece or "$" for piece in fill(prompt_for("searle"), text))
            for text in CAPTION_RULES["searle"](*pair)
        ]
        assert sentences == [forward, reversed_]


def test_fashioniq_features_equal_the_reference_from_picture_feature_to_mean_of_both_orders(clip: CLIP):
    encoder = WordEncoder(
        clip, CONFIG["toy_vocabulary"], start=CONFIG["backbone"]["sot_id"], end=CONFIG["backbone"]["eot_id"]
    )
    phi = load_phi(GOLDEN / "phi_5.pt")
    phi.origin = {"encoder": encoder.name, "fingerprint": encoder.fingerprint}
    composer, references = Searle(phi, encoder), References(encoder)
    pictures = list(OUTPUTS["image_features"])
    readings = [
        composer.compose([Query(p, t) for p, t in zip(pictures, texts, strict=False)], references).vectors
        for texts in zip(*(CAPTION_RULES["searle"](*pair) for pair in CONFIG["fiq_caption_pairs"]), strict=True)
    ]
    np.testing.assert_allclose(unit(np.mean(readings, axis=0))[0], OUTPUTS["fiq_features_normalised"], atol=2e-5)

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from likebut.composers.base import References
from likebut.composers.fusion import sum as weighted_sum
from likebut.composers.phi import IM2TEXT, load_phi
from likebut.composers.pic2word import Pic2Word
from likebut.encoders.base import unit
from likebut.encoders.clip import CLIP, load_clip
from likebut.types import Query
from tests.composers.words import WordEncoder

GOLDEN = Path(__file__).parents[1] / "goldens" / "pic2word"
INPUTS, OUTPUTS = np.load(GOLDEN / "inputs.npz"), np.load(GOLDEN / "outputs.npz")
CONFIG = json.loads((GOLDEN / "config.json").read_text())


@pytest.fixture(scope="module")
def clip() -> CLIP:
    return load_clip(GOLDEN / "epoch_3.pt")


@pytest.fixture(scope="module")
def phi() -> IM2TEXT:
    loaded = load_phi(GOLDEN / "epoch_3.pt")
    assert isinstance(loaded, IM2TEXT)
    return loaded


def test_one_training_file_gives_both_the_clip_and_phi_and_the_reference_tokens(clip: CLIP, phi: IM2TEXT):
    features = clip.encode_image(torch.from_numpy(INPUTS["images"]))
    np.testing.assert_allclose(features.detach().numpy(), OUTPUTS["image_features"], atol=2e-5)
    np.testing.assert_allclose(phi(features).detach().numpy(), OUTPUTS["pseudo_tokens"], atol=2e-5)
    assert phi.origin["layout"] == "pic2word"


@pytest.mark.parametrize("ids, expected", [("ids_same", "composed_same"), ("ids_varied", "composed_varied")])
def test_the_first_star_of_each_row_is_the_picture_wherever_it_stands(
    ids: str, expected: str, clip: CLIP, phi: IM2TEXT
):
    tokens = phi(torch.from_numpy(OUTPUTS["image_features"]))
    found = clip.encode_text(torch.from_numpy(INPUTS[ids]), tokens, CONFIG["placeholder_id"], "first")
    np.testing.assert_allclose(found.detach().numpy(), OUTPUTS[expected], atol=2e-5)


def row_of_words(ids: np.ndarray) -> tuple[str, dict[str, int]]:
    """The ids between start and end as words "w<id>", `_` at the first placeholder, and their vocabulary."""
    bare = [int(i) for i in ids if i not in (0, CONFIG["backbone"]["sot_id"], CONFIG["backbone"]["eot_id"])]
    words = [f"w{i}" for i in bare]
    words[bare.index(CONFIG["placeholder_id"])] = "_"
    return " ".join(words), {f"w{i}": i for i in bare}


def test_a_composed_query_equals_the_reference_from_feature_to_vector(clip: CLIP, phi: IM2TEXT):
    # Each row of ids is split at its first `*`: what is before goes into the template, what is after is the caption.
    for row, ids in enumerate(INPUTS["ids_varied"]):
        sentence, vocabulary = row_of_words(ids)
        before, after = sentence.split("_")
        encoder = WordEncoder(clip, vocabulary, start=CONFIG["backbone"]["sot_id"], end=CONFIG["backbone"]["eot_id"])
        phi.origin = {"encoder": encoder.name, "fingerprint": encoder.fingerprint}
        composer = Pic2Word(phi, encoder, prompt=before + "{*} {text}")
        query = Query(OUTPUTS["image_features"][row], after.strip())
        found = composer.compose([query], References(encoder)).vectors[0]
        np.testing.assert_allclose(found, unit(OUTPUTS["composed_varied"][row])[0], atol=2e-5)


def test_the_papers_image_and_text_baseline_is_sum(clip: CLIP):
    image, text = unit(OUTPUTS["image_features"])[0], unit(OUTPUTS["text_features"])[0]
    np.testing.assert_allclose(weighted_sum(image, text), OUTPUTS["mixture_features_normalised"], atol=2e-5)

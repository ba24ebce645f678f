from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from likebut.composers.phi import load_phi
from likebut.encoders.clip.config import CLIPConfig, TextConfig, VisionConfig
from likebut.encoders.clip.encoder import AlphaClipEncoder
from likebut.encoders.clip.folders import save_encoder
from likebut.encoders.clip.model import CLIP
from likebut.encoders.clip.preprocess import Preprocess
from likebut.encoders.clip.tokenizer import Tokenizer
from likebut.training.phi import frozen_text
from likebut.training.searle import Phrases
from likebut.training.wardrobe import draw_stack
from likebut.training.wardrobe_phi import PICTURES, captions_about, view_features, write_phrases

RECIPES = Path(__file__).parents[2] / "recipes"


def small(alpha_weight: float = 0.1) -> AlphaClipEncoder:
    """Reads letters, and sees the mask of a region."""
    torch.manual_seed(0)
    tokenizer = Tokenizer.from_merges([], 160)
    vision = VisionConfig("vit", 16, width=16, layers=1, heads=2, patch_size=8, mlp=32, alpha=True)
    text = TextConfig(len(tokenizer), 16, layers=1, heads=2, mlp=32, context=160)
    clip = CLIP(CLIPConfig(8, vision, text))
    assert clip.visual is not None
    assert clip.visual.conv1_alpha is not None
    torch.nn.init.normal_(clip.visual.conv1_alpha.weight, std=alpha_weight)
    return AlphaClipEncoder(clip, tokenizer, Preprocess(16), name="small", device="cpu")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory):
    return draw_stack(tmp_path_factory.mktemp("stack"), PICTURES, "train", 6)


def test_views_are_encoded_once_and_kept_at_their_own_length(stack, tmp_path: Path):
    encoder = small()
    cache = view_features(stack, encoder, tmp_path / "f", views=2)
    assert cache.rows.shape == (12, 8)
    assert cache.ids[:2] == ["0-0", "1-0"]
    assert np.ptp(np.linalg.norm(cache.rows, axis=1)) > 0
    assert not np.allclose(cache.rows[:6], cache.rows[6:])  # cut and lit differently
    encoder.clip.visual = None  # whoever encodes again now, fails
    np.testing.assert_array_equal(view_features(stack, encoder, tmp_path / "f", views=2).rows, cache.rows)


def test_another_encoders_views_are_not_taken_for_its_own(stack, tmp_path: Path):
    first = view_features(stack, small(), tmp_path / "f", views=1)
    rows = np.array(first.rows)
    second = view_features(stack, small(alpha_weight=2.0), tmp_path / "f", views=1)
    assert second.fingerprint != first.fingerprint
    assert not np.allclose(second.rows, rows)


def test_captions_are_the_same_for_a_seed_and_different_otherwise():
    assert captions_about(20, 0) == captions_about(20, 0)
    assert captions_about(20, 0) != captions_about(20, 1)
    assert len(set(captions_about(200, 0))) > 190


def test_phrases_name_their_concept_and_can_be_read_back(tmp_path: Path):
    path = write_phrases(tmp_path / "p.tsv", per_concept=1)
    phrases = Phrases.read(path, frozen_text(small()))
    assert len(phrases.concepts) == 16 * 13  # items, each alone and in 12 colours
    assert "red dress" in phrases.concepts
    _, gaps = phrases.draw(np.arange(16 * 13), np.random.default_rng(0))
    assert (gaps == -1).any(axis=1).all()


@pytest.mark.parametrize("method", ["pic2word", "searle", "lincir"])
def test_the_recipes_smoke_run_ends_in_a_head_for_its_encoder(method: str, tmp_path: Path):
    encoder = small()
    fingerprint = save_encoder(tmp_path / "encoder", encoder.clip, encoder.tokenizer, encoder.preprocessing, {})
    spec = importlib.util.spec_from_file_location(f"{method}_wardrobe", RECIPES / f"{method}_wardrobe.py")
    assert spec is not None
    assert spec.loader is not None
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    given = ["--toy", "--encoder", str(tmp_path / "encoder"), "--out", str(tmp_path / "run"), "--device", "cpu"]
    recipe.main([*given, "--export", str(tmp_path / "head")])
    head = load_phi(tmp_path / "head")
    assert (head.in_dim, head.out_dim) == (8, 16)
    assert head.origin["fingerprint"] == fingerprint

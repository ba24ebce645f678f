"""Numbers that the official implementations gave on small random weights; see the README of each golden folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from likebut.encoders.clip import load_clip
from likebut.images import alpha_mask

GOLDENS = Path(__file__).parents[1] / "goldens"
TOLERANCE = 1e-5


def arrays(name: str, file: str) -> dict[str, torch.Tensor]:
    with np.load(GOLDENS / name / f"{file}.npz") as content:
        return {key: torch.from_numpy(np.asarray(content[key])) for key in content.files}


def same(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, atol=TOLERANCE, rtol=0)


@torch.inference_mode()
def test_pic2word_container_gives_its_features():
    clip = load_clip(GOLDENS / "pic2word" / "epoch_3.pt")
    given, expected = arrays("pic2word", "inputs"), arrays("pic2word", "outputs")
    tokens = expected["pseudo_tokens"]
    assert (clip.config.vision.heads, clip.config.text.heads, clip.config.text.activation) == (1, 2, "quick_gelu")
    assert clip.logit_scale.exp().item() == pytest.approx(100.02986)
    same(clip.encode_image(given["images"]), expected["image_features"])
    same(clip.encode_text(given["ids_text_only"]), expected["text_features"])
    same(clip.encode_text(given["ids_same"], tokens, 265), expected["composed_same"])
    same(clip.encode_text(given["ids_varied"], tokens, 265), expected["composed_varied"])
    same(clip.encode_text(given["ids_single"], tokens, 265), expected["composed_single"])
    same(clip.encode_text(given["ids_many"], tokens[:1], 265), expected["composed_many_image0"])


@torch.inference_mode()
def test_alpha_clip_tower_alone_gives_its_features():
    clip = load_clip(GOLDENS / "alpha_clip" / "clip_tiny_grit_fultune.pth")
    given, expected = arrays("alpha_clip", "inputs"), arrays("alpha_clip", "outputs")
    assert clip.text is None
    assert clip.has_alpha
    for kind in ("random", "box", "ones", "zeros"):
        same(clip.encode_image(given["images"], given[f"alpha_{kind}"]), expected[f"features_alpha_{kind}"])
    same(clip.encode_image(given["images"]), expected["features_alpha_ones"])
    clip.visual.conv1_alpha.weight.zero_()
    same(clip.encode_image(given["images"], given["alpha_random"]), expected["features_plain_clip"])


@torch.inference_mode()
def test_alpha_clip_reads_a_mask_as_published():
    clip = load_clip(GOLDENS / "alpha_clip" / "clip_tiny_grit_fultune.pth")
    example = arrays("alpha_clip", "mask_example")
    for antialias, ending in ((True, ""), (False, "_no_antialias")):
        alpha = torch.from_numpy(alpha_mask(example["mask"].numpy(), 32, antialias=antialias))
        same(alpha, example[f"alpha{ending}"])
        same(clip.encode_image(example["image"], alpha[None]), example[f"features{ending}"])


@torch.inference_mode()
def test_openai_state_dict_of_searle_gives_its_features():
    clip = load_clip(GOLDENS / "searle" / "clip.pt")
    given, expected = arrays("searle", "inputs"), arrays("searle", "outputs")
    tokens = expected["pseudo_tokens"]
    same(clip.encode_image(given["images"]), expected["image_features"])
    same(clip.encode_text(given["ids_varied"], tokens, 259), expected["composed_varied"])
    same(clip.encode_text(given["ids_broadcast"], tokens[1:2], 259), expected["composed_broadcast"])
    same(clip.encode_text(given["ids_two"], given["pseudo_tokens_two"], 259), expected["composed_two"])


@torch.inference_mode()
def test_hugging_face_text_tower_of_lincir_gives_its_features():
    clip = load_clip(GOLDENS / "lincir" / "text_model.safetensors")
    given, expected = arrays("lincir", "inputs"), arrays("lincir", "outputs")
    assert clip.visual is None
    assert clip.config.text.heads == 4  # 48 wide: the config beside the file says it
    same(clip.encode_text(given["ids_composed"]), expected["text_embeds"])
    composed = clip.encode_text(given["ids_composed"], expected["pseudo_tokens"], 259, occurrence="all")
    same(composed, expected["composed_features"])

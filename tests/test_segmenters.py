"""Masks from boxes and clicks. SAM 2 is the real class of transformers with small random weights made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from likebut.errors import BadQuery, NotFound, UnknownName
from likebut.segmenters import parse_click, sam2, segment
from likebut.types import Region


def disc() -> tuple[Image.Image, np.ndarray]:
    """A red disc on grey, and where it is."""
    picture, mask = Image.new("RGB", (160, 120), "#909090"), Image.new("L", (160, 120))
    for canvas, colour in ((picture, "#c02020"), (mask, 1)):
        ImageDraw.Draw(canvas).ellipse((50, 30, 110, 90), fill=colour)
    return picture, np.asarray(mask) > 0


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("where", [Region(box=(0.25, 0.2, 0.75, 0.8)), (0.5, 0.5)])
def test_grabcut_finds_the_disc_from_a_box_and_from_a_click(where: Region | tuple[float, float]) -> None:
    picture, there = disc()
    mask = segment(picture, where).mask
    assert isinstance(mask, np.ndarray)
    assert overlap(mask > 127, there) > 0.9


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    backbone = transformers.Sam2HieraDetConfig(
        hidden_size=8,
        embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 1, 1, 1],
        blocks_per_stage=[1, 1, 2, 1],
        global_attention_blocks=[3],  # not the first of a stage
    )
    vision = transformers.Sam2VisionConfig(
        backbone_config=backbone, backbone_channel_list=[64, 32, 16, 8], fpn_hidden_size=32
    )
    config = transformers.Sam2Config(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 32},
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 32},
    )
    folder = tmp_path_factory.mktemp("sam2")
    transformers.Sam2Model(config).save_pretrained(folder)
    return folder


def test_sam2_answers_boxes_and_clicks_with_a_mask_of_the_pictures_size(weights: Path) -> None:
    picture, _ = disc()
    box = segment(picture, Region(box=(0.3, 0.2, 0.7, 0.8)), f"sam2:{weights}").mask
    click = segment(picture, (0.5, 0.5), f"sam2:{weights}").mask
    for mask in (box, click):
        assert isinstance(mask, np.ndarray)
        assert mask.shape == (120, 160)
        assert set(np.unique(mask)) <= {0, 255}


def test_sam2_sees_the_picture_and_the_prompt(weights: Path) -> None:
    # Random weights say nothing about objects, but the logits must depend on both inputs.
    import torch

    from likebut import segmenters

    picture, _ = disc()
    seen = []
    model = segmenters._sam2_model(str(weights))
    handle = model.register_forward_hook(lambda module, inputs, output: seen.append(output.pred_masks.clone()))
    try:
        for image, where in ((picture, (0.5, 0.5)), (picture, (0.1, 0.9)), (picture.rotate(90), (0.5, 0.5))):
            sam2(image, where, str(weights))
    finally:
        handle.remove()
    first, elsewhere, turned = seen
    assert first.shape[2] == 3  # three masks for a click, the best of which is taken
    assert not torch.equal(first, elsewhere)
    assert not torch.equal(first, turned)


def test_weights_that_cannot_be_had_name_the_way_without_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(NotFound, match="--cut grabcut"):
        segment(disc()[0], (0.5, 0.5), f"sam2:{tmp_path}")


def test_clicks_and_names_that_make_no_sense_are_refused() -> None:
    assert parse_click("0.25,0.5") == (0.25, 0.5)
    with pytest.raises(BadQuery, match="0.5,0.4"):
        parse_click("middle")
    with pytest.raises(BadQuery, match="fractions"):
        segment(disc()[0], (30.0, 40.0))
    with pytest.raises(UnknownName, match="sam2"):
        segment(disc()[0], (0.5, 0.5), "sam")

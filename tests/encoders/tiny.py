"""A CLIP small enough to look at, with weights drawn so that every part of it matters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from likebut.encoders.clip import CLIP, CLIPConfig, TextConfig, VisionConfig

VISION = VisionConfig("vit", image_size=32, width=64, layers=2, heads=1, patch_size=8, mlp=128, activation="quick_gelu")
TEXT = TextConfig(vocab_size=100, width=64, layers=2, heads=1, mlp=128, activation="quick_gelu")
SOT, EOT = 98, 99


def tiny_clip(vision: Any = VISION, text: Any = TEXT, seed: int = 0, **changes: Any) -> CLIP:
    """Random everywhere, biases and norms included; `changes` go to both towers."""
    if changes:
        vision, text = vision and replace(vision, **changes), text and replace(text, **changes)
    clip = CLIP(CLIPConfig(16, vision, text)).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in clip.named_parameters():
            centre = 1.0 if name.endswith(("ln_1.weight", "ln_2.weight", "ln_pre.weight", "ln_post.weight")) else 0.0
            parameter.copy_(centre + 0.2 * torch.randn(parameter.shape, generator=generator))
        clip.logit_scale.fill_(3.0)
    return clip


def pixels(batch: int = 3, size: int = 32, seed: int = 1) -> Tensor:
    return torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(seed))


def ids(*rows: list[int], length: int = 77) -> Tensor:
    """Bare ids → rows with start, end and zeros behind."""
    out = torch.zeros(len(rows), length, dtype=torch.int64)
    for number, row in enumerate(rows):
        out[number, : len(row) + 2] = torch.tensor([SOT, *row, EOT])
    return out


def openai_state(clip: CLIP) -> dict[str, Tensor]:
    """The same weights under OpenAI's names, written out here a second time on purpose."""
    state = {}
    for key, tensor in clip.state_dict().items():
        tensor = tensor.clone()
        if key in ("visual.proj.weight", "text.proj.weight"):
            key = {"visual.proj.weight": "visual.proj", "text.proj.weight": "text_projection"}[key]
            tensor = tensor.t().contiguous()
        key = key.replace("visual.blocks.", "visual.transformer.resblocks.")
        key = key.replace("text.blocks.", "transformer.resblocks.").removeprefix("text.")
        state[key.replace("attn.in_proj.", "attn.in_proj_")] = tensor
    return state


def assert_same_features(found: CLIP, expected: CLIP) -> None:
    """Both towers, to the bit of float32 arithmetic."""
    with torch.inference_mode():
        if expected.visual is not None:
            torch.testing.assert_close(found.encode_image(pixels()), expected.encode_image(pixels()), atol=1e-6, rtol=0)
        if expected.text is not None:
            rows = ids([1, 2, 3], [4, 5, 6, 7, 8])
            torch.testing.assert_close(found.encode_text(rows), expected.encode_text(rows), atol=1e-6, rtol=0)

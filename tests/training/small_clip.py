"""A real `ClipEncoder` of a few thousand weights whose vocabulary is single letters."""

from __future__ import annotations

import torch

from likebut.encoders.clip.config import CLIPConfig, TextConfig, VisionConfig
from likebut.encoders.clip.encoder import ClipEncoder
from likebut.encoders.clip.model import CLIP
from likebut.encoders.clip.preprocess import Preprocess
from likebut.encoders.clip.tokenizer import Tokenizer

CONTEXT = 40
SENTENCES = [
    "a photo of a red dog", "a picture of the blue hat", "an image of a cat that sleeps", "a close-up of the shoe",
    "a dog that runs on the beach", "a hat that is red", "a shoe with laces", "one good photo of this drawing",
]  # fmt: skip


def small_clip(seed: int = 0, dim: int = 16, width: int = 32) -> ClipEncoder:
    """Random weights; the same for the same seed."""
    tokenizer = Tokenizer.from_merges([], CONTEXT)
    torch.manual_seed(seed)
    vision = VisionConfig("vit", 16, width=16, layers=1, heads=2, patch_size=8, mlp=32)
    text = TextConfig(len(tokenizer), width, layers=2, heads=2, mlp=64, context=CONTEXT)
    return ClipEncoder(CLIP(CLIPConfig(dim, vision, text)), tokenizer, Preprocess(16), name="small", device="cpu")

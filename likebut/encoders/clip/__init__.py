"""CLIP: one module, loaders for the published key namings, its tokenizer, and the encoders built on them.

Names are looked up when first used, so that importing the package imports no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from likebut.encoders.clip.config import CLIPConfig as CLIPConfig
    from likebut.encoders.clip.config import TextConfig as TextConfig
    from likebut.encoders.clip.config import VisionConfig as VisionConfig
    from likebut.encoders.clip.loading import load_clip as load_clip
    from likebut.encoders.clip.model import CLIP as CLIP
    from likebut.encoders.clip.tokenizer import Tokenizer as Tokenizer
    from likebut.encoders.clip.tokenizer import train_vocabulary as train_vocabulary

_WHERE = {
    "CLIPConfig": "config",
    "TextConfig": "config",
    "VisionConfig": "config",
    "CLIP": "model",
    "load_clip": "loading",
    "Tokenizer": "tokenizer",
    "train_vocabulary": "tokenizer",
}

__all__ = ["CLIP", "CLIPConfig", "TextConfig", "Tokenizer", "VisionConfig", "load_clip", "train_vocabulary"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)

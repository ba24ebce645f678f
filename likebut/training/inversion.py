"""What training any φ needs: a frozen text tower that gradients pass through, and the shape of a method.

Only φ moves. A prompt is computed up to its last word, not to 77 tokens, which is most of why a step is fast; the
other reason is that pictures were encoded beforehand (`features.py`). Methods are in pic2word.py, searle.py and
lincir.py; `phi.py` runs them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from likebut.composers.phi import InversionNetwork
from likebut.encoders.clip.model import CLIP
from likebut.encoders.clip.tokenizer import SLOT, Tokenizer
from likebut.training.data import Batches
from likebut.training.distributed import Process
from likebut.training.loop import TrainConfig
from likebut.types import Array

Network = TypeVar("Network", bound=InversionNetwork)
Prompt = Sequence[str | None]  # a sentence in pieces, None where the pseudo-token goes


class FrozenText:
    """A text tower whose weights stay: sentences with pseudo-tokens → (B, D), not normalised.

    Gradients flow through it into the pseudo-tokens; its own weights ask for none, which saves their computation.
    """

    def __init__(self, clip: CLIP, tokenizer: Tokenizer) -> None:
        self.clip = clip.requires_grad_(False).eval()
        self.tokenizer = tokenizer

    @property
    def device(self) -> torch.device:
        """Where the tower is."""
        return self.clip.device

    @property
    def scale(self) -> float:
        """exp(logit_scale): what CLIP multiplies cosines by in its contrastive loss."""
        return float(self.clip.logit_scale.exp())

    @property
    def token_width(self) -> int:
        """W."""
        assert self.clip.config.text is not None
        return self.clip.config.text.width

    def ids(self, prompts: Sequence[Prompt]) -> Tensor:
        """B prompts → (B, T) int64 on the CPU, T being the longest, -1 where a pseudo-token goes."""
        return torch.from_numpy(self.tokenizer.prompts(prompts))

    def read(self, ids: Tensor, tokens: Tensor | None = None) -> Tensor:
        """(B, T) ids and the (B, W) pseudo-tokens for every -1 in them → (B, D). One row of ids serves all tokens."""
        return self.clip.encode_text(ids.to(self.device), tokens, SLOT, "all")

    @torch.no_grad()
    def read_plain(self, texts: Sequence[str], batch_size: int = 256) -> Array:
        """Sentences without pseudo-tokens → (B, D) float32, not normalised."""
        rows = [
            self.read(self.ids([[text] for text in part])).float().cpu().numpy() for part in blocks(texts, batch_size)
        ]
        return np.concatenate(rows) if rows else np.zeros((0, self.clip.config.dim), np.float32)


class InversionMethod(ABC):
    """A way of training φ: which network, which batches, which loss.

    batch_size  rows per process as published
    settings    the published numbers of `TrainConfig` that do not depend on the length of the run
    l2_normalize  whether φ takes features scaled to length 1; a composer must then do the same, and checkpoints say so.
                LinCIR's switch, off in every published result. It is needed where an encoder's features are much longer
                than OpenAI's (about 10), or where pictures and texts differ in length
    """

    name: ClassVar[str]
    batch_size: ClassVar[int]
    settings: ClassVar[Mapping[str, Any]]
    l2_normalize = False
    text: FrozenText

    @property
    @abstractmethod
    def size(self) -> int:
        """Rows to train on."""

    @classmethod
    def config(cls, steps: int, **changes: Any) -> TrainConfig:
        """The published settings for a run of `steps`, with `changes`."""
        return TrainConfig(**{"steps": steps, **cls.settings, **changes})

    @abstractmethod
    def network(self) -> InversionNetwork:
        """An untrained φ of the published shape for this text tower."""

    @abstractmethod
    def batches(self, batch_size: int, process: Process, seed: int) -> Batches:
        """Endless batches for `loss`."""

    @abstractmethod
    def loss(self, phi: InversionNetwork, batch: Any) -> tuple[Tensor, Mapping[str, float]]:
        """The loss of a batch, and its parts for the log."""

    def fresh(self, phi: Network) -> Network:
        """An untrained φ made ready for what `fed` gives: numbers of about one, which its first layer is drawn for."""
        if self.l2_normalize:
            first = next(module for module in phi.modules() if isinstance(module, nn.Linear))
            first.weight.data.mul_(math.sqrt(first.in_features))  # a row of length 1 has numbers of about 1/√D
        return phi

    def fed(self, features: Tensor) -> Tensor:
        """What φ is given for (B, D) features."""
        return F.normalize(features, dim=-1) if self.l2_normalize else features


def blocks(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Consecutive parts of at most `size` rows."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]

"""Training LinCIR's φ: from captions alone, because CLIP puts a picture near its caption.

    z = T(caption)      e = φ(z + u ε), u ~ U(0, 1) per caption, ε ~ N(0, 1)
    L = mean (T(caption with its keywords replaced by e) − z)²,  nothing normalised

The noise makes φ at home between a caption and its picture. Keywords are runs of nouns, adjectives and determiners.

Source: Gu et al., CVPR 2024, arXiv:2312.01998, section 3 and released settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from likebut.composers.phi import InversionNetwork, Phi
from likebut.errors import BadData
from likebut.training.data import Batches
from likebut.training.distributed import Process
from likebut.training.inversion import FrozenText, InversionMethod
from likebut.training.keywords import Finder, clean, find_keywords, masked
from likebut.types import Array


class LincirTraining(InversionMethod):
    """captions: N texts, any source. keywords: how their keyword runs are found, `keywords.spacy_finder()` or the rule.

    l2_normalize scales φ's input to length 1 after the noise; the released switch, off in every published result.
    noise multiplies ε, whose length is about √D; text features much longer than that hardly feel the published 1.
    """

    name: ClassVar[str] = "lincir"
    batch_size: ClassVar[int] = 512
    settings: ClassVar[Mapping[str, Any]] = {"lr": 1e-4, "weight_decay": 0.01, "schedule": "constant"}

    def __init__(
        self,
        text: FrozenText,
        captions: Sequence[str],
        *,
        keywords: Finder = find_keywords,
        l2_normalize: bool = False,
        dropout: float = 0.5,
        noise: float = 1.0,
    ) -> None:
        if not captions:
            raise BadData("LinCIR trains on captions; found none. Give a text file with one caption per line.")
        self.text, self.captions, self.find = text, captions, keywords
        self.l2_normalize, self.dropout, self.noise = l2_normalize, dropout, noise

    @property
    def size(self) -> int:
        """N."""
        return len(self.captions)

    def network(self) -> Phi:
        """`Phi` with a hidden width of 4 D."""
        return self.fresh(Phi(self.text.clip.config.dim, None, self.text.token_width, self.dropout))

    def batches(self, batch_size: int, process: Process, seed: int) -> Batches:
        """Ids of captions, ids of the same captions masked, and the noise."""
        dim = self.text.clip.config.dim

        def make(indices: Array, generator: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
            captions = [clean(self.captions[int(index)]) for index in indices]
            prompts = [masked(caption, self.find, generator) for caption in captions]
            noise = self.noise * generator.random((len(indices), 1)) * generator.standard_normal((len(indices), dim))
            return (
                self.text.ids([[caption] for caption in captions]),
                self.text.ids(prompts),
                torch.from_numpy(noise.astype(np.float32)),
            )

        return Batches(self.size, batch_size, make, seed=seed, rank=process.rank, world=process.world, prefetch=2)

    def loss(self, phi: InversionNetwork, batch: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Mapping[str, float]]:
        """Mean squared error between the masked caption, read with φ's word in it, and the caption."""
        whole, gaps, noise = batch
        noise = noise.to(self.text.device)
        return lincir_loss(phi, whole, gaps, noise, self.text, self.l2_normalize), {}


def lincir_loss(
    phi: InversionNetwork, whole: Tensor, gaps: Tensor, noise: Tensor, text: FrozenText, l2_normalize: bool = False
) -> Tensor:
    """Ids of captions (B, T), ids of the masked ones with -1 in the gaps, noise (B, D) = u ε → the loss."""
    with torch.no_grad():
        feature = text.read(whole)
    noisy = feature + noise
    token = phi(F.normalize(noisy, dim=-1) if l2_normalize else noisy)
    return F.mse_loss(text.read(gaps, token), feature)

"""Training Pic2Word's φ: a picture's pseudo-word, read in "a photo of *", must lead back to that picture.

    e = φ(v)      t = T("a photo of", e)      L = ½ [CE(s V Tᵀ) + CE(s T Vᵀ)],  rows of length 1, s = exp(logit_scale)

Needs image features only: no caption, no picture. The source crops pictures at random (scale 0.9 to 1) before it
encodes them; features from a cache have no such variation, which is the one difference.

Source: Saito et al., CVPR 2023, arXiv:2302.03084, section 3.2 and released settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from likebut.composers.phi import IM2TEXT, InversionNetwork
from likebut.training.data import Batches, over_arrays
from likebut.training.distributed import Process, gather_features
from likebut.training.inversion import FrozenText, InversionMethod
from likebut.training.losses import info_nce
from likebut.types import Array


class Pic2WordTraining(InversionMethod):
    """features: (N, D) image features, not scaled; read where they lie.

    middle: width of φ's hidden layers (512 in the release); l2_normalize: see `InversionMethod`.
    """

    name: ClassVar[str] = "pic2word"
    batch_size: ClassVar[int] = 128  # per process; the release used 8
    settings: ClassVar[Mapping[str, Any]] = {
        "lr": 1e-4,
        "weight_decay": 0.1,
        "betas": (0.9, 0.98),
        "eps": 1e-6,
        "schedule": "cosine",
    }

    def __init__(
        self, text: FrozenText, features: Array, *, middle: int = 512, dropout: float = 0.1, l2_normalize: bool = False
    ) -> None:
        self.text, self.features, self.middle, self.dropout = text, features, middle, dropout
        self.l2_normalize = l2_normalize
        self._prompt = text.ids([["a photo of", None]])

    @property
    def size(self) -> int:
        """N."""
        return len(self.features)

    def network(self) -> IM2TEXT:
        """`IM2TEXT` with two hidden layers."""
        return self.fresh(IM2TEXT(self.features.shape[1], self.middle, self.text.token_width, dropout=self.dropout))

    def batches(self, batch_size: int, process: Process, seed: int) -> Batches:
        """Rows of the features."""
        return Batches(
            self.size,
            batch_size,
            over_arrays(self.features),
            seed=seed,
            rank=process.rank,
            world=process.world,
            prefetch=2,
        )

    def loss(self, phi: InversionNetwork, batch: tuple[Tensor]) -> tuple[Tensor, Mapping[str, float]]:
        """Symmetric InfoNCE over the rows of all processes; see the module header."""
        features = batch[0].to(self.text.device).float()
        return pic2word_loss(phi, self.fed(features), self.text, self._prompt), {}


def pic2word_loss(phi: InversionNetwork, features: Tensor, text: FrozenText, prompt: Tensor) -> Tensor:
    """(B, D) features, not scaled, and one row of ids with a -1 → the loss, gradients into `phi` only.

    Several processes give the loss and the gradient of one process with the whole batch. (The source lets only local
    rows carry gradient, which makes its gradient that of the exact one divided by the number of processes.)
    """
    sentences = text.read(prompt, phi(features))
    return info_nce(gather_features(features, gradient=False), gather_features(sentences), text.scale)

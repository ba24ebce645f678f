"""Training SEARLE's φ: find a good pseudo-word for each picture by optimisation, then distil all of them into φ.

    1 associate   each picture gets its nearest concepts, by zero-shot classification of its feature
    2 optimise    one token per picture:  L = [cos(T("a photo of *"), v) + ½ phrase] / 1½, a running mean is kept
    3 distil      L = NT-Xent(φ(v), token; τ = 0.25) + ¾ phrase

"phrase" keeps the pseudo-word usable in a sentence: a phrase about one of the picture's concepts must mean the same
with the pseudo-word in the concept's place. Phrases come from a plain text file, so any generator can write it.

Source: Baldrati et al., ICCV 2023, arXiv:2303.15247, sections 3.1 and 3.2, and released settings. One difference: where
a phrase names its concept twice, both places take the pseudo-word; the source leaves the second a literal `$`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from likebut.composers.phi import InversionNetwork, Phi
from likebut.encoders.base import unit
from likebut.errors import BadData, NotFound
from likebut.training.data import Batches
from likebut.training.distributed import Process, gather_features
from likebut.training.inversion import FrozenText, InversionMethod, Prompt
from likebut.training.losses import nt_xent
from likebut.types import Array

# Our own set of neutral sentences, for concepts (the word goes in) and for pictures (the pseudo-word goes in).
TEMPLATES = (
    "a photo of {}",
    "a picture of {}",
    "an image of {}",
    "a photo of the {}",
    "a close-up of {}",
    "a good photo of {}",
    "one {}",
    "this is {}",
    "a photo showing {}",
    "a drawing of {}",
)
TEMPERATURE, PHRASE_WEIGHT = 0.25, 0.75  # of the distillation
NEAREST_TO_OPTIMISE, NEAREST_TO_DISTIL = 15, 150  # concepts per picture that phrases are drawn from
_TOGETHER = 64  # phrases encoded at once


class Phrases:
    """Concept → phrases that contain it. Features of whole phrases are computed when first drawn, and kept."""

    def __init__(self, by_concept: Mapping[str, Sequence[str]], text: FrozenText) -> None:
        self.concepts = list(by_concept)
        self.text = text
        self._phrases = [phrase for phrases in by_concept.values() for phrase in phrases]
        counts = np.array([len(phrases) for phrases in by_concept.values()])
        self._first, self._count = np.concatenate([[0], counts.cumsum()[:-1]]), counts
        # Zeros take no memory until they are written, so this costs what was drawn, not what could be.
        self._features = np.zeros((len(self._phrases), text.clip.config.dim), np.float32)
        self._known = np.zeros(len(self._phrases), bool)

    @classmethod
    def read(cls, path: str | Path, text: FrozenText) -> Phrases:
        """A UTF-8 file of lines `concept<TAB>phrase`, e.g. `dog<TAB>a photo of a dog that runs on the beach`.

        Raises `NotFound`, and `BadData` with the number of the first line that has no tab or lacks its concept.
        """
        path = Path(path)
        if not path.is_file():
            raise NotFound(f"No phrases at {path}. Expected a text file with lines: concept, a tab, a phrase with it.")
        by_concept: dict[str, list[str]] = {}
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            concept, tab, phrase = line.partition("\t")
            if not tab or None not in gapped(phrase, concept):
                raise BadData(
                    f"{path}, line {number}: found {line[:80]!r}; expected a concept, a tab, a phrase that names it."
                )
            by_concept.setdefault(concept, []).append(phrase)
        if not by_concept:
            raise BadData(f"{path} holds no phrase.")
        return cls(by_concept, text)

    def draw(self, concepts: Array, generator: np.random.Generator) -> tuple[Array, Tensor]:
        """For each of B concepts (numbers) one of its phrases: numbers (B,), ids (B, T) with gaps for the concept."""
        rows = self._first[concepts] + (generator.random(len(concepts)) * self._count[concepts]).astype(np.int64)
        pairs = zip(rows, concepts, strict=True)
        return rows, self.text.ids([gapped(self._phrases[row], self.concepts[concept]) for row, concept in pairs])

    def features(self, rows: Array) -> Tensor:
        """(B, D) features of whole phrases, not normalised."""
        # Always the same neighbours in one batch: a row's last bit must not depend on what was drawn before it.
        for number in np.unique(rows[~self._known[rows]] // _TOGETHER):
            block = slice(number * _TOGETHER, (number + 1) * _TOGETHER)
            self._features[block] = self.text.read_plain(self._phrases[block])
            self._known[block] = True
        return torch.from_numpy(self._features[rows]).to(self.text.device)


def gapped(phrase: str, concept: str) -> list[str | None]:
    """The phrase in pieces, None for every place where it names the concept as whole words, in upper or lower case.

    >>> gapped("a dog, that hotdog of a Dog", "dog")
    ['a', None, ', that hotdog of a', None]
    """
    parts = re.split(rf"(?<!\w){re.escape(concept.strip())}(?!\w)", phrase, flags=re.IGNORECASE)
    pieces = [piece for part in parts for piece in (part.strip(), None)][:-1]
    return [piece for piece in pieces if piece != ""]


def associate(features: Array, concepts: Sequence[str], text: FrozenText, k: int = NEAREST_TO_DISTIL) -> Array:
    """(N, D) image features → (N, k) numbers of the nearest concepts, nearest first.

    A concept is the mean of its unit features over `TEMPLATES`.
    """
    k = min(k, len(concepts))
    means = np.zeros((len(concepts), features.shape[1]), np.float32)
    for template in TEMPLATES:
        means += unit(text.read_plain([template.format(concept) for concept in concepts]))[0]
    means = unit(means)[0]
    nearest = np.empty((len(features), k), np.int32)
    for start in range(0, len(features), 4096):
        scores = unit(np.asarray(features[start : start + 4096], np.float32))[0] @ means.T
        nearest[start : start + 4096] = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return nearest


def optimise_tokens(
    features: Array,
    nearest: Array,
    phrases: Phrases,
    *,
    steps: int = 350,
    lr: float = 0.02,
    phrase_weight: float = 0.5,
    decay: float = 0.99,
    seed: int | Sequence[int] = 0,
) -> Array:
    """(B, D) image features, not scaled, and their (B, k) nearest concepts → (B, W) tokens: the running mean.

    Tokens do not see each other, so B changes speed and nothing else. Weights and features are neither moved nor kept.
    """
    text, generator = phrases.text, np.random.default_rng(seed)
    start = generator.normal(0, 0.02, (len(features), text.token_width)).astype(np.float32)
    token = torch.from_numpy(start).to(text.device).requires_grad_()
    mean = token.detach().clone()
    target = torch.from_numpy(np.array(features, np.float32)).to(text.device)
    optimizer = torch.optim.AdamW([token], lr=lr, weight_decay=0.01)
    sentences: list[Prompt] = [gapped(template.replace("{}", "it"), "it") for template in TEMPLATES]
    for _ in range(steps):
        drawn = generator.integers(len(sentences), size=len(features))
        ids = text.ids([sentences[number] for number in drawn])
        rows, gaps = phrases.draw(_draw_concepts(nearest, NEAREST_TO_OPTIMISE, generator), generator)
        image = (1 - F.cosine_similarity(text.read(ids, token), target)).mean()
        phrase = phrase_loss(text.read(gaps, token), phrases.features(rows))
        optimizer.zero_grad()
        ((image + phrase_weight * phrase) / (1 + phrase_weight)).backward()
        optimizer.step()
        mean.lerp_(token.detach(), 1 - decay)
    return mean.cpu().numpy()


def optimise_all(
    features: Array,
    nearest: Array,
    phrases: Phrases,
    folder: str | Path,
    process: Process,
    *,
    block: int = 256,
    seed: int = 0,
    report: Callable[[int, int], None] = lambda done, of: None,
    **options: Any,
) -> Array:
    """Stage 2 for all N pictures, block by block, each kept in `folder` when done: a kill costs one block.

    Processes take turns over the blocks. report(done, of) hears after each block. Returns (N, W).
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    starts = list(range(0, len(features), block))
    files = [folder / f"{number:06d}.npy" for number in range(len(starts))]
    for number in range(process.rank, len(starts), process.world):
        if not files[number].exists():
            rows = slice(starts[number], starts[number] + block)
            tokens = optimise_tokens(features[rows], nearest[rows], phrases, seed=[seed, number], **options)
            temporary = files[number].with_suffix(".part.npy")
            np.save(temporary, tokens)
            temporary.replace(files[number])
        report(number + 1, len(starts))
    if process.world > 1:
        torch.distributed.barrier()
    tokens = np.concatenate([np.load(file) for file in files])
    if tokens.shape != (len(features), phrases.text.token_width):
        raise BadData(
            f"{folder} holds tokens of shape {tokens.shape} from another run; expected "
            f"({len(features)}, {phrases.text.token_width}). Use an empty folder."
        )
    return tokens


class SearleTraining(InversionMethod):
    """Stage 3. features: (N, D) image features, not scaled; tokens: (N, W) from stage 2; nearest: (N, k) concepts."""

    name: ClassVar[str] = "searle"
    batch_size: ClassVar[int] = 256
    settings: ClassVar[Mapping[str, Any]] = {"lr": 1e-4, "weight_decay": 0.01, "schedule": "constant"}

    def __init__(
        self,
        text: FrozenText,
        features: Array,
        tokens: Array,
        nearest: Array,
        phrases: Phrases,
        *,
        dropout: float = 0.5,
        l2_normalize: bool = False,
    ) -> None:
        self.text, self.features, self.tokens, self.nearest = text, features, tokens, nearest
        self.phrases, self.dropout, self.l2_normalize = phrases, dropout, l2_normalize

    @property
    def size(self) -> int:
        """N."""
        return len(self.features)

    def network(self) -> Phi:
        """`Phi` with a hidden width of 4 D."""
        return self.fresh(Phi(self.features.shape[1], None, self.text.token_width, self.dropout))

    def batches(self, batch_size: int, process: Process, seed: int) -> Batches:
        """Features, their tokens, and for each a phrase about one of its concepts."""

        def make(indices: Array, generator: np.random.Generator) -> tuple[Tensor, Tensor, Array, Tensor]:
            rows = np.sort(indices)
            concepts = _draw_concepts(self.nearest[rows], NEAREST_TO_DISTIL, generator)
            drawn, gaps = self.phrases.draw(concepts, generator)
            features = torch.from_numpy(np.array(self.features[rows], np.float32))
            return features, torch.from_numpy(self.tokens[rows]), drawn, gaps

        return Batches(self.size, batch_size, make, seed=seed, rank=process.rank, world=process.world, prefetch=2)

    def loss(
        self, phi: InversionNetwork, batch: tuple[Tensor, Tensor, Array, Tensor]
    ) -> tuple[Tensor, Mapping[str, float]]:
        """Distillation and phrase loss; the module header has the formula."""
        features, tokens, drawn, gaps = batch
        device = self.text.device
        distil, phrase = searle_losses(
            phi, self.fed(features.to(device)), tokens.to(device), gaps, self.phrases.features(drawn), self.text
        )
        return distil + PHRASE_WEIGHT * phrase, {"distil": float(distil.detach()), "phrase": float(phrase.detach())}


def searle_losses(
    phi: InversionNetwork, features: Tensor, tokens: Tensor, gaps: Tensor, phrases: Tensor, text: FrozenText
) -> tuple[Tensor, Tensor]:
    """features (B, D), tokens (B, W), ids of phrases with gaps (B, T), whole phrases (B, D) → distil, phrase."""
    predicted = phi(features)
    distil = nt_xent(gather_features(tokens, gradient=False), gather_features(predicted), TEMPERATURE)
    return distil, phrase_loss(text.read(gaps, predicted), phrases)


def phrase_loss(with_token: Tensor, with_concept: Tensor) -> Tensor:
    """1 − cosine of (B, D) rows, averaged."""
    return (1 - F.cosine_similarity(with_token.float(), with_concept.float())).mean()


def _draw_concepts(nearest: Array, k: int, generator: np.random.Generator) -> Array:
    """One of the first k concepts of each row."""
    columns = generator.integers(min(k, nearest.shape[1]), size=len(nearest))
    return nearest[np.arange(len(nearest)), columns]

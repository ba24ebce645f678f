"""One CLIP module: ViT or ModifiedResNet, an optional alpha channel, a causal text tower; either tower may be missing.

Knows tensors only: no file, no tokenizer, no picture. Features come out un-normalised, because the inversion
methods feed on lengths as well as directions. `loading.py` fills the module from published checkpoints.

Sources: CLIP, arXiv:2103.00020; alpha channel, Alpha-CLIP, arXiv:2312.03818; pseudo-tokens, Pic2Word, arXiv:2302.03084.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from likebut.encoders.clip.config import CLIPConfig, TextConfig, VisionConfig
from likebut.encoders.clip.resnet import ModifiedResNet

# "The whole picture counts", as Alpha-CLIP normalises a mask: (1 - 0.5) / 0.26.
ALPHA_ALL = 0.5 / 0.26


class QuickGELU(nn.Module):
    """x · σ(1.702 x), the approximation that OpenAI's weights were trained with."""

    def forward(self, x: Tensor) -> Tensor:
        """Elementwise."""
        return x * torch.sigmoid(1.702 * x)


class Attention(nn.Module):
    """Multi-head self-attention, (B, T, W) → (B, T, W)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"Width {width} cannot be split over {heads} heads.")
        self.heads = heads
        self.in_proj = nn.Linear(width, 3 * width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, causal: bool) -> Tensor:
        """`causal`: a token sees itself and what stands before it."""
        batch, length, width = x.shape
        q, k, v = self.in_proj(x).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, length, width))


class MLP(nn.Module):
    """Linear, activation, Linear."""

    def __init__(self, width: int, hidden: int, activation: str) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, hidden)
        self.activation = QuickGELU() if activation == "quick_gelu" else nn.GELU()
        self.c_proj = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """(…, W) → (…, W)."""
        return self.c_proj(self.activation(self.c_fc(x)))


class Block(nn.Module):
    """Pre-norm residual block: attention, then MLP."""

    def __init__(self, config: VisionConfig | TextConfig) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.width, config.eps)
        self.attn = Attention(config.width, config.heads)
        self.ln_2 = nn.LayerNorm(config.width, config.eps)
        self.mlp = MLP(config.width, config.mlp, config.activation)

    def forward(self, x: Tensor, causal: bool) -> Tensor:
        """(B, T, W) → (B, T, W)."""
        x = x + self.attn(self.ln_1(x), causal)
        return x + self.mlp(self.ln_2(x))


class VisionTransformer(nn.Module):
    """(B, 3, H, W) pixels, and (B, 1, H, W) alpha where the tower has that channel → (B, D)."""

    def __init__(self, config: VisionConfig, dim: int) -> None:
        super().__init__()
        assert isinstance(config.layers, int)
        side = config.image_size // config.patch_size
        self.conv1 = nn.Conv2d(3, config.width, config.patch_size, config.patch_size, bias=False)
        self.conv1_alpha = (
            nn.Conv2d(1, config.width, config.patch_size, config.patch_size, bias=False) if config.alpha else None
        )
        self.class_embedding = nn.Parameter(torch.empty(config.width))
        self.positional_embedding = nn.Parameter(torch.empty(side * side + 1, config.width))
        self.ln_pre = nn.LayerNorm(config.width, config.eps)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.ln_post = nn.LayerNorm(config.width, config.eps)
        self.proj = nn.Linear(config.width, dim, bias=False)

    def forward(self, pixels: Tensor, alpha: Tensor | None) -> Tensor:
        """The class token of the last block, normed and projected."""
        x = self.conv1(pixels)
        if self.conv1_alpha is not None and alpha is not None:
            x = x + self.conv1_alpha(alpha)
        x = x.flatten(2).transpose(1, 2)
        first = self.class_embedding.to(x.dtype).expand(x.shape[0], 1, -1)
        x = self.ln_pre(torch.cat([first, x], dim=1) + self.positional_embedding)
        for block in self.blocks:
            x = block(x, causal=False)
        return self.proj(self.ln_post(x[:, 0]))


class TextTransformer(nn.Module):
    """(B, T, W) token embeddings and the position to read at, (B,) → (B, D)."""

    def __init__(self, config: TextConfig, dim: int) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab_size, config.width)
        self.positional_embedding = nn.Parameter(torch.empty(config.context, config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.ln_final = nn.LayerNorm(config.width, config.eps)
        self.proj = nn.Linear(config.width, dim, bias=False)

    def forward(self, embedded: Tensor, read_at: Tensor) -> Tensor:
        """What stands at `read_at` after the last block, normed and projected."""
        x = embedded + self.positional_embedding[: embedded.shape[1]]
        for block in self.blocks:
            x = block(x, causal=True)
        return self.proj(self.ln_final(x[torch.arange(len(x), device=x.device), read_at]))


class CLIP(nn.Module):
    """`CLIP(config)` has random weights, ready to be trained; `load_clip(path)` gives a published one.

    visual, text  the towers; None where the config has none
    logit_scale   scalar: the logarithm of the factor on cosines in the contrastive loss
    """

    def __init__(self, config: CLIPConfig) -> None:
        super().__init__()
        if config.vision is None and config.text is None:
            raise ValueError("A CLIP without a vision and without a text tower has nothing to encode.")
        self.config = config
        self.visual: VisionTransformer | ModifiedResNet | None = None
        self.text: TextTransformer | None = None
        if config.vision is not None:
            build = VisionTransformer if config.vision.kind == "vit" else ModifiedResNet
            self.visual = build(config.vision, config.dim)
        if config.text is not None:
            self.text = TextTransformer(config.text, config.dim)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        _initialise(self)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.logit_scale.device

    @property
    def dtype(self) -> torch.dtype:
        """What the weights are kept in, hence what is computed in."""
        return self.logit_scale.dtype

    @property
    def has_alpha(self) -> bool:
        """Whether the image tower takes a mask."""
        return self.config.vision is not None and self.config.vision.alpha

    def encode_image(self, pixels: Tensor, alpha: Tensor | None = None) -> Tensor:
        """Normalised pixels (B, 3, H, W), and normalised alpha (B, 1, H, W) or (1, 1, H, W) → (B, D), not normalised.

        Where the tower has an alpha channel and no alpha is given, the whole picture counts (+1.923 everywhere).
        Raises `ValueError` for a missing tower, another picture size, or alpha given to a tower that cannot take it.
        """
        if self.visual is None or self.config.vision is None:
            raise ValueError("This CLIP has no image tower: its checkpoint held the text tower only.")
        size = self.config.vision.image_size
        if pixels.ndim != 4 or tuple(pixels.shape[1:]) != (3, size, size):
            raise ValueError(f"Pixels are {tuple(pixels.shape)}; this tower takes (B, 3, {size}, {size}).")
        pixels = pixels.to(self.dtype)
        if not self.has_alpha:
            if alpha is not None:
                raise ValueError("This CLIP has no alpha channel; load one with load_clip(path, alpha=ALPHA_WEIGHTS).")
            return self.visual(pixels, None)
        if alpha is None:
            alpha = pixels.new_full((1, 1, size, size), ALPHA_ALL)
        if alpha.ndim != 4 or alpha.shape[0] not in (1, len(pixels)) or tuple(alpha.shape[1:]) != (1, size, size):
            raise ValueError(f"Alpha is {tuple(alpha.shape)}; expected ({len(pixels)}, 1, {size}, {size}).")
        return self.visual(pixels, alpha.to(self.dtype))

    def encode_text(
        self,
        ids: Tensor,
        pseudo_tokens: Tensor | None = None,
        placeholder: int | None = None,
        occurrence: Literal["first", "all"] = "first",
    ) -> Tensor:
        """ids (B, T) int64 → (B, D), not normalised, read at the end-of-text id: the largest id of a row.

        What follows the longest prompt of the batch is cut off before it is computed; attention looks back only,
        so the result is the same.

        pseudo_tokens  (B, W) or (B, n, W): put in place of the embeddings at the ids equal to `placeholder`. The k-th
                       placeholder of a row takes its k-th token. One row of ids serves B tokens, and one row of
                       tokens serves B rows of ids. Gradients flow into them.
        placeholder    an id of the vocabulary, e.g. 265 for `*` in OpenAI's; or -1, which no caption can contain
        occurrence     "first": the first n placeholders of each row are replaced, later ones stay literal, and a row
                       with fewer is an error (Pic2Word, SEARLE). "all": every one is replaced; a single token
                       repeats, and a row may hold fewer than n, or none (LinCIR).
        """
        if self.text is None or self.config.text is None:
            raise ValueError("This CLIP has no text tower: its checkpoint held the image tower only.")
        if ids.ndim != 2:
            raise ValueError(f"ids are {tuple(ids.shape)}; expected (B, T).")
        read_at = ids.argmax(dim=-1)
        if len(ids):
            ids = ids[:, : int(read_at.max()) + 1]
        if ids.shape[1] > self.config.text.context:
            raise ValueError(
                f"A prompt of {ids.shape[1]} ids is too long; this tower takes {self.config.text.context}."
            )
        if pseudo_tokens is None:
            return self.text(self.text.token_embedding(ids), read_at)
        if placeholder is None:
            raise ValueError("pseudo_tokens need the placeholder id whose embedding they replace.")
        tokens = pseudo_tokens[:, None] if pseudo_tokens.ndim == 2 else pseudo_tokens
        if tokens.ndim != 3 or tokens.shape[-1] != self.config.text.width:
            width = self.config.text.width
            raise ValueError(
                f"pseudo_tokens are {tuple(pseudo_tokens.shape)}; expected (B, {width}) or (B, n, {width})."
            )
        if len(ids) != len(tokens) and 1 not in (len(ids), len(tokens)):
            raise ValueError(f"{len(ids)} rows of ids and {len(tokens)} rows of pseudo-tokens cannot be paired.")
        batch = max(len(ids), len(tokens)) if len(ids) and len(tokens) else 0
        ids, read_at = ids.expand(batch, -1), read_at.expand(batch)
        where = _slots(ids, placeholder, tokens.shape[1], occurrence)
        embedded = self.text.token_embedding(ids.clamp_min(0))  # -1 is a placeholder and has no row of its own
        rows, columns, which = where
        chosen = tokens.to(embedded.dtype).expand(batch, -1, -1)[rows, which]
        return self.text(embedded.index_put((rows, columns), chosen), read_at)

    def forward(self, pixels: Tensor, ids: Tensor, alpha: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pictures and their texts → two (B, D), not normalised: what a contrastive loss is computed from."""
        return self.encode_image(pixels, alpha), self.encode_text(ids)


def _slots(ids: Tensor, placeholder: int, n: int, occurrence: str) -> tuple[Tensor, Tensor, Tensor]:
    """Row, column and token number of every id that is to be replaced."""
    match = ids == placeholder
    counts = match.sum(dim=1)
    if occurrence == "first":
        short = counts < n
        if bool(short.any()):
            row = int(short.nonzero()[0])
            raise ValueError(
                f"Row {row} of ids holds the placeholder {placeholder} {int(counts[row])} times; it is to take {n} "
                'pseudo-token(s). Put the placeholder into every prompt, or pass occurrence="all".'
            )
        number = match.cumsum(dim=1) - 1
        match = match & (number < n)
    elif occurrence == "all":
        if n > 1 and bool((counts > n).any()):
            row = int((counts > n).nonzero()[0])
            raise ValueError(f"Row {row} of ids holds {int(counts[row])} placeholders but only {n} pseudo-tokens.")
        number = match.cumsum(dim=1) - 1 if n > 1 else torch.zeros_like(ids)
    else:
        raise ValueError(f'occurrence is {occurrence!r}; expected "first" or "all".')
    rows, columns = match.nonzero(as_tuple=True)
    return rows, columns, number[rows, columns]


@torch.no_grad()
def _initialise(clip: CLIP) -> None:
    """Random weights as CLIP draws them (arXiv:2103.00020, its released code): width⁻½, thinner where layers add up."""
    for tower in (clip.visual, clip.text):
        if isinstance(tower, VisionTransformer | TextTransformer):
            width = tower.positional_embedding.shape[1]
            for block in tower.blocks:
                assert isinstance(block, Block)
                for linear, std in (
                    (block.attn.in_proj, width**-0.5),
                    (block.attn.out_proj, (2 * len(tower.blocks) * width) ** -0.5),
                    (block.mlp.c_fc, (2 * width) ** -0.5),
                    (block.mlp.c_proj, (2 * len(tower.blocks) * width) ** -0.5),
                ):
                    nn.init.normal_(linear.weight, std=std)
                    nn.init.zeros_(linear.bias)
            nn.init.normal_(tower.proj.weight, std=width**-0.5)
    if isinstance(clip.visual, VisionTransformer):
        width = clip.visual.positional_embedding.shape[1]
        nn.init.normal_(clip.visual.class_embedding, std=width**-0.5)
        nn.init.normal_(clip.visual.positional_embedding, std=width**-0.5)
    if clip.visual is not None and clip.visual.conv1_alpha is not None:
        nn.init.zeros_(clip.visual.conv1_alpha.weight)  # training starts from "the mask makes no difference"
    if clip.text is not None:
        nn.init.normal_(clip.text.token_embedding.weight, std=0.02)
        nn.init.normal_(clip.text.positional_embedding, std=0.01)

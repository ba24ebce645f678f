"""CLIP's ModifiedResNet: a three-convolution stem, antialiased strides, and attention instead of average pooling.

Tensors only. Source: CLIP, arXiv:2103.00020, section 2.4; RN50x4 is the backbone of CLIP4Cir. The alpha channel in
the stem is Alpha-CLIP's (arXiv:2312.03818): its convolution is added to the first one's output.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from likebut.encoders.clip.config import VisionConfig


class Bottleneck(nn.Module):
    """1×1, 3×3, 1×1 with a shortcut. A stride is an average pool, after the 3×3 and in the shortcut."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        out = 4 * width
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.downsample: nn.Sequential | None = None
        if stride > 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) → (B, 4 · width, h / stride, w / stride)."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(self.pool(y)))
        shortcut = x if self.downsample is None else self.downsample(self.pool(x))
        return F.relu(y + shortcut)


class AttentionPool(nn.Module):
    """(B, C, h, w) → (B, D): the mean of all places asks all places, itself included."""

    def __init__(self, places: int, channels: int, heads: int, dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.randn(places + 1, channels) * channels**-0.5)
        self.q_proj = nn.Linear(channels, channels)
        self.k_proj = nn.Linear(channels, channels)
        self.v_proj = nn.Linear(channels, channels)
        self.c_proj = nn.Linear(channels, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Only the mean's own answer is computed."""
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([x.mean(dim=1, keepdim=True), x], dim=1) + self.positional_embedding
        q, k, v = (
            project(y).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for project, y in ((self.q_proj, x[:, :1]), (self.k_proj, x), (self.v_proj, x))
        )
        return self.c_proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(1))


class ModifiedResNet(nn.Module):
    """(B, 3, H, W) pixels, and (B, 1, H, W) alpha where the stem has that channel → (B, D)."""

    def __init__(self, config: VisionConfig, dim: int) -> None:
        super().__init__()
        assert isinstance(config.layers, tuple)
        half = config.width // 2
        self.conv1 = nn.Conv2d(3, half, 3, stride=2, padding=1, bias=False)
        self.conv1_alpha = nn.Conv2d(1, half, 3, stride=2, padding=1, bias=False) if config.alpha else None
        self.bn1 = nn.BatchNorm2d(half)
        self.conv2 = nn.Conv2d(half, half, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(half)
        self.conv3 = nn.Conv2d(half, config.width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(config.width)
        self.pool = nn.AvgPool2d(2)
        channels = config.width
        for stage, blocks in enumerate(config.layers):
            width = config.width * 2**stage
            layer = []
            for block in range(blocks):
                layer.append(Bottleneck(channels, width, stride=2 if stage and not block else 1))
                channels = 4 * width
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layer))
        side = config.image_size // 32
        self.attnpool = AttentionPool(side * side, channels, config.heads, dim)

    def forward(self, pixels: Tensor, alpha: Tensor | None) -> Tensor:
        """Stem, four stages, attention pool."""
        x = self.conv1(pixels)
        if self.conv1_alpha is not None and alpha is not None:
            x = x + self.conv1_alpha(alpha)
        x = F.relu(self.bn1(x))
        x = F.relu(self.bn2(self.conv2(x)))
        x = self.pool(F.relu(self.bn3(self.conv3(x))))
        for stage in range(1, 5):
            x = self.get_submodule(f"layer{stage}")(x)
        return self.attnpool(x)

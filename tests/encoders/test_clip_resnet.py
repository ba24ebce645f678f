"""ModifiedResNet against the paper's network written out with functions, one line per operation, in float64."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from likebut.encoders.clip import CLIP, CLIPConfig, VisionConfig, load_clip
from tests.encoders.tiny import openai_state, pixels

# RN50x4's shape, thinner and shorter: a stem, four stages with a stride each but the first, attention pool.
SMALL = VisionConfig("resnet", image_size=64, width=16, layers=(2, 1, 2, 1), heads=8)


def slow_resnet(state: dict[str, Tensor], heads: int, x: Tensor, alpha: Tensor | None = None) -> Tensor:
    w = {key.removeprefix("visual."): value.double() for key, value in state.items()}

    def bn(x: Tensor, name: str) -> Tensor:
        mean, var = w[f"{name}.running_mean"], w[f"{name}.running_var"]
        scale, shift = w[f"{name}.weight"], w[f"{name}.bias"]
        column = (slice(None), None, None)
        return (x - mean[column]) / (var[column] + 1e-5).sqrt() * scale[column] + shift[column]

    x = x.double()
    y = F.conv2d(x, w["conv1.weight"], stride=2, padding=1)
    if alpha is not None:
        y = y + F.conv2d(alpha.double(), w["conv1_alpha.weight"], stride=2, padding=1)
    y = bn(y, "bn1").relu()
    y = bn(F.conv2d(y, w["conv2.weight"], padding=1), "bn2").relu()
    y = bn(F.conv2d(y, w["conv3.weight"], padding=1), "bn3").relu()
    y = F.avg_pool2d(y, 2)
    for stage in range(1, 5):
        block = 0
        while f"layer{stage}.{block}.conv1.weight" in w:
            name = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            z = bn(F.conv2d(y, w[f"{name}.conv1.weight"]), f"{name}.bn1").relu()
            z = bn(F.conv2d(z, w[f"{name}.conv2.weight"], padding=1), f"{name}.bn2").relu()
            z = F.avg_pool2d(z, stride) if stride > 1 else z
            z = bn(F.conv2d(z, w[f"{name}.conv3.weight"]), f"{name}.bn3")
            shortcut = y
            if f"{name}.downsample.0.weight" in w:
                shortcut = F.avg_pool2d(y, stride) if stride > 1 else y
                shortcut = bn(F.conv2d(shortcut, w[f"{name}.downsample.0.weight"]), f"{name}.downsample.1")
            y = (z + shortcut).relu()
            block += 1
    places = y.flatten(2).permute(2, 0, 1)
    places = torch.cat([places.mean(0, keepdim=True), places]) + w["attnpool.positional_embedding"][:, None]
    answer, _ = F.multi_head_attention_forward(
        places[:1],
        places,
        places,
        places.shape[-1],
        heads,
        in_proj_weight=None,
        in_proj_bias=torch.cat([w[f"attnpool.{letter}_proj.bias"] for letter in "qkv"]),
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=w["attnpool.c_proj.weight"],
        out_proj_bias=w["attnpool.c_proj.bias"],
        training=False,
        use_separate_proj_weight=True,
        q_proj_weight=w["attnpool.q_proj.weight"],
        k_proj_weight=w["attnpool.k_proj.weight"],
        v_proj_weight=w["attnpool.v_proj.weight"],
    )
    return answer[0]


def random_resnet(config: VisionConfig, dim: int) -> CLIP:
    clip = CLIP(CLIPConfig(dim, config, None)).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in clip.state_dict().items():
            if name.endswith("running_var"):
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
            elif name.endswith(("running_mean", "bias", "conv1_alpha.weight")):
                tensor.copy_(0.1 * torch.randn(tensor.shape, generator=generator))
            elif tensor.ndim == 4 or name.endswith("_proj.weight"):  # strong enough that pictures stay apart
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * (2 / tensor[0].numel()) ** 0.5)
    return clip


@pytest.mark.parametrize("alpha", [False, True])
@torch.inference_mode()
def test_the_network_equals_the_one_written_out(alpha: bool):
    config = VisionConfig(**{**vars(SMALL), "alpha": alpha})
    clip = random_resnet(config, dim=24)
    mask = torch.randn(3, 1, 64, 64) if alpha else None
    expected = slow_resnet(clip.state_dict(), config.heads, pixels(size=64), mask)
    found = clip.double().encode_image(pixels(size=64), mask)
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=1e-9)
    assert (expected[0] - expected[1]).abs().max() > 0.1  # pictures differ, so an equal answer means something


@torch.inference_mode()
def test_a_published_state_dict_tells_its_shape(tmp_path):
    clip = random_resnet(SMALL, dim=24)
    torch.save(openai_state(clip), tmp_path / "rn.pt")
    loaded = load_clip(tmp_path / "rn.pt")
    assert loaded.config.vision == SMALL
    torch.testing.assert_close(loaded.encode_image(pixels(size=64)), clip.encode_image(pixels(size=64)))


def test_rn50x4_has_its_published_size():
    # 87.1 million parameters in the image tower of OpenAI's RN50x4: 288 px, 80 wide, 40 heads, 640 numbers.
    config = VisionConfig("resnet", image_size=288, width=80, layers=(4, 6, 10, 6), heads=40)
    with torch.device("meta"):
        clip = CLIP(CLIPConfig(640, config, None))
    assert clip.visual.attnpool.positional_embedding.shape == (82, 2560)
    assert sum(p.numel() for p in clip.visual.parameters()) == pytest.approx(87.1e6, rel=1e-3)

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from likebut.encoders.clip import CLIP, CLIPConfig
from tests.encoders.tiny import TEXT, VISION, ids, pixels, tiny_clip

STAR = 7  # any id may be the placeholder


def slow_text(clip: CLIP, rows: Tensor, tokens: dict[tuple[int, int], Tensor] | None = None) -> Tensor:
    """What `encode_text` means: every row alone, all 77 positions, float64, attention written out."""
    assert clip.text is not None
    text, heads = clip.text.double(), clip.config.text.heads  # type: ignore[union-attr]
    out = []
    for number, row in enumerate(rows):
        x = text.token_embedding(row.clamp_min(0)).clone()
        for (of, position), token in (tokens or {}).items():
            if of == number:
                x[position] = token.double()
        x = x + text.positional_embedding
        length, width = x.shape
        for block in text.blocks:
            q, k, v = block.attn.in_proj(block.ln_1(x)).view(length, 3, heads, width // heads).permute(1, 2, 0, 3)
            scores = q @ k.transpose(-1, -2) / (width // heads) ** 0.5
            scores = scores.masked_fill(torch.ones(length, length).triu(1).bool(), float("-inf"))
            x = x + block.attn.out_proj((scores.softmax(-1) @ v).transpose(0, 1).reshape(length, width))
            x = x + block.mlp(block.ln_2(x))
        out.append(text.proj(text.ln_final(x))[int(row.argmax())])
    clip.text.float()
    return torch.stack(out).float()


@pytest.mark.parametrize("activation", ["gelu", "quick_gelu"])
@torch.inference_mode()
def test_cutting_the_padding_changes_nothing(activation: str):
    clip = tiny_clip(activation=activation)
    rows = ids([1, 2, 3], [], [5] * 30, [9, 8])
    expected = slow_text(clip, rows)
    torch.testing.assert_close(clip.encode_text(rows), expected, atol=2e-6, rtol=0)
    rows[0, 5:] = 50  # what stands behind the end of the text is nobody's business
    torch.testing.assert_close(clip.encode_text(rows), expected, atol=2e-6, rtol=0)


@torch.inference_mode()
def test_each_prompt_takes_its_token_at_its_own_first_placeholder():
    clip, tokens = tiny_clip(), torch.randn(3, 64)
    rows = ids([1, STAR, 2], [STAR, 3, STAR, 4], [1, 2, 3, 4, STAR])
    expected = slow_text(clip, rows, {(0, 2): tokens[0], (1, 1): tokens[1], (2, 5): tokens[2]})
    torch.testing.assert_close(clip.encode_text(rows, tokens, STAR), expected, atol=2e-6, rtol=0)


@torch.inference_mode()
def test_all_occurrences_take_the_token_and_a_row_may_have_none():
    clip, tokens = tiny_clip(), torch.randn(2, 64)
    rows = ids([STAR, 3, STAR], [1, 2])
    expected = slow_text(clip, rows, {(0, 1): tokens[0], (0, 3): tokens[0]})
    torch.testing.assert_close(clip.encode_text(rows, tokens, STAR, "all"), expected, atol=2e-6, rtol=0)


@torch.inference_mode()
def test_successive_placeholders_take_successive_tokens():
    clip, tokens = tiny_clip(), torch.randn(2, 2, 64)
    rows = ids([STAR, 3, STAR, STAR], [1, STAR, STAR])
    expected = slow_text(
        clip, rows, {(0, 1): tokens[0, 0], (0, 3): tokens[0, 1], (1, 2): tokens[1, 0], (1, 3): tokens[1, 1]}
    )
    torch.testing.assert_close(clip.encode_text(rows, tokens, STAR), expected, atol=2e-6, rtol=0)
    with pytest.raises(ValueError, match="Row 0 of ids holds 3 placeholders but only 2"):
        clip.encode_text(rows, tokens, STAR, "all")


@torch.inference_mode()
def test_one_prompt_serves_many_tokens_and_one_token_many_prompts():
    clip, tokens = tiny_clip(), torch.randn(3, 64)
    one = ids([1, STAR])
    rows = ids([1, STAR], [STAR, 2], [3, 4, STAR])
    torch.testing.assert_close(
        clip.encode_text(one, tokens, STAR), clip.encode_text(one.repeat(3, 1), tokens, STAR), atol=1e-6, rtol=0
    )
    torch.testing.assert_close(
        clip.encode_text(rows, tokens[:1], STAR),
        clip.encode_text(rows, tokens[:1].repeat(3, 1), STAR),
        atol=1e-6,
        rtol=0,
    )


@torch.inference_mode()
def test_minus_one_is_a_placeholder_that_no_text_can_hold():
    clip, tokens = tiny_clip(), torch.randn(1, 64)
    torch.testing.assert_close(
        clip.encode_text(ids([1, -1, STAR]), tokens, -1), clip.encode_text(ids([1, STAR, STAR]), tokens, STAR)
    )


def test_gradients_reach_the_pseudo_tokens_and_only_the_used_ones():
    clip, tokens = tiny_clip().requires_grad_(False), torch.randn(2, 2, 64, requires_grad=True)
    clip.encode_text(ids([1, STAR, 2, STAR], [STAR, 5]), tokens, STAR, "all").square().sum().backward()
    assert tokens.grad is not None
    assert (tokens.grad.abs().sum(-1) > 0).tolist() == [[True, True], [True, False]]


@pytest.mark.parametrize(
    "rows, tokens, options, message",
    [
        (ids([1, 2]), torch.zeros(1, 64), {"placeholder": STAR}, r"Row 0 .* 0 times; it is to take 1"),
        (ids([STAR]), torch.zeros(1, 64), {}, "need the placeholder id"),
        (ids([STAR]), torch.zeros(1, 63), {"placeholder": STAR}, r"expected \(B, 64\) or \(B, n, 64\)"),
        (ids([STAR], [STAR]), torch.zeros(3, 64), {"placeholder": STAR}, "2 rows of ids and 3 rows of pseudo-tokens"),
        (ids([STAR]), torch.zeros(1, 64), {"placeholder": STAR, "occurrence": "last"}, '"first" or "all"'),
        (ids([STAR] * 80, length=90), torch.zeros(1, 64), {"placeholder": STAR}, "82 ids is too long"),
    ],
)
def test_misuse_of_pseudo_tokens_is_named(rows: Tensor, tokens: Tensor, options: dict, message: str):
    with pytest.raises(ValueError, match=message):
        tiny_clip().encode_text(rows, tokens, **options)


@torch.inference_mode()
def test_no_alpha_means_the_whole_picture_counts():
    clip = tiny_clip(vision=replace(VISION, alpha=True))
    whole = torch.full((3, 1, 32, 32), 0.5 / 0.26)
    torch.testing.assert_close(clip.encode_image(pixels()), clip.encode_image(pixels(), whole), atol=1e-5, rtol=0)
    assert not torch.allclose(clip.encode_image(pixels()), clip.encode_image(pixels(), -whole), atol=1e-2)


@torch.inference_mode()
def test_alpha_is_a_fourth_channel_of_the_first_convolution():
    clip = tiny_clip(vision=replace(VISION, alpha=True)).double()
    picture, alpha = pixels().double(), torch.randn(3, 1, 32, 32).double()
    conv = torch.nn.Conv2d(4, 64, 8, 8, bias=False).double()
    conv.weight.copy_(torch.cat([clip.visual.conv1.weight, clip.visual.conv1_alpha.weight], dim=1))
    expected = conv(torch.cat([picture, alpha], dim=1))
    found = clip.visual.conv1(picture) + clip.visual.conv1_alpha(alpha)
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=0)


def test_a_tower_that_is_not_there_says_so():
    with pytest.raises(ValueError, match="no image tower"):
        tiny_clip(vision=None).encode_image(pixels())
    with pytest.raises(ValueError, match="no text tower"):
        tiny_clip(text=None).encode_text(ids([1]))
    with pytest.raises(ValueError, match="no alpha channel"):
        tiny_clip().encode_image(pixels(), torch.zeros(3, 1, 32, 32))
    with pytest.raises(ValueError, match=r"takes \(B, 3, 32, 32\)"):
        tiny_clip().encode_image(pixels(size=40))
    with pytest.raises(ValueError, match="nothing to encode"):
        CLIP(CLIPConfig(16, None, None))


def test_an_empty_batch_has_no_rows():
    clip = tiny_clip()
    assert clip.encode_text(torch.zeros(0, 5, dtype=torch.int64)).shape == (0, 16)
    assert clip.encode_image(torch.zeros(0, 3, 32, 32)).shape == (0, 16)


@pytest.mark.parametrize("vision", [None, VISION, replace(VISION, kind="resnet", layers=(1, 2, 1, 1), alpha=True)])
def test_a_config_survives_json(vision):
    config = CLIPConfig(16, vision, TEXT)
    assert CLIPConfig.from_json(json.loads(json.dumps(config.to_json()))) == config

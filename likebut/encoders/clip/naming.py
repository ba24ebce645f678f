"""Key namings of published CLIP checkpoints → the keys of our module, and the shape of the module from the tensors.

Knows OpenAI's naming (also open_clip's flat and `text.*` forms, and Alpha-CLIP's bare visual tower) and Hugging Face's.
Opens no file. A key that no naming explains stays as it is, so that loading can refuse it by its own name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor

from likebut.encoders.clip.config import Activation, CLIPConfig, TextConfig, VisionConfig
from likebut.errors import BadCheckpoint

State = dict[str, Tensor]

# Theirs → ours, at the start of a key (longest first) or anywhere.
_OPENAI = {
    "text.transformer.resblocks.": "text.blocks.",
    "text.text_projection.weight": "text.proj.weight",
    "text.text_projection": "text.proj.weight",
    "visual.transformer.resblocks.": "visual.blocks.",
    "visual.proj": "visual.proj.weight",
    "transformer.resblocks.": "text.blocks.",
    "token_embedding.": "text.token_embedding.",
    "positional_embedding": "text.positional_embedding",
    "ln_final.": "text.ln_final.",
    "text_projection.weight": "text.proj.weight",
    "text_projection": "text.proj.weight",
}
_OPENAI_ANYWHERE = {".attn.in_proj_weight": ".attn.in_proj.weight", ".attn.in_proj_bias": ".attn.in_proj.bias"}
_TRANSPOSED = ("visual.proj", "text_projection", "text.text_projection")  # (W, D) matrices, not Linear layers
_HF = {
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.": "visual.conv1.",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "vision_model.pre_layrnorm.": "visual.ln_pre.",
    "vision_model.post_layernorm.": "visual.ln_post.",
    "vision_model.encoder.layers.": "visual.blocks.",
    "visual_projection.": "visual.proj.",
    "text_model.embeddings.token_embedding.": "text.token_embedding.",
    "text_model.embeddings.position_embedding.weight": "text.positional_embedding",
    "text_model.encoder.layers.": "text.blocks.",
    "text_model.final_layer_norm.": "text.ln_final.",
    "text_projection.": "text.proj.",
}
_HF_ANYWHERE = {
    ".self_attn.": ".attn.",
    ".layer_norm1.": ".ln_1.",
    ".layer_norm2.": ".ln_2.",
    ".mlp.fc1.": ".mlp.c_fc.",
    ".mlp.fc2.": ".mlp.c_proj.",
}
# Numbers, not weights: OpenAI's files carry the first three, older libraries saved the buffers.
_NOT_WEIGHTS = ("input_resolution", "context_length", "vocab_size", "position_ids", "attn_mask")


def is_hugging_face(state: Mapping[str, object]) -> bool:
    """Whether the keys follow Hugging Face's naming."""
    return any(key.startswith(("text_model.", "vision_model.")) for key in state)


def to_ours(state: Mapping[str, Tensor]) -> State:
    """Rename, transpose and join the tensors of one checkpoint; float tensors become float32.

    Raises `BadCheckpoint` for towers that are no CLIP towers (timm trunks, Hugging Face text towers in open_clip).
    """
    state = {key: tensor for key, tensor in _strip(state).items() if key.rsplit(".", 1)[-1] not in _NOT_WEIGHTS}
    for key in state:
        if key.startswith(("visual.trunk.", "text.transformer.embeddings", "text.transformer.encoder")):
            raise BadCheckpoint(
                f"{key!r} belongs to a timm or Hugging Face tower inside open_clip, which likebut does not build; it "
                "reads CLIP's own ViT, ModifiedResNet and text transformer."
            )
    if "token_embedding.weight" not in state and "conv1.weight" in state:  # a visual tower by itself (Alpha-CLIP)
        state = {f"visual.{key}": tensor for key, tensor in state.items()}
    hugging_face = is_hugging_face(state)
    ours: State = {}
    for key, tensor in state.items():
        tensor = tensor.float() if tensor.is_floating_point() else tensor
        if not hugging_face and key in _TRANSPOSED:
            tensor = tensor.t()
        ours[_rename(key, hugging_face)] = tensor.contiguous()
    return _join_qkv(ours) if hugging_face else ours


def published_name(key: str, hugging_face: bool) -> str:
    """The name that one of our keys has in the checkpoint, for error messages."""
    start, anywhere = (_HF, _HF_ANYWHERE) if hugging_face else (_OPENAI, _OPENAI_ANYWHERE)
    for theirs, our in reversed(start.items()):
        if key.startswith(our):
            key = theirs + key[len(our) :]
            break
    for theirs, our in anywhere.items():
        key = key.replace(our, theirs)
    return key


def _strip(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Remove a wrapper's prefix that every key has: DataParallel's, torch.compile's, a holder's."""
    for prefix in ("module.", "_orig_mod.", "model.", "clip_model.", "clip."):
        if state and all(key.startswith(prefix) for key in state):
            return _strip({key[len(prefix) :]: tensor for key, tensor in state.items()})
    return dict(state)


def _rename(key: str, hugging_face: bool) -> str:
    start, anywhere = (_HF, _HF_ANYWHERE) if hugging_face else (_OPENAI, _OPENAI_ANYWHERE)
    for theirs, our in start.items():
        if key == theirs or (theirs.endswith(".") and key.startswith(theirs)):
            key = our + key[len(theirs) :]
            break
    for theirs, our in anywhere.items():
        key = key.replace(theirs, our)
    return key


def _join_qkv(state: State) -> State:
    """Hugging Face keeps queries, keys and values apart; one matrix product is faster than three."""
    for key in [key for key in state if ".attn.q_proj." in key]:
        parts = [key.replace(".q_proj.", f".{letter}_proj.") for letter in "qkv"]
        for part in parts:
            if part not in state:
                raise BadCheckpoint(f"The checkpoint lacks {published_name(part, True)!r}.")
        state[key.replace(".q_proj.", ".in_proj.")] = torch.cat([state.pop(part) for part in parts])
    return state


def infer_config(
    state: State,
    *,
    activation: Activation | tuple[Activation, Activation],
    vision_heads: int | None = None,
    text_heads: int | None = None,
    eps: tuple[float, float] = (1e-5, 1e-5),
) -> CLIPConfig:
    """Read every number off the tensors (our naming); heads are width/64, as in all of OpenAI's, unless given.

    `activation` and `eps` are (vision, text). Raises `BadCheckpoint` where a tensor that tells the shape is missing.
    """
    vision_act, text_act = (activation, activation) if isinstance(activation, str) else activation
    try:
        vision = _vision(state, vision_act, vision_heads, eps[0])
        text = _text(state, text_act, text_heads, eps[1])
        if vision is None and text is None:
            raise BadCheckpoint(
                f"No CLIP tower among its {len(state)} tensors; the first is {next(iter(state), None)!r}."
            )
        dims = {
            key: len(state[key])
            for key in ("visual.proj.weight", "visual.attnpool.c_proj.weight", "text.proj.weight")
            if key in state
        }
        if len(set(dims.values())) > 1:
            raise BadCheckpoint(f"The towers do not meet: {' and '.join(f'{k} gives {v}' for k, v in dims.items())}.")
        if not dims:
            raise KeyError("visual.proj.weight" if vision is not None else "text.proj.weight")
        return CLIPConfig(next(iter(dims.values())), vision, text)
    except KeyError as error:
        raise BadCheckpoint(f"The checkpoint lacks {error.args[0]!r}.") from error


def _vision(state: State, activation: Activation, heads: int | None, eps: float) -> VisionConfig | None:
    if not any(key.startswith("visual.") for key in state):
        return None
    first = state["visual.conv1.weight"]
    alpha = "visual.conv1_alpha.weight" in state
    if any(key.startswith("visual.layer1.") for key in state):
        stages = tuple(_count(state, f"visual.layer{stage}.") for stage in (1, 2, 3, 4))
        width = 2 * first.shape[0]
        side = math.isqrt(len(state["visual.attnpool.positional_embedding"]) - 1)
        return VisionConfig("resnet", 32 * side, width, stages, heads or width // 2, alpha=alpha)  # type: ignore[arg-type]
    width, patch = first.shape[0], first.shape[-1]
    side = math.isqrt(len(state["visual.positional_embedding"]) - 1)
    return VisionConfig(
        kind="vit",
        image_size=side * patch,
        width=width,
        layers=_count(state, "visual.blocks."),
        heads=_heads(width, heads, "vision"),
        patch_size=patch,
        mlp=len(state["visual.blocks.0.mlp.c_fc.weight"]),
        activation=activation,
        alpha=alpha,
        eps=eps,
    )


def _text(state: State, activation: Activation, heads: int | None, eps: float) -> TextConfig | None:
    if not any(key.startswith("text.") for key in state):
        return None
    vocab_size, width = state["text.token_embedding.weight"].shape
    return TextConfig(
        vocab_size=vocab_size,
        width=width,
        layers=_count(state, "text.blocks."),
        heads=_heads(width, heads, "text"),
        mlp=len(state["text.blocks.0.mlp.c_fc.weight"]),
        context=len(state["text.positional_embedding"]),
        activation=activation,
        eps=eps,
    )


def _heads(width: int, heads: int | None, tower: str) -> int:
    if heads is None and width % 64:
        raise BadCheckpoint(
            f"The {tower} tower is {width} wide, which is no multiple of 64, so its heads cannot be told from the "
            f"tensors. Put its config.json beside the file, or pass {tower}_heads=."
        )
    return heads or width // 64


def _count(state: State, prefix: str) -> int:
    pattern = re.compile(re.escape(prefix) + r"(\d+)\.")
    return 1 + max((int(match[1]) for key in state if (match := pattern.match(key))), default=-1)

"""`load_clip`: a file, a folder or a hub id → a `CLIP` with every weight in its place, or an error that names the first
one that is not.

Knows files and containers; `naming.py` knows keys. Nothing is unpickled but tensors and plain values
(`weights_only=True`; TorchScript archives go through `torchscript.py`). No weight is ever left random.

Where a file does not say which activation its network was trained with, the naming decides: see `_default_activation`.
"""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from likebut.encoders.clip.config import Activation, CLIPConfig
from likebut.encoders.clip.model import CLIP
from likebut.encoders.clip.naming import State, infer_config, is_hugging_face, published_name, to_ours
from likebut.encoders.clip.torchscript import is_torchscript, read_torchscript
from likebut.encoders.hub import WEIGHTS, hub_folder, is_hub_id
from likebut.errors import BadCheckpoint, NotFound

_ALPHA = "visual.conv1_alpha.weight"


def load_clip(
    path: str | PathLike[str],
    alpha: str | PathLike[str] | None = None,
    *,
    activation: Activation | None = None,
    vision_heads: int | None = None,
    text_heads: int | None = None,
) -> CLIP:
    """Read a CLIP in float32 on the CPU, in eval mode.

    path   a file (OpenAI's `.pt` as TorchScript or state dict, safetensors, `.bin`, the containers of Pic2Word,
           CLIP4Cir and open_clip), a folder (Hugging Face, open_clip, likebut) or a hub id. One tower alone is fine:
           the other is then None.
    alpha  a published Alpha-CLIP visual tower (file), put in the place of the visual tower
    activation, vision_heads, text_heads
           what tensors cannot tell; only needed where neither a config file nor the naming says it

    Raises `NotFound` for a path or id that is not there, `BadCheckpoint` naming the first missing, unexpected or
    misshapen weight.
    """
    clip = _read(locate(path), activation, vision_heads, text_heads)
    return clip if alpha is None else _with_alpha(clip, locate(alpha))


def locate(path: str | PathLike[str]) -> Path:
    """The file or folder behind a path or hub id; fetches a hub id that is not cached."""
    place = Path(path)
    if place.exists():
        return place
    if isinstance(path, str) and is_hub_id(path) and place.suffix not in (".pt", ".pth", ".bin", ".safetensors"):
        return hub_folder(path)
    raise NotFound(
        f"{path} is not there. Expected a checkpoint file, a folder with weights, or a hub id such as "
        "openai/clip-vit-base-patch32."
    )


def build(state: State, config: CLIPConfig, source: str, hugging_face: bool = False) -> CLIP:
    """A `CLIP` that holds exactly these tensors (our naming). Raises `BadCheckpoint` for one that does not fit."""
    with torch.device("meta"):  # no time and no memory for random weights that are replaced at once
        clip = CLIP(config)
    expected = clip.state_dict()
    state = dict(state)
    for key, tensor in expected.items():
        if key.endswith("num_batches_tracked") and key not in state:
            state[key] = torch.zeros((), dtype=tensor.dtype)  # a counter of training steps, not a weight
    if None in (config.vision, config.text):
        state.setdefault("logit_scale", torch.tensor(100.0).log())  # towers saved alone do not carry it
    missing = [key for key in expected if key not in state]
    unexpected = [key for key in state if key not in expected]
    for keys, complaint in ((missing, "lacks"), (unexpected, "holds an unexpected")):
        if keys:
            more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
            name = published_name(keys[0], hugging_face)
            raise BadCheckpoint(f"{source} {complaint} {name!r}{more}; it is no complete CLIP of a known shape.")
    state["logit_scale"] = state["logit_scale"].reshape(())  # open_clip and OpenAI's archives may keep (1,)
    for key, tensor in state.items():
        if tensor.shape != expected[key].shape:
            raise BadCheckpoint(
                f"{source}: {published_name(key, hugging_face)!r} is {tuple(tensor.shape)}; "
                f"expected {tuple(expected[key].shape)}."
            )
    clip.load_state_dict(state, assign=True)
    return clip.eval()


def _read(source: Path, activation: Activation | None, vision_heads: int | None, text_heads: int | None) -> CLIP:
    file = _weights_file(source) if source.is_dir() else source
    raw, container = _tensors(file)
    folder_config = _json(file.parent / "config.json")
    if "clip" in folder_config and "class" in folder_config:  # a folder that `save_encoder` wrote: our naming
        own = {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in raw.items()}
        return build(own, CLIPConfig.from_json(folder_config["clip"]), str(file))
    hugging_face = is_hugging_face(raw)
    state = to_ours(raw)
    vision, text = _tower_configs(file.parent, folder_config, hugging_face)
    fallback = _default_activation(raw, container, file, hugging_face)
    config = infer_config(
        state,
        activation=(
            activation or _activation(vision.get("hidden_act"), fallback),
            activation or _activation(text.get("hidden_act"), fallback),
        ),
        vision_heads=vision_heads or _fitting(vision, state, "visual.conv1.weight", 0),
        text_heads=text_heads or _fitting(text, state, "text.token_embedding.weight", 1),
        eps=(float(vision.get("layer_norm_eps", 1e-5)), float(text.get("layer_norm_eps", 1e-5))),
    )
    return build(state, config, str(file), hugging_face)


def _with_alpha(clip: CLIP, path: Path) -> CLIP:
    """Alpha-CLIP's visual tower in the place of this one's; heads and activation are kept."""
    tower = to_ours(_tensors(_weights_file(path) if path.is_dir() else path)[0])
    tower = {key: tensor for key, tensor in tower.items() if key.startswith("visual.")}
    if _ALPHA not in tower:
        raise BadCheckpoint(f"{path} lacks 'conv1_alpha.weight': it is no Alpha-CLIP visual tower.")
    if clip.config.vision is None:
        vision = infer_config(tower, activation="quick_gelu").vision
    else:
        vision = replace(clip.config.vision, alpha=True)
    rest = {key: tensor for key, tensor in clip.state_dict().items() if not key.startswith("visual.")}
    return build(rest | tower, replace(clip.config, vision=vision), str(path))


def _tensors(file: Path) -> tuple[dict[str, Tensor], str]:
    """The flat state dict of a file, and the kind of container that it lay in."""
    if file.name.endswith(".index.json"):
        shards = sorted(set(_json(file)["weight_map"].values()))
        return {key: tensor for shard in shards for key, tensor in _tensors(file.parent / shard)[0].items()}, "plain"
    if not file.is_file():
        raise NotFound(f"{file} is not there, though the folder's index names it. Fetch it again.")
    if file.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(file), "plain"
        except SafetensorError as error:
            raise BadCheckpoint(f"{file} is no safetensors file: {error}. Download it again.") from error
    if is_torchscript(file):
        return read_torchscript(file), "openai"
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        reason = str(error).strip().split("\n")[0][:200]
        raise BadCheckpoint(
            f"{file} cannot be read as weights ({reason}). Expected tensors saved by torch.save or safetensors; files "
            "that need arbitrary code to load are refused."
        ) from error
    return _unwrap(content, file)


def _unwrap(content: Any, file: Path) -> tuple[dict[str, Tensor], str]:
    kind = "plain"
    if isinstance(content, dict):
        if "state_dict_img2text" in content and "state_dict" in content:
            content, kind = content["state_dict"], "openai"  # Pic2Word: OpenAI's CLIP beside its mapping network
        elif "CLIP" in content:
            content, kind = content["CLIP"], "openai"  # CLIP4Cir: {"epoch", "CLIP"}
        elif "state_dict" in content:
            content, kind = content["state_dict"], "open_clip"  # open_clip's training checkpoints
        elif "model" in content and isinstance(content["model"], dict):
            content = content["model"]
    if isinstance(content, dict) and content and {"input_resolution", "context_length", "vocab_size"} & set(content):
        kind = "openai"
        content = {key: value for key, value in content.items() if isinstance(value, Tensor)}
    if not isinstance(content, dict) or not content or not all(isinstance(v, Tensor) for v in content.values()):
        found = f"a dict with {', '.join(map(repr, list(content)[:4]))}" if isinstance(content, dict) else type(content)
        raise BadCheckpoint(f"{file} holds {found}; expected a CLIP's state dict.")
    return cast(dict[str, Tensor], content), kind


def _weights_file(folder: Path) -> Path:
    for group in WEIGHTS:
        if (folder / group[0]).is_file():
            return folder / group[0]
    raise NotFound(f"{folder} holds no weights; expected one of {', '.join(group[0] for group in WEIGHTS)}.")


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    except (ValueError, UnicodeDecodeError) as error:
        raise BadCheckpoint(f"{file} is not JSON: {error}.") from error
    return content if isinstance(content, dict) else {}


def _tower_configs(folder: Path, config: dict[str, Any], hugging_face: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """What config files beside the weights say of each tower, in Hugging Face's field names."""
    if hugging_face:
        # A CLIP's config nests its towers; a tower saved alone has its fields at the top.
        nested = [config.get(name) for name in ("vision_config", "vision_model", "text_config", "text_model")]
        vision, text = nested[0] or nested[1] or config, nested[2] or nested[3] or config
        return cast(tuple[dict[str, Any], dict[str, Any]], (vision, text))
    model = _json(folder / "open_clip_config.json").get("model_cfg", {})
    if not model:
        return {}, {}
    act = "quick_gelu" if model.get("quick_gelu") else "gelu"
    vision, text = model.get("vision_cfg", {}), model.get("text_cfg", {})
    towers = (
        {"hidden_act": act},
        {"hidden_act": act, "hidden_size": text.get("width"), "num_attention_heads": text.get("heads")},
    )
    if isinstance(vision.get("layers"), int):  # a ViT; a ResNet's heads always follow from its width
        width = vision["width"]
        towers[0].update(hidden_size=width, num_attention_heads=width // vision.get("head_width", 64))
    return towers


def _fitting(tower: dict[str, Any], state: State, key: str, axis: int) -> int | None:
    """The heads that a config gives to a tower, if the config is that tower's: widths agree."""
    heads, width = tower.get("num_attention_heads"), tower.get("hidden_size")
    if heads is None or key not in state:
        return None
    if width is not None and width != state[key].shape[axis]:
        raise BadCheckpoint(f"The config says a tower is {width} wide; {key!r} is {state[key].shape[axis]} wide.")
    return int(heads)


def _activation(name: str | None, fallback: Activation) -> Activation:
    if name is None:
        return fallback
    if name not in ("gelu", "quick_gelu"):
        raise BadCheckpoint(f"The config asks for the activation {name!r}; CLIP uses 'gelu' or 'quick_gelu'.")
    return cast(Activation, name)


def _default_activation(raw: dict[str, Tensor], container: str, file: Path, hugging_face: bool) -> Activation:
    """OpenAI's networks use quick_gelu and Hugging Face's configs default to it; open_clip's use gelu unless named so.

    A plain state dict in the flat naming may be either. It counts as open_clip's only if its name says so, or one of
    the three folders above it (in the hub's cache: models--OWNER--NAME/snapshots/COMMIT).
    """
    place = "/".join(file.absolute().parts[-4:]).lower().replace("-", "").replace("_", "")
    if hugging_face or container == "openai" or "quickgelu" in place or "openai" in place:
        return "quick_gelu"
    if container == "open_clip" or any(key.startswith("text.") for key in raw):
        return "gelu"
    return "gelu" if "openclip" in place or "laion" in place or "datacomp" in place else "quick_gelu"

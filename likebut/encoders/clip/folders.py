"""Names and folders → encoders, and encoders → folders.

`load` answers to the names of the catalogue, hub ids, files and folders; `save_encoder` writes the layout that our own
models have: `config.json`, `model.safetensors`, `tokenizer.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import torch

import likebut
from likebut.encoders import ENCODERS
from likebut.encoders.clip.encoder import AlphaClipEncoder, ClipEncoder, fingerprint
from likebut.encoders.clip.loading import load_clip, locate
from likebut.encoders.clip.model import CLIP
from likebut.encoders.clip.preprocess import Preprocess
from likebut.encoders.clip.tokenizer import Tokenizer, find_tokenizer
from likebut.errors import BadQuery, NotFound

WEIGHTS = Path(likebut.__file__).parent / "weights"
_PREPROCESS_OPTIONS = ("padding", "ratio", "decode")


def load(
    name: str,
    *,
    source: str | PathLike[str] | None = None,
    device: str = "auto",
    precision: str = "auto",
    **options: Any,
) -> ClipEncoder:
    """An encoder from a file, folder or hub id; `source` is where `name` lies, if it is not `name` itself.

    options  padding, ratio, decode: see `Preprocess`; alpha, activation, vision_heads, text_heads: see `load_clip`
    """
    chosen = {key: options.pop(key) for key in _PREPROCESS_OPTIONS if key in options}
    for key in ("vision_heads", "text_heads", "ratio"):
        for table in (options, chosen):
            if key in table:
                table[key] = float(table[key]) if key == "ratio" else int(table[key])
    unknown = sorted(set(options) - {"alpha", "activation", "vision_heads", "text_heads"})
    if unknown:
        raise BadQuery(
            f"{name}: unknown option {unknown[0]!r}; expected {', '.join(_PREPROCESS_OPTIONS)}, alpha, activation, "
            "vision_heads or text_heads."
        )
    place = locate(source if source is not None else name)
    folder = place if place.is_dir() else place.parent
    clip = load_clip(place, **options)
    tokenizer = None
    if clip.config.text is not None:
        tokenizer = find_tokenizer(folder, clip.config.text.vocab_size, clip.config.text.context)
    preprocess = replace(_preprocess(folder, clip), **chosen)
    kind = AlphaClipEncoder if clip.has_alpha else ClipEncoder
    return kind(clip, tokenizer, preprocess, name=name, device=device, precision=precision)


def load_hub(name: str, **options: Any) -> ClipEncoder:
    """A model of the catalogue whose card names its hub id."""
    return load(name, source=ENCODERS[name].card["hub"], **options)


def load_bundled(name: str, **options: Any) -> ClipEncoder:
    """A model that is shipped inside the package."""
    if not (WEIGHTS / name / "model.safetensors").is_file():
        raise NotFound(
            f"{name} is not in this installation: {name}/model.safetensors is missing from likebut's weights. "
            "Install likebut again, or name a hub id such as openai/clip-vit-base-patch32."
        )
    return load(name, source=WEIGHTS / name, **options)


def save_encoder(
    folder: str | PathLike[str],
    clip: CLIP,
    tokenizer: Tokenizer,
    preprocess: Preprocess,
    card: Mapping[str, Any] | None = None,
    *,
    dtype: torch.dtype = torch.float16,
) -> str:
    """Write a folder that `load_encoder(folder)` reads; half precision halves it. Returns the fingerprint.

    card  what people ask before they use it: licence, training data, recipe, results
    """
    from safetensors.torch import save_file

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: tensor.detach().cpu() for key, tensor in clip.state_dict().items()}
    stored = {key: tensor.to(dtype) if tensor.is_floating_point() else tensor for key, tensor in state.items()}
    with torch.device("meta"):
        rounded = CLIP(clip.config)  # what will be read back, which is what the fingerprint speaks of
    rounded.load_state_dict({key: t.float() if t.is_floating_point() else t for key, t in stored.items()}, assign=True)
    mark = fingerprint(rounded, preprocess)
    config = {
        "class": "likebut.encoders.clip.folders:load",
        "clip": clip.config.to_json(),
        "preprocess": preprocess.to_json(),
        "fingerprint": mark,
        "likebut": likebut.__version__,
        "card": dict(card or {}),
    }
    save_file({key: tensor.contiguous() for key, tensor in stored.items()}, folder / "model.safetensors")
    tokenizer.save(folder)
    (folder / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return mark


def _preprocess(folder: Path, clip: CLIP) -> Preprocess:
    """What the folder says of pictures; else CLIP's own, at the size that the image tower was made for."""
    size = clip.config.vision.image_size if clip.config.vision else 224
    own = _json(folder / "config.json").get("preprocess")
    if own is not None:
        return replace(Preprocess.from_json(own), size=size)
    hugging_face = _json(folder / "preprocessor_config.json")
    theirs = hugging_face or _json(folder / "open_clip_config.json").get("preprocess_cfg", {})
    mean, std = theirs.get("image_mean", theirs.get("mean")), theirs.get("image_std", theirs.get("std"))
    if mean and std:
        return Preprocess(size=size, mean=tuple(mean), std=tuple(std))
    return Preprocess(size=size)


def _json(file: Path) -> dict[str, Any]:
    content = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return content if isinstance(content, dict) else {}

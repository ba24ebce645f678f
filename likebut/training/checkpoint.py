"""A trained thing at rest: a folder with `config.json` and `model.safetensors`, usable as `--composer PATH`.

`config.json` says what somebody asks who finds the folder in a year: which class, for which encoder (with fingerprint),
trained on what, by which recipe, under which licence, how well. Composers read these folders with json and safetensors
alone; this file writes them, checks them and carries them to the Hugging Face hub and back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from likebut.encoders.base import Encoder
from likebut.errors import BadCheckpoint, NotFound

REQUIRED = ("class", "encoder", "data", "recipe", "licence")


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint folder holds.

    kind      the class, e.g. "likebut.composers.pic2word:Pic2Word" ("class" in the file)
    encoder   {"name", "fingerprint"} of the encoder whose features it takes
    data      what it was trained on, with splits and sizes
    recipe    the command that makes it again
    options   arguments of the class; `scores`: name → number; `extra`: anything else (seed, seconds, machine)
    """

    kind: str
    encoder: Mapping[str, str]
    data: str
    recipe: str
    licence: str
    weights: Mapping[str, Tensor]
    options: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def fit(self, encoder: Encoder) -> None:
        """Raise `BadCheckpoint` where it was trained on the features of another encoder."""
        if encoder.fingerprint != self.encoder["fingerprint"]:
            raise BadCheckpoint(
                f"This {self.kind} was trained on {self.encoder['name']} ({self.encoder['fingerprint']}); the encoder "
                f"at hand is {encoder.name} ({encoder.fingerprint}). Use that encoder, or train again: {self.recipe}"
            )


def save_checkpoint(folder: str | Path, checkpoint: Checkpoint) -> Path:
    """Write the folder; weights first, so that a folder with a `config.json` is whole."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in checkpoint.weights.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        "class": checkpoint.kind,
        "encoder": dict(checkpoint.encoder),
        "data": checkpoint.data,
        "recipe": checkpoint.recipe,
        "licence": checkpoint.licence,
        "options": dict(checkpoint.options),
        "scores": dict(checkpoint.scores),
        **checkpoint.extra,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return folder


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a folder, or a Hugging Face repository "owner/name" that is cached or can be fetched.

    Raises `NotFound` where neither is there, and `BadCheckpoint` naming what a folder lacks.
    """
    folder = Path(path)
    if not folder.exists() and len(folder.parts) == 2 and not folder.is_absolute():
        folder = _fetch(str(path))
    for name in ("config.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise NotFound(f"No {name} in {folder}. A checkpoint is a folder with config.json and model.safetensors.")
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        weights = load_file(folder / "model.safetensors")
    except (json.JSONDecodeError, SafetensorError) as error:
        raise BadCheckpoint(f"{folder} cannot be read ({error}). Copy it again, or train it again.") from error
    missing = [key for key in REQUIRED if key not in config]
    if missing:
        raise BadCheckpoint(f"{folder / 'config.json'} lacks {', '.join(missing)}; it holds {', '.join(config)}.")
    known = {key: config.pop(key) for key in REQUIRED}
    return Checkpoint(
        kind=known.pop("class"), **known, weights=weights, options=config.pop("options", {}),
        scores=config.pop("scores", {}), extra=config,
    )  # fmt: skip


def push_checkpoint(folder: str | Path, repository: str, *, private: bool = True) -> str:
    """Upload a checkpoint folder to a Hugging Face repository "owner/name"; returns its address."""
    from huggingface_hub import HfApi

    load_checkpoint(folder)  # nothing half-made is published
    api = HfApi()
    api.create_repo(repository, private=private, exist_ok=True)
    return str(api.upload_folder(folder_path=str(folder), repo_id=repository))


def _fetch(repository: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repository, allow_patterns=["config.json", "model.safetensors"]))
    except Exception as error:
        raise NotFound(f"{repository} is no folder here, and the hub did not give it: {error}") from error

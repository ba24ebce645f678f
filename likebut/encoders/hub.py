"""Hugging Face hub ids → a local folder. Knows downloads and the cache; reads no file that it fetches.

A folder that the cache already holds is used without asking the network.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from likebut.errors import NotFound

# Best first: one of each inner list is fetched, so a repository that holds the weights four times costs once.
WEIGHTS = (
    ("model.safetensors",),
    ("model.safetensors.index.json", "model-*.safetensors"),
    ("pytorch_model.bin",),
    ("pytorch_model.bin.index.json", "pytorch_model-*.bin"),
    ("open_clip_model.safetensors",),
    ("open_clip_pytorch_model.bin",),
)
SMALL = (
    "config.json",
    "open_clip_config.json",
    "preprocessor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
)


def is_hub_id(name: str) -> bool:
    """Whether a name looks like `owner/model`, optionally `owner/model@revision`."""
    return re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", name) is not None and not name.startswith((".", "/"))


def cached_folder(name: str) -> Path | None:
    """The folder of a repository that the cache holds, or None. Never touches the network."""
    from huggingface_hub import snapshot_download

    repo, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(repo, revision=revision or None, local_files_only=True))
    except (OSError, ValueError):  # huggingface_hub: LocalEntryNotFoundError and its kin
        return None


def hub_folder(name: str, weights: Sequence[Sequence[str]] = WEIGHTS, small: Sequence[str] = SMALL) -> Path:
    """Fetch the files of `owner/model[@revision]` that an encoder needs, and nothing else; return their folder.

    Raises `NotFound` when the hub cannot be reached or does not know the name, saying what to type.
    """
    from huggingface_hub import HfApi, snapshot_download

    folder = cached_folder(name)
    if folder is not None and not any((folder / group[0]).is_file() for group in weights):
        folder = None
    if folder is not None and any((folder / file).is_file() for file in ("tokenizer.json", "vocab.json")):
        return folder
    repo, _, revision = name.partition("@")
    try:
        found = HfApi().model_info(repo, revision=revision or None, timeout=10).siblings
        present = {file.rfilename for file in found or ()}
        group = next((group for group in weights if group[0] in present), None)
        if group is not None:
            return Path(snapshot_download(repo, revision=revision or None, allow_patterns=[*group, *small]))
    except Exception as error:  # httpx, OSError and the hub's own errors share no useful base
        if folder is not None:  # weights alone: enough for a tower that reads no text
            return folder
        raise NotFound(
            f"{name} is not in the local cache, and the Hugging Face hub did not give it ({_reason(error)}). Go online "
            f"once, or copy its folder here and pass the path; offline, the bundled model works: wardrobe-tiny"
        ) from error
    raise NotFound(
        f"{name} holds none of {', '.join(group[0] for group in weights)}: no weights that likebut can read."
    )


def _reason(error: Exception) -> str:
    first = str(error).strip().split("\n")[0][:160]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__

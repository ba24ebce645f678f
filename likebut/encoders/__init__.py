"""THE CATALOGUE of encoders: one line per name. Listing it imports nothing heavy.

A target is called as `target(name, device=…, precision=…, **options)` and returns an `Encoder`.
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likebut.errors import BadCheckpoint, UnknownName
from likebut.registry import Registry

if TYPE_CHECKING:
    from likebut.encoders.base import Encoder

_CLIP = "likebut.encoders.clip.folders:load_hub"
_OPENAI = {"paper": "arXiv:2103.00020", "licence": "MIT", "trained_on": "400 million pairs, unpublished (OpenAI)"}
_LAION = {"paper": "arXiv:2212.07143", "licence": "MIT", "trained_on": "LAION-2B, English"}

ENCODERS = Registry("encoder")
ENCODERS.add(
    "wardrobe-tiny",
    "likebut.encoders.clip.folders:load_bundled",
    about="bundled; drawn clothes only, for demo and tests",
    licence="Apache-2.0",
    trained_on="Wardrobe (drawn by likebut)",
    needs="nothing",
)
ENCODERS.add(
    "bge-vl-base",
    _CLIP,
    hub="BAAI/BGE-VL-base",
    about="recommended when online: trained for composed retrieval",
    paper="arXiv:2412.14475",
    licence="MIT",
    trained_on="MegaPairs",
    needs="0.6 GB download",
)
ENCODERS.add(
    "clip-vit-b32",
    _CLIP,
    hub="openai/clip-vit-base-patch32",
    about="the fastest CLIP on a CPU",
    needs="0.6 GB download",
    **_OPENAI,
)
ENCODERS.add(
    "clip-vit-b16",
    _CLIP,
    hub="openai/clip-vit-base-patch16",
    about="finer patches, 4 times the work of b32",
    needs="0.6 GB download",
    **_OPENAI,
)
ENCODERS.add(
    "clip-vit-l14",
    _CLIP,
    hub="openai/clip-vit-large-patch14",
    about="what pic2word, searle and lincir were published on",
    needs="1.7 GB download, better a GPU",
    **_OPENAI,
)
ENCODERS.add(
    "clip-vit-l14-336",
    _CLIP,
    hub="openai/clip-vit-large-patch14-336",
    about="l14 at 336 px",
    needs="1.7 GB download, better a GPU",
    **_OPENAI,
)
ENCODERS.add(
    "clip-vit-h14",
    _CLIP,
    hub="laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
    about="open data, large",
    needs="4 GB download, GPU",
    **_LAION,
)
ENCODERS.add(
    "clip-vit-bigg14",
    _CLIP,
    hub="laion/CLIP-ViT-bigG-14-laion2B-39B-b160k",
    about="open data, largest",
    needs="10 GB download, GPU",
    **_LAION,
)
ENCODERS.add(
    "toy",
    "likebut.encoders.toy:ToyEncoder",
    about="four readable axes, for docs and tests",
    licence="Apache-2.0",
    needs="nothing",
)


def load_encoder(name: str, device: str = "auto", precision: str = "auto", **options: Any) -> Encoder:
    """An encoder by its name in the catalogue, a local checkpoint (file or folder), or a hub id.

    name       options may follow it, so that an index can remember them: "clip-vit-l14:padding=target,decode=exact",
               "openai/clip-vit-large-patch14:alpha=clip_l14_grit20m.pth"
    device     "auto" (cuda, else mps, else cpu), "cpu", "cuda:1", …
    precision  "auto" (fp16 on cuda, else fp32), "fp32", "fp16", "bf16"
    options    the same as behind the name, for Python

    Raises `UnknownName` with the nearest name, `NotFound` for a hub id that cannot be fetched, `BadCheckpoint`.
    """
    base, options = _split(name, options)
    place = Path(base).expanduser()
    if base in ENCODERS:
        make = ENCODERS.load(base)
    elif place.exists():
        make, base = _target(place), str(place.resolve())  # an index opened from elsewhere finds it again
    else:
        make = _hub_loader(base)
    encoder: Encoder = make(base, device=device, precision=precision, **options)
    encoder.name = base + (":" + ",".join(f"{key}={options[key]}" for key in sorted(options)) if options else "")
    return encoder


def _split(name: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """ "NAME:key=value,key=value" and the options given apart → NAME and all options."""
    base, written = (found[1], found[2]) if (found := re.fullmatch(r"(.+?):(\w+=.+)", name)) else (name, "")
    options = dict(part.partition("=")[::2] for part in written.split(",") if part) | options
    if "alpha" in options:
        options["alpha"] = str(Path(options["alpha"]).expanduser().resolve())
    return base, options


def _hub_loader(name: str) -> Any:
    from likebut.encoders.hub import is_hub_id

    if not is_hub_id(name):
        try:
            ENCODERS[name]
        except UnknownName as error:
            raise UnknownName(f"{error} Or give a folder, a file or a hub id: openai/clip-vit-base-patch32.") from None
    return import_module("likebut.encoders.clip.folders").load


def _target(place: Path) -> Any:
    """What reads a checkpoint: the `class` that a folder's config names, else the CLIP loader."""
    config = place / "config.json" if place.is_dir() else place.parent / "config.json"
    try:
        content = json.loads(config.read_text("utf-8")) if config.is_file() else {}
    except ValueError as error:
        raise BadCheckpoint(f"{config} is not JSON: {error}.") from error
    target = content.get("class") if isinstance(content, dict) else None
    if target is None:
        target = "likebut.encoders.clip.folders:load"
    module, _, attribute = str(target).partition(":")
    if not module.startswith("likebut.encoders."):  # a checkpoint is data: it may not choose what to import
        raise BadCheckpoint(f"{config} names the class {target!r}; expected one of likebut's own encoders.")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadCheckpoint(f"{config} names the class {target!r}, which this likebut lacks: {error}.") from error

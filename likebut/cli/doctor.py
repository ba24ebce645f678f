"""`likebut doctor`."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from typing import Annotated

import typer

EXTRAS = {
    "blip": ("transformers",),
    "ray": ("ray", "lance_ray"),
    "train": ("spacy",),
    "plots": ("matplotlib",),
    "sam": ("transformers",),
    "mteb": ("mteb",),
    "heif": ("pillow_heif",),
}
PACKAGES = (
    "torch",
    "numpy",
    "pillow",
    "lancedb",
    "pyarrow",
    "tokenizers",
    "safetensors",
    "huggingface_hub",
    "typer",
    "rich",
)


def command(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> int:
    """Say what works on this machine: versions, devices, extras, caches. Exit 1 if something that is needed does not.

    \b
        likebut doctor
        likebut doctor --json
    """
    from likebut.cli.shared import console, print_json, table

    checks: dict[str, Callable[[], tuple[bool, str]]] = {
        "python": lambda: (sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.platform()}"),
        "packages": _packages,
        "devices": _devices,
        "bundled model": _bundled,
        "pictures": _pictures,
    }
    needed = {name: check() for name, check in checks.items()}
    facts = {"extras": _extras(), "caches": _caches(), "hub": _hub()}
    if as_json:
        print_json({name: {"ok": good, "found": found} for name, (good, found) in needed.items()} | facts)
    else:
        shown = table("", "", "")
        shown.show_header = False
        for name, (good, found) in needed.items():
            shown.add_row("[green]ok[/green]" if good else "[red]NO[/red]", name, found)
        for name, found in facts.items():
            shown.add_row("", name, found)
        console().print(shown)
    return 0 if all(good for good, _ in needed.values()) else 1


def _packages() -> tuple[bool, str]:
    from importlib.metadata import PackageNotFoundError, version

    from likebut import __version__

    found, good = [f"likebut {__version__}"], True
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} is not installed")
            good = False
    return good, ", ".join(found)


def _devices() -> tuple[bool, str]:
    import torch

    found = [f"cpu ({os.cpu_count()} cores, {torch.get_num_threads()} threads)"]
    found += [f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return True, ", ".join(found)


def _bundled() -> tuple[bool, str]:
    """Whether the model that comes with likebut loads and sees a difference between two words."""
    from likebut.cli.shared import BUNDLED
    from likebut.encoders import load_encoder
    from likebut.errors import LikebutError

    try:
        encoder = load_encoder(BUNDLED, device="cpu")
        rows = encoder.encode_texts(["a red coat", "a blue coat"])
    except LikebutError as error:
        return False, str(error)
    return bool(rows[0] @ rows[1] < 0.9999), f"{BUNDLED}, {encoder.dim} numbers, fingerprint {encoder.fingerprint}"


def _pictures() -> tuple[bool, str]:
    from PIL import features

    kinds = {name: features.check(name) for name in ("jpg", "webp", "avif", "jpg_2000", "libtiff")}
    missing = [name for name, there in kinds.items() if not there]
    return bool(kinds["jpg"] and kinds["webp"]), "all formats" if not missing else f"without {', '.join(missing)}"


def _extras() -> str:
    from importlib.util import find_spec

    found = {extra: all(find_spec(name) for name in names) for extra, names in EXTRAS.items()}
    return ", ".join(f"{extra} {'installed' if there else 'not installed'}" for extra, there in found.items())


def _caches() -> str:
    from huggingface_hub.constants import HF_HUB_CACHE
    from platformdirs import user_cache_dir

    return f"LIKEBUT_HOME {os.environ.get('LIKEBUT_HOME') or user_cache_dir('likebut')}, models {HF_HUB_CACHE}"


def _hub() -> str:
    from likebut.cli.shared import hub_answers

    return "reachable" if hub_answers() else "cannot be reached: only models on this machine can be loaded"

"""A run at rest: everything the next step depends on, in one file that is either the old one or the new one.

`last.pt` holds model, optimizer, gradient scaler, running mean, loader position and the state of every random
generator of every process. It is read with weights_only=True: a checkpoint from elsewhere cannot run code.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch

from likebut.errors import BadCheckpoint, NotFound


def write_atomically(state: dict[str, Any], path: Path) -> None:
    """Write beside, force to disk, rename over: a kill at any moment leaves one whole file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read(path: Path) -> dict[str, Any]:
    """The dict of `write_atomically`, tensors on the CPU. Raises `NotFound`, `BadCheckpoint`."""
    if not path.is_file():
        raise NotFound(
            f"No training state at {path}. Expected a run folder with last.pt, as `likebut train … --out` makes it."
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise BadCheckpoint(f"{path} is not a training state ({error}). Delete it to start anew.") from error
    if not isinstance(state, dict) or "model" not in state:
        raise BadCheckpoint(f"{path} holds no model. Expected last.pt or best.pt of a run folder.")
    return state


def read_weights(run: str | os.PathLike[str], which: str = "best") -> dict[str, torch.Tensor]:
    """Weights of a run folder: "best" by validation, or "last", the running mean (or the weights without one)."""
    state = read(Path(run) / f"{which}.pt")
    shadow = state.get("ema")
    weights: dict[str, torch.Tensor] = shadow["shadow"] if shadow else state["model"]
    return weights


def random_states() -> dict[str, Any]:
    """States of the generators of Python, NumPy, torch and the GPUs, in types that weights_only accepts."""
    name, keys, position, has_gauss, gauss = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(np.asarray(keys).astype(np.int64)), position, has_gauss, gauss),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_states(states: dict[str, Any]) -> None:
    """Put all generators back where `random_states` found them."""
    random.setstate(states["python"])
    name, keys, position, has_gauss, gauss = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, gauss))
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_available() and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch (all devices)."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)

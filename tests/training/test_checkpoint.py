"""Checkpoint folders: written, read back, and refused where they do not fit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from likebut.errors import BadCheckpoint, NotFound
from likebut.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint

MADE = Checkpoint(
    kind="likebut.composers.pic2word:Pic2Word",
    encoder={"name": "toy", "fingerprint": "abc"},
    data="wardrobe train, 100 pictures",
    recipe="likebut train pic2word --index toy.likebut",
    licence="Apache-2.0",
    weights={"layers.0.weight": torch.arange(6.0).view(2, 3).T, "layers.0.bias": torch.ones(3, dtype=torch.float16)},
    options={"hidden": 512},
    scores={"recall@1": 0.5},
    extra={"seed": 3},
)


def test_a_folder_reads_back_as_it_was_written(tmp_path: Path) -> None:
    found = load_checkpoint(save_checkpoint(tmp_path / "phi", MADE))
    for part in dataclasses.fields(Checkpoint):
        if part.name != "weights":
            assert getattr(found, part.name) == getattr(MADE, part.name)
    for name, tensor in MADE.weights.items():
        assert found.weights[name].dtype == tensor.dtype
        assert torch.equal(found.weights[name], tensor)


def test_another_encoder_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    MADE.fit(SimpleNamespace(name="toy", fingerprint="abc"))  # type: ignore[arg-type]
    with pytest.raises(BadCheckpoint, match=r"trained on toy \(abc\).*other \(xyz\).*likebut train pic2word"):
        MADE.fit(SimpleNamespace(name="other", fingerprint="xyz"))  # type: ignore[arg-type]


def test_a_folder_that_lacks_something_says_what(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"No config.json"):
        load_checkpoint(tmp_path)
    folder = save_checkpoint(tmp_path / "phi", MADE)
    config = json.loads((folder / "config.json").read_text())
    del config["licence"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadCheckpoint, match="lacks licence; it holds class, encoder"):
        load_checkpoint(folder)
    (folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(BadCheckpoint, match="cannot be read"):
        load_checkpoint(folder)

"""`likebut train`: a method gets what was typed, a recipe gets everything behind its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

RECIPE = """
from pathlib import Path

def main(arguments):
    Path(__file__).with_suffix(".txt").write_text(" ".join(arguments))
"""


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `train_phi` was called with."""
    seen: dict[str, Any] = {}

    def record(method: str, encoder: Any, out: Path, **options: Any) -> Path:
        seen.update(options, method=method, encoder=encoder.name, out=out)
        return out

    monkeypatch.setattr("likebut.training.phi.train_phi", record)
    return seen


def test_a_recipe_gets_everything_behind_its_name(likebut, tmp_path: Path):
    (tmp_path / "mine.py").write_text(RECIPE)
    assert likebut("train", tmp_path / "mine.py", "--toy", "--out", "x", "--help", "more").code == 0
    assert (tmp_path / "mine.txt").read_text() == "--toy --out x --help more"


def test_a_recipe_that_is_missing_or_has_no_main_is_named(likebut, tmp_path: Path):
    (tmp_path / "empty.py").touch()
    missing, empty = likebut("train", tmp_path / "nowhere.py"), likebut("train", tmp_path / "empty.py")
    assert (missing.code, empty.code) == (2, 2)
    assert "nowhere.py: no such recipe" in missing.err
    assert "no function `main`" in empty.err


def test_a_method_is_trained_from_an_index_with_the_encoder_that_made_it(likebut, index: Path, trained: dict[str, Any]):
    outcome = likebut("train", "pic2word", "--index", index, "--out", "runs/x", "--steps", "7", "--lr", "0.01")
    assert outcome.code == 0, outcome.err
    assert (trained["method"], trained["encoder"], trained["features"]) == ("pic2word", "toy", index)
    assert (trained["steps"], trained["lr"]) == (7, 0.01)
    assert "batch_size" not in trained  # 0 means as published, which train_phi knows
    assert "--composer runs/x" in outcome.out


def test_captions_are_enough_for_lincir_but_then_the_encoder_is_named(likebut, tmp_path: Path, trained: dict[str, Any]):
    captions = tmp_path / "captions.txt"
    captions.write_text("a red dress\n")
    nameless = likebut("train", "lincir", "--captions", captions, "--out", "x")
    assert nameless.code == 2
    assert "--encoder NAME" in nameless.err
    assert likebut("train", "lincir", "--captions", captions, "--out", "x", "--encoder", "toy").code == 0
    assert trained["captions"] == captions


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["pic2word", "--out", "x"], "needs something to train on"),
        (["pic2wort", "--out", "x"], "Did you mean 'pic2word'"),
        (["pic2word", "--index", "i", "--out", "x", "--validate", "cirr-val"], "--validate and --data go together"),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], complaint: str, likebut):
    outcome = likebut("train", *arguments)
    assert outcome.code == 2
    assert complaint in outcome.err

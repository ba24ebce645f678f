"""The command line in this process: exit code, stdout and stderr of one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from likebut.cli import run
from likebut.encoders.toy import draw


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def likebut(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """`likebut("info", index)` → Outcome. Offline, and without the caller's LIKEBUT_… settings."""
    import os

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in [name for name in os.environ if name.startswith("LIKEBUT_")]:
        monkeypatch.delenv(name)

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Four toy pictures and a table with ids g1…g4 and prices 0, 10, 20, 30."""
    rows = ["id,image,price,name"]
    for number, words in enumerate(["red round", "blue round", "red square", "blue square"]):
        name = words.replace(" ", "-") + ".png"
        (tmp_path / "pictures").mkdir(exist_ok=True)
        draw(words).save(tmp_path / "pictures" / name)
        rows.append(f"g{number + 1},pictures/{name},{10 * number},{words}")
    table = tmp_path / "shop.csv"
    table.write_text("\n".join(rows) + "\n")
    return table


@pytest.fixture
def index(shop: Path, likebut: Callable[..., Outcome]) -> Path:
    path = shop.parent / "shop.likebut"
    outcome = likebut("index", shop, "--index", path, "--encoder", "toy")
    assert outcome.code == 0, outcome.err
    return path

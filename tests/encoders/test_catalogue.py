from __future__ import annotations

import subprocess
import sys

import pytest

from likebut.encoders import ENCODERS
from likebut.encoders.hub import is_hub_id


@pytest.mark.parametrize("entry", ENCODERS.entries(), ids=lambda entry: entry.name)
def test_every_line_can_be_called_and_says_what_people_ask(entry):
    assert callable(entry.load())
    assert {"about", "licence", "needs"} <= set(entry.card)
    assert entry.name == "toy" or "trained_on" in entry.card
    assert "hub" not in entry.card or is_hub_id(entry.card["hub"])


def test_listing_encoders_imports_nothing_heavy():
    code = (
        "import sys; import likebut.encoders, likebut.encoders.clip; list(likebut.encoders.ENCODERS); "
        "print([name for name in ('torch', 'numpy', 'PIL', 'tokenizers', 'huggingface_hub') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "name, answer",
    [
        ("openai/clip-vit-base-patch32", True),
        ("openai/clip-vit-base-patch32@main", True),
        ("clip-vit-b32", False),
        ("./folder/file.pt", False),
        ("/folder", False),
        ("a/b/c", False),
    ],
)
def test_hub_ids_look_like_owner_and_model(name: str, answer: bool):
    assert is_hub_id(name) is answer

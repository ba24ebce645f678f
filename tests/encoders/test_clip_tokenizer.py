from __future__ import annotations

import gzip
import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from likebut.encoders.clip.tokenizer import EOT, MERGES_FILE, SOT, Tokenizer, find_tokenizer, train_vocabulary
from likebut.errors import BadCheckpoint, BadQuery, NotFound

CAPTIONS = ["a red shirt with dots", "a blue round cup", "two green chairs", "Café <b>№ 5</b>, don't"] * 10


@pytest.fixture(scope="module")
def trained() -> Tokenizer:
    return train_vocabulary(CAPTIONS, size=600)


@pytest.fixture(scope="module")
def tiny() -> Tokenizer:
    """Three merges, so that ids can be worked out: bytes 0-255, the same at a word's end 256-511, then the merges."""
    return Tokenizer.from_merges([("r", "e"), ("re", "d</w>"), ("d", "o")])


def byte(character: str, end: bool = False) -> int:
    return ord(character) - 33 + 256 * end  # the printable bytes come first, from "!" on


def test_ids_of_a_vocabulary_worked_out_by_hand(tiny: Tokenizer):
    # "red" is one piece (513); "dot" is "do" (514) and a "t" that ends a word; "re." is two words: r-e</w> and "."
    assert tiny(["red", "Dot", "re."]).tolist() == [
        [515, 513, 516, 0, 0],
        [515, 514, byte("t", True), 516, 0],
        [515, byte("r"), byte("e", True), byte(".", True), 516],
    ]


def test_words_break_where_clip_breaks_them(tiny: Tokenizer):
    assert tiny.pieces(["red's"]) == tiny.pieces(["red 's"])
    assert tiny.pieces(["RED  \n red"]) == [[513, 513]]
    assert tiny.pieces(["red&amp;red"]) == tiny.pieces(["red & red"])
    assert tiny.pieces(["42"]) == [[byte("4", True), byte("2", True)]]  # digits stand alone
    assert tiny.pieces(["?!"]) == [[byte("?"), byte("!", True)]]  # marks stand together
    assert tiny.pieces(["red’s “red”"]) == tiny.pieces(['red\'s "red"'])
    assert tiny.pieces([""]) == [[]]


def test_marks_typed_by_a_person_are_text(tiny: Tokenizer):
    row = tiny([f"red {EOT} red {SOT}"])[0]
    assert (row == tiny.eot).sum() == 1
    assert row.argmax() == len(row) - 1


def test_long_texts_keep_their_end_and_are_counted(tiny: Tokenizer):
    short = Tokenizer(tiny._backend, context=6)
    assert short(["red red red red red red"]).tolist() == [[515, 513, 513, 513, 513, 516]]
    assert short.truncated == 1
    with pytest.raises(BadQuery, match="6 tokens long; there is room for 4"):
        short(["red red red red red red"], truncate=False)


def test_slots_are_joined_as_ids_and_never_cut(tiny: Tokenizer):
    assert tiny.prompts([["red", None, ", red"], [None]]).tolist() == [
        [515, 513, -1, byte(",", True), 513, 516],
        [515, -1, 516, 0, 0, 0],
    ]
    short = Tokenizer(tiny._backend, context=6)
    assert short.prompts([["red red red red red", None]]).tolist() == [[515, 513, 513, 513, -1, 516]]


def test_training_is_repeatable_and_knows_every_text(trained: Tokenizer):
    again = train_vocabulary(reversed(CAPTIONS), size=600)
    texts = ["a red shirt", "Ünknown 日本 ☂ text"]
    np.testing.assert_array_equal(trained(texts), again(texts))
    assert trained.pieces(["red"]) == [[trained._backend.token_to_id("red</w>")]]
    assert trained.decode(trained(texts)[1]) == "ünknown 日本 ☂ text"
    assert trained.eot == len(trained) - 1 <= 599
    with pytest.raises(ValueError, match="too small"):
        train_vocabulary(CAPTIONS, size=500)


def test_folders_of_all_kinds_give_the_same_ids(trained: Tokenizer, tmp_path: Path):
    trained.save(tmp_path / "own")
    merges = json.loads((tmp_path / "own" / "tokenizer.json").read_text())["model"]["merges"]
    vocab = json.loads((tmp_path / "own" / "tokenizer.json").read_text())["model"]["vocab"]
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "vocab.json").write_text(json.dumps(vocab))
    (tmp_path / "hf" / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(pair) for pair in merges) + "\n")
    (tmp_path / "openai").mkdir()
    lines = '"bpe_simple_vocab_16e6.txt#version: 0.2\n' + "\n".join(" ".join(pair) for pair in merges)
    (tmp_path / "openai" / MERGES_FILE).write_bytes(gzip.compress(lines.encode()))
    for kind in ("own", "hf", "openai"):
        read = Tokenizer.from_folder(tmp_path / kind)
        np.testing.assert_array_equal(read(CAPTIONS), trained(CAPTIONS))
    with pytest.raises(NotFound, match="expected tokenizer.json"):
        Tokenizer.from_folder(tmp_path)


def test_hugging_faces_tokenizer_gives_the_same_ids(trained: Tokenizer, tmp_path: Path):
    transformers = pytest.importorskip("transformers")
    trained.save(tmp_path)
    content = json.loads((tmp_path / "tokenizer.json").read_text())["model"]
    theirs = transformers.CLIPTokenizer(
        vocab=content["vocab"],
        merges=[tuple(pair) for pair in content["merges"]],
    )
    texts = ["a red shirt, with 25 dots!", "Don't   stop", "☂ über-cool"]
    expected = [theirs(text)["input_ids"] for text in texts]
    assert [[i for i in row.tolist() if i] for row in trained(texts)] == expected
    theirs.save_pretrained(tmp_path / "hf")  # what a downloaded folder looks like
    read = Tokenizer.from_folder(tmp_path / "hf")
    np.testing.assert_array_equal(read(texts), trained(texts))
    np.testing.assert_array_equal(read([f"red {EOT} red"]), trained([f"red {EOT} red"]))  # typed, so it is text


def test_a_vocabulary_that_does_not_fit_is_refused(trained: Tokenizer, tmp_path: Path):
    trained.save(tmp_path)
    assert len(find_tokenizer(tmp_path, len(trained))) == len(trained)
    with pytest.raises(BadCheckpoint, match="the text tower 50"):
        find_tokenizer(tmp_path, 50)
    with pytest.raises(NotFound, match="No vocabulary of 77 pieces.*pip install"):
        find_tokenizer(tmp_path / "empty", 77)


OPENAI_IDS = {
    "*": [265],
    "a photo of *": [320, 1125, 539, 265],
    "* ,": [265, 267],
    "*.": [31304],
    "(*)": [7, 30956],
    "**": [4441],
    "* *": [265, 265],
    "a cartoon of *": [320, 7651, 539, 265],
    "a photo of $ that is red": [320, 1125, 539, 259, 682, 533, 736],
    "$5": [259, 276],
    "[$]": [58, 3, 316],
}


def openai_folder() -> Path | None:
    for package in ("clip", "open_clip"):
        spec = find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            if (Path(place) / MERGES_FILE).is_file():
                return Path(place)
    return None


@pytest.mark.skipif(openai_folder() is None, reason="OpenAI's vocabulary comes with: pip install openai-clip")
def test_openais_vocabulary_gives_the_published_ids():
    folder = openai_folder()
    assert folder is not None
    tokenizer = Tokenizer.from_folder(folder)
    assert (len(tokenizer), tokenizer.sot, tokenizer.eot) == (49408, 49406, 49407)
    assert dict(zip(OPENAI_IDS, tokenizer.pieces(list(OPENAI_IDS)), strict=True)) == OPENAI_IDS
    assert tokenizer.prompts([["a photo of", None, ", red"]]).tolist() == [[49406, 320, 1125, 539, -1, 267, 736, 49407]]

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from likebut.composers import load_composer
from likebut.composers.base import Composer, References
from likebut.composers.phi import load_phi
from likebut.encoders.base import Encoder
from likebut.encoders.clip.encoder import ClipEncoder
from likebut.errors import BadCheckpoint, BadData, BadQuery, IndexMismatch, NotFound
from likebut.stores import create_store
from likebut.stores.base import Manifest, Record
from likebut.training.features import FeatureCache
from likebut.training.phi import METHODS, frozen_text, open_features, read_captions, train_phi
from likebut.training.pic2word import pic2word_loss
from likebut.types import Query
from tests.training.small_clip import SENTENCES, small_clip

PHRASES = (
    "dog\ta dog that runs on the beach\ndog\ta photo of a red dog\nhat\ta hat that is red\nshoe\ta shoe with laces\n"
)


@pytest.fixture(scope="module")
def encoder() -> ClipEncoder:
    return small_clip()


def features(n: int = 64, dim: int = 16) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, dim)).astype(np.float32) * 3


def material(tmp_path: Path) -> dict[str, object]:
    (tmp_path / "phrases.tsv").write_text(PHRASES, "utf-8")
    return {"features": features(), "captions": SENTENCES * 4, "phrases": tmp_path / "phrases.tsv", "token_steps": 4}


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_phi(folder).state_dict()


@pytest.mark.parametrize("method", METHODS)
def test_each_method_trains_to_a_folder_that_composes_for_its_encoder_and_no_other(
    method: str, tmp_path: Path, encoder: ClipEncoder
):
    out = train_phi(method, encoder, tmp_path / "out", steps=3, batch_size=16, quiet=True, **material(tmp_path))
    composer = load_composer(method, encoder, phi=out)
    vectors = composer.compose([Query(text="a red dog"), Query(text="a shoe")], References(encoder)).vectors
    assert vectors.shape == (2, 16)
    config = json.loads((out / "config.json").read_text())
    assert config["encoder"] == {"name": "small", "fingerprint": encoder.fingerprint}
    assert config["steps"] == 3
    with pytest.raises(BadCheckpoint, match="Dimensions agree, weights or preprocessing do not"):
        load_composer(method, small_clip(seed=1), phi=out)


@pytest.mark.parametrize("method", METHODS)
def test_an_interrupted_run_ends_with_the_weights_of_an_uninterrupted_one(
    method: str, tmp_path: Path, encoder: ClipEncoder
):
    given = {"batch_size": 16, "quiet": True, "schedule": "constant", **material(tmp_path)}
    whole = weights(train_phi(method, encoder, tmp_path / "whole", steps=6, **given))
    train_phi(method, encoder, tmp_path / "parts", steps=3, **given)
    parts = weights(train_phi(method, encoder, tmp_path / "parts", steps=6, **given))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_training_lowers_the_loss_it_is_about(tmp_path: Path, encoder: ClipEncoder):
    # A few steps of Pic2Word on 64 rows: each picture's sentence becomes its own more than another's.
    text = frozen_text(encoder)
    prompt, rows = text.ids([["a photo of", None]]), torch.from_numpy(features())
    out = train_phi(
        "pic2word", encoder, tmp_path / "out", features=features(), steps=80, batch_size=64, lr=3e-3, quiet=True
    )
    untrained = train_phi("pic2word", encoder, tmp_path / "none", features=features(), steps=1, lr=0.0, quiet=True)
    with torch.no_grad():
        before, after = (float(pic2word_loss(load_phi(path), rows, text, prompt)) for path in (untrained, out))
    assert after < before - 0.5


def test_validation_gets_a_composer_and_its_best_weights_are_kept(tmp_path: Path, encoder: ClipEncoder):
    seen: list[Composer] = []

    def validate(composer: Composer) -> dict[str, float]:
        seen.append(composer)
        row = composer.compose([Query(text="a dog")], References(encoder)).vectors[0]
        return {"recall@1": float(len(seen) == 1), "length": float(np.linalg.norm(row))}

    out = train_phi(
        "pic2word", encoder, tmp_path / "out", features=features(), steps=4, batch_size=16, validate=validate,
        validate_every=2, quiet=True,
    )  # fmt: skip
    assert [composer.name for composer in seen] == ["pic2word", "pic2word"]
    config = json.loads((out / "config.json").read_text())
    assert config["scores"] == {"recall@1": 1.0, "length": pytest.approx(1)}  # of the weights that were kept
    assert (config["steps"], config["step_kept"]) == (4, 2)
    best = torch.load(out / "run" / "best.pt", weights_only=True)
    assert best["step"] == 2
    assert all(torch.equal(value, weights(out)[name]) for name, value in best["model"].items())


def test_an_index_gives_features_at_their_own_length_and_opens_no_picture(tmp_path: Path, encoder: ClipEncoder):
    rows = features(40)
    norms = np.linalg.norm(rows, axis=1)
    manifest = Manifest(encoder.name, encoder.fingerprint, 16, encoder.preprocess)
    with create_store(tmp_path / "shoes.likebut", manifest) as store:
        store.add(
            [
                Record(f"{i:02d}", row / norm, float(norm), {"caption": SENTENCES[i % 8]}, path="/nowhere.jpg")
                for i, (row, norm) in enumerate(zip(rows, norms, strict=True))
            ]
        )
    cache = open_features(tmp_path / "shoes.likebut", encoder)
    order = [int(name) for name in cache.ids]
    np.testing.assert_allclose(cache.rows, rows[order], rtol=1e-5)
    assert sorted(read_captions(tmp_path / "shoes.likebut")) == sorted(SENTENCES * 5)
    for method, given in (
        ("pic2word", {"features": tmp_path / "shoes.likebut"}),
        ("lincir", {"captions": tmp_path / "shoes.likebut"}),
    ):
        assert load_phi(train_phi(method, encoder, tmp_path / method, steps=2, quiet=True, **given)).in_dim == 16


def test_features_of_another_encoder_are_refused_with_both_names(encoder: ClipEncoder):
    foreign = FeatureCache(features(), [], "clip-vit-l14", "f00")
    with pytest.raises(IndexMismatch, match=r"made with clip-vit-l14 .*trained for small"):
        open_features(foreign, encoder)
    with pytest.raises(IndexMismatch, match=r"\(8 numbers"):
        open_features(features(8, 8), encoder)


@pytest.mark.parametrize(
    "method, given, error, said",
    [
        ("pic2word", {}, BadQuery, "give an index"),
        ("searle", {"features": features()}, BadQuery, "needs phrases"),
        ("lincir", {}, BadQuery, "trains on captions"),
        ("lincir", {"captions": []}, BadData, "found none"),
        ("lincir", {"captions": "nowhere.txt"}, NotFound, "one caption per line"),
        ("palavra", {}, BadQuery, "Unknown method 'palavra'"),
        ("pic2word", {"features": features(4), "batch_size": 5}, BadData, "do not fill one batch"),
    ],
)
def test_what_is_missing_is_said(
    method: str, given: dict, error: type, said: str, tmp_path: Path, encoder: ClipEncoder
):
    with pytest.raises(error, match=said):
        train_phi(method, encoder, tmp_path, quiet=True, **given)


def test_an_encoder_without_a_text_tower_cannot_have_a_phi():
    class Plain(Encoder):
        name = "plain"

        def encode_images(self, images, regions=None, **options): ...  # type: ignore[no-untyped-def]

        def encode_texts(self, texts, **options): ...  # type: ignore[no-untyped-def]

    with pytest.raises(BadQuery, match="plain has no CLIP text tower"):
        frozen_text(Plain())


def test_an_index_without_captions_says_what_it_has(tmp_path: Path):
    with create_store(tmp_path / "a.likebut", Manifest("small", "f", 2, "")) as store:
        store.add([Record("1", np.array([1, 0], np.float32), metadata={"price": 3})])
    with pytest.raises(BadData, match="expected a column caption or text or title; found price"):
        read_captions(tmp_path / "a.likebut")


def train_searle(folder: Path, batch_size: int) -> None:
    """SEARLE with nothing left to chance: no dropout, and a single phrase to draw."""
    (folder / "phrases.tsv").write_text("dog\tthe dog\n", "utf-8")
    train_phi(
        "searle", small_clip(), folder, features=features(), phrases=folder / "phrases.tsv", steps=3, lr=1e-3,
        batch_size=batch_size, options={"dropout": 0.0}, token_steps=4, quiet=True, device="cpu",
    )  # fmt: skip


def test_two_processes_learn_what_one_does(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    code = (
        "import pathlib, sys\nfrom tests.training.test_inversion import *\ntrain_searle(pathlib.Path(sys.argv[1]), 8)"
    )
    network = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(random.randint(20000, 60000))}
    base = {**os.environ, **network, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "two")], env=base | {"RANK": str(rank)})
        for rank in (0, 1)
    ]
    train_searle(tmp_path / "one", 16)
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=0, atol=3e-5)  # three steps of 1e-3 each


@pytest.mark.parametrize("method", METHODS)
def test_a_phi_for_features_of_length_one_starts_where_others_start_and_its_folder_remembers(
    method: str, tmp_path: Path, encoder: ClipEncoder
):
    given = {"steps": 1, "lr": 0.0, "batch_size": 16, "quiet": True, **material(tmp_path)}
    plain = load_phi(train_phi(method, encoder, tmp_path / "plain", **given))
    out = train_phi(method, encoder, tmp_path / "unit", options={"l2_normalize": True}, **given)
    unit_row = torch.nn.functional.normalize(torch.from_numpy(features(1)), dim=-1)
    first = [next(m for m in phi.modules() if isinstance(m, torch.nn.Linear)) for phi in (plain, load_phi(out))]
    torch.testing.assert_close(first[1].weight, first[0].weight * 4)  # √16
    torch.testing.assert_close(first[1](unit_row), first[0](unit_row * 4))
    composer = load_composer(method, encoder, phi=out)
    assert composer.l2_normalize  # type: ignore[attr-defined]
    np.testing.assert_allclose(composer.invert(features(2)), composer.invert(features(2) / 9), atol=1e-6)  # type: ignore[attr-defined]

"""Golden annotations and features: synthetic, in the official layouts; the values come from the official code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

METRICS = Path(__file__).parents[1] / "goldens" / "metrics"


@pytest.fixture(scope="session")
def goldens() -> Path:
    return METRICS


@pytest.fixture(scope="session")
def expected():
    def read(*place):
        return json.loads(METRICS.joinpath(*place).read_text())

    return read


@pytest.fixture(scope="session")
def vectors(tmp_path_factory):
    """Writes arrays as the vectors file that `likebut eval --vectors` takes."""

    def write(name, gallery_ids, gallery, query_ids, queries, folder=None):
        folder = folder or tmp_path_factory.mktemp("vectors")
        path = folder / f"{name}.npz"
        np.savez(path, gallery_ids=gallery_ids, gallery=gallery, query_ids=query_ids, queries=queries)
        return path

    return write


@pytest.fixture(scope="session")
def cirr_vectors(vectors):
    def write(split):
        file = np.load(METRICS / "cirr" / f"features_{split}.npz")
        return vectors(f"cirr-{split}", file["gallery_names"], file["gallery"], file["pairids"], file["query"])

    return write


@pytest.fixture(scope="session")
def fashioniq_vectors(tmp_path_factory, vectors):
    folder = tmp_path_factory.mktemp("fashioniq")
    for category in ("dress", "shirt", "toptee"):
        file = np.load(METRICS / "fashioniq" / f"features_{category}.npz")
        ids = [f"{category}-{i}" for i in range(len(file["query"]))]
        vectors(f"vectors.{category}", file["gallery_names"], file["gallery"], ids, file["query"], folder)
    return folder


@pytest.fixture(scope="session")
def circo_vectors(vectors):
    def write(split):
        file = np.load(METRICS / "circo" / f"features_{split}.npz")
        return vectors(f"circo-{split}", file["gallery_ids"], file["gallery"], file["query_ids"], file["query"])

    return write


@pytest.fixture(scope="session")
def imagenet_vectors(tmp_path_factory, vectors):
    """One file per domain; `kind` is the golden's query variant."""
    root = METRICS / "imagenet_r"
    names = [line.split()[0] for line in (root / "imgnet_targets.txt").read_text().splitlines()]
    asked = [line.split()[0] for line in (root / "imgnet_real_query.txt").read_text().splitlines()]
    file = np.load(root / "features.npz")

    def write(kind):
        folder = tmp_path_factory.mktemp(kind)
        for domain in ("cartoon", "origami", "toy", "sculpture"):
            rows = (
                file["query_image"]
                if kind == "image"
                else file[f"query_{'text' if kind != 'composed' else kind}_{domain}"]
            )
            if kind == "mixture":
                rows = file["query_image"] + rows
            vectors(f"vectors.{domain}", names, file["target"], asked, rows, folder)
        return folder

    return write

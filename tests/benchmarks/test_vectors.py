"""Vectors made elsewhere: found by id, in any order, and refused with the reason."""

from __future__ import annotations

import numpy as np
import pytest

from likebut.benchmarks import get_benchmark, run
from likebut.benchmarks.vectors import read_vectors, unit_rows
from likebut.errors import BadData, NotFound


@pytest.fixture
def cirr(goldens):
    return dict(np.load(goldens / "cirr" / "features_val.npz"))


def score(goldens, path):
    return run("cirr-val", data=goldens / "cirr", vectors=path).metrics


def test_the_order_of_rows_and_more_rows_than_needed_change_nothing(goldens, cirr, vectors, cirr_vectors):
    rng = np.random.default_rng(0)
    a, b = rng.permutation(96), rng.permutation(60)
    extra = rng.standard_normal((3, 16)).astype("float32")
    path = vectors(
        "shuffled",
        [*cirr["gallery_names"][a], "test1-0", "test1-1", "test1-2"],
        np.vstack([cirr["gallery"][a], extra]),
        cirr["pairids"][b],
        cirr["query"][b],
    )
    assert score(goldens, path) == score(goldens, cirr_vectors("val"))


def test_lengths_and_number_types_of_rows_do_not_count(goldens, cirr, vectors, cirr_vectors):
    scaled = cirr["gallery"].astype("float64") * np.linspace(0.1, 9, 96)[:, None]
    path = vectors("scaled", cirr["gallery_names"], scaled, cirr["pairids"], cirr["query"] * 7)
    assert score(goldens, path) == score(goldens, cirr_vectors("val"))


@pytest.mark.parametrize("kind", ["ids", "numbers", "positions as text", "references", "targets"])
def test_fashioniq_queries_are_known_by_id_position_or_the_names_in_order(goldens, expected, tmp_path, vectors, kind):
    for category in ("dress", "shirt", "toptee"):
        file = np.load(goldens / "fashioniq" / f"features_{category}.npz")
        entries = expected("fashioniq", "captions", f"cap.{category}.val.json")
        ids = {
            "ids": [f"{category}-{i}" for i in range(len(entries))],
            "numbers": list(range(len(entries))),
            "positions as text": [str(i) for i in range(len(entries))],
            "references": [entry["candidate"] for entry in entries],
            "targets": [entry["target"] for entry in entries],
        }[kind]
        vectors(f"vectors.{category}", file["gallery_names"], file["gallery"], ids, file["query"], tmp_path)
    metrics = run("fashioniq-val", data=goldens / "fashioniq", vectors=tmp_path).metrics
    assert metrics["average"] == pytest.approx(0.8696969, abs=1e-6)


@pytest.mark.parametrize(
    ("says", "change"),
    [
        (
            "lacks 1 of the 96 gallery items.*dev-691-3-img1",
            lambda c: c.update(gallery_names=np.array(["x", *c["gallery_names"][1:]])),
        ),
        ("1 gallery ids occur twice", lambda c: c["gallery_names"].__setitem__(0, c["gallery_names"][1])),
        ("lacks 1 of the 60 queries", lambda c: c["pairids"].__setitem__(0, 1)),
        (r"row 2 \(counted from 0\) is not finite", lambda c: c["query"].__setitem__((2, 3), np.nan)),
        ("row 5 .* is zero", lambda c: c["gallery"].__setitem__(5, 0)),
        ("59 query_ids for 60 rows", lambda c: c.update(pairids=c["pairids"][:59])),
        ("have 16 numbers, query rows 15", lambda c: c.update(query=c["query"][:, :15])),
        ("expected two dimensions", lambda c: c.update(query=c["query"][:, :, None])),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_the_first_offender(goldens, cirr, vectors, says, change):
    change(cirr)
    path = vectors("bad", cirr["gallery_names"], cirr["gallery"], cirr["pairids"], cirr["query"])
    with pytest.raises(BadData, match=says):
        score(goldens, path)


def test_a_file_that_is_missing_or_no_npz_is_named(goldens, tmp_path):
    with pytest.raises(NotFound, match="does not exist"):
        score(goldens, tmp_path / "none.npz")
    (tmp_path / "x.npz").write_bytes(b"no archive")
    with pytest.raises(BadData, match="not an .npz file"):
        score(goldens, tmp_path / "x.npz")
    np.savez(tmp_path / "y.npz", gallery=np.ones((1, 2)))
    with pytest.raises(BadData, match="no array 'gallery_ids'.*found gallery"):
        score(goldens, tmp_path / "y.npz")
    (tmp_path / "z").mkdir()
    with pytest.raises(NotFound, match=r"no vectors\.npz"):
        score(goldens, tmp_path / "z")


def test_pickled_arrays_are_not_loaded(goldens, tmp_path):
    pickled = np.array([{}], dtype=object)
    np.savez(tmp_path / "p.npz", gallery_ids=pickled, gallery=pickled, query_ids=pickled, queries=pickled)
    with pytest.raises(BadData, match="plain arrays"):
        score(goldens, tmp_path / "p.npz")


def test_rows_are_scaled_in_place_where_they_can_be():
    rows = np.array([[3, 4], [0, 2]], dtype=np.float32)
    assert unit_rows(rows, "rows") is rows
    assert rows == pytest.approx(np.array([[0.6, 0.8], [0, 1]]))


def test_a_copied_picture_is_found_under_its_own_name(goldens, cirr_vectors):
    parts = get_benchmark("cirr-val@covr-train-loop").read(goldens / "cirr")
    ((_, gallery),) = read_vectors(cirr_vectors("val"), parts)
    assert gallery.shape == (60, 16)

"""Feature caches: what the encoder gave is what training reads, wherever it was kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from likebut.encoders.base import unit
from likebut.errors import BadData, NotFound
from likebut.stores.base import Manifest, Record
from likebut.stores.exact import ExactStore
from likebut.training.features import FeatureCache


def store_of(rows: np.ndarray) -> ExactStore:
    store = ExactStore.create(None, Manifest("toy", "abc", rows.shape[1], "none", store="exact"))
    units, norms = unit(rows)
    store.add([Record(f"{i:03d}", units[i], float(norms[i])) for i in range(len(rows))])
    return store


@pytest.mark.parametrize("on_disk", [False, True])
def test_an_index_gives_back_the_features_before_they_were_scaled(tmp_path: Path, on_disk: bool) -> None:
    rows = np.random.default_rng(0).normal(size=(25, 6)).astype("f4") * 7
    cache = FeatureCache.from_store(store_of(rows), tmp_path / "cache" if on_disk else None, block=10)
    by_id = {id: cache.rows[i] for i, id in enumerate(cache.ids)}
    np.testing.assert_allclose(np.stack([by_id[f"{i:03d}"] for i in range(25)]), rows, rtol=1e-5)
    assert (cache.encoder, cache.fingerprint, cache.dim, len(cache)) == ("toy", "abc", 6, 25)
    if on_disk:
        again = FeatureCache.open(tmp_path / "cache")
        assert isinstance(again.rows, np.memmap)
        np.testing.assert_array_equal(again.rows, cache.rows)
        assert (list(again.ids), again.fingerprint) == (list(cache.ids), "abc")


def test_an_npz_of_ones_own_is_taken(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", features=np.ones((3, 2), "f4"))
    cache = FeatureCache.open(tmp_path / "mine.npz")
    assert (cache.dim, list(cache.ids)) == (2, ["0", "1", "2"])
    FeatureCache.open(tmp_path / "mine.npz").save(tmp_path / "folder")
    np.testing.assert_array_equal(FeatureCache.open(tmp_path / "folder").rows, np.ones((3, 2)))


def test_what_is_no_cache_is_refused_with_what_was_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"cache.json and features.npy, or an .npz"):
        FeatureCache.open(tmp_path / "nothing")
    np.savez(tmp_path / "other.npz", vectors=np.ones((3, 2)))
    with pytest.raises(BadData, match="holds vectors; expected an array `features`"):
        FeatureCache.open(tmp_path / "other.npz")
    np.savez(tmp_path / "short.npz", features=np.ones((3, 2)), ids=np.array(["a", "b"]))
    with pytest.raises(BadData, match=r"\(3, 2\) for 2 ids"):
        FeatureCache.open(tmp_path / "short.npz")

"""Features made once and read many times: training φ or a Combiner opens no picture.

Rows are kept as the encoder gave them, not scaled to length 1, because the inversion methods feed on lengths too.
They come straight from an index (which stores unit vector and length), from an encoder, or from an `.npz` of one's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from likebut.encoders.base import Encoder
from likebut.errors import BadData, NotFound
from likebut.stores.base import Store
from likebut.types import Array, ImageLike


@dataclass(frozen=True)
class FeatureCache:
    """N rows of features and what made them.

    rows         (N, D) float32 or float16, not normalised; a memory map where the cache lies on disk
    ids          one per row
    encoder      name, and `fingerprint`: what is trained on these rows fits that encoder only
    """

    rows: Array
    ids: Sequence[str]
    encoder: str
    fingerprint: str

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def dim(self) -> int:
        """D."""
        return int(self.rows.shape[1])

    @classmethod
    def open(cls, path: str | Path) -> FeatureCache:
        """A folder made by `save` (memory-mapped), or an `.npz` with `features` (N, D) and, where known, `ids` (N,).

        Raises `NotFound`, and `BadData` for arrays of another shape.
        """
        path = Path(path)
        if path.suffix == ".npz" and path.is_file():
            with np.load(path, allow_pickle=False) as arrays:
                if "features" not in arrays:
                    raise BadData(f"{path} holds {', '.join(arrays.files)}; expected an array `features` of (N, D).")
                rows = arrays["features"]
                ids = arrays["ids"].astype(str).tolist() if "ids" in arrays else [str(i) for i in range(len(rows))]
            return cls(_checked(rows, ids, path), ids, str(path), "")
        if not (path / "cache.json").is_file():
            raise NotFound(
                f"No features at {path}. Expected a folder with cache.json and features.npy, or an .npz file."
            )
        about = json.loads((path / "cache.json").read_text("utf-8"))
        rows = np.load(path / "features.npy", mmap_mode="r")
        return cls(_checked(rows, about["ids"], path), about["ids"], about["encoder"], about["fingerprint"])

    @classmethod
    def from_store(cls, store: Store, folder: str | Path | None = None, *, block: int = 8192) -> FeatureCache:
        """All rows of an index, times their lengths. With `folder` they go there block by block, else into memory."""
        manifest = store.manifest
        blocks = ((ids, rows * norms[:, None].astype(np.float32)) for ids, rows, norms in store.blocks(block))
        return _gather(blocks, len(store), manifest.dim, manifest.encoder, manifest.fingerprint, folder)

    @classmethod
    def from_encoder(
        cls,
        encoder: Encoder,
        images: Sequence[ImageLike],
        ids: Sequence[str],
        folder: str | Path | None = None,
        *,
        block: int = 512,
    ) -> FeatureCache:
        """Encode each picture once."""

        def blocks() -> Iterable[tuple[list[str], Array]]:
            for start in range(0, len(images), block):
                rows, norms = encoder.encode_images(images[start : start + block], return_norms=True)
                yield list(ids[start : start + block]), rows * norms[:, None]

        return _gather(blocks(), len(images), encoder.dim, encoder.name, encoder.fingerprint, folder)

    def save(self, folder: str | Path) -> Path:
        """Write `features.npy` and `cache.json`."""
        return _write_about(self, Path(folder), np.asarray(self.rows))


def _gather(
    blocks: Iterable[tuple[list[str], Array]],
    size: int,
    dim: int,
    encoder: str,
    fingerprint: str,
    folder: str | Path | None,
) -> FeatureCache:
    rows: Array
    if folder is None:
        rows = np.empty((size, dim), np.float32)
    else:
        Path(folder).mkdir(parents=True, exist_ok=True)
        rows = np.lib.format.open_memmap(Path(folder) / "features.npy", "w+", np.float32, (size, dim))
    ids: list[str] = []
    for names, part in blocks:
        rows[len(ids) : len(ids) + len(names)] = part
        ids += names
    if len(ids) != size:
        raise BadData(
            f"Expected {size} rows of features; {len(ids)} came. Was the index written to meanwhile? Try again."
        )
    cache = FeatureCache(rows, ids, encoder, fingerprint)
    if folder is not None:
        _write_about(cache, Path(folder), None)
    return cache


def _write_about(cache: FeatureCache, folder: Path, rows: Array | None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if rows is not None:
        np.save(folder / "features.npy", rows)
    elif isinstance(cache.rows, np.memmap):
        cache.rows.flush()
    about = {"encoder": cache.encoder, "fingerprint": cache.fingerprint, "ids": list(cache.ids)}
    (folder / "cache.json").write_text(json.dumps(about), "utf-8")  # last: a folder without it is not finished
    return folder


def _checked(rows: Array, ids: Sequence[str], path: Path) -> Array:
    if rows.ndim != 2 or len(rows) != len(ids):
        raise BadData(f"{path}: features are {rows.shape} for {len(ids)} ids; expected (N, D) and N ids.")
    return rows

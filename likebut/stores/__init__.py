"""The catalogue of stores: one line each. Importing it loads none of them."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from likebut.errors import BadData, BadQuery
from likebut.registry import Registry

if TYPE_CHECKING:
    from likebut.stores.base import Manifest, Store

STORES = Registry("store")
STORES.add(
    "lance", "likebut.stores.lance:LanceStore", about="on disk, the default; LanceDB with IVF_RQ when it is large"
)
STORES.add("exact", "likebut.stores.exact:ExactStore", about="in memory, every answer exact; the oracle")


def create_store(path: str | PathLike[str] | None, manifest: Manifest) -> Store:
    """An empty store of the kind `manifest.store`, open for writing. `path` None is in memory (`exact` only).

    Raises `BadData` where something other than an empty folder is in the way.
    """
    folder = None if path is None else Path(path)
    if folder is not None and folder.exists():
        from likebut.stores.folder import unfinished

        if not folder.is_dir() or not unfinished(folder):
            raise BadData(f"{folder} is there already. Open it, delete it, or choose another name for the new index.")
    store: Store = STORES.load(manifest.store).create(folder, manifest)
    return store


def open_store(path: str | PathLike[str], mode: Literal["r", "w"] = "r") -> Store:
    """The store in the folder `path`; "w" also takes the index's lock, until `close`.

    Raises `NotFound`, `IndexMismatch` for an index of a newer likebut, `IndexBusy` for a second writer.
    """
    from likebut.stores.folder import read_manifest

    if mode not in ("r", "w"):
        raise BadQuery(f"Mode {mode!r} is neither 'r' (read) nor 'w' (read and write).")
    folder = Path(path)
    manifest = read_manifest(folder)
    store: Store = STORES.load(manifest.store).open(folder, manifest, write=mode == "w")
    return store

"""CIRR: everyday photos in groups of six look-alikes (Liu et al., ICCV 2021, arXiv:2108.04024).

Files: `captions/cap.rc2.SPLIT.json` and `image_splits/split.rc2.SPLIT.json` (branch `cirr_dataset` of
Cuberick-Orion/CIRR), pictures `dev/NAME.png`, `train/0…99/NAME.png`, `test1/NAME.png`. Reads the layouts of the
authors, CLIP4Cir, SEARLE and CoVR, and a folder that holds `captions/` and `image_splits/` directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from likebut.datasets.base import PictureFolder, RetrievalSet, covr_caption, first_existing, read_json, reading
from likebut.types import Item, Query

ROOTS = ("", "cirr/", "CIRR/cirr/", "CIRR/", "cirr_dataset/cirr/", "cirr_dataset/", "data/cirr/", "annotation/cirr/")
PICTURES = ("img_raw", "images", "CIRR/images", "datasets/CIRR/images", "cirr_dataset", "CIRR", "data/cirr/img_raw")
REMEDY = "The annotations are on branch cirr_dataset of github.com/Cuberick-Orion/CIRR (MIT)."


def read(
    root: Path, split: str = "val", *, exclude_reference: bool = True, gallery: str = "split", captions: str = "plain"
) -> list[RetrievalSet]:
    """One split. `split` is "val", "test1" (no answers) or "train".

    gallery   "split": the pictures of the split file; "targets": one copy of its target per query, as CoVR validates
              while training; copies of the reference are excluded then
    captions  "plain", or "covr" for CoVR's cleaning
    """
    caption_file = _find(root, f"captions/cap.rc2.{split}.json")
    split_file = _find(root, f"image_splits/split.rc2.{split}.json")
    folder = PictureFolder(
        [base / place / name for base in (root, root.parent) for place in (*PICTURES, "") for name in _folders(split)]
    )
    entries, names = read_json(caption_file), read_json(split_file)
    with reading(split_file):
        items = [Item(name, folder.find(name)) for name in names.keys()]  # noqa: SIM118 (a list has no keys: wrong file)
    with reading(caption_file):
        queries = [
            Query(
                f"@{entry['reference']}",
                covr_caption(entry["caption"]) if captions == "covr" else entry["caption"],
                exclude=frozenset([entry["reference"]] if exclude_reference else []),
                id=str(entry["pairid"]),
            )
            for entry in entries
        ]
        answered = [entry for entry in entries if "target_hard" in entry]
        data = RetrievalSet(
            name="cirr",
            split=split,
            gallery=items,
            queries=queries,
            relevant={str(entry["pairid"]): frozenset([entry["target_hard"]]) for entry in answered},
            groups={str(entry["pairid"]): tuple(entry["img_set"]["members"]) for entry in entries},
            grades={str(entry["pairid"]): entry["target_soft"] for entry in answered if "target_soft" in entry},
        )
    return [data if gallery == "split" else _one_target_per_query(data)]


def _one_target_per_query(data: RetrievalSet) -> RetrievalSet:
    """The gallery that CoVR's training loop validates on: column i is the target of query i, repeats and all."""
    target = {query.id: next(iter(data.relevant[query.id])) for query in data.queries}
    images: Mapping[str, Any] = {item.id: item.image for item in data.gallery}
    copies: dict[str, list[str]] = {}
    for query, name in target.items():
        copies.setdefault(name, []).append(f"{name}#{query}")
    return replace(
        data,
        gallery=[Item(f"{name}#{query}", images[name]) for query, name in target.items()],
        queries=[replace(query, exclude=frozenset(copies.get(query.reference_id or "", []))) for query in data.queries],
        relevant={query: frozenset([f"{name}#{query}"]) for query, name in target.items()},
        pictures={f"{name}#{query}": name for query, name in target.items()},
        references=data.gallery,
        groups={},
        grades={},
    )


def _find(root: Path, place: str) -> Path:
    flat = place.split("/")[-1]  # CoVR keeps the files without the two folders
    return first_existing(root, [f"{base}{name}" for base in ROOTS for name in (place, flat)], flat, REMEDY)


def _folders(split: str) -> tuple[str, ...]:
    return {"val": ("dev", "val"), "test1": ("test1", "test")}.get(split, (split,))

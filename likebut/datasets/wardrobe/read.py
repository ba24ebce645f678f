"""Read a folder that `make` wrote: one benchmark of one split as a `RetrievalSet`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from likebut.datasets.base import RetrievalSet
from likebut.datasets.wardrobe.make import mask_file
from likebut.datasets.wardrobe.pictures import Picture
from likebut.errors import BadData, NotFound
from likebut.types import Item, Query, Region


def read(directory: str | Path, benchmark: str, split: str = "test") -> RetrievalSet:
    """Gallery, queries and answers of `benchmark`, e.g. "wardrobe-edit".

    A reference that is a gallery picture is written "@ID"; the protocol says whether it may be returned. Regions are
    mask files. Items carry the attributes as metadata. Raises NotFound where the folder was not made.
    """
    folder = Path(directory) / split
    place = folder / benchmark
    if not (place / "queries.jsonl").exists():
        made = sorted(path.parent.name for path in folder.glob("*/queries.jsonl")) if folder.exists() else []
        there = f"; it has {', '.join(made)}" if made else ""
        raise NotFound(
            f"{place} does not hold a benchmark{there}. Make it: likebut data make wardrobe --to {directory}"
        )
    pictures = {line["id"]: Picture.from_json(line) for line in _lines(folder / "pictures.jsonl")}

    def path(id_: str) -> str:
        if id_ not in pictures:
            raise BadData(
                f"{place} names picture {id_}, which is not in {folder / 'pictures.jsonl'}. Make the folder again."
            )
        return str(folder / pictures[id_].file)

    ids = (place / "gallery.txt").read_text(encoding="utf-8").split()
    gallery = [Item(id_, path(id_), pictures[id_].metadata()) for id_ in ids]
    queries: list[Query] = []
    relevant: dict[str, frozenset[str]] = {}
    groups: dict[str, tuple[str, ...]] = {}
    slices: dict[str, set[str]] = {}
    for line in _lines(place / "queries.jsonl"):
        name, reference, region = line["id"], line.get("reference"), None
        if reference and not reference.startswith("@"):
            if "region" in line:
                region = Region(mask=str(folder / mask_file(reference, line["region"])))
            reference = path(reference)
        sketch = path(line["sketch"]) if "sketch" in line else None
        queries.append(Query(reference, line["text"], region=region, sketch=sketch, id=name))
        relevant[name] = frozenset(line["relevant"])
        if "group" in line:
            groups[name] = tuple(line["group"])
        for slice_ in line["slices"]:
            slices.setdefault(slice_, set()).add(name)
    named = {name: frozenset(members) for name, members in sorted(slices.items())}
    return RetrievalSet(benchmark, split, gallery, queries, relevant, groups, named)


def captions(directory: str | Path, split: str = "train") -> Iterator[tuple[str, str, bool]]:
    """(path of the picture, caption, whether its phrasing is unseen in train), in the file's order."""
    folder = Path(directory) / split
    files = {line["id"]: line["file"] for line in _lines(folder / "pictures.jsonl")}
    for line in _lines(folder / "captions.jsonl"):
        yield str(folder / files[line["picture"]]), line["text"], bool(line["unseen"])


def triplets(directory: str | Path, split: str = "train") -> Iterator[tuple[Query, str]]:
    """(query, path of the target), in the file's order; a region is a mask file."""
    folder = Path(directory) / split
    files = {line["id"]: line["file"] for line in _lines(folder / "pictures.jsonl")}
    for line in _lines(folder / "triplets.jsonl"):
        region = Region(mask=str(folder / mask_file(line["reference"], line["region"]))) if "region" in line else None
        yield (
            Query(str(folder / files[line["reference"]]), line["text"], region=region, id=line["id"]),
            str(folder / files[line["target"]]),
        )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        raise NotFound(f"{path} is not there. Make it: likebut data make wardrobe --to DIR")
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)

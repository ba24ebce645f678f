"""A benchmark of one's own: a folder of pictures and a CSV of queries.

`queries.csv` has the columns reference, text and targets (several separated by "|"), and optionally id. The gallery
is what `gallery.txt` lists, one file per line; without it, every picture under the folder. Pictures are named by
their path inside the folder, with or without the ending.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

from likebut.datasets.base import PICTURE_ENDINGS, RetrievalSet
from likebut.errors import BadData, NotFound
from likebut.types import Item, Query

COLUMNS = ("reference", "text", "targets")


def read(root: Path, split: str = "queries", *, exclude_reference: bool = True) -> list[RetrievalSet]:
    """`root` holds SPLIT.csv, or is itself the CSV file, whose folder then holds the pictures."""
    path = root if root.suffix == ".csv" else root / f"{split}.csv"
    if not path.exists():
        raise NotFound(
            f"{path} does not exist. A custom benchmark is a folder with {split}.csv (columns {', '.join(COLUMNS)})."
        )
    folder = path.parent
    listed = folder / "gallery.txt"
    names = _listed(listed) if listed.exists() else _pictures(folder)
    known = {key: name for name in reversed(names) for key in (os.path.splitext(name)[0], name)}
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if not rows or not set(COLUMNS) <= rows[0].keys():
        raise BadData(
            f"{path} needs the columns {', '.join(COLUMNS)}; found {', '.join(rows[0]) if rows else 'no row'}."
        )
    queries, relevant = [], {}
    outside: dict[str, Item] = {}
    for number, row in enumerate(rows):
        given = row["reference"].strip()
        reference = known.get(given, given)
        if given and given not in known:
            outside[reference] = Item(reference, folder / reference)
        id = (row.get("id") or str(number)).strip()
        targets = [known.get(target.strip(), "") for target in row["targets"].split("|") if target.strip()]
        if id in relevant or not targets or not all(targets):
            found = "its id is taken" if id in relevant else f"targets {row['targets']!r} are not all in the gallery"
            raise BadData(f"{path}, line {number + 2}: {found}. Targets are file names under {folder}, separated by |.")
        relevant[id] = frozenset(targets)
        hidden = frozenset([reference] if exclude_reference and reference not in targets else [])
        queries.append(Query(f"@{reference}" if given else None, row["text"].strip(), exclude=hidden, id=id))
    return [
        RetrievalSet(
            name="custom",
            split=split,
            gallery=[Item(name, folder / name) for name in names],
            queries=queries,
            relevant=relevant,
            references=list(outside.values()),
        )
    ]


def _listed(path: Path) -> list[str]:
    names = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    return list(dict.fromkeys(name for name in names if name))


def _pictures(folder: Path) -> list[str]:
    return sorted(
        Path(place, file).relative_to(folder).as_posix()
        for place, _, files in os.walk(folder)
        for file in files
        if file.lower().endswith(PICTURE_ENDINGS) and not file.startswith(".")
    )

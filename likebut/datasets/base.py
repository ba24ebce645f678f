"""What a data set is once its files are read: queries, gallery, and what is relevant to what.

A reader knows file layouts and nothing else: no features, no metrics, no default paths. The gallery always comes
from the split files, never from a folder listing. Pictures need not exist to be read about: `Item.image` is where the
picture is, or would be.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from likebut.errors import BadData, NotFound
from likebut.types import ImageLike, Item, Query

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def as_is(item: Item) -> ImageLike:
    """The picture of an item that is simply its file."""
    return item.image


@dataclass(frozen=True)
class RetrievalSet:
    """One split, read; a benchmark of several parts (FashionIQ's categories) has one of these per part.

    gallery    all items, in the order of the split file; `Item.image` is a path (which may be missing on disk)
    queries    each with its id; a reference that is a gallery item is written "@ID"
    relevant   query id → ids that should be found (qrels); empty where the test server keeps them
    groups     query id → the small set its subset metrics rank (CIRR's six); empty elsewhere
    slices     name → query ids reported apart (CIRCO's aspects, Wardrobe's "unseen")
    galleries  query id → candidate ids, where each query has a gallery of its own (GeneCIS); empty elsewhere
    targets    query id → the one answer that the annotator started from, where several are relevant (CIRCO)
    grades     query id → id → worth, where labels are graded (CIRR's target_soft)
    wordings   query id → further texts; the query vectors of all are averaged (FashionIQ's captions in both orders)
    pictures   gallery id → the picture's own name, where several items show one picture (copies, boxes of it)
    references items that queries start from and nobody searches (COCO's cut-out objects); "@ID" finds them too
    open       item → picture, where an item is not simply its file: a crop of it, a frame of it. What was done to
               the file is named in `Item.metadata["view"]`, so that features can be kept for it
    part       its name among several, e.g. "dress"; "" where there is one
    """

    name: str
    split: str
    gallery: Sequence[Item]
    queries: Sequence[Query]
    relevant: Mapping[str, frozenset[str]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    slices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    galleries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    grades: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    wordings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    references: Sequence[Item] = ()
    open: Callable[[Item], ImageLike] = as_is
    part: str = ""


class PictureFolder:
    """Finds pictures by name in folders that people lay out differently: any ending, any depth.

    Each folder is listed once, when the first name is asked for. The order of `folders` decides between two files.
    """

    def __init__(self, folders: Sequence[Path], ending: str = ".png") -> None:
        self._folders = [folder for folder in folders if folder.is_dir()]
        self._expected = (self._folders or list(folders))[0]
        self._ending = ending
        self._files: dict[str, Path] | None = None

    def find(self, name: str) -> Path:
        """The file of `name` (without folder and ending), or where it should have been."""
        if self._files is None:
            self._files = {}
            for folder in self._folders:
                for place, _, files in os.walk(folder):
                    for file in sorted(files):
                        stem, ending = os.path.splitext(file)
                        if ending.lower() in PICTURE_ENDINGS:
                            self._files.setdefault(stem, Path(place, file))
        return self._files.get(name, self._expected / f"{name}{self._ending}")


def first_existing(root: Path, places: Sequence[str], what: str, remedy: str) -> Path:
    """The first of `places` under `root` that exists. Raises `NotFound` with where it was sought."""
    if not root.exists():
        raise NotFound(f"The data folder {root} does not exist. Give the folder that holds {what}.")
    for place in places:
        if (root / place).exists():
            return root / place
    raise NotFound(f"{root} has no {what}; looked for {', '.join(places)}. {remedy}")


def read_json(path: Path) -> Any:
    """A JSON file. Raises `BadData` for one that is cut short, an HTML error page or otherwise no JSON."""
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise BadData(f"{path} is not valid JSON ({error}). Download it again.") from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns a missing field in an annotation file into an error that names the file."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise BadData(
            f"{path}: an entry is not laid out as in the official file ({error!r}). Download it again."
        ) from error


def covr_caption(text: str, words: int = 30) -> str:
    """A caption as CoVR cleans it: lower case, some punctuation to spaces, the first 30 words (arXiv:2308.14746, code).

    >>> covr_caption("Is Red.  (has *no* sleeves?)")
    'is red has no sleeves?'
    """
    plain = text.lower().translate({ord(mark): " " for mark in '.!"()*#:;~'})
    return " ".join(plain.split()[:words])

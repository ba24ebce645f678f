"""What a report shows: one `Panel` per query, with its pictures made small. Draws and searches nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image

from likebut.errors import BadImage
from likebut.images import load_image, region_mask
from likebut.stores.base import Store
from likebut.types import Hit, ImageLike, Query, Region

PARTS = {"image": "#3b6fd4", "region": "#0d9488", "sketch": "#8b5cf6", "text": "#e08a12", "negative": "#d33c3c"}
SIDE = 256  # px: the longest side of every picture in a report


@dataclass(frozen=True)
class Tile:
    """One picture of a panel. `picture` None is drawn as an empty frame; `parts` is the score's ledger.

    right: known to be a right answer, and framed as such.
    """

    picture: Image.Image | None
    name: str
    score: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    about: str = ""
    right: bool = False


@dataclass(frozen=True)
class Panel:
    """One query and its answers. `given`: what was shown (reference, sketch); `words`: what was said."""

    title: str
    given: Sequence[Tile]
    words: str
    hits: Sequence[Tile]
    note: str = ""


def panel(
    query: Query,
    hits: Sequence[Hit],
    store: Store,
    *,
    title: str = "",
    note: str = "",
    right: Collection[str] = (),
) -> Panel:
    """The panel of one search: hits and "@ID" references come from the store's thumbnails, others are opened.

    right: ids of right answers, where they are known.
    """
    given = []
    if query.reference is not None:
        name = f"@{query.reference_id}" if query.reference_id is not None else "reference"
        given.append(Tile(_shown(_reference(query, store), query.region), name))
    if query.sketch is not None:
        given.append(Tile(_small(query.sketch), "sketch"))
    words = " ".join(
        filter(None, [f"“{query.text}”" if query.text else "", f"not “{query.negative}”" if query.negative else ""])
    )
    pictures = store.thumbnails([hit.id for hit in hits])
    answers = [
        Tile(_small(picture) if picture else None, hit.id, hit.score, hit.parts, _about(hit.metadata), hit.id in right)
        for picture, hit in zip(pictures, hits, strict=True)
    ]
    return Panel(title, given, words, answers, note)


def _reference(query: Query, store: Store) -> Image.Image | None:
    if query.reference_id is not None:
        picture = store.thumbnails([query.reference_id])[0]
        return _small(picture) if picture else None
    assert query.reference is not None
    return _small(query.reference)


def _small(picture: ImageLike) -> Image.Image | None:
    try:
        image = load_image(picture)
    except BadImage:
        return None  # the search has used it already; its frame stays empty
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return image


def _shown(picture: Image.Image | None, region: Region | None) -> Image.Image | None:
    """The picture with everything outside the region faded."""
    if picture is None or region is None:
        return picture
    inside = Image.fromarray((region_mask(region, picture.size) > 0).astype("uint8") * 255)
    return Image.composite(picture, Image.blend(picture, Image.new("RGB", picture.size, "white"), 0.72), inside)


def _about(metadata: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in list(metadata.items())[:4] if value not in (None, ""))

"""The values that travel through likebut: what is asked, what is held, what is answered.

Shape letters, used in every docstring of the package:
**B** queries (or pictures, or texts) in a batch · **D** numbers in a vector · **N** items in the gallery ·
**K** results per query · **T** tokens in a prompt · **W** width of a token embedding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from likebut.errors import BadQuery

if TYPE_CHECKING:
    from PIL.Image import Image

Array: TypeAlias = np.ndarray
ImageLike: TypeAlias = "str | PathLike[str] | bytes | Image | np.ndarray"


@dataclass(frozen=True)
class Region:
    """The part of a picture that counts; give one of `box`, `polygon`, `mask`.

    box      (x0, y0, x1, y1), fractions 0–1 of the upright picture, x to the right and y down
    polygon  three or more (x, y) corners, fractions likewise
    mask     a picture or (H, W) array of the reference's shape; values above half count
    """

    box: tuple[float, float, float, float] | None = None
    polygon: tuple[tuple[float, float], ...] | None = None
    mask: ImageLike | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("box", "polygon", "mask") if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise BadQuery(f"A region is a box, a polygon or a mask; found {found}. Give exactly one.")
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
                raise BadQuery(
                    f"Region box {self.box} is not x0,y0,x1,y1 in fractions with 0 <= x0 < x1 <= 1 and "
                    "0 <= y0 < y1 <= 1, e.g. 0.1,0.2,0.6,0.9."
                )
        if self.polygon is not None and len(self.polygon) < 3:
            raise BadQuery(f"A region polygon needs at least 3 corners; found {len(self.polygon)}.")

    @classmethod
    def parse(cls, text: str) -> Region:
        """Read `x0,y0,x1,y1` (a box) or `x,y x,y x,y …` (a polygon), as typed on the command line."""
        try:
            corners = [tuple(float(number) for number in part.split(",")) for part in text.split()]
        except ValueError:
            corners = []
        if len(corners) == 1 and len(corners[0]) == 4:
            return cls(box=corners[0])  # type: ignore[arg-type]
        if len(corners) >= 3 and all(len(corner) == 2 for corner in corners):
            return cls(polygon=tuple(corners))  # type: ignore[arg-type]
        raise BadQuery(f"Region {text!r} is neither x0,y0,x1,y1 nor x,y x,y x,y …, e.g. 0.1,0.2,0.6,0.9.")


@dataclass(frozen=True)
class Query:
    """What somebody asks: this picture, but different.

    reference  a picture, or the id of an item of the gallery written "@ID"
    text       what should be different
    region     the part of the reference that counts
    sketch     a drawing
    negative   what must not be there
    weights    per part ("image", "region", "text", "sketch", "negative"); absent: the composer's own
    where      metadata filter, e.g. "price < 50 AND colour = 'red'"
    exclude    item ids never to return; `within`: return only these
    """

    reference: ImageLike | None = None
    text: str = ""
    region: Region | None = None
    sketch: ImageLike | None = None
    negative: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    where: str | None = None
    exclude: frozenset[str] = frozenset()
    within: frozenset[str] | None = None
    id: str = ""

    @property
    def reference_id(self) -> str | None:
        """The gallery id behind "@ID", or None where the reference is a picture of its own."""
        if isinstance(self.reference, str) and self.reference.startswith("@"):
            return self.reference[1:]
        return None


@dataclass(frozen=True)
class Item:
    """One picture of a gallery before it is indexed."""

    id: str
    image: ImageLike
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Hit:
    """One answer. `rank` counts from 1; a higher `score` is better.

    `parts` is the ledger: where the composer is a weighted sum of unit vectors, the score is exactly the sum of
    its values (image, region, text, sketch, negative); elsewhere it is empty.
    """

    id: str
    score: float
    rank: int
    parts: Mapping[str, float] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

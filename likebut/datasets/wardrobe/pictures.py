"""One picture of the data set by what it shows: its id, its line in a file, and its pixels on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from likebut.datasets.wardrobe.attributes import Garment, parse, stable_hash
from likebut.datasets.wardrobe.draw import draw
from likebut.datasets.wardrobe.edges import edge_sketch
from likebut.datasets.wardrobe.hand import hand_sketch
from likebut.datasets.wardrobe.plan import Scene
from likebut.errors import BadData
from likebut.types import Array

KINDS = ("picture", "crop", "hand", "edges")


@dataclass(frozen=True)
class Picture:
    """What to draw.

    kind   picture; crop (garment number `which` of an outfit, cut out by its box); hand or edges (a sketch)
    style  one of STYLES; sketches have "sketch"
    """

    garments: tuple[Garment, ...]
    style: str = "photo"
    seed: int = 0
    kind: str = "picture"
    which: int = 0

    @cached_property
    def id(self) -> str:
        """The same for the same picture, in every benchmark and every split."""
        key = ";".join(garment.key() for garment in self.garments)
        return f"{self.kind[0]}{stable_hash('picture', key, self.style, self.seed, self.kind, self.which):016x}"

    @property
    def file(self) -> str:
        """Path below the split's folder."""
        name = self.id
        return f"pictures/{name[1:3]}/{name}.{'png' if self.style == 'sketch' else 'jpg'}"

    def to_json(self) -> dict[str, Any]:
        """A line of pictures.jsonl, less what drawing it finds out."""
        line: dict[str, Any] = {
            "id": self.id,
            "file": self.file,
            "kind": self.kind,
            "style": self.style,
            "seed": self.seed,
        }
        line["garments"] = [garment.key() for garment in self.garments]
        return {**line, "which": self.which} if self.kind == "crop" else line

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Picture:
        """The inverse. Raises BadData where the line's id is not the picture's."""
        garments = tuple(parse(key) for key in line["garments"])
        picture = cls(garments, line["style"], int(line["seed"]), line["kind"], int(line.get("which", 0)))
        if picture.id != line["id"]:
            raise BadData(
                f"Picture {line['id']} should be {picture.id}: the file was made by another version. Make it again."
            )
        return picture

    def metadata(self) -> dict[str, Any]:
        """Columns for an index: style, item and the attributes; for an outfit the list of its items."""
        if len(self.garments) > 1:
            return {"style": self.style, "item": "outfit", "items": " ".join(sorted(g.item for g in self.garments))}
        garment = self.garments[0]
        named = {name: garment.value(name) for name in garment.attributes()}
        return {
            "style": self.style,
            "item": garment.item,
            **named,
            "pattern": garment.pattern,
            "second": garment.second,
        }

    def draw(self, size: int) -> Drawn:
        """Draw it, `size` pixels square (crops keep their own shape)."""
        if self.kind == "hand":
            pixels = hand_sketch(self.garments[0], size, self.seed)
            return Drawn(Image.fromarray(pixels), (), (), f"hand:{stable_hash(self.garments[0].key(), self.seed):016x}")
        if self.kind == "edges":
            pixels = edge_sketch(self.garments[0], size, self.seed)
            return Drawn(
                Image.fromarray(pixels), (), (), f"edges:{stable_hash(self.garments[0].key(), self.seed):016x}"
            )
        drawing = draw(Scene(self.garments), self.style, size, self.seed)
        digest = drawing.plan.digest()
        if self.kind == "picture":
            return Drawn(drawing.image, drawing.masks, tuple(drawing.boxes()), digest)
        x0, y0, x1, y1 = np.array(drawing.boxes()[self.which]) * size
        margin = 0.04 * size
        cut = (
            max(0, int(x0 - margin)),
            max(0, int(y0 - margin)),
            min(size, int(x1 + margin)),
            min(size, int(y1 + margin)),
        )
        return Drawn(drawing.image.crop(cut), (), (), digest)


@dataclass(frozen=True, eq=False)
class Drawn:
    """Pixels and what they show. boxes are fractions of the picture; digest is of the drawing commands."""

    image: Image.Image
    masks: tuple[Array, ...]
    boxes: tuple[tuple[float, float, float, float], ...]
    digest: str

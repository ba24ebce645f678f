"""The sample queries, each with the garment that is the right answer: Wardrobe knows what every picture shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from likebut.cli.demo.gallery import BACKPACK, BOOTS, COAT, DRESS, HANDBAG, OUTFIT, SIZE, SKIRT, SWEATER, TEE, Entry
from likebut.datasets.wardrobe.attributes import Garment, with_value
from likebut.datasets.wardrobe.pictures import Picture
from likebut.types import Query, Region

PURPLE = with_value(BACKPACK, "colour", "purple")


@dataclass(frozen=True)
class Sample:
    """One question.

    right    what a right answer shows; `style` its style
    follows  the reference is what somebody would click on above: the right answer if it is shown, else the first hit
    """

    title: str
    query: Query
    right: Garment
    style: str = "photo"
    follows: bool = False
    note: str = ""

    def fits(self, picture: Picture) -> bool:
        """Whether a picture of the gallery is a right answer."""
        return picture.garments == (self.right,) and picture.style == self.style


def sample_queries(gallery: Sequence[Entry], sketches: Path) -> list[Sample]:
    """The questions; draws the one sketch that is needed into `sketches`."""
    ids = {entry.picture.garments: f"@{entry.id}" for entry in reversed(gallery) if entry.picture.style == "photo"}
    box = OUTFIT.draw(SIZE).boxes[OUTFIT.garments.index(SKIRT)]

    def like(garment: Garment, text: str) -> Query:
        return Query(ids[(garment,)], text, exclude=frozenset({ids[(garment,)][1:]}))

    return [
        Sample("Another colour", like(TEE, "the same in red"), with_value(TEE, "colour", "red")),
        Sample("Another pattern", like(DRESS, "with white dots"), with_value(DRESS, "pattern", "dots/white")),
        Sample("Another sleeve", like(SWEATER, "with short sleeves"), with_value(SWEATER, "sleeve", "short")),
        Sample("Another style", like(BOOTS, "as a chalk drawing"), BOOTS, "chalk"),
        Sample(
            "A part of the picture",
            Query(
                ids[OUTFIT.garments], "in orange", region=Region(box=box), exclude=frozenset({ids[OUTFIT.garments][1:]})
            ),
            with_value(SKIRT, "colour", "orange"),
            note="Only the skirt of this outfit counts; the rest is faded.",
        ),
        Sample(
            "A sketch and words",
            Query(sketch=str(_sketch(sketches)), text="a red handbag"),
            with_value(HANDBAG, "colour", "red"),
            note="Drawn by hand, wobbly on purpose; the words bring the colour.",
        ),
        Sample("Two steps: first another colour", like(BACKPACK, "in purple"), PURPLE),
        Sample(
            "Two steps: then a print",
            Query(None, "with a crown on it"),
            with_value(PURPLE, "logo", "crown/front"),
            follows=True,
            note="The reference is the answer picked above; no picture is encoded.",
        ),
        Sample(
            "Not that",
            Query(None, "an orange coat with a belt", negative="buttons"),
            with_value(COAT, "colour", "orange"),
            note="Words alone, and something that must not be there.",
        ),
    ]


def _sketch(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "handbag.png"
    if not path.exists():
        Picture((HANDBAG,), "sketch", kind="hand", seed=1).draw(SIZE).image.save(path)
    return path

"""COCO object composition: a cut-out object and the names of its neighbours → the photo (Pic2Word, Saito et al.,
CVPR 2023, arXiv:2302.03084).

Files: `annotations/instances_val2017.json` and `val2017/*.jpg`, or a query list `coco_eval.csv` (columns id,
query_regions, query_class, classes) with the pictures. The paper's list was drawn without a seed and never shipped,
so it cannot be had; ours is drawn by hash: the same list for the same seed and annotations, everywhere and always.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from likebut.datasets.base import PictureFolder, RetrievalSet, first_existing, read_json, reading
from likebut.errors import BadData
from likebut.types import ImageLike, Item, Query, Region

HEADER = ("id", "query_regions", "query_class", "classes")
INSTANCES = ("annotations/instances_val2017.json", "instances_val2017.json", "coco/annotations/instances_val2017.json")
REMEDY = "COCO's annotations: images.cocodataset.org/annotations/annotations_trainval2017.zip."
SMALLEST = {"ours": 0.05, "paper": 0.0}  # share of the picture; the paper's code compares 0.05 with square pixels


@dataclass(frozen=True)
class Row:
    """One query: `box` is (left, top, right, bottom) in pixels, `others` the further classes in the picture.

    From the annotations also the object's outline (`segments`) and the picture's (width, height).
    """

    file: str
    box: tuple[float, float, float, float]
    kind: str
    others: tuple[str, ...]
    segments: Any = None
    size: tuple[int, int] = (0, 0)

    @property
    def text(self) -> str:
        """The words that follow "a photo of * and": all class names; without others it ends in "and "."""
        return f"{self.kind} and {' and '.join(self.others)}"


def read(
    root: Path, split: str = "val2017", *, seed: int = 0, size: str = "ours", query: str = "object"
) -> list[RetrievalSet]:
    """The query list in `root` if there is one, else the one drawn from the annotations with `seed`.

    size   "ours": boxes of 5 to 50 % of the picture; "paper": as the published script decides, tiny boxes included
    query  "object": the object cut out on white; "crop": its box with what is around it; "region": the whole picture
           with a mask, for encoders that look at one
    """
    listed = root / "coco_eval.csv"
    rows = list(read_list(listed)) if listed.exists() else draw(_instances(root), seed=seed, size=size)
    segments: Mapping[str, Any] = {}
    if query != "crop" and any((root / place).exists() for place in INSTANCES):
        segments = {row.file: row for row in rows if row.segments is not None} or _segments_of(rows, _instances(root))
    bases = (root, root.parent, root / "coco", root / "COCO2017")
    folder = PictureFolder([base / split for base in bases] + [root / "images"], ".jpg")
    gallery = [Item(row.file, folder.find(Path(row.file).stem)) for row in rows]
    images = {item.id: item for item in gallery}
    if len(images) < len(gallery):
        raise BadData(
            f"The COCO query list names {len(gallery) - len(images)} pictures twice; it has one query per picture."
        )
    boxes = {row.file: row for row in rows}

    def cut(item: Item) -> ImageLike:
        """The picture of a query's object, or a gallery picture as it is."""
        if "view" not in item.metadata:
            return item.image
        name = item.id.removesuffix("#object")
        outline = segments.get(name) if query == "object" else None
        if query == "object" and outline is None:
            raise BadData(f"The objects of {listed} cannot be cut out without their outlines. {REMEDY}")
        return cut_out(item.image, boxes[name].box, outline.segments if outline else None)

    whole = query == "region"
    return [
        RetrievalSet(
            name="coco",
            split=split,
            gallery=gallery,
            queries=[
                Query(
                    f"@{row.file}" if whole else f"@{row.file}#object",
                    row.text,
                    region=_region(row.file, segments.get(row.file)) if whole else None,
                    id=row.file,
                )
                for row in rows
            ],
            relevant={row.file: frozenset([row.file]) for row in rows},
            references=[]
            if whole
            else [
                Item(f"{row.file}#object", images[row.file].image, {"view": f"coco {query} {row.box}"}) for row in rows
            ],
            open=cut,
        )
    ]


def draw(instances: Mapping[str, Any], *, seed: int = 0, size: str = "ours") -> list[Row]:
    """One object per picture, in order of file name; pictures without an object of the right size have no query.

    The object is the one whose sha256 of "seed:picture:annotation" is smallest: a draw that no random number
    generator, library version or order of the file can change.
    """
    names = {kind["id"]: kind["name"] for kind in instances["categories"]}
    pictures = {image["id"]: image for image in instances["images"]}
    inside: dict[int, list[Mapping[str, Any]]] = {}
    for annotation in instances["annotations"]:
        inside.setdefault(annotation["image_id"], []).append(annotation)
    rows = []
    for number, members in inside.items():
        image = pictures[number]
        area = image["width"] * image["height"]
        least = SMALLEST["ours"] * area if size == "ours" else 0.05
        fitting = [a for a in members if not a.get("iscrowd") and least < a["bbox"][2] * a["bbox"][3] < 0.5 * area]
        if not fitting:
            continue
        chosen = min(fitting, key=lambda a: sha256(f"{seed}:{number}:{a['id']}".encode()).digest())
        kind = names[chosen["category_id"]]
        others = sorted({names[a["category_id"]] for a in members} - {kind})
        x, y, width, height = chosen["bbox"]
        box = (x, y, round(x + width, 2), round(y + height, 2))
        picture = (image["width"], image["height"])
        rows.append(Row(image["file_name"], box, kind, tuple(others), chosen["segmentation"], picture))
    return sorted(rows, key=lambda row: row.file)


def read_list(path: Path) -> Iterator[Row]:
    """A query list in the columns of the published script."""
    with path.open(newline="", encoding="utf-8") as file:
        for number, line in enumerate(csv.DictReader(file), start=2):
            try:
                left, top, right, bottom = (float(side) for side in line["query_regions"].strip().split(";"))
                others = tuple(name for name in line["classes"].split(";") if name)
                yield Row(line["id"], (left, top, right, bottom), line["query_class"], others)
            except (KeyError, ValueError, AttributeError, TypeError) as error:
                raise BadData(f"{path}, line {number}: expected the columns {','.join(HEADER)} ({error}).") from error


def written(rows: Sequence[Row]) -> str:
    """A query list as text, in the columns of the published script; its sha256 names it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for row in rows:
        writer.writerow([row.file, ";".join(str(side) for side in row.box) + " ", row.kind, ";".join(row.others)])
    return text.getvalue()


def cut_out(source: ImageLike, box: tuple[float, float, float, float], segments: Any = None) -> ImageLike:
    """The box of a picture, squashed to a square as the paper has it; outside `segments` it is white."""
    from PIL import Image

    from likebut.images import load_image

    picture = load_image(source)
    if segments is not None:
        white = Image.new("RGB", picture.size, (255, 255, 255))
        picture = Image.composite(picture, white, outline(segments, picture.size))
    left, top, right, bottom = (int(side) for side in box)
    crop = picture.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    side = max(crop.size)
    return crop.resize((side, side), Image.Resampling.BICUBIC)


def outline(segments: Any, size: tuple[int, int]) -> Any:
    """COCO polygons, or uncompressed run lengths → a Pillow mask of `size` (width, height), 255 inside."""
    import numpy as np
    from PIL import Image, ImageDraw

    if isinstance(segments, Mapping):
        runs = np.repeat(np.arange(len(segments["counts"])) % 2, segments["counts"]).astype(np.uint8) * 255
        return Image.fromarray(runs.reshape(size[0], size[1]).T.copy())
    mask = Image.new("L", size)
    for polygon in segments:
        ImageDraw.Draw(mask).polygon([float(corner) for corner in polygon], fill=255)
    return mask


def _region(file: str, row: Row | None) -> Region:
    """The object's mask as PNG bytes, which stay small until an encoder opens them."""
    if row is None:
        raise BadData(f"The mask of {file} needs its outline. {REMEDY}")
    data = io.BytesIO()
    outline(row.segments, row.size).save(data, "PNG")
    return Region(mask=data.getvalue())


def _instances(root: Path) -> Mapping[str, Any]:
    path = first_existing(root, INSTANCES, "coco_eval.csv and no instances_val2017.json", REMEDY)
    with reading(path):
        data: Mapping[str, Any] = read_json(path)
        return {key: data[key] for key in ("images", "annotations", "categories")}


def _segments_of(rows: Sequence[Row], instances: Mapping[str, Any]) -> dict[str, Row]:
    """Finds the outlines that a query list leaves out, by picture, class and box."""
    names = {kind["id"]: kind["name"] for kind in instances["categories"]}
    pictures = {image["id"]: image for image in instances["images"]}
    found: dict[tuple[str, str, tuple[int, ...]], tuple[Any, tuple[int, int]]] = {}
    for a in instances["annotations"]:
        x, y, width, height = a["bbox"]
        corners = tuple(round(side) for side in (x, y, x + width, y + height))
        image = pictures[a["image_id"]]
        outlined = (a["segmentation"], (image["width"], image["height"]))
        found[image["file_name"], names[a["category_id"]], corners] = outlined
    keys = {row.file: (row.file, row.kind, tuple(round(side) for side in row.box)) for row in rows}
    return {
        row.file: Row(row.file, row.box, row.kind, row.others, *found[keys[row.file]])
        for row in rows
        if keys[row.file] in found
    }

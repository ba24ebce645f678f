"""GeneCIS: four tasks of conditional similarity, each query with a small gallery of its own (Vaze et al., CVPR 2023,
arXiv:2306.07969).

Files: `genecis/{focus,change}_{attribute,object}.json` (facebookresearch/genecis, CC BY-NC 4.0). Object tasks use
COCO val2017 pictures, attribute tasks boxes in Visual Genome pictures (`VG_100K_all/ID.jpg`, or `VG_100K` and
`VG_100K_2`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from likebut.datasets.base import PictureFolder, RetrievalSet, as_is, first_existing, read_json, reading
from likebut.types import ImageLike, Item, Query

GROWTH = 0.7  # of a box's width to the left and of its height upwards, as the published evaluation cuts


def read(root: Path, split: str) -> list[RetrievalSet]:
    """`split` is the task, e.g. "focus_attribute". Query ids are positions in the file, from 0.

    Items of object tasks are named by COCO id, items of attribute tasks by "ID@x,y,w,h".
    """
    path = first_existing(
        root,
        [f"{base}{split}.json" for base in ("genecis/", "", "GeneCIS/genecis/", "GeneCIS/")],
        f"{split}.json",
        "It is at github.com/facebookresearch/genecis (CC BY-NC 4.0).",
    )
    boxes = split.endswith("attribute")
    bases = (root, root.parent)
    names = ("VG_100K_all", "VG_100K", "VG_100K_2") if boxes else ("val2017", "coco/val2017", "COCO2017/val2017")
    folder = PictureFolder([base / name for base in bases for name in names], ".jpg")
    entries = read_json(path)
    with reading(path):
        rows = [
            [_item(image, boxes, folder) for image in (entry["reference"], entry["target"], *entry["gallery"])]
            for entry in entries
        ]
        texts = [str(entry["condition"]) for entry in entries]
    gallery = {item.id: item for _, *candidates in rows for item in candidates}
    return [
        RetrievalSet(
            name="genecis",
            split=split,
            gallery=list(gallery.values()),
            queries=[
                Query(f"@{row[0].id}", text, id=str(i)) for i, (row, text) in enumerate(zip(rows, texts, strict=True))
            ],
            relevant={str(i): frozenset([row[1].id]) for i, row in enumerate(rows)},
            galleries={str(i): tuple(dict.fromkeys(item.id for item in row[1:])) for i, row in enumerate(rows)},
            references=list({row[0].id: row[0] for row in rows if row[0].id not in gallery}.values()),
            pictures={item.id: item.id.partition("@")[0] for row in rows for item in row} if boxes else {},
            open=cut if boxes else as_is,
        )
    ]


def _item(image: Mapping[str, Any], boxes: bool, folder: PictureFolder) -> Item:
    if not boxes:
        number = int(image["val_image_id"])
        return Item(str(number), folder.find(f"{number:012d}"))
    box = ",".join(str(int(side)) for side in image["instance_bbox"])
    return Item(f"{image['image_id']}@{box}", folder.find(str(image["image_id"])), {"view": f"genecis {box}"})


def cut(item: Item) -> ImageLike:
    """The box of an attribute item, grown and padded to a black square.

    The published evaluation means to grow the box on all sides, but computes the right and lower edge from the
    moved corner, so only the left and upper side grow. Kept, because the published numbers have it.
    """
    from PIL import Image

    from likebut.images import load_image

    picture = load_image(item.image)
    x, y, width, height = (int(side) for side in item.metadata["view"].removeprefix("genecis ").split(","))
    left, top = max(0, int(x - GROWTH * width)), max(0, int(y - GROWTH * height))
    right, bottom = (
        min(picture.width, int(left + (1 + GROWTH) * width)),
        min(picture.height, int(top + (1 + GROWTH) * height)),
    )
    crop = picture.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    square = Image.new("RGB", (max(crop.size), max(crop.size)))
    square.paste(crop, ((square.width - crop.width) // 2, (square.height - crop.height) // 2))
    return square

"""CIRCO: several right answers per query among COCO's unlabeled photos (Baldrati et al., ICCV 2023, arXiv:2303.15247).

Files: `annotations/{val,test}.json` (miccunifi/CIRCO, CC BY-NC 4.0) and COCO's `image_info_unlabeled2017.json`, whose
order is the gallery's; pictures `unlabeled2017/<12 digits>.jpg`. `shared_concept` is not read: it is an annotator's
hint, and feeding it to a model is another protocol.
"""

from __future__ import annotations

from pathlib import Path

from likebut.datasets.base import PictureFolder, RetrievalSet, first_existing, read_json, reading
from likebut.types import Item, Query

ROOTS = ("", "CIRCO/", "circo/", "data/circo/", "datasets/CIRCO/")
INFO = "image_info_unlabeled2017.json"


def read(root: Path, split: str = "val", *, exclude_reference: bool = False) -> list[RetrievalSet]:
    """`split` is "val" (with answers) or "test" (scored by the authors' server). Ids are COCO's, as text."""
    captions = first_existing(
        root,
        [f"{base}{folder}{split}.json" for base in ROOTS for folder in ("annotations/", "")],
        f"annotations/{split}.json",
        "It is at github.com/miccunifi/CIRCO (CC BY-NC 4.0).",
    )
    places = ("COCO2017_unlabeled/annotations/", "COCO2017_unlabeled/", "annotations/", "")
    info = first_existing(
        root,
        [f"{base}{place}{INFO}" for base in ROOTS for place in places],
        INFO,
        "It names the gallery and comes with COCO: images.cocodataset.org/annotations/image_info_unlabeled2017.zip.",
    )
    folder = PictureFolder(
        [root / base / place / "unlabeled2017" for base in ROOTS for place in ("COCO2017_unlabeled", "")]
        + [info.parent.parent / "unlabeled2017"],
        ".jpg",
    )
    entries = read_json(captions)
    with reading(info):
        gallery = [
            Item(str(image["id"]), folder.find(Path(image["file_name"]).stem)) for image in read_json(info)["images"]
        ]
    with reading(captions):
        aspects: dict[str, set[str]] = {}
        for entry in entries:
            for aspect in entry.get("semantic_aspects", ()):
                aspects.setdefault(aspect, set()).add(str(entry["id"]))
        answered = [entry for entry in entries if "gt_img_ids" in entry]
        return [
            RetrievalSet(
                name="circo",
                split=split,
                gallery=gallery,
                queries=[
                    Query(
                        f"@{entry['reference_img_id']}",
                        entry["relative_caption"],
                        exclude=frozenset([str(entry["reference_img_id"])] if exclude_reference else []),
                        id=str(entry["id"]),
                    )
                    for entry in entries
                ],
                relevant={str(entry["id"]): frozenset(map(str, entry["gt_img_ids"])) for entry in answered},
                targets={str(entry["id"]): str(entry["target_img_id"]) for entry in answered},
                slices={aspect: frozenset(ids) for aspect, ids in sorted(aspects.items())},
            )
        ]

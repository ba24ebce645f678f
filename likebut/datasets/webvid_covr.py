"""WebVid-CoVR: a video clip and a change → another clip (Ventura et al., AAAI 2024, arXiv:2308.14746).

Files: `webvid8m-covr_test.csv` with columns pth1 (reference), pth2 (target), edit; clips `FOLDER/ID.mp4`. A clip
stands for itself by its middle frame; the paper's targets average 15 frames, which is another number.
"""

from __future__ import annotations

import csv
from pathlib import Path

from likebut.datasets.base import RetrievalSet, covr_caption, first_existing
from likebut.errors import BadData, BadImage, NotFound
from likebut.types import ImageLike, Item, Query

REMEDY = "It is linked from github.com/lucas-ventura/CoVR (MIT)."
CLIPS = ("", "8M/train", "datasets/WebVid/8M/train", "WebVid/8M/train", "videos", "frames")
ENDINGS = (".mp4", ".webm", ".jpg", ".png")


def read(root: Path, split: str = "test", *, captions: str = "covr") -> list[RetrievalSet]:
    """Gallery: the distinct targets, in order of the file. The reference is not ranked. Query ids: rows from 0."""
    name = f"webvid8m-covr_{split}.csv"
    path = first_existing(
        root, [f"{base}{name}" for base in ("", "annotation/webvid-covr/", "webvid-covr/")], name, REMEDY
    )
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"pth1", "pth2", "edit"} <= rows[0].keys():
        raise BadData(
            f"{path} needs the columns pth1, pth2 and edit; found {', '.join(rows[0]) if rows else 'nothing'}."
        )
    clips = [root / place for place in CLIPS if (root / place).is_dir()]
    targets = list(dict.fromkeys(row["pth2"] for row in rows))
    references = dict.fromkeys(row["pth1"] for row in rows if row["pth1"] not in set(targets))
    return [
        RetrievalSet(
            name="webvid-covr",
            split=split,
            gallery=[_item(clips, clip) for clip in targets],
            references=[_item(clips, clip) for clip in references],
            queries=[
                Query(
                    f"@{row['pth1']}",
                    covr_caption(row["edit"]) if captions == "covr" else row["edit"],
                    exclude=frozenset([row["pth1"]]),
                    id=str(i),
                )
                for i, row in enumerate(rows)
            ],
            relevant={str(i): frozenset([row["pth2"]]) for i, row in enumerate(rows)},
            open=middle_frame,
        )
    ]


def _item(folders: list[Path], clip: str) -> Item:
    for folder in folders:
        for ending in ENDINGS:
            if (folder / f"{clip}{ending}").exists():
                return Item(clip, folder / f"{clip}{ending}", {"view": "middle frame"})
    return Item(clip, folders[0] / f"{clip}.mp4", {"view": "middle frame"})


def middle_frame(item: Item) -> ImageLike:
    """The frame half-way through a clip, (H, W, 3) RGB; a picture stays as it is."""
    path = Path(str(item.image))
    if path.suffix not in (".mp4", ".webm"):
        return path
    if not path.exists():
        raise NotFound(f"{path} does not exist.")
    import cv2

    clip = cv2.VideoCapture(str(path))
    try:
        clip.set(cv2.CAP_PROP_POS_FRAMES, int(clip.get(cv2.CAP_PROP_FRAME_COUNT)) // 2)
        read, frame = clip.read()
    finally:
        clip.release()
    if not read:
        raise BadImage(str(path), "no frame can be read from this clip")
    return cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)

"""FashionIQ: product photos and two captions per pair (Wu et al., CVPR 2021, arXiv:1905.12794).

Files: `captions/cap.CATEGORY.SPLIT.json`, `image_splits/split.CATEGORY.SPLIT.json`, pictures `images/ASIN.{jpg,png}`
flat or in one folder per category. Three galleries and several ways to join the captions are in use; they are
options here and separate benchmarks outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from likebut.datasets.base import PictureFolder, RetrievalSet, covr_caption, first_existing, read_json, reading
from likebut.types import Item, Query

CATEGORIES = ("dress", "shirt", "toptee")
ROOTS = (
    "",
    "FashionIQ/",
    "fashionIQ_dataset/",
    "fashioniq/",
    "fashion-iq/",
    "data/fashion-iq/",
    "annotation/fashion-iq/",
)
PICTURES = ("images", "image_data", "resized_images", "resized_image", "datasets/fashion-iq/images", "")
REMEDY = "The annotations are at github.com/XiaoxiaoGuo/fashion-iq (CDLA)."
_TRIMMED = ".?, "


def _clip4cir(first: str, second: str) -> tuple[str, ...]:
    return (f"{first.strip(_TRIMMED).capitalize()} and {second.strip(_TRIMMED)}",)


def _both_orders(first: str, second: str) -> tuple[str, ...]:
    a, b = first.strip(_TRIMMED), second.strip(_TRIMMED)
    return f"{a} and {b}", f"{b} and {a}"


def _pic2word(first: str, second: str) -> tuple[str, ...]:
    return (f"{second} and {first}",)


def _covr(first: str, second: str) -> tuple[str, ...]:
    return (covr_caption(f"{first} and {second}"),)


# How two captions become the texts of one query; the vectors of several texts are averaged.
CAPTION_RULES: Mapping[str, Callable[[str, str], tuple[str, ...]]] = {
    "clip4cir": _clip4cir,  # trimmed, first one capitalised, joined by "and" (also SPRC)
    "searle": _both_orders,  # trimmed, both orders, averaged (also LinCIR)
    "pic2word": _pic2word,  # second caption first, nothing trimmed
    "covr": _covr,  # joined, then CoVR's cleaning
}


def read(
    root: Path,
    split: str = "val",
    *,
    exclude_reference: bool = False,
    gallery: str = "split",
    captions: str = "clip4cir",
) -> list[RetrievalSet]:
    """One part per category; query ids are CATEGORY-POSITION, position in the caption file from 0.

    gallery  "split": every picture of the split file; "pairs": references and targets of the queries only, as VAL,
             CosMo and TG-CIR evaluate; "targets": targets only, as CoVR validates while training
    """
    return [_category(root, name, split, exclude_reference, gallery, captions) for name in CATEGORIES]


def _category(root: Path, category: str, split: str, exclude: bool, gallery: str, captions: str) -> RetrievalSet:
    caption_file = _find(root, [f"captions/cap.{category}.{split}.json", f"cap.{category}.{split}.json"])
    split_file = _find(root, [f"image_splits/split.{category}.{split}.json", f"split.{category}.{split}.json"])
    entries, names = read_json(caption_file), read_json(split_file)
    folders = [
        base / place for base in (root, root.parent, *(root / name for name in ROOTS[1:4])) for place in PICTURES[:-1]
    ]
    folder = PictureFolder([path / category for path in folders] + folders + [root / category, root], ".jpg")
    join = CAPTION_RULES[captions]
    with reading(caption_file):
        texts = {f"{category}-{i}": join(*entry["captions"][:2]) for i, entry in enumerate(entries)}
        references = [entry["candidate"] for entry in entries]
        targets = [entry["target"] for entry in entries if "target" in entry]
    kept = set(names) if gallery == "split" else set(targets) if gallery == "targets" else {*references, *targets}
    images = {name: folder.find(name) for name in dict.fromkeys([*names, *references])}
    return RetrievalSet(
        name="fashioniq",
        split=split,
        part=category,
        gallery=[Item(name, images[name]) for name in names if name in kept],
        queries=[
            Query(f"@{reference}", text[0], exclude=frozenset([reference] if exclude else []), id=query)
            for reference, (query, text) in zip(references, texts.items(), strict=True)
        ],
        relevant={query: frozenset([target]) for query, target in zip(texts, targets, strict=False)},
        wordings={query: text[1:] for query, text in texts.items() if len(text) > 1},
        references=[Item(name, images[name]) for name in dict.fromkeys(references) if name not in kept],
    )


def _find(root: Path, places: list[str]) -> Path:
    return first_existing(root, [f"{base}{place}" for base in ROOTS for place in places], Path(places[0]).name, REMEDY)

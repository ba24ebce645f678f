"""Domain conversion: an ImageNet photo and the name of a style → pictures of that class in that style.

ImageNet-R as Pic2Word evaluates it (Saito et al., CVPR 2023, arXiv:2302.03084), and the variant whose queries carry
ImageNet-S masks. Files: `imgnet_real_query.txt` ("path label" per line), `imgnet_targets.txt`, or
`imgnet_real_query_alpha.txt` ("path mask label"); gallery labels are 1000 × domain + class. All photos that are
queried for are in the gallery too, as domain 6.
"""

from __future__ import annotations

from pathlib import Path

from likebut.datasets.base import RetrievalSet, first_existing
from likebut.errors import BadData
from likebut.types import Item, Query, Region

DOMAINS = ("cartoon", "origami", "toy", "sculpture")  # their number is the thousands of a label
ROOTS = ("", "imgnet/", "data/imgnet/", "imagenet_r/")
REMEDY = "The lists are at github.com/google-research/composed_image_retrieval, data/imgnet."


def read(root: Path, split: str = "real") -> list[RetrievalSet]:
    """One part per domain over one gallery. `split`: "real" (ImageNet-R), or "alpha" (queries with masks).

    Items are named by their path in the lists; query ids are DOMAIN:PATH.
    """
    query_file = "imgnet_real_query_alpha.txt" if split == "alpha" else "imgnet_real_query.txt"
    listed = _lines(_find(root, query_file), 3 if split == "alpha" else 2)
    targets = _lines(_find(root, "imgnet_targets.txt"), 2)
    gallery = [Item(path, _place(root, path)) for path, _ in targets]
    known = {item.id for item in gallery}
    by_label: dict[int, list[str]] = {}
    for path, label in targets:
        by_label.setdefault(int(label), []).append(path)
    answers = {label: frozenset(paths) for label, paths in by_label.items()}
    outside = [Item(path, _place(root, path)) for path, *_ in listed if path not in known]
    return [
        RetrievalSet(
            name="imagenet-s" if split == "alpha" else "imagenet-r",
            split=split,
            part=domain,
            gallery=gallery,
            queries=[
                Query(
                    f"@{path}", domain, Region(mask=str(_place(root, mask[0]))) if mask else None, id=f"{domain}:{path}"
                )
                for path, *mask, _ in listed
            ],
            relevant={
                f"{domain}:{line[0]}": answers.get(1000 * number + int(line[-1]), frozenset()) for line in listed
            },
            references=list({item.id: item for item in outside}.values()),
        )
        for number, domain in enumerate(DOMAINS)
    ]


def _find(root: Path, name: str) -> Path:
    return first_existing(root, [f"{base}{name}" for base in ROOTS], name, REMEDY)


def _lines(path: Path, columns: int) -> list[list[str]]:
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    for number, line in enumerate(lines, start=1):
        if len(line) != columns or not line[-1].isdigit():
            raise BadData(
                f"{path}, line {number}: expected {columns} columns with a label at the end; found {' '.join(line)!r}."
            )
    return lines


def _place(root: Path, path: str) -> Path:
    """A path of the lists begins with "imgnet/"; people unpack that folder here, or one level up, or are inside it."""
    inner = path.removeprefix("imgnet/")
    for place in (root / path, root / "data" / path, root / inner, root.parent / path):
        if place.exists():
            return place
    return root / path

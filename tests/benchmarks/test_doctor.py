"""One small CIRR, whole; then one copy per kind of damage. The doctor must name the kind and the first offender."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from likebut.benchmarks.doctor import KINDS, check

NAMES = [f"dev-{number}" for number in range(8)]
ALWAYS = {"query-count", "gallery-count"}  # eight pictures are not CIRR's 2,297


def caption(pair: int, reference: str, target: str, text: str = "is red") -> dict[str, Any]:
    members = [reference, target, *[name for name in NAMES if name not in (reference, target)][:4]]
    return {
        "pairid": pair,
        "reference": reference,
        "target_hard": target,
        "target_soft": {target: 1.0},
        "caption": text,
        "img_set": {"id": pair, "members": members, "reference_rank": 0, "target_rank": 1},
    }


@pytest.fixture
def cirr(tmp_path: Path) -> Path:
    """The intact copy."""
    root = tmp_path / "cirr"
    for folder in ("captions", "image_splits", "dev"):
        (root / folder).mkdir(parents=True)
    captions = [caption(0, NAMES[0], NAMES[1]), caption(1, NAMES[2], NAMES[3])]
    (root / "captions/cap.rc2.val.json").write_text(json.dumps(captions))
    (root / "image_splits/split.rc2.val.json").write_text(json.dumps({name: f"./dev/{name}.png" for name in NAMES}))
    rng = np.random.default_rng(0)
    for name in NAMES:
        Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)).save(root / f"dev/{name}.png")
    return root


def edit(path: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        data = json.loads((root / path).read_text())
        (root / path).write_text(json.dumps(change(data)))

    return damage


def write(path: str, content: bytes) -> Callable[[Path], None]:
    return lambda root: (root / path).write_bytes(content) and None


def cut_short(root: Path) -> None:
    picture = root / "dev/dev-0.png"
    picture.write_bytes(picture.read_bytes()[:-400])


def rename(old: str, new: str) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / old).rename(root / new)

    return damage


def placeholder(root: Path) -> None:
    for name in NAMES[:6]:
        shutil.copy(root / "dev/dev-7.png", root / f"dev/{name}.png")


def archived(root: Path) -> None:
    shutil.make_archive(str(root / "dev"), "zip", root / "dev")
    shutil.rmtree(root / "dev")


def dead_link(root: Path) -> None:
    (root / "dev/dev-0.png").unlink()
    (root / "dev/dev-0.png").symlink_to(root / "nowhere.png")


def members(entry: dict[str, Any], new: list[str]) -> dict[str, Any]:
    return {**entry, "img_set": {**entry["img_set"], "members": new}}


CAPTIONS, SPLIT = "captions/cap.rc2.val.json", "image_splits/split.rc2.val.json"
DAMAGE: list[tuple[str, str, Callable[[Path], Any]]] = [
    ("folder-missing", "cirr", shutil.rmtree),
    ("annotations-missing", "cirr", lambda root: (root / SPLIT).unlink()),
    ("annotations-broken", "split.rc2", write(SPLIT, b'{"dev-0": "./dev')),
    ("annotations-broken", "cap.rc2", write(CAPTIONS, b"<!DOCTYPE html><title>Not found</title>")),
    ("annotations-broken", "cap.rc2", write(CAPTIONS, b"version https://git-lfs.github.com/spec/v1\noid sha256:0")),
    ("annotations-broken", "cap.rc2", write(CAPTIONS, b"")),
    ("annotations-broken", "cirr", edit(CAPTIONS, lambda data: [{"pairid": 0}])),
    ("query-repeated", ": 0", edit(CAPTIONS, lambda data: [*data, data[0]])),
    ("reference-unknown", "query 9", edit(CAPTIONS, lambda data: [*data, caption(9, "test-5", NAMES[1])])),
    ("answer-unknown", "query 9", edit(CAPTIONS, lambda data: [*data, caption(9, NAMES[1], "test-5")])),
    ("answer-excluded", "query 9", edit(CAPTIONS, lambda data: [*data, caption(9, NAMES[1], NAMES[1])])),
    ("text-empty", "query 9", edit(CAPTIONS, lambda data: [*data, caption(9, NAMES[1], NAMES[2], " ")])),
    ("group-broken", "query 1", edit(CAPTIONS, lambda data: [data[0], members(data[1], NAMES[:2] + NAMES[4:8])])),
    ("group-size", "query 1", edit(CAPTIONS, lambda data: [data[0], members(data[1], NAMES[2:4] * 3)])),
    ("pictures-missing", "dev-3.png", lambda root: (root / "dev/dev-3.png").unlink()),
    ("picture-case", "dev-3.png", rename("dev/dev-3.png", "dev/DEV-3.PNG")),
    ("picture-elsewhere", "dev-3.png", rename("dev/dev-3.png", "pictures/more/dev-3.png")),
    ("picture-archived", "dev.zip", archived),
    ("picture-empty", "dev-0.png", write("dev/dev-0.png", b"")),
    ("picture-page", "dev-0.png", write("dev/dev-0.png", b"<html><body>403</body></html>")),
    ("picture-pointer", "dev-0.png", write("dev/dev-0.png", b"version https://git-lfs.github.com/spec/v1\n")),
    ("picture-broken", "dev-0.png", cut_short),
    ("picture-broken", "dev-0.png", write("dev/dev-0.png", b"these are no pixels")),
    ("picture-link", "dev-0.png", dead_link),
    ("picture-tiny", "dev-2.png", lambda root: Image.new("RGB", (1, 1)).save(root / "dev/dev-2.png")),
    ("picture-placeholder", "dev-0.png", placeholder),
    ("picture-copies", "dev-0.png", lambda root: shutil.copy(root / "dev/dev-0.png", root / "dev/dev-1.png")),
    ("picture-ending", "dev-4.png", lambda root: Image.new("RGB", (32, 32)).save(root / "dev/dev-4.png", "JPEG")),
    ("picture-twice", "dev-0", lambda root: Image.new("RGB", (32, 32)).save(root / "dev/dev-0.jpg")),
    ("picture-fork", "._dev-0.png", write("dev/._dev-0.png", b"\x00\x05\x16\x07")),
    ("picture-extra", "dev-900.png", lambda root: shutil.copy(root / "dev/dev-0.png", root / "dev/dev-900.png")),
]


def test_an_intact_copy_has_nothing_but_its_size_against_it(cirr: Path) -> None:
    report = check("cirr-val", cirr)
    assert {finding.kind for finding in report.findings} == ALWAYS
    assert report.sizes == {"queries": 2, "gallery": 8, "pictures_present": 8, "pictures_wanted": 8}
    counts = next(finding for finding in report.findings if finding.kind == "query-count")
    assert "found 2, expected 4,181" in counts.message


@pytest.mark.parametrize("kind, first, damage", DAMAGE, ids=[f"{i}-{kind}" for i, (kind, *_) in enumerate(DAMAGE)])
def test_planted_damage_is_found_with_its_first_offender_and_a_remedy(
    cirr: Path, kind: str, first: str, damage: Callable[[Path], Any]
) -> None:
    damage(cirr)
    report = check("cirr-val", cirr)
    found = [finding for finding in report.findings if finding.kind == kind]
    assert found, f"found only {[finding.kind for finding in report.findings]}"
    assert found[0].first.endswith(first) or first in found[0].first
    assert len(found[0].remedy) > 10
    assert found[0].count >= 1


def test_at_least_twenty_kinds_are_planted() -> None:
    assert len({kind for kind, *_ in DAMAGE}) >= 20


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_picture_without_permission_is_named(cirr: Path) -> None:
    (cirr / "dev/dev-0.png").chmod(0)
    assert "picture-unreadable" in {finding.kind for finding in check("cirr-val", cirr).findings}


def test_without_pictures_vectors_can_still_be_scored(cirr: Path) -> None:
    shutil.rmtree(cirr / "dev")
    report = check("cirr-val", cirr)
    missing = next(finding for finding in report.findings if finding.kind == "pictures-missing")
    assert missing.count == 8
    assert "Hugging Face" in missing.remedy  # mirrors are named in words
    assert not report.runnable


def test_a_quick_look_misses_only_what_decoding_would_find(cirr: Path) -> None:
    cut_short(cirr)
    (cirr / "dev/dev-1.png").write_bytes(b"")
    kinds = {finding.kind for finding in check("cirr-val", cirr, decode=False).findings}
    assert kinds == ALWAYS | {"picture-empty"}


def test_progress_counts_every_picture(cirr: Path) -> None:
    seen: list[tuple[int, int]] = []
    check("cirr-val", cirr, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 8) for done in range(1, 9)]


def test_every_kind_says_what_to_do() -> None:
    assert all(len(remedy) > 4 and message for _, message, remedy in KINDS.values())

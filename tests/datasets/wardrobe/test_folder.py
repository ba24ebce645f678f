"""make and read: a folder that can be finished after a crash, is the same every time, and is read back whole."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from likebut.datasets.wardrobe.draw import mask_box
from likebut.datasets.wardrobe.gallery import sample_gallery
from likebut.datasets.wardrobe.make import make
from likebut.datasets.wardrobe.pictures import Picture
from likebut.datasets.wardrobe.read import captions, read, triplets
from likebut.datasets.wardrobe.tasks import TASKS
from likebut.errors import BadData, NotFound, UnknownName

SETTINGS = {"size": "small", "pixels": 48}
FEW = {"splits": ("val",), "benchmarks": ("wardrobe-region", "wardrobe-sketch"), **SETTINGS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    to = tmp_path_factory.mktemp("made") / "wardrobe"
    make(to, splits=("train", "val"), **SETTINGS)
    return to


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "drawn.jsonl"
    }


def test_a_run_that_was_killed_goes_on_and_ends_the_same(tmp_path):
    class Killed(Exception):
        pass

    def kill(done, total):
        if done > total // 2:
            raise Killed

    again = tmp_path / "again"
    with pytest.raises(Killed):
        make(again, progress=kill, **FEW)
    log = again / "val" / "drawn.jsonl"
    log.write_text(log.read_text()[:-20])  # the last line was cut short
    before = {path: path.stat().st_mtime_ns for path in again.rglob("pictures/*/*")}
    assert before
    make(again, **FEW)
    redrawn = [path for path, time in before.items() if path.stat().st_mtime_ns != time]
    assert len(redrawn) <= 1  # only the picture whose line was cut
    make(tmp_path / "straight", **FEW)
    assert content(again) == content(tmp_path / "straight")


def test_a_finished_folder_is_not_drawn_again(folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.jpg")}
    steps = []
    make(folder, splits=("train", "val"), progress=lambda done, total: steps.append((done, total)), **SETTINGS)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.jpg")} == before
    assert steps[-1][0] == steps[-1][1] == len(set(json_ids(folder)))


def json_ids(folder):
    for split in ("train", "val"):
        for line in (folder / split / "pictures.jsonl").read_text().splitlines():
            yield split, json.loads(line)["id"]


def test_two_processes_make_the_same_folder(folder, tmp_path):
    make(tmp_path / "two", splits=("train",), workers=2, **SETTINGS)
    assert {k: v for k, v in content(tmp_path / "two").items() if k.parts[0] == "train"} == {
        k: v for k, v in content(folder).items() if k.parts[0] == "train"
    }


def test_a_folder_of_other_settings_or_other_things_is_refused(folder, tmp_path):
    with pytest.raises(BadData, match="was begun with"):
        make(folder, splits=("val",), seed=1, **SETTINGS)
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(BadData, match="not a Wardrobe folder"):
        make(tmp_path, **SETTINGS)
    with pytest.raises(UnknownName, match="huge"):
        make(tmp_path / "new", size="huge")


def test_a_later_split_keeps_the_earlier_one_in_the_manifest(folder, tmp_path):
    both = json.loads((folder / "manifest.json").read_text())
    alone = make(tmp_path / "alone", splits=("train",), **SETTINGS)
    assert alone["splits"] == {"train": both["splits"]["train"]}
    make(tmp_path / "alone", **FEW)
    manifest = json.loads((tmp_path / "alone" / "manifest.json").read_text())
    assert manifest["splits"]["train"] == both["splits"]["train"]
    assert list(manifest["splits"]["val"]["benchmarks"]) == list(FEW["benchmarks"])


@pytest.mark.parametrize("name", TASKS)
def test_what_is_read_is_what_was_built(folder, name):
    from likebut.datasets.wardrobe.tasks.base import SIZES

    task = TASKS[name]("val", 0, SIZES["small"]["val"])
    part = read(folder, name, "val")
    assert [item.id for item in part.gallery] == [picture.id for picture in task.gallery]
    assert {id_: set(found) for id_, found in part.relevant.items()} == {q.id: set(q.relevant) for q in task.queries}
    assert [query.text for query in part.queries] == [query.text for query in task.queries]
    assert set(part.groups) == {query.id for query in task.queries if query.group}
    assert part.slices["seen"] | part.slices.get("unseen", frozenset()) == set(part.relevant)
    qrels = (folder / "val" / name / "qrels.txt").read_text().split("\n")[:-1]
    assert sorted(qrels) == sorted(f"{q.id} 0 {id_} 1" for q in task.queries for id_ in q.relevant)
    for item in part.gallery[:20]:
        assert Image.open(item.image).size == (48, 48)
        assert item.metadata["style"]
    for query in part.queries:
        if isinstance(query.reference, str) and query.reference_id is None:
            Image.open(query.reference).verify()
        if query.sketch:
            assert Image.open(query.sketch).mode == "L"


def test_a_region_is_the_mask_of_its_garment(folder):
    for line, query in zip(
        lines(folder / "val/wardrobe-region/queries.jsonl"), read(folder, "wardrobe-region", "val").queries, strict=True
    ):
        mask = np.asarray(Image.open(query.region.mask))
        assert mask.shape == (48, 48)
        assert mask_box(mask) == pytest.approx(tuple(line["box"]), abs=1e-4)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_scenes_list_a_box_and_a_mask_per_garment(folder):
    for scene in lines(folder / "val/scenes.jsonl"):
        assert len(scene["garments"]) == len(scene["boxes"]) == len(scene["masks"]) >= 2
        for box, mask in zip(scene["boxes"], scene["masks"], strict=True):
            assert mask_box(np.asarray(Image.open(folder / "val" / mask))) == pytest.approx(tuple(box), abs=1e-4)


def test_captions_and_triplets_lead_to_pictures(folder):
    read_captions = list(captions(folder, "train"))
    assert len(read_captions) == 180
    assert not any(unseen for _, _, unseen in read_captions)
    read_triplets = list(triplets(folder))
    assert len(read_triplets) == 60
    for query, target in read_triplets:
        Image.open(query.reference).verify()
        Image.open(target).verify()
        assert query.text


def test_the_content_hash_is_of_attributes_and_commands_not_of_pixels(folder, tmp_path):
    large = make(tmp_path / "large", splits=("train",), size="small", pixels=64)
    assert (
        large["splits"]["train"]["content_sha256"]
        == json.loads((folder / "manifest.json").read_text())["splits"]["train"]["content_sha256"]
    )


def test_a_benchmark_that_was_not_made_says_how_to_make_it(folder, tmp_path):
    with pytest.raises(NotFound, match="likebut data make wardrobe"):
        read(tmp_path, "wardrobe-edit", "test")
    with pytest.raises(NotFound, match="it has wardrobe-caption"):
        read(folder, "wardrobe-edits", "val")


def test_a_picture_line_of_another_version_is_refused(folder):
    line = lines(folder / "train/pictures.jsonl")[0]
    assert Picture.from_json(line).id == line["id"]
    with pytest.raises(BadData, match="another version"):
        Picture.from_json({**line, "seed": line["seed"] + 1})


def test_the_sample_gallery_is_varied_and_fixed():
    rows = list(sample_gallery(80, seed=0))
    assert [(id_, picture.id) for id_, picture, _ in rows] == [
        (id_, picture.id) for id_, picture, _ in sample_gallery(80, seed=0)
    ]
    assert len({picture.id for _, picture, _ in rows}) == 80
    assert {row["item"] for _, _, row in rows} == {row["item"] for _, _, row in rows[:16]}
    assert all(5 <= row["price"] <= 250 and row["title"] for _, _, row in rows)
    assert len({row["colour"] for _, _, row in rows}) >= 10


def test_the_wardrobe_needs_no_torch():
    modules = "make, read, gallery, samples, triplets, edges, hand, sheet"
    code = f"import sys; from likebut.datasets.wardrobe import {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

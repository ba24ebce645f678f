"""COCO composition: a query list drawn by hash, and objects cut out of small made-up pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likebut.datasets import coco
from likebut.errors import BadData, NotFound

GOLDENS = Path(__file__).parents[1] / "goldens" / "metrics" / "coco"


def square(left, top, side):
    return [[left, top, left + side, top, left + side, top + side, left, top + side]]


def instances():
    """Two pictures, 100 x 100: one with three objects of which one is tiny, one with none of the right size."""
    boxes = [(1, 1, (10, 20, 40, 40)), (2, 2, (60, 60, 30, 30)), (3, 2, (5, 5, 2, 2))]
    return {
        "images": [{"id": n, "file_name": f"{n:012d}.jpg", "width": 100, "height": 100} for n in (1, 2)],
        "categories": [{"id": 1, "name": "cup"}, {"id": 2, "name": "teddy bear"}],
        "annotations": [
            {
                "id": a,
                "image_id": 1,
                "category_id": kind,
                "bbox": list(box),
                "segmentation": square(box[0], box[1], box[2]),
            }
            for a, kind, box in boxes
        ]
        + [{"id": 4, "image_id": 2, "category_id": 1, "bbox": [0, 0, 90, 90], "segmentation": square(0, 0, 90)}],
    }


@pytest.fixture
def data(tmp_path):
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "instances_val2017.json").write_text(json.dumps(instances()))
    (tmp_path / "val2017").mkdir()
    picture = Image.new("RGB", (100, 100), (0, 0, 255))
    picture.paste((255, 0, 0), (10, 20, 50, 60))
    picture.save(tmp_path / "val2017" / "000000000001.jpg", quality=100)
    return tmp_path


def test_the_list_depends_on_the_seed_and_on_nothing_else():
    content = instances()
    drawn = [coco.draw(content, seed=seed) for seed in range(20)]
    content["annotations"].reverse()
    assert [coco.draw(content, seed=seed) for seed in range(20)] == drawn
    assert {rows[0].kind for rows in drawn} == {"cup", "teddy bear"}


def test_the_list_of_seed_0_is_frozen():
    assert coco.written(coco.draw(instances(), seed=0)).splitlines() == [
        "id,query_regions,query_class,classes",
        "000000000001.jpg,10;20;50;60 ,cup,teddy bear",
    ]


def test_tiny_objects_are_only_in_the_paper_like_list():
    ours = {coco.draw(instances(), seed=seed)[0].box for seed in range(30)}
    paper = {coco.draw(instances(), seed=seed, size="paper")[0].box for seed in range(30)}
    assert paper - ours == {(5, 5, 7, 7)}


def test_words_and_boxes_read_as_in_the_official_loader():
    prompts = json.loads((GOLDENS / "prompts.json").read_text())
    rows = list(coco.read_list(GOLDENS / "coco_eval.csv"))
    assert [f"a photo of * and {row.text}" for row in rows] == [prompt["composed"] for prompt in prompts]
    assert [f"a photo of {row.text}" for row in rows] == [prompt["text"] for prompt in prompts]
    assert [[int(side) for side in row.box] for row in rows] == [prompt["region"] for prompt in prompts]


def test_a_list_that_is_written_reads_back_the_same(tmp_path):
    text = (GOLDENS / "coco_eval.csv").read_text()
    assert coco.written(list(coco.read_list(GOLDENS / "coco_eval.csv"))) == text
    (tmp_path / "coco_eval.csv").write_text("id,box\n1.jpg,3\n")
    with pytest.raises(BadData, match="line 2: expected the columns"):
        list(coco.read_list(tmp_path / "coco_eval.csv"))


@pytest.mark.parametrize("listed", [False, True])
def test_an_object_is_cut_out_on_white_and_squashed(data, listed):
    if listed:
        (data / "coco_eval.csv").write_text(coco.written(coco.draw(instances(), seed=0)))
    (part,) = coco.read(data)
    assert [item.id for item in part.gallery] == ["000000000001.jpg"]
    (reference,) = part.references
    assert part.queries[0].reference_id == reference.id
    picture = np.asarray(part.open(reference))
    assert picture.shape == (40, 40, 3)
    assert picture[20, 20] == pytest.approx([255, 0, 0], abs=20)
    assert part.open(part.gallery[0]) == part.gallery[0].image


def test_the_cut_follows_the_outline_not_the_box():
    picture = Image.new("RGB", (100, 100), (0, 0, 255))
    cut = np.asarray(coco.cut_out(picture, (0, 0, 50, 50), [[0, 0, 50, 0, 0, 50]]))  # a triangle
    assert tuple(cut[5, 5]) == (0, 0, 255)
    assert tuple(cut[45, 45]) == (255, 255, 255)


def test_run_lengths_are_read_column_by_column():
    mask = np.asarray(coco.outline({"counts": [2, 3, 1]}, (2, 3)))  # 0 0 1 | 1 1 0
    assert (mask > 0).tolist() == [[False, True], [False, True], [True, False]]


@pytest.mark.parametrize("listed", [False, True])
def test_the_region_protocol_gives_the_whole_picture_and_a_mask_without_opening_it(data, listed):
    if listed:
        (data / "coco_eval.csv").write_text(coco.written(coco.draw(instances(), seed=0)))
    (data / "val2017" / "000000000001.jpg").unlink()
    (part,) = coco.read(data, query="region")
    (query,) = part.queries
    assert query.reference_id == part.gallery[0].id
    from io import BytesIO

    mask = np.asarray(Image.open(BytesIO(query.region.mask)))
    assert mask.shape == (100, 100)
    assert (mask[30, 20], mask[80, 80]) == (255, 0)


def test_objects_without_outlines_cannot_be_cut_out_and_a_folder_without_a_list_says_so(tmp_path):
    (part,) = coco.read(GOLDENS)
    with pytest.raises(BadData, match="cannot be cut out"):
        part.open(part.references[0])
    with pytest.raises(NotFound, match="instances_val2017"):
        coco.read(tmp_path)

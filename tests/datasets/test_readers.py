"""Readers: the layouts people have on disk, counts, caption rules, and errors that name the file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from likebut.datasets import circo, cirr, fashioniq, folder, genecis, imagenet, webvid_covr
from likebut.datasets.base import PictureFolder
from likebut.encoders.toy import draw
from likebut.errors import BadData, NotFound

GOLDENS = Path(__file__).parents[1] / "goldens" / "metrics"


def golden(*place):
    return json.loads(GOLDENS.joinpath(*place).read_text())


@pytest.mark.parametrize("base", ["", "cirr", "CIRR/cirr", "cirr_dataset/cirr", "data/cirr"])
def test_cirr_is_found_in_every_layout(tmp_path, base):
    shutil.copytree(GOLDENS / "cirr", tmp_path / base, dirs_exist_ok=True)
    (part,) = cirr.read(tmp_path)
    assert (len(part.queries), len(part.gallery)) == (60, 96)


def test_cirr_is_found_without_its_two_folders_as_covr_keeps_it(tmp_path):
    for place in ("captions/cap.rc2.val.json", "image_splits/split.rc2.val.json"):
        shutil.copy(GOLDENS / "cirr" / place, tmp_path)
    assert len(cirr.read(tmp_path)[0].queries) == 60


def test_cirr_queries_exclude_their_reference_and_rank_six_look_alikes():
    (part,) = cirr.read(GOLDENS / "cirr")
    entry = golden("cirr", "captions", "cap.rc2.val.json")[0]
    query = part.queries[0]
    assert query.id == str(entry["pairid"])
    assert query.exclude == {entry["reference"]} == {query.reference_id}
    assert part.relevant[query.id] == {entry["target_hard"]}
    assert len(part.groups[query.id]) == 6
    assert [item.id for item in part.gallery] == list(golden("cirr", "image_splits", "split.rc2.val.json"))


def test_cirr_test_has_no_answers():
    (part,) = cirr.read(GOLDENS / "cirr", "test1")
    assert (len(part.queries), part.relevant) == (14, {})


@pytest.mark.parametrize("place", ["dev/{}.png", "img_raw/dev/{}.png", "images/dev/{}.jpg", "cirr_dataset/dev/{}.png"])
def test_cirr_pictures_are_found_where_people_keep_them(tmp_path, place):
    shutil.copytree(GOLDENS / "cirr", tmp_path, dirs_exist_ok=True)
    name = next(iter(golden("cirr", "image_splits", "split.rc2.val.json")))
    path = tmp_path / place.format(name)
    path.parent.mkdir(parents=True)
    path.touch()
    first, second, *_ = cirr.read(tmp_path)[0].gallery
    assert first.image == path
    assert not second.image.exists()  # named all the same: the gallery comes from the split file
    assert second.image.parent == path.parent


def test_more_pictures_than_the_split_names_do_not_enter_the_gallery(tmp_path):
    shutil.copytree(GOLDENS / "cirr", tmp_path, dirs_exist_ok=True)
    (tmp_path / "dev").mkdir()
    for i in range(200):
        (tmp_path / "dev" / f"dev-extra-{i}.png").touch()
    assert len(cirr.read(tmp_path)[0].gallery) == 96


def test_covrs_training_gallery_repeats_targets_and_hides_every_copy_of_the_reference():
    (part,) = cirr.read(GOLDENS / "cirr", gallery="targets")
    names = [part.pictures[item.id] for item in part.gallery]
    assert len(names) == 60 > len(set(names))
    for query in part.queries:
        assert {part.pictures[id] for id in query.exclude} <= {query.reference_id}
        assert len(query.exclude) == names.count(query.reference_id)


def test_captions_read_as_each_pipeline_hands_them_to_its_tokenizer():
    strings = golden("fashioniq", "prompt_strings.json")
    for rule in ("clip4cir", "covr"):
        for part in fashioniq.read(GOLDENS / "fashioniq", captions=rule):
            assert [query.text for query in part.queries] == strings[part.part][rule]
    for part in fashioniq.read(GOLDENS / "fashioniq", captions="pic2word"):
        assert [f"a photo of * , {q.text}" for q in part.queries] == strings[part.part]["pic2word"]
    for part in fashioniq.read(GOLDENS / "fashioniq", captions="searle"):
        assert [f"a photo of $ that {q.text}" for q in part.queries] == strings[part.part]["searle_forward"]
        others = [f"a photo of $ that {part.wordings[q.id][0]}" for q in part.queries]
        assert others == strings[part.part]["searle_reversed"]


def test_cirr_and_circo_captions_read_as_their_pipelines_have_them():
    strings = golden("cirr", "prompt_strings_val.json")
    for rule, ours in (("clip4cir", "plain"), ("covr", "covr")):
        assert [query.text for query in cirr.read(GOLDENS / "cirr", captions=ours)[0].queries] == strings[rule]
    asked = [f"a photo of $ that {query.text}" for query in circo.read(GOLDENS / "circo")[0].queries]
    assert asked == golden("circo", "prompt_strings_val.json")["searle"]


@pytest.mark.parametrize(
    "place", ["images/{name}.jpg", "images/{name}.png", "images/dress/{name}.jpg", "dress/{name}.jpg"]
)
def test_fashioniq_pictures_are_found_flat_or_by_category_with_either_ending(tmp_path, place):
    shutil.copytree(GOLDENS / "fashioniq", tmp_path, dirs_exist_ok=True)
    name = golden("fashioniq", "image_splits", "split.dress.val.json")[0]
    path = tmp_path / place.format(name=name)
    path.parent.mkdir(parents=True)
    path.touch()
    assert fashioniq.read(tmp_path)[0].gallery[0].image == path


def test_fashioniq_has_three_galleries():
    sizes = {
        gallery: [len(part.gallery) for part in fashioniq.read(GOLDENS / "fashioniq", gallery=gallery)]
        for gallery in ("split", "pairs", "targets")
    }
    assert sizes == {"split": [70, 84, 64], "pairs": [47, 51, 47], "targets": [30, 36, 33]}


def test_fashioniq_references_outside_a_small_gallery_can_still_be_looked_at():
    for part in fashioniq.read(GOLDENS / "fashioniq", gallery="targets"):
        known = {item.id for item in (*part.gallery, *part.references)}
        assert all(query.reference_id in known for query in part.queries)


def test_circo_knows_targets_and_aspects():
    (part,) = circo.read(GOLDENS / "circo")
    entry = golden("circo", "annotations", "val.json")[0]
    assert part.targets["0"] == str(entry["gt_img_ids"][0])
    assert part.relevant["0"] == set(map(str, entry["gt_img_ids"]))
    assert all("0" in part.slices[aspect] for aspect in entry["semantic_aspects"])
    assert len(part.slices) == 9


def test_circo_without_cocos_list_of_pictures_says_where_it_is(tmp_path):
    shutil.copytree(GOLDENS / "circo" / "annotations", tmp_path / "annotations")
    with pytest.raises(NotFound, match=r"image_info_unlabeled2017\.json.*images\.cocodataset\.org"):
        circo.read(tmp_path)


def test_genecis_galleries_hold_the_target_and_the_distractors_but_not_the_reference():
    for task, size in (("focus_object", 15), ("change_attribute", 10)):
        (part,) = genecis.read(GOLDENS / "genecis", task)
        for query in part.queries:
            assert len(part.galleries[query.id]) == size
            assert part.relevant[query.id] <= set(part.galleries[query.id])
            assert query.reference_id not in part.galleries[query.id]


def test_a_genecis_box_grows_to_the_left_and_upwards_only_and_is_padded_to_a_square(tmp_path):
    from PIL import Image

    from likebut.types import Item

    picture = Image.new("RGB", (100, 100), "white")
    picture.paste((255, 0, 0), (50, 40, 70, 60))
    picture.save(tmp_path / "1.png")
    square = genecis.cut(Item("1@50,40,20,20", tmp_path / "1.png", {"view": "genecis 50,40,20,20"}))
    # left 50 - 14 = 36, top 26; right 36 + 34 = 70, bottom 60: 34 x 34 with the red box in the lower right corner
    assert square.size == (34, 34)
    assert square.getpixel((33, 33)) == (255, 0, 0)
    assert square.getpixel((13, 13)) == (255, 255, 255)
    assert square.getpixel((14, 14)) == (255, 0, 0)
    flat = genecis.cut(Item("1@0,0,40,10", tmp_path / "1.png", {"view": "genecis 0,0,40,10"}))
    assert flat.size == (68, 68)  # 68 wide, 17 high, black above and below
    assert flat.getpixel((0, 0)) == (0, 0, 0)


def test_imagenet_has_a_part_per_domain_over_one_gallery():
    parts = imagenet.read(GOLDENS / "imagenet_r")
    assert [part.part for part in parts] == ["cartoon", "origami", "toy", "sculpture"]
    assert {len(part.gallery) for part in parts} == {200}
    cartoon, origami = parts[:2]
    assert cartoon.queries[0].text == "cartoon"
    query = "imgnet/real/n01665196/ILSVRC2012_val_00048143.JPEG"
    assert cartoon.relevant[f"cartoon:{query}"].isdisjoint(origami.relevant[f"origami:{query}"])
    assert all("/cartoon_" in id for ids in cartoon.relevant.values() for id in ids)


def test_imagenet_s_queries_carry_masks(tmp_path):
    shutil.copy(GOLDENS / "imagenet_r" / "imgnet_targets.txt", tmp_path)
    line = (GOLDENS / "imagenet_r" / "imgnet_real_query.txt").read_text().split()
    (tmp_path / "imgnet_real_query_alpha.txt").write_text(f"{line[0]} masks/1.png {line[1]}\n")
    part = imagenet.read(tmp_path, "alpha")[0]
    assert part.queries[0].region.mask.endswith("masks/1.png")


def test_webvid_covr_ranks_distinct_targets_without_the_reference(tmp_path):
    (tmp_path / "webvid8m-covr_test.csv").write_text(
        "pth1,pth2,txt1,txt2,edit\n1/a,1/b,,,Make it RED!\n1/c,1/b,,,slower\n1/b,1/a,,,faster\n"
    )
    (part,) = webvid_covr.read(tmp_path)
    assert [item.id for item in part.gallery] == ["1/b", "1/a"]
    assert [item.id for item in part.references] == ["1/c"]
    assert (part.queries[0].text, part.queries[0].exclude) == ("make it red", {"1/a"})


def test_a_clip_is_its_middle_frame(tmp_path):
    import cv2
    import numpy as np

    from likebut.types import Item

    clip = cv2.VideoWriter(str(tmp_path / "a.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 64))
    for i in range(9):
        clip.write(np.full((64, 64, 3), (0, 0, 255) if i == 4 else (255, 0, 0), np.uint8))
    clip.release()
    frame = webvid_covr.middle_frame(Item("a", tmp_path / "a.mp4"))
    assert frame.shape == (64, 64, 3)
    assert frame[32, 32, 0] > 150 > frame[32, 32, 2]  # red, in RGB


@pytest.fixture
def own(tmp_path):
    for words in ("red round", "blue round"):
        draw(words).save(tmp_path / f"{words.replace(' ', '-')}.png")
    return tmp_path


def test_a_folder_of_ones_own_is_named_with_or_without_endings(own):
    (own / "queries.csv").write_text("reference,text,targets\nred-round,blue,blue-round.png|red-round.png\n")
    (part,) = folder.read(own)
    assert [item.id for item in part.gallery] == ["blue-round.png", "red-round.png"]
    assert part.relevant["0"] == {"blue-round.png", "red-round.png"}
    assert part.queries[0].exclude == frozenset()  # the reference is itself an answer


@pytest.mark.parametrize(
    ("says", "content"),
    [
        ("needs the columns", "reference,text\nred-round,blue\n"),
        ("line 2: targets 'green' are not all in the gallery", "reference,text,targets\nred-round,blue,green\n"),
        ("line 3: its id is taken", "id,reference,text,targets\na,red-round,x,blue-round\na,red-round,x,blue-round\n"),
    ],
)
def test_a_query_file_that_cannot_be_scored_is_refused_with_its_line(own, says, content):
    (own / "queries.csv").write_text(content)
    with pytest.raises(BadData, match=says):
        folder.read(own)


def test_a_file_cut_short_and_a_list_in_place_of_a_split_are_named(tmp_path):
    shutil.copytree(GOLDENS / "cirr", tmp_path, dirs_exist_ok=True)
    path = tmp_path / "image_splits" / "split.rc2.val.json"
    path.write_text("[]")
    with pytest.raises(BadData, match=r"split\.rc2\.val\.json: an entry is not laid out"):
        cirr.read(tmp_path)
    path.write_text('{"dev-1": ')
    with pytest.raises(BadData, match=r"split\.rc2\.val\.json is not valid JSON"):
        cirr.read(tmp_path)


def test_a_missing_folder_and_a_missing_file_say_what_was_looked_for(tmp_path):
    with pytest.raises(NotFound, match="does not exist"):
        cirr.read(tmp_path / "none")
    with pytest.raises(NotFound, match=r"looked for captions/cap\.rc2\.val\.json.*Cuberick-Orion"):
        cirr.read(tmp_path)


def test_pictures_are_found_by_name_at_any_depth(tmp_path):
    (tmp_path / "a" / "7").mkdir(parents=True)
    (tmp_path / "a" / "7" / "x.JPG").touch()
    (tmp_path / "a" / "notes.txt").touch()
    pictures = PictureFolder([tmp_path / "none", tmp_path / "a"])
    assert pictures.find("x") == tmp_path / "a" / "7" / "x.JPG"
    assert pictures.find("notes") == tmp_path / "a" / "notes.png"  # where it should be, and is not

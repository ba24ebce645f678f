"""index, search, info, export and encode on the toy pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likebut.encoders.toy import draw


def ids(out: str) -> list[str]:
    return [json.loads(line)["id"] for line in out.splitlines()]


def test_indexing_says_what_it_did_and_does_it_once(likebut, shop: Path):
    (shop.parent / "pictures" / "bad.png").write_text("no picture")
    first = likebut("index", shop.parent / "pictures", "--index", shop.parent / "x.likebut", "--encoder", "toy")
    assert first.code == 0
    assert "4 items. 4 added, 0 updated, 0 unchanged, 0 removed, 1 skipped; 4 encoded with toy" in first.out
    assert "bad.png: text, not a picture" in first.err
    again = likebut(
        "index", shop.parent / "pictures", "--index", shop.parent / "x.likebut"
    )  # the index knows its encoder
    assert "0 added, 0 updated, 4 unchanged, 0 removed, 1 skipped; 0 encoded with toy" in again.out


def test_the_report_of_indexing_as_json(likebut, shop: Path):
    outcome = likebut("index", shop, "--index", shop.parent / "x.likebut", "--encoder", "toy", "--json")
    report = json.loads(outcome.out)
    assert (report["added"], report["items"], report["skipped"], report["encoder"]) == (4, 4, [], "toy")


def test_strict_indexing_stops_at_a_bad_picture(likebut, shop: Path):
    (shop.parent / "pictures" / "a-bad.png").write_text("no picture")
    outcome = likebut("index", shop.parent / "pictures", "--index", shop.parent / "x", "--encoder", "toy", "--strict")
    assert outcome.code == 2
    assert "BadImage" in outcome.err
    assert "a-bad.png: text, not a picture" in outcome.err


def test_offline_and_without_a_name_the_bundled_encoder_is_used_and_said_so(likebut, shop: Path):
    outcome = likebut("index", shop, "--index", shop.parent / "x.likebut")
    assert "Using wardrobe-tiny" in outcome.err


def test_an_index_made_with_another_encoder_says_what_to_type(likebut, index: Path, shop: Path, colour_by_name: str):
    outcome = likebut("index", shop, "--index", index, "--encoder", colour_by_name)
    assert outcome.code == 2
    assert "IndexMismatch" in outcome.err
    assert "likebut index" in outcome.err


def test_json_lines_are_id_score_rank_parts_and_metadata(likebut, index: Path):
    lines = likebut("search", index, "@g1", "blue", "-k", "2", "--json").out.splitlines()
    first = json.loads(lines[0])
    # (1,√2,1,0)/2 · (0,1,1,0)/√2 = (√2+1)/√8
    assert first == {
        "id": "g2",
        "score": pytest.approx((2**0.5 + 1) / 8**0.5),
        "rank": 1,
        "parts": {"image": pytest.approx(8**-0.5), "text": pytest.approx(0.5)},
        "metadata": {"price": 10, "name": "blue round"},
    }
    assert len(lines) == 2


def test_an_item_is_not_its_own_answer_unless_it_may_be(likebut, index: Path):
    assert "g1" not in ids(likebut("search", index, "@g1", "--json").out)
    assert ids(likebut("search", index, "@g1", "--json", "--keep-reference").out)[0] == "g1"


def test_a_lone_argument_is_words_unless_it_names_a_picture(likebut, index: Path, shop: Path):
    assert ids(likebut("search", index, "blue square", "--json").out)[0] == "g4"
    picture = shop.parent / "pictures" / "red-square.png"
    assert ids(likebut("search", index, picture, "--json").out)[0] == "g3"
    missing = likebut("search", index, "nowhere.png")
    assert missing.code == 2
    assert "nowhere.png: no such file" in missing.err


def test_a_region_a_mask_and_a_sketch(likebut, index: Path, tmp_path: Path):
    both = np.concatenate([np.asarray(draw("red round")), np.asarray(draw("blue square"))], axis=1)
    Image.fromarray(both).save(tmp_path / "both.png")
    mask = np.zeros(both.shape[:2], np.uint8)
    mask[:, 32:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    for given in (["--region", "0.5,0,1,1"], ["--mask", tmp_path / "mask.png"]):
        assert ids(likebut("search", index, tmp_path / "both.png", "--json", *given).out)[0] == "g4"
    sketch = likebut("search", index, "--sketch", tmp_path / "both.png", "red", "--json")
    assert sketch.code == 0
    both_given = likebut("search", index, tmp_path / "both.png", "--region", "0,0,1,1", "--mask", tmp_path / "mask.png")
    assert both_given.code == 2
    assert "Give one" in both_given.err


def test_a_click_cuts_the_thing_under_it_out_of_the_picture(likebut, index: Path, tmp_path: Path):
    both = Image.new("RGB", (128, 64), "white")
    both.paste(draw("red round").resize((64, 64)), (0, 0))
    both.paste(draw("blue square").resize((64, 64)), (64, 0))
    both.save(tmp_path / "both.png")
    for given in (["--click", "0.75,0.5"], ["--region", "0.5,0,1,1", "--cut", "grabcut"]):
        found = likebut("search", index, tmp_path / "both.png", *given, "--json", "-k", "1")
        assert json.loads(found.out)["id"] == "g4"
    two = likebut("search", index, tmp_path / "both.png", "--click", "0.7,0.5", "--region", "0,0,1,1")
    assert (two.code, "Give one" in two.err) == (2, True)
    nowhere = likebut("search", index, "blue", "--cut", "grabcut")
    assert (nowhere.code, "cut out of what" in nowhere.err) == (2, True)


def test_what_must_not_be_there_weights_filters_and_composers(likebut, index: Path):
    assert ids(likebut("search", index, "blue", "--not", "round", "--json").out)[0] == "g4"
    assert ids(likebut("search", index, "@g1", "blue square", "--weight", "text=9", "--json").out)[0] == "g4"
    assert ids(likebut("search", index, "blue", "--where", "price < 15", "--json").out) == ["g2", "g1"]
    assert ids(likebut("search", index, "@g1", "blue", "-c", "text_only", "--json").out)[0] == "g2"


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["@g9", "blue"], "UnknownItem"),
        (["@g1", "blue", "-c", "sun"], "Did you mean 'sum'?"),
        (["@g1", "blue", "--weight", "words=2"], "parts: image, region, text, sketch, negative"),
        (["@g1", "blue", "--weight", "text=much"], "part=number"),
        (["@g1", "blue", "--region", "0,0,2,1"], "in fractions"),
        (["@g1", "blue", "--where", "prise < 3"], "price"),
        ([], "an empty query"),
        (["red", "--save", "sheet.jpg"], "does not end in .png"),
    ],
)
def test_a_search_that_cannot_be_done_says_why(arguments: list[str], complaint: str, likebut, index: Path):
    outcome = likebut("search", index, *arguments)
    assert outcome.code == 2
    assert complaint in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_nothing_found_is_a_no_only_in_strict_mode(likebut, index: Path):
    nothing = ("search", index, "red", "--where", "price > 1000")
    assert likebut(*nothing).code == 0
    strict = likebut(*nothing, "--strict")
    assert strict.code == 1
    assert "Nothing fits" in strict.err


def test_the_table_has_rank_score_id_and_metadata(likebut, index: Path):
    out = likebut("search", index, "@g1", "blue", "-k", "1").out
    assert out.split() == ["rank", "score", "id", "price", "name", "1", "0.8536", "g2", "10", "blue", "round"]


def test_explaining_shows_each_part_with_a_bar(likebut, index: Path):
    out = likebut("search", index, "@g1", "blue", "-k", "1", "--explain").out
    assert "+0.354 ████████▌" in out  # 0.354 of 0.5 on 12 characters: 8.5
    assert "+0.500 ████████████" in out


def test_saving_draws_a_sheet(likebut, index: Path, tmp_path: Path):
    path = tmp_path / "new" / "sheet.png"
    assert likebut("search", index, "@g1", "blue", "--save", path).code == 0
    assert Image.open(path).format == "PNG"


def test_info_counts_and_names(likebut, index: Path):
    facts = json.loads(likebut("info", index, "--json").out)
    assert (facts["count"], facts["encoder"], facts["dim"], facts["first"]) == (4, "toy", 4, ["g1", "g2", "g3"])
    assert facts["columns"] == {"name": "text", "price": "whole numbers"}
    assert "price (whole numbers)" in likebut("info", index).out


def test_an_export_holds_everything_and_can_be_indexed_again(likebut, index: Path, tmp_path: Path):
    from pyarrow import parquet

    path = tmp_path / "shop.parquet"
    assert "4 items, 4 numbers each" in likebut("export", index, "--to", path).out
    table = parquet.read_table(path)
    assert table.column_names[:4] == ["id", "image", "vector", "norm"]
    assert table["price"].to_pylist() == [0, 10, 20, 30]
    assert table["vector"].to_pylist()[0] == pytest.approx([2**-0.5, 0, 2**-0.5, 0])
    assert table.schema.metadata[b"encoder"] == b"toy"
    outcome = likebut("index", path, "--index", tmp_path / "again.likebut", "--encoder", "toy")
    assert "4 added" in outcome.out
    assert likebut("export", index, "--to", tmp_path / "shop.csv").code == 2


def test_encoding_pictures_and_texts_into_a_file_and_as_json(likebut, shop: Path, tmp_path: Path):
    path = tmp_path / "v.npz"
    pictures = shop.parent / "pictures"
    assert likebut("encode", pictures, "--text", "blue", "--to", path, "--encoder", "toy").code == 0
    arrays = np.load(path)
    assert arrays["ids"].tolist() == ["blue-round.png", "blue-square.png", "red-round.png", "red-square.png", "blue"]
    assert arrays["kinds"].tolist() == ["image"] * 4 + ["text"]
    assert arrays["vectors"].shape == (5, 4)
    assert arrays["norms"][:2] == pytest.approx([2**0.5] * 2)
    line = json.loads(likebut("encode", "--text", "blue", "--json", "--encoder", "toy").out)
    assert line == {"id": "blue", "kind": "text", "norm": 1.0, "vector": [0, 1, 0, 0]}
    assert likebut("encode", "--encoder", "toy").code == 2

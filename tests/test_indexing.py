"""Sources become items with ids that stay; a second run encodes nothing; a killed run is simply started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likebut.encoders.base import Encoder
from likebut.engine import Engine, create_index
from likebut.errors import BadData, BadImage, IndexMismatch, NotFound
from likebut.indexing import IndexReport, incremental, passed_over, read_source
from likebut.types import Item

Paint = Callable[..., Path]


def pairs(*sources: object) -> dict[str, str]:
    return {item.id: str(item.image) for item in read_source(sources)}  # type: ignore[arg-type]


# --- sources ---


def test_an_id_is_the_path_below_the_folder_with_its_extension(paint: Paint, tmp_path: Path):
    paint("shop/b/1.png", "red")
    paint("shop/a.jpg", "red")
    paint("shop/a.png", "red")
    assert list(pairs(tmp_path / "shop")) == ["a.jpg", "a.png", "b/1.png"]


def test_ids_stay_the_same_when_the_folder_moves(paint: Paint, tmp_path: Path):
    paint("shop/b/1.png", "red")
    before = list(pairs(tmp_path / "shop"))
    (tmp_path / "shop").rename(tmp_path / "moved")
    assert list(pairs(tmp_path / "moved")) == before


def test_a_file_is_its_name_and_a_glob_is_relative_to_its_fixed_part(paint: Paint, tmp_path: Path):
    file = paint("shop/b/1.png", "red")
    assert list(pairs(file)) == ["1.png"]
    assert list(pairs(str(tmp_path / "shop" / "*" / "*.png"))) == ["b/1.png"]
    assert list(pairs(str(tmp_path / "shop" / "b" / "*.png"))) == ["1.png"]


def test_one_id_for_two_pictures_is_an_error_that_names_both(paint: Paint, tmp_path: Path):
    paint("x/1.png", "red")
    paint("y/1.png", "blue")
    with pytest.raises(BadData, match=r"'1\.png'.*x/1\.png and .*y/1\.png.*folder that holds both"):
        list(read_source([tmp_path / "x", tmp_path / "y"]))


@pytest.mark.parametrize("source", ["nothing", "nothing.csv", "no*thing"])
def test_a_source_that_is_not_there_is_named(source: str, tmp_path: Path):
    with pytest.raises(NotFound, match="no"):
        list(read_source(tmp_path / source))


def test_a_folder_without_pictures_is_an_error(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(NotFound, match="no picture in it"):
        list(read_source(tmp_path))


def test_files_that_are_no_pictures_by_their_ending_are_counted(paint: Paint, tmp_path: Path):
    paint("shop/a.png", "red")
    for name in ("a.txt", "b.TXT", "scan.psd", "README", ".hidden"):
        (tmp_path / "shop" / name).touch()
    assert passed_over(tmp_path / "shop") == {".txt": 2, ".psd": 1, "": 1}
    assert passed_over([tmp_path / "shop" / "a.png", "*.png"]) == {}


def test_a_csv_keeps_ids_as_written_and_makes_numbers_of_numbers(paint: Paint, tmp_path: Path):
    paint("pics/1.png", "red")
    (tmp_path / "t.csv").write_text(
        'id,image,price,name,new\n007,pics/1.png,9.5,"red, or so",true\n,pics/2.png,,,false\n', encoding="utf-8-sig"
    )
    first, second = read_source(tmp_path / "t.csv")
    assert first == Item("007", str(tmp_path / "pics/1.png"), {"price": 9.5, "name": "red, or so", "new": True})
    assert (second.id, second.metadata["price"]) == ("pics/2.png", None)


def test_a_table_of_json_lines_and_one_of_parquet_read_like_the_csv(tmp_path: Path):
    import pyarrow as pa
    from pyarrow import parquet

    rows = [{"id": "a", "image": "1.png", "price": 1}, {"id": "b", "image": "https://x.org/2.png", "price": 2}]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    expected = [Item("a", str(tmp_path / "1.png"), {"price": 1}), Item("b", "https://x.org/2.png", {"price": 2})]
    assert list(read_source(tmp_path / "t.jsonl")) == list(read_source(tmp_path / "t.parquet")) == expected


def test_a_parquet_table_may_hold_the_pictures_themselves(paint: Paint, tmp_path: Path):
    import pyarrow as pa
    from pyarrow import parquet

    data = paint("1.png", "red").read_bytes()
    parquet.write_table(pa.Table.from_pylist([{"image": {"bytes": data, "path": "one.png"}}]), tmp_path / "t.parquet")
    assert list(read_source(tmp_path / "t.parquet")) == [Item("one.png", data)]


@pytest.mark.parametrize(
    "name, content, complaint",
    [
        ("t.csv", "picture,price\na.png,1\n", "no column `image`; found picture, price"),
        ("t.csv", "", "not a comma-separated table"),
        ("t.csv", "image,price,price\na.png,1,2\n", "'price' is there twice"),
        ("t.jsonl", '{"image": "a.png"}\n{"image"\n', "line 2: not JSON"),
        ("t.jsonl", "[1]\n", "line 1: a list"),
        ("t.parquet", "x", "not a parquet file"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(name: str, content: str, complaint: str, tmp_path: Path):
    (tmp_path / name).write_text(content)
    with pytest.raises(BadData, match=complaint):
        list(read_source(tmp_path / name))


# --- incremental indexing ---


@pytest.fixture
def shop(paint: Paint, tmp_path: Path) -> Path:
    for number, colour in enumerate(["red", "green", "blue"]):
        paint(f"shop/{number}.png", colour)
    return tmp_path / "shop"


def run(shop: Path, encoder: Encoder, source: object = None, **options: object) -> tuple[IndexReport, Engine]:
    engine = create_index(shop.parent / "shop.likebut", encoder)
    with engine.store:
        return engine.index(read_source(source or shop), **options), engine  # type: ignore[arg-type]


def numbers(report: IndexReport) -> tuple[int, int, int, int, int]:
    return report.added, report.updated, report.unchanged, report.removed, report.encoded


def test_a_second_run_encodes_nothing(shop: Path, colour_encoder):
    assert numbers(run(shop, colour_encoder)[0]) == (3, 0, 0, 0, 3)
    assert numbers(run(shop, colour_encoder)[0]) == (0, 0, 3, 0, 0)
    assert len(colour_encoder.pictures) == 3


def test_a_file_that_was_touched_keeps_its_vector_and_gets_a_new_stamp(shop: Path, colour_encoder):
    _, engine = run(shop, colour_encoder)
    before = engine.store.stamps()["0.png"]
    os.utime(shop / "0.png", ns=(1, 1))
    report, engine = run(shop, colour_encoder)
    after = engine.store.stamps()["0.png"]
    assert numbers(report) == (0, 0, 3, 0, 0)
    assert before[1] != after[1]
    assert before[2] == after[2]


def test_a_file_that_changed_is_encoded_again(shop: Path, paint: Paint, colour_encoder):
    run(shop, colour_encoder)
    paint("shop/0.png", "blue", (40, 40))
    report, engine = run(shop, colour_encoder)
    assert numbers(report) == (0, 1, 2, 0, 1)
    assert engine.store.get(["0.png"])[0].vector.tolist() == [0, 0, 1]


def test_metadata_that_changed_is_taken_over_without_encoding(shop: Path, colour_encoder):
    table = shop.parent / "t.csv"
    table.write_text("id,image,price\na,shop/0.png,1\nb,shop/1.png,2\n")
    run(shop, colour_encoder, table)
    table.write_text("id,image,price\na,shop/0.png,1\nb,shop/1.png,3\n")
    report, engine = run(shop, colour_encoder, table)
    assert numbers(report) == (0, 1, 1, 0, 0)
    assert dict(engine.store.metadata()) == {"a": {"price": 1}, "b": {"price": 3}}
    assert numbers(run(shop, colour_encoder, table)[0]) == (0, 0, 2, 0, 0)


def test_a_folder_that_moved_is_not_encoded_again(shop: Path, colour_encoder):
    run(shop, colour_encoder)
    shop.rename(shop.parent / "moved")
    report, engine = run(shop, colour_encoder, shop.parent / "moved")
    assert numbers(report) == (0, 0, 3, 0, 0)
    assert engine.store.get(["0.png"])[0].path == str(shop.parent / "moved" / "0.png")


def test_two_items_may_share_one_picture(shop: Path, colour_encoder):
    table = shop.parent / "t.csv"
    table.write_text("id,image\na,shop/0.png\nb,shop/0.png\n")
    assert run(shop, colour_encoder, table)[0].added == 2
    assert numbers(run(shop, colour_encoder, table)[0]) == (0, 0, 2, 0, 0)


def test_a_picture_of_another_folder_does_not_take_the_place_of_one_with_its_id(
    shop: Path, paint: Paint, colour_encoder
):
    run(shop, colour_encoder)
    paint("other/0.png", "blue")
    report, engine = run(shop, colour_encoder, shop.parent / "other")
    assert numbers(report) == (0, 0, 0, 0, 0)
    (source, reason), *_ = report.skipped
    assert source.endswith("other/0.png")
    assert "already has an item '0.png'" in reason
    assert engine.store.get(["0.png"])[0].vector.tolist() == [1, 0, 0]


def test_every_picture_that_cannot_be_read_is_reported_with_its_reason(shop: Path, paint: Paint, colour_encoder):
    (shop / "empty.png").touch()
    (shop / "text.jpg").write_text("not a picture")
    (shop / "cut.png").write_bytes((shop / "0.png").read_bytes()[:60])
    paint("shop/black.png", "black")
    report, engine = run(shop, colour_encoder)
    reasons = {Path(source).name: reason for source, reason in report.skipped}
    assert reasons.keys() == {"empty.png", "text.jpg", "cut.png", "black.png"}
    assert "0 bytes" in reasons["empty.png"]
    assert "text" in reasons["text.jpg"]
    assert "no direction" in reasons["black.png"]  # this encoder sees (0, 0, 0)
    assert engine.store.ids() == ["0.png", "1.png", "2.png"]


def test_a_row_without_an_image_and_a_url_are_reported(shop: Path, colour_encoder):
    table = shop.parent / "t.csv"
    table.write_text("id,image\na,shop/0.png\nb,\nc,https://example.org/1.png\nd,shop/nowhere.png\n")
    report, engine = run(shop, colour_encoder, table)
    assert engine.store.ids() == ["a"]
    assert [reason.split(";")[0] for _, reason in report.skipped] == [
        "the row names no image",
        "addresses are not read unless asked for",
        "no such file",
    ]


def test_strict_stops_at_the_first_bad_picture_and_keeps_what_came_before(shop: Path, colour_encoder):
    (shop / "2.png").write_text("not a picture")
    engine = create_index(shop.parent / "shop.likebut", colour_encoder)
    with engine.store:
        with pytest.raises(BadImage, match=r"2\.png"):
            engine.index(read_source(shop), strict=True, batch_size=1)
        assert engine.store.ids() == ["0.png", "1.png"]


def test_prune_takes_out_what_is_gone_and_nothing_else(shop: Path, paint: Paint, colour_encoder):
    paint("other/9.png", "blue")
    run(shop, colour_encoder)
    run(shop, colour_encoder, shop.parent / "other")
    (shop / "1.png").unlink()
    report, engine = run(shop, colour_encoder)
    assert (report.removed, len(engine.store.ids())) == (0, 4)  # only when asked for
    report, engine = run(shop, colour_encoder, prune=True)
    assert report.removed == 1
    assert engine.store.ids() == ["0.png", "2.png", "9.png"]  # 9.png is not in this source, but its file is there


def test_an_id_that_comes_twice_is_an_error(colour_encoder, shop: Path):
    engine = create_index(shop.parent / "x", colour_encoder)
    with engine.store, pytest.raises(BadData, match="'a' comes twice"):
        engine.index([Item("a", shop / "0.png"), Item("a", shop / "1.png")])


def test_pictures_in_memory_are_recognised_by_their_digest(shop: Path, colour_encoder):
    items = [
        Item("pixels", np.full((8, 8, 3), (0, 200, 0), np.uint8)),
        Item("pillow", Image.new("RGB", (8, 8), (200, 0, 0))),
        Item("bytes", (shop / "2.png").read_bytes()),
    ]
    engine = create_index(shop.parent / "memory", colour_encoder)
    with engine.store:
        assert numbers(engine.index(items)) == (3, 0, 0, 0, 3)
        assert numbers(engine.index(items)) == (0, 0, 3, 0, 0)
        assert numbers(engine.index([Item("pillow", Image.new("RGB", (8, 8), (0, 0, 200)))])) == (0, 1, 0, 0, 1)


def test_a_store_of_another_encoder_is_refused(shop: Path, colour_encoder):
    from likebut.encoders.toy import ToyEncoder

    _, engine = run(shop, colour_encoder)
    with pytest.raises(IndexMismatch, match="made with colour"):
        incremental.index_items([], ToyEncoder(), engine.store)


def test_order_and_batches_do_not_change_what_is_stored(shop: Path, paint: Paint, colour_encoder):
    rng = np.random.default_rng(0)
    for number in range(3, 40):
        paint(f"shop/{number}.png", tuple(map(int, rng.integers(0, 256, 3))), (number, 50 - number))
    kept = []
    for options in ({"batch_size": 1, "workers": 1}, {"batch_size": 7, "workers": 4}, {"batch_size": 64}):
        engine = create_index(shop.parent / f"{options['batch_size']}", colour_encoder)
        with engine.store:
            done: list[int] = []
            engine.index(read_source(shop), **options, progress=done.append)
            assert sum(done) == 40
            kept.append(
                [(record.id, record.vector.tobytes(), record.digest) for record in engine.store.get(engine.store.ids())]
            )
    assert kept[0] == kept[1] == kept[2]


def test_the_thumbnail_is_a_small_copy_of_the_picture(shop: Path, paint: Paint, colour_encoder):
    import io

    paint("shop/0.png", "red", (600, 300))
    _, engine = run(shop, colour_encoder)
    small = Image.open(io.BytesIO(engine.store.get(["0.png"])[0].thumbnail))
    assert (small.format, small.size) == ("WEBP", (256, 128))


# --- killed in the middle ---

SLOW = """
import sys, time
sys.path.insert(0, {tests!r})
from conftest import ColourEncoder
from likebut.engine import create_index
from likebut.indexing import incremental, read_source
incremental.CHUNK_RECORDS = 8  # a chunk is written after every eight pictures

class Slow(ColourEncoder):
    def encode_images(self, *args, **options):
        time.sleep(0.1)
        return super().encode_images(*args, **options)

with create_index({index!r}, Slow()).store as store:
    print("started", flush=True)
    incremental.index_items(read_source({source!r}), Slow(), store, batch_size=4)
"""


@pytest.mark.slow
def test_a_run_that_was_killed_is_finished_by_the_next_one(paint: Paint, tmp_path: Path, colour_encoder):
    for number in range(200):
        paint(f"shop/{number:03}.png", (number, 255 - number, 7))
    index, source = tmp_path / "shop.likebut", tmp_path / "shop"
    code = SLOW.format(tests=str(Path(__file__).parent), index=str(index), source=str(source))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"
    time.sleep(0.5)  # of the 1.3 s that 13 calls of the encoder take
    process.send_signal(signal.SIGKILL)
    process.wait()

    engine = create_index(index, colour_encoder)
    with engine.store:
        survived = len(engine.store)
        assert 0 < survived < 200
        report = engine.index(read_source(source))
        ids = engine.store.ids()
    assert ids == [f"{number:03}.png" for number in range(200)]
    assert (report.added, report.unchanged, report.encoded) == (200 - survived, survived, 200 - survived)

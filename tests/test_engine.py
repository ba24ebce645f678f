"""Search on the toy gallery g1 "red round", g2 "blue round", g3 "red square", g4 "blue square", worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from likebut import engine as engine_module
from likebut.encoders.toy import ToyEncoder, draw
from likebut.engine import Engine, create_index, open_index
from likebut.errors import BadQuery, IndexMismatch, NotFound, UnknownItem
from likebut.types import Item, Query, Region

PICTURES = {"g1": "red round", "g2": "blue round", "g3": "red square", "g4": "blue square"}


class CountingEncoder(ToyEncoder):
    """The toy encoder, which also says how many pictures and texts it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = self.texts = 0

    def encode_images(self, images, *args, **options):  # type: ignore[no-untyped-def, override]
        self.pictures += len(images)
        return super().encode_images(images, *args, **options)

    def encode_texts(self, texts, **options):  # type: ignore[no-untyped-def, override]
        self.texts += len(texts)
        return super().encode_texts(texts, **options)


@pytest.fixture
def toy_engine(tmp_path: Path) -> Iterator[Engine]:
    items = []
    for number, (name, words) in enumerate(PICTURES.items()):
        path = tmp_path / f"{name}.png"
        draw(words).save(path)
        items.append(Item(name, path, {"price": 10 * number, "shape": words.split()[1]}))
    engine = create_index(tmp_path / "toy.likebut", CountingEncoder(), store="exact")
    with engine.store:
        engine.index(items)
        engine.encoder.pictures = 0  # type: ignore[attr-defined]
        yield engine


def ids(hits: list) -> list[str]:
    return [hit.id for hit in hits]


def test_text_moves_the_query_from_red_to_blue(toy_engine: Engine):
    # Axes: red, blue, round, square. g1 "red round" is (1,0,1,0)/√2, the text "blue" is (0,1,0,0).
    # Their sum, scaled to length 1, is (1,√2,1,0)/2.
    hits = toy_engine.search([Query("@g1", "blue")], k=4)[0]
    assert ids(hits) == ["g2", "g1", "g4", "g3"]  # "blue round" first
    assert hits[0].score == pytest.approx((2**0.5 + 1) / 8**0.5)  # 0.854
    assert hits[1].score == pytest.approx(2 / 8**0.5)  # 0.707, the reference itself
    assert [hit.rank for hit in hits] == [1, 2, 3, 4]
    assert hits[0].metadata == {"price": 10, "shape": "round"}


def test_the_ledger_says_how_much_of_a_score_each_part_brought(toy_engine: Engine):
    # The query is 0.5 (1,0,1,0) from the image + √2/2 (0,1,0,0) from the text; g2 is (0,1,1,0)/√2.
    best = toy_engine.search([Query("@g1", "blue")], k=1)[0][0]
    assert best.parts == pytest.approx({"image": 0.5 * 2**-0.5, "text": 0.5})


@pytest.mark.parametrize("composer", ["image_only", "text_only", "sum", "slerp"])
def test_every_score_is_the_sum_of_its_parts(toy_engine: Engine, composer: str):
    query = Query("@g1", "blue square", negative="round", weights={"image": 2, "text": 1, "negative": 0.7})
    for hit in toy_engine.search([query], k=4, composer=composer)[0]:
        assert sum(hit.parts.values()) == pytest.approx(hit.score, abs=1e-6)


def test_every_score_is_the_sum_of_its_parts_in_many_dimensions(tmp_path: Path):
    from likebut.stores import create_store
    from likebut.stores.base import Manifest, Record

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 512)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    store = create_store(None, Manifest("toy", "toy-1", 512, "none", store="exact"))
    store.add([Record(f"{number:03}", row) for number, row in enumerate(rows)])
    engine = Engine(store)
    queries = [Query(f"@{number:03}", sketch=None, weights={}) for number in range(50)]
    for hits in engine.search(queries, k=200, composer="image_only"):
        for hit in hits:
            assert sum(hit.parts.values()) == pytest.approx(hit.score, abs=1e-6)


def test_a_reference_from_the_gallery_encodes_no_picture(toy_engine: Engine):
    toy_engine.search([Query("@g1", "blue"), Query("@g2", "blue")], k=2)
    assert (toy_engine.encoder.pictures, toy_engine.encoder.texts) == (0, 1)  # type: ignore[attr-defined]


def test_a_picture_asked_for_twice_is_encoded_once(toy_engine: Engine):
    picture = draw("red square")
    references = toy_engine.references()
    for composer in ("sum", "slerp"):
        toy_engine.compose([Query(picture, "blue"), Query(picture, "round")], composer, references)
    assert (toy_engine.encoder.pictures, toy_engine.encoder.texts) == (1, 2)  # type: ignore[attr-defined]


def test_no_encoder_is_loaded_for_a_search_by_item_alone(toy_engine: Engine, monkeypatch: pytest.MonkeyPatch):
    def load(name: str) -> None:
        raise AssertionError(f"{name} was loaded")

    monkeypatch.setattr("likebut.encoders.load_encoder", load)
    lazy = Engine(toy_engine.store)
    assert ids(lazy.search([Query("@g1")], k=1)[0]) == ["g1"]
    with pytest.raises(AssertionError, match="toy was loaded"):
        lazy.search([Query("@g1", "blue")], k=1)


def test_a_search_of_words_alone(toy_engine: Engine):
    assert ids(toy_engine.search([Query(text="blue square")], k=1)[0]) == ["g4"]


def test_a_search_of_a_picture_alone(toy_engine: Engine):
    assert ids(toy_engine.search([Query(draw("red square"))], k=1)[0]) == ["g3"]


def test_a_region_of_a_picture_by_crop(toy_engine: Engine):
    # A red disc on the left and a blue square on the right; only the right half counts.
    both = np.concatenate([np.asarray(draw("red round")), np.asarray(draw("blue square"))], axis=1)
    hits = toy_engine.search([Query(both, region=Region(box=(0.5, 0, 1, 1)))], k=4)[0]
    assert hits[0].id == "g4"
    assert hits[0].parts == pytest.approx({"region": 1.0})


def test_a_region_of_an_item_is_looked_up_in_its_file(toy_engine: Engine):
    hits = toy_engine.search([Query("@g3", "blue", region=Region(box=(0, 0, 1, 1)))], k=2)[0]
    assert ids(hits) == ["g4", "g3"]
    assert set(hits[0].parts) == {"region", "text"}
    assert toy_engine.encoder.pictures == 1  # type: ignore[attr-defined]


def test_what_must_not_be_there_moves_down(toy_engine: Engine):
    plain = toy_engine.search([Query(text="blue")], k=4)[0]
    without = toy_engine.search([Query(text="blue", negative="round")], k=4)[0]
    assert ids(plain)[:2] == ["g2", "g4"]  # a tie, in order of id
    assert ids(without)[0] == "g4"
    # (0,1,-0.5,0)/√1.25 · (0,1,1,0)/√2 = 0.5/√2.5 for g2
    assert next(hit for hit in without if hit.id == "g2").parts == pytest.approx(
        {"text": 1 / 2.5**0.5, "negative": -0.5 / 2.5**0.5}
    )


def test_weights_decide_between_image_and_text(toy_engine: Engine):
    lean = [Query("@g1", "blue square", weights={"image": image, "text": 1}) for image in (3, 1 / 3)]
    assert [hits[0].id for hits in toy_engine.search(lean, k=1)] == ["g1", "g4"]


def test_exclude_within_and_where_narrow_the_answer(toy_engine: Engine):
    queries = [
        Query(text="blue", exclude=frozenset({"g2"})),
        Query(text="blue", within=frozenset({"g1", "g3"})),
        Query(text="blue", where="price < 15 AND shape = 'round'"),
    ]
    assert [ids(hits) for hits in toy_engine.search(queries, k=4)] == [["g4", "g1", "g3"], ["g1", "g3"], ["g2", "g1"]]


def test_composing_once_and_looking_up_twice_is_searching_twice(toy_engine: Engine):
    query = Query("@g1", "blue")
    composition = toy_engine.compose([query])
    narrowed = Query("@g1", "blue", exclude=frozenset({"g2"}))
    assert toy_engine.lookup(composition, [query], 4) == toy_engine.search([query], 4)
    assert toy_engine.lookup(composition, [narrowed], 4) == toy_engine.search([narrowed], 4)


def test_an_index_refuses_another_encoder(toy_engine: Engine, colour_encoder: object):
    with pytest.raises(IndexMismatch, match=r"toy \(4 numbers per picture\); this is colour \(3\).*likebut index"):
        Engine(toy_engine.store, colour_encoder)  # type: ignore[arg-type]


def test_an_unknown_item_and_an_empty_batch_are_errors(toy_engine: Engine):
    with pytest.raises(UnknownItem, match="g9"):
        toy_engine.search([Query("@g9", "blue")])
    with pytest.raises(BadQuery, match="No query"):
        toy_engine.search([])


def test_an_index_is_found_again_and_a_missing_one_is_named(tmp_path: Path):
    encoder = ToyEncoder()
    for _ in range(2):  # made, then opened
        engine = create_index(tmp_path / "x.likebut", encoder)
        with engine.store:
            engine.index([Item("a", draw("red round"))])
    with engine_module.open_index(tmp_path / "x.likebut").store as store:
        assert (store.manifest.encoder, len(store)) == ("toy", 1)
    with pytest.raises(NotFound, match=r"y\.likebut"):
        open_index(tmp_path / "y.likebut")

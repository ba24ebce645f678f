"""A benchmark from pictures to numbers, on the toy encoder, whose vectors one can work out."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from likebut.benchmarks import get_benchmark, run
from likebut.benchmarks.features import FeatureCache
from likebut.benchmarks.result import describe_data, short_name
from likebut.benchmarks.running import _methods, named_references, without
from likebut.datasets.base import as_is
from likebut.encoders.toy import ToyEncoder, draw
from likebut.errors import BadQuery, NotFound, UnknownName
from likebut.types import Item


class Counting(ToyEncoder):
    """The toy encoder, counting the pictures it looks at."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def encode_images(self, images, *args, **kwargs):
        rows = super().encode_images(images, *args, **kwargs)
        self.seen += len(images)
        return rows


@pytest.fixture
def shapes(tmp_path):
    """Four pictures, one per colour and shape, and three queries."""
    folder = tmp_path / "shapes"
    folder.mkdir()
    for words in ("red round", "blue round", "red square", "blue square"):
        draw(words).save(folder / f"{words.replace(' ', '-')}.png")
    rows = [
        ("red-round", "blue", "blue-round"),  # their sum is nearest to "blue round"
        ("blue-square", "round", "blue-round.png"),
        ("red-square", "square", "blue-square"),  # nothing in the words says blue
    ]
    with (folder / "queries.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("reference", "text", "targets"), *rows])
    return folder


def test_the_numbers_of_three_queries_worked_by_hand(shapes, tmp_path):
    result = run("custom", data=shapes, encoder=ToyEncoder(), composer="sum", cache=tmp_path)
    # Reference out; red-round + blue = (1, √2, 1, 0)/2: blue-round first. blue-square + round = (0, 1, √2, 1)/2 prefers
    # blue-round (0.854) to red-round (0.5). red-square + square = (1, 0, 0, 1+√2)/…: blue-square first.
    assert result.metrics["recall@1"] == 1.0
    # Without words the first picture's neighbours tie (red-square, blue-round at 0.5): in order of id blue-round wins.
    # The second's (blue-round, red-square) too: blue-round. The third's: blue-square before red-round.
    assert result.baselines["image_only"]["recall@1"] == 1.0
    # "blue" alone: blue-round and blue-square tie, blue-round wins. "round": blue-round. "square": blue-square.
    assert result.baselines["text_only"]["recall@1"] == 1.0
    assert result.composition_gap["recall@1"] == 0.0
    assert set(result.baselines) == {"image_only", "text_only", "sum"}
    assert (result.n_queries, result.n_gallery, result.partial) == (3, 4, False)


def test_a_second_composer_encodes_no_picture_again(shapes, tmp_path):
    encoder = Counting()
    run("custom", data=shapes, encoder=encoder, composer="sum", cache=tmp_path)
    assert encoder.seen == 4
    run("custom", data=shapes, encoder=encoder, composer="slerp", cache=tmp_path)
    assert encoder.seen == 4


def test_a_moved_picture_is_known_by_its_bytes_and_a_changed_one_is_encoded_anew(shapes, tmp_path):
    encoder = Counting()
    run("custom", data=shapes, encoder=encoder, cache=tmp_path)
    moved = shapes.rename(tmp_path / "moved")
    run("custom", data=moved, encoder=encoder, cache=tmp_path)
    assert encoder.seen == 4
    draw("red square", size=48).save(moved / "red-square.png")
    run("custom", data=moved, encoder=encoder, cache=tmp_path)
    assert encoder.seen == 5


def test_features_of_finished_batches_survive_a_crash(shapes, tmp_path, monkeypatch):
    monkeypatch.setattr("likebut.benchmarks.features.CHUNK", 2)
    encoder = Counting()
    items = [(Item(path.name, path), as_is) for path in sorted(shapes.glob("*.png"))]

    def crash(done, whole):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FeatureCache(tmp_path, encoder).find(items, progress=crash)
    assert encoder.seen == 2
    found = FeatureCache(tmp_path, encoder).find(items)
    assert encoder.seen == 4
    ids = [item.id for item, _ in items]
    assert np.allclose(found.of(ids)[:], ToyEncoder().encode_images([item.image for item, _ in items]))


def test_one_file_in_two_views_has_two_rows(shapes, tmp_path):
    path = shapes / "red-round.png"
    items = [
        (Item("whole", path), as_is),
        (Item("other", path, {"view": "as a blue square"}), lambda item: draw("blue square")),
    ]
    found = FeatureCache(tmp_path, ToyEncoder()).find(items)
    assert np.allclose(found.of(["other", "whole"])[:] * 2**0.5, [[0, 1, 0, 1], [1, 0, 1, 0]])


def test_missing_pictures_stop_a_run_with_their_number_and_the_remedy(shapes, tmp_path):
    (shapes / "gallery.txt").write_text("red-round.png\nblue-round.png\nblue-square.png\nred-square.png\ngone.png\n")
    (shapes / "red-square.png").write_bytes(b"<html>404</html>")
    with pytest.raises(NotFound, match=r"2 pictures .*'(gone|red-square).png'.*likebut data check custom"):
        run("custom", data=shapes, encoder=ToyEncoder(), cache=tmp_path)


def test_skipping_bad_pictures_is_counted_and_marks_the_result_partial(shapes, tmp_path):
    (shapes / "red-square.png").write_bytes(b"")
    result = run("custom", data=shapes, encoder=ToyEncoder(), cache=tmp_path, skip_bad=True)
    assert result.partial
    assert result.missing["pictures"] == 1
    assert result.missing["ids"] == ["red-square.png"]
    assert (result.n_queries, result.n_gallery, result.skipped) == (2, 3, 1)


def test_a_query_stays_while_one_of_its_answers_and_the_annotators_own_are_there(goldens):
    (part,) = get_benchmark("circo-val").read(goldens / "circo")
    query = next(q for q in part.queries if len(part.relevant[q.id]) > 2)
    target = part.targets[query.id]
    other = next(id for id in part.relevant[query.id] if id != target)
    assert query.id in {q.id for q in without(part, frozenset([other])).queries}
    assert query.id not in {q.id for q in without(part, frozenset([target])).queries}
    assert query.id not in {q.id for q in without(part, frozenset([query.reference_id])).queries}


def test_two_wordings_of_a_query_are_averaged(goldens, tmp_path):
    from likebut.benchmarks.features import Found
    from likebut.benchmarks.running import _compose
    from likebut.composers import load_composer
    from likebut.datasets.base import RetrievalSet
    from likebut.types import Query

    part = RetrievalSet("x", "val", [], [Query(None, "red", id="0")], wordings={"0": ("blue",)})
    rows = {"text_only": []}
    methods = {"text_only": load_composer("text_only")}
    found = Found(np.zeros((0, 5), np.float32), {})
    made = _compose(get_benchmark("custom"), part, part.queries, methods, rows, ToyEncoder(), {}, found)
    assert made["text_only"] == pytest.approx(np.array([[0.5**0.5, 0.5**0.5, 0, 0]]))


def test_a_baseline_that_cannot_answer_is_left_out_and_a_composer_is_not(shapes, tmp_path):
    with (shapes / "queries.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("reference", "text", "targets"), ("red-round", "", "red-square")])
    result = run("custom", data=shapes, encoder=ToyEncoder(), composer="sum", cache=tmp_path)
    assert set(result.baselines) == {"image_only", "sum"}
    assert result.composition_gap == {}
    with pytest.raises(BadQuery):
        run("custom", data=shapes, encoder=ToyEncoder(), composer="text_only", cache=tmp_path)


def test_an_encoder_and_vectors_exclude_each_other(shapes):
    with pytest.raises(BadQuery, match="either an encoder"):
        run("custom", data=shapes)
    with pytest.raises(UnknownName, match="Did you mean 'cirr-val'"):
        run("cirr-vall", data=shapes, encoder=ToyEncoder())


def test_the_papers_sentence_is_read_where_a_composer_has_no_prompt_of_its_own(shapes, tmp_path):
    read = []

    class Listening(ToyEncoder):
        def encode_texts(self, texts, *args, **kwargs):
            read.extend(texts)
            return super().encode_texts(texts, *args, **kwargs)

    wording = replace(get_benchmark("custom"), text_prompt=get_benchmark("imagenet-r-domain").text_prompt)
    run(wording, data=shapes, encoder=Listening(), composer="sum", cache=tmp_path)
    assert sorted(set(read)) == ["a blue of", "a round of", "a square of"]


def test_a_reference_that_is_a_file_is_encoded_once_and_data_that_move_are_the_same_data(shapes, tmp_path):
    (part,) = get_benchmark("custom").read(shapes)
    given = replace(part, queries=[replace(part.queries[0], reference=shapes / "red-square.png")])
    elsewhere = replace(part, queries=[replace(part.queries[0], reference="/elsewhere/red-square.png")])
    named = named_references(given)
    assert named.queries[0].reference_id == named.references[0].id == str(shapes / "red-square.png")
    assert describe_data([given]) == describe_data([named]) == describe_data([elsewhere])


@pytest.mark.filterwarnings("ignore:this φ does not record its encoder")
def test_a_composer_with_prompts_gets_the_one_published_for_the_benchmark():
    from likebut.composers.phi import IM2TEXT

    phi = IM2TEXT(4, 8, 4)
    for benchmark, prompt in (("imagenet-r-domain", "a {text} of {*}"), ("cirr-val", "a photo of {*} , {text}")):
        made = _methods(get_benchmark(benchmark), "pic2word", ToyEncoder(), {"phi": phi}, baselines=False)
        assert made["pic2word"].prompt == prompt
    own = _methods(get_benchmark("cirr-val"), "pic2word", ToyEncoder(), {"phi": phi, "prompt": "{*} {text}"}, False)
    assert own["pic2word"].prompt == "{*} {text}"


def test_a_checkpoint_is_named_by_its_folder_in_a_result():
    assert short_name("/home/somebody/runs/phi-3") == "phi-3"
    assert short_name("openai/clip-vit-base-patch32") == "openai/clip-vit-base-patch32"

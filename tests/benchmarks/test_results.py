"""Result and run files: complete, the same every time, and verified against tampering."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from likebut.benchmarks import get_benchmark, run, verify
from likebut.benchmarks.result import load_result
from likebut.benchmarks.runs import read_run
from likebut.benchmarks.scoring import Ranked, judge
from likebut.encoders.toy import ToyEncoder, draw
from likebut.errors import BadData, NotFound


@pytest.fixture
def saved(goldens, cirr_vectors, tmp_path):
    return run("cirr-val", data=goldens / "cirr", vectors=cirr_vectors("val")).save(tmp_path)


def edited(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return verify(path)


def test_a_result_has_everything_to_be_read_alone_in_a_year(saved):
    content = json.loads(saved.read_text())
    assert saved.parts[-2:] == ("cirr-val", "vectors--cirr-val.json")
    assert content["protocol"]["exclude_reference"] is True
    assert content["protocol"]["gallery"] == "all pictures of split.rc2.val.json"
    assert content["protocol"]["ties"] == "score, then id as text"
    assert (content["n_queries"], content["n_gallery"], content["partial"], content["seed"]) == (60, 96, False, 0)
    assert content["missing"] == {"pictures": 0, "reasons": {}}
    assert len(content["gallery_sha256"]) == 64
    assert content["data"].startswith("sha256:")
    assert set(content["seconds"]) == {"features", "compose", "lookup"}
    assert {"metrics", "main", "baselines", "run", "made_by", "likebut", "commit", "date"} <= content.keys()


def test_a_run_lists_every_query_once_with_scores_that_fall(saved):
    with gzip.open(saved.parent / "vectors--cirr-val.jsonl.gz", "rt") as file:
        lines = [json.loads(line) for line in file]
    assert len(lines) == 60
    assert all(len(line["ids"]) == 95 for line in lines)  # 96 pictures less the reference; 100 were asked for
    assert all(line["scores"] == sorted(line["scores"], reverse=True) for line in lines)
    with gzip.open(saved.parent / "vectors--cirr-val.subset.jsonl.gz", "rt") as file:
        assert all(len(json.loads(line)["ids"]) == 5 for line in file)


def test_the_same_run_is_the_same_file_byte_for_byte(goldens, cirr_vectors, tmp_path, saved):
    again = run("cirr-val", data=goldens / "cirr", vectors=cirr_vectors("val")).save(tmp_path / "again")
    for file in saved.parent.glob("*.jsonl.gz"):
        assert (again.parent / file.name).read_bytes() == file.read_bytes()


def test_a_true_result_is_verified_from_its_run_and_data(saved):
    verdict = verify(saved)
    assert verdict.true
    assert verdict.checked == len(load_result(saved).metrics) == 13


@pytest.mark.parametrize("name", ["recall@1", "recall_subset@2", "selection_harmonic"])
def test_a_number_that_was_edited_is_found(saved, name):
    def change(content):
        content["metrics"][name] += 0.001

    verdict = edited(saved, change)
    assert not verdict.true
    assert f"metrics.{name}: the result says" in verdict.differences[0]


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("metrics.recall@7: only in the result", lambda c: c["metrics"].update({"recall@7": 1.0})),
        ("metrics.recall@5: only in the run", lambda c: c["metrics"].pop("recall@5")),
        ("n_gallery: ", lambda c: c.update(n_gallery=8102)),
        ("gallery_sha256: ", lambda c: c.update(gallery_sha256="0" * 64)),
        ("protocol: ", lambda c: c["protocol"].update(exclude_reference=False)),
        ("main: ", lambda c: c.update(main="recall@50")),
    ],
)
def test_every_claim_of_the_passport_is_held_against_data_and_run(saved, what, change):
    verdict = edited(saved, change)
    assert any(line.startswith(what) for line in verdict.differences)


def test_an_edited_run_gives_other_numbers_or_is_no_ranking(saved):
    path = saved.parent / "vectors--cirr-val.jsonl.gz"
    with gzip.open(path, "rt") as file:
        lines = [json.loads(line) for line in file]
    whole = [dict(line) for line in lines]

    def rewrite():
        with gzip.open(path, "wt") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)

    (part,) = get_benchmark("cirr-val").read(load_result(saved).data_path)
    lost = next(line for line in lines if not {line["ids"][0]} & part.relevant[line["query"]])
    (target,) = part.relevant[lost["query"]]
    lost["ids"] = [target, *(id for id in lost["ids"] if id != target)]  # put the answer first
    rewrite()
    assert any("metrics.recall@1" in line for line in verify(saved).differences)
    lines[0]["ids"] = [lines[0]["ids"][0]] * len(lines[0]["ids"])
    rewrite()
    with pytest.raises(BadData, match="1 different ids of 95"):
        verify(saved)
    lines[:] = whole[1:]
    rewrite()
    with pytest.raises(BadData, match="answers other queries"):
        verify(saved)


def test_baselines_and_the_gap_are_verified_too(tmp_path):
    folder = tmp_path / "shapes"
    folder.mkdir()
    for words in ("red round", "blue round", "red square", "blue square"):
        draw(words).save(folder / f"{words.replace(' ', '-')}.png")
    (folder / "queries.csv").write_text(
        "reference,text,targets\nred-round,blue,blue-round\nblue-square,red,red-round\n"
    )
    path = run("custom", data=folder, encoder=ToyEncoder(), composer="slerp", cache=tmp_path).save(tmp_path)
    assert path.name == "slerp--toy.json"
    other = run("custom", data=folder, encoder=ToyEncoder(), composer="sum", cache=tmp_path).save(tmp_path)
    shared = [json.loads(file.read_text())["run"]["image_only"] for file in (path, other)]
    assert shared[0] == shared[1]  # one run of a baseline serves all results
    assert len(list(path.parent.glob("image_only--toy.*.jsonl.gz"))) == 1
    assert verify(path).true
    assert verify(other).true

    def change(content):
        content["baselines"]["image_only"]["recall@1"] = 0.25
        content["composition_gap"]["recall@1"] += 0.5

    assert [line.split(":")[0] for line in edited(path, change).differences] == [
        "baselines.image_only.recall@1",
        "composition_gap.recall@1",
    ]


def test_a_partial_result_is_verified_on_what_was_there(tmp_path):
    folder = tmp_path / "shapes"
    folder.mkdir()
    for words in ("red round", "blue round", "red square"):
        draw(words).save(folder / f"{words.replace(' ', '-')}.png")
    (folder / "gallery.txt").write_text("red-round.png\nblue-round.png\nred-square.png\ngone.png\n")
    (folder / "queries.csv").write_text("reference,text,targets\nred-round,blue,blue-round\nred-round,x,gone\n")
    result = run("custom", data=folder, encoder=ToyEncoder(), cache=tmp_path, skip_bad=True)
    assert (result.n_queries, result.n_gallery, result.skipped) == (1, 3, 1)
    assert verify(result.save(tmp_path)).true


@pytest.mark.parametrize("benchmark", ["fashioniq-val", "fashioniq-val@val-split"])
def test_a_benchmark_of_three_parts_is_verified(goldens, fashioniq_vectors, tmp_path, benchmark):
    assert verify(run(benchmark, data=goldens / "fashioniq", vectors=fashioniq_vectors).save(tmp_path)).true


def test_ranks_deeper_than_the_list_are_kept_and_cannot_contradict_it(goldens, vectors, tmp_path):
    import numpy as np

    file = np.load(goldens / "coco" / "features.npz")
    ids = [line.split(",")[0] for line in (goldens / "coco" / "coco_eval.csv").read_text().splitlines()[1:]]
    path = vectors("coco", ids, file["image"], ids, file["ref_text"])
    saved = run("coco-compose", data=goldens / "coco", vectors=path).save(tmp_path)
    assert verify(saved).true
    benchmark = get_benchmark("coco-compose")
    parts = benchmark.read(goldens / "coco")
    (answers,) = read_run(benchmark, parts, saved.with_suffix(".jsonl.gz"))
    lying = replace(answers.ranked, ranks=[[1] for _ in answers.ranked.queries])
    with pytest.raises(BadData, match="contradict"):
        judge(benchmark, parts[0], lying)


def test_scores_that_rise_are_no_ranking(goldens):
    (part,) = get_benchmark("cirr-val").read(goldens / "cirr")
    ids = [[item.id for item in part.gallery if item.id not in query.exclude] for query in part.queries]
    ranked = Ranked([query.id for query in part.queries], ids, [list(range(len(row))) for row in ids])
    with pytest.raises(BadData, match="rise"):
        judge(get_benchmark("cirr-val"), part, ranked)


def test_verify_says_where_the_data_were(saved):
    content = json.loads(saved.read_text())
    content["data_path"] = "gone/cirr"
    saved.write_text(json.dumps(content))
    with pytest.raises(NotFound, match="were at gone/cirr"):
        verify(saved)


def test_a_file_that_is_no_result_is_named(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(BadData, match="not a result"):
        load_result(tmp_path / "x.json")

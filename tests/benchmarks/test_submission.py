"""The servers' rules, each broken once."""

from __future__ import annotations

import json

import pytest

from likebut.benchmarks import check_submission, run, submit
from likebut.errors import BadQuery


@pytest.fixture
def cirr(expected):
    return expected("cirr", "recall_submission_tiny.json")


@pytest.fixture
def circo(expected):
    return expected("circo", "submission_test_tiny.json")


def problems(tmp_path, content, data):
    path = tmp_path / "submission.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return check_submission(path, data=data)


def test_the_official_files_are_taken(goldens):
    for name in ("recall_submission_tiny.json", "recall_subset_submission_tiny.json"):
        assert check_submission(goldens / "cirr" / name, data=goldens / "cirr") == []
    for name in ("submission_test_tiny.json", "submission_test_tiny_covr_reference_masked.json"):
        assert check_submission(goldens / "circo" / name, data=goldens / "circo") == []
    assert (
        check_submission(goldens / "circo" / "submission_val_tiny.json", data=goldens / "circo", benchmark="circo-val")
        == []
    )


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ('"version" is', lambda c, q: c.update(version="rc1")),
        ('"metric" is None', lambda c, q: c.pop("metric")),
        ("have no answer", lambda c, q: c.pop(q)),
        ("do not belong", lambda c, q: c.update({"99999": c[q]})),
        ("49 answers; expected a list of 50", lambda c, q: c[q].pop()),
        ("is answered twice", lambda c, q: c[q].__setitem__(0, c[q][1])),
        ("is not a picture of the gallery", lambda c, q: c[q].__setitem__(0, "dev-1-0-img0")),
        ("is not a picture of the gallery", lambda c, q: c[q].__setitem__(0, c[q][0] + ".png")),
        ("str; expected a list", lambda c, q: c.update({q: "all"})),
    ],
)
def test_each_rule_of_cirrs_server(goldens, cirr, tmp_path, says, change):
    change(cirr, "12009")
    assert any(says in problem for problem in problems(tmp_path, cirr, goldens / "cirr"))


def test_cirrs_reference_is_refused_and_so_is_a_name_outside_the_group(goldens, cirr, expected, tmp_path):
    entries = {str(entry["pairid"]): entry for entry in expected("cirr", "captions", "cap.rc2.test1.json")}
    cirr["12009"][0] = entries["12009"]["reference"]
    assert any("the reference" in problem for problem in problems(tmp_path, cirr, goldens / "cirr"))
    subset = expected("cirr", "recall_subset_submission_tiny.json")
    outside = next(name for name in cirr["12012"] if name not in entries["12012"]["img_set"]["members"])
    subset["12012"][0] = outside
    assert any("not in the query's group" in problem for problem in problems(tmp_path, subset, goldens / "cirr"))


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ("have no answer, e.g. '3'", lambda c: c.pop("3")),
        ("do not belong", lambda c: c.update({"12": c["0"]})),
        ("is answered twice", lambda c: c["0"].__setitem__(0, c["0"][1])),
        ("is answered twice", lambda c: c["0"].__setitem__(0, int(c["0"][1]))),  # once as a number, once as digits
        ("51 answers", lambda c: c["0"].append(c["0"][0])),
        ("is not a picture", lambda c: c["0"].__setitem__(0, "000000000001.jpg")),
        ("is not a picture", lambda c: c["0"].__setitem__(0, 1)),
    ],
)
def test_each_rule_of_circos_server(goldens, circo, tmp_path, says, change):
    change(circo)
    assert any(says in problem for problem in problems(tmp_path, circo, goldens / "circo"))


def test_without_the_data_the_published_counts_hold(cirr, circo, tmp_path):
    assert problems(tmp_path, cirr, None) == ["14 queries; CIRR's test split has 4,148"]
    assert problems(tmp_path, circo, None) == ["788 of 800 queries have no answer, e.g. '12'"]


def test_a_query_answered_twice_and_a_file_that_is_no_json(tmp_path):
    assert "1 queries are answered twice" in problems(tmp_path, '{"0": [], "0": []}', None)
    assert problems(tmp_path, "<html>", None)[0].startswith("not a JSON object")
    assert problems(tmp_path, "[1, 2]", None)[0].startswith("not a JSON object")


def test_a_saved_result_is_submitted_from_its_run(goldens, cirr_vectors, tmp_path, cirr):
    saved = run("cirr-test", data=goldens / "cirr", vectors=cirr_vectors("test1")).save(tmp_path)
    recall, _ = submit(saved, tmp_path / "out")
    assert json.loads(recall.read_text()) == cirr
    assert recall.name == "recall_submission_vectors--cirr-test1.json"


def test_a_benchmark_without_a_server_cannot_be_submitted(goldens, cirr_vectors, tmp_path):
    with pytest.raises(BadQuery, match="has no server"):
        submit(run("cirr-val", data=goldens / "cirr", vectors=cirr_vectors("val")), tmp_path)

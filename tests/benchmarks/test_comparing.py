"""Comparing saved results, and the page of one result; on the golden CIRR annotations with features of their own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from likebut.benchmarks import run
from likebut.benchmarks.comparing import compare
from likebut.benchmarks.published import published, published_for
from likebut.benchmarks.query_report import query_report
from likebut.errors import BadData, BadQuery


@pytest.fixture(scope="module")
def saved(goldens: Path, vectors: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two results: the golden queries ("plain"), and queries moved towards their targets ("better")."""
    file = np.load(goldens / "cirr" / "features_val.npz")
    entries = json.loads((goldens / "cirr/captions/cap.rc2.val.json").read_text())
    place = {name: row for row, name in enumerate(file["gallery_names"].tolist())}
    scaled = file["gallery"] / np.linalg.norm(file["gallery"], axis=1, keepdims=True)
    asked = file["query"] / np.linalg.norm(file["query"], axis=1, keepdims=True)
    targets = scaled[[place[entry["target_hard"]] for entry in entries]]
    folder = tmp_path_factory.mktemp("results")
    made = {}
    for name, queries in {"plain": asked, "better": asked + 0.6 * targets}.items():
        path = vectors(name, file["gallery_names"], file["gallery"], file["pairids"], queries)
        result = run("cirr-val", data=goldens / "cirr", vectors=path)
        result.composer = name
        result.answers = {name: result.answers["vectors"]}
        made[name] = result.save(folder)
    return made


def test_the_better_result_is_marked_and_its_difference_is_the_one_of_the_means(saved: dict[str, Path]) -> None:
    table = compare([saved["plain"], saved["better"]], metrics=["recall@1", "recall@10", "average"], draws=2000)
    plain, better = table.rows
    gap = better.against["recall@10"]
    assert gap.mean == pytest.approx(better.metrics["recall@10"] - plain.metrics["recall@10"])
    assert 0 < gap.low < gap.mean < gap.high
    assert gap.p < 0.01
    assert "▲" in table.markdown().splitlines()[3]
    assert "average" not in better.against  # a mean of metrics has no value per query


def test_a_result_does_not_differ_from_itself(saved: dict[str, Path]) -> None:
    table = compare([saved["plain"], saved["plain"]], metrics=["recall@5"], draws=500)
    assert table.rows[1].against["recall@5"].p == 1.0
    assert "▲" not in table.markdown().split("\n\n")[0]


def test_the_interval_holds_the_number(saved: dict[str, Path]) -> None:
    row = compare([saved["plain"]], draws=2000).rows[0]
    low, high = row.interval["recall@10"]
    assert low < row.metrics["recall@10"] < high


def test_tables_agree_in_three_formats(saved: dict[str, Path]) -> None:
    table = compare([saved["plain"], saved["better"]], metrics=["recall@10"], draws=200)
    number = f"{100 * table.rows[0].metrics['recall@10']:.2f}"
    assert all(number in text for text in (table.markdown(), table.latex(), table.html()))
    assert r"recall@10 \\" in table.latex()
    assert table.latex().count(r"\\") == 3


def test_published_rows_stand_below_and_are_marked_as_theirs(saved: dict[str, Path]) -> None:
    table = compare([saved["plain"]], draws=100, theirs=True)
    assert table.theirs == ()  # nobody published cirr-val under this name: their figures are the test server's
    assert all(row.source and row.evidence and row.protocol for row in published())
    assert {row.benchmark for row in published_for("circo-test")} == {"circo-test"}
    assert len(published()) >= 80


def test_results_on_other_data_are_not_compared(saved: dict[str, Path], tmp_path: Path) -> None:
    other = json.loads(saved["better"].read_text()) | {"data": "sha256:0"}
    for file in saved["better"].parent.glob("better*.gz"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "better.json").write_text(json.dumps(other))
    with pytest.raises(BadData, match="their data differs"):
        compare([saved["plain"], tmp_path / "better.json"])


def test_an_unknown_metric_names_the_known_ones(saved: dict[str, Path]) -> None:
    with pytest.raises(BadQuery, match="recall@10"):
        compare([saved["plain"]], metrics=["recal@10"])


def test_the_plot_is_a_picture(saved: dict[str, Path], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = compare([saved["plain"], saved["better"]], metrics=["recall@1", "recall@10"], draws=100).plot(
        tmp_path / "p.png"
    )
    assert min(Image.open(path).size) > 100


def test_the_page_shows_the_worst_query_first_with_its_answer_marked(saved: dict[str, Path], tmp_path: Path) -> None:
    text = query_report(saved["plain"], tmp_path / "page.html", n=5).read_text()
    ranks = [int(rank.replace(",", "")) for rank in re.findall(r"rank ([\d,]+)</span>", text)]
    assert len(ranks) == 5
    assert ranks == sorted(ranks, reverse=True)
    assert 'class="right"' in text
    assert "http" not in re.sub(r"arXiv:\S+", "", text)  # nothing is fetched


def test_pictures_that_exist_are_inside_the_page_once(goldens: Path, vectors: Any, tmp_path: Path) -> None:
    root = tmp_path / "cirr"
    for folder in ("captions", "image_splits"):
        (root / folder).mkdir(parents=True)
        for file in (goldens / "cirr" / folder).glob("*val*"):
            (root / folder / file.name).write_bytes(file.read_bytes())
    features = np.load(goldens / "cirr" / "features_val.npz")
    names = features["gallery_names"].tolist()
    (root / "dev").mkdir()
    for number, name in enumerate(names):
        Image.new("RGB", (32, 32), (number, 255 - number, 90)).save(root / f"dev/{name}.png")
    path = vectors("v", features["gallery_names"], features["gallery"], features["pairids"], features["query"])
    result = run("cirr-val", data=root, vectors=path).save(tmp_path / "results")
    text = query_report(result, tmp_path / "page.html", n=0).read_text()
    pictures = json.loads(re.search(r'id="pictures">(.*?)</script>', text, re.S).group(1))  # type: ignore[union-attr]
    assert all(value.startswith("data:image/webp") for value in pictures.values())
    assert len(pictures) == len(set(pictures)) <= len(names)


def test_a_result_carries_the_interval_of_a_proportion(saved: dict[str, Path]) -> None:
    result = json.loads(saved["plain"].read_text())
    share, n = result["metrics"]["recall@10"], result["n_queries"]
    half = 1.96 * (share * (1 - share) / (n - 1)) ** 0.5  # variance with n - 1
    assert result["intervals"]["vectors"]["recall@10"] == pytest.approx([share - half, share + half])
    assert "average" not in result["intervals"]["vectors"]

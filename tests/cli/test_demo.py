"""The demo with an encoder that only sees colours: what it draws, that it goes on where it stopped, what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from likebut.cli.demo import gallery
from likebut.cli.demo.gallery import ANCHORS, TARGETS, draw_gallery, entries
from likebut.cli.demo.queries import sample_queries
from likebut.datasets.wardrobe.attributes import is_sensible


def test_the_gallery_holds_every_reference_and_every_right_answer_once():
    shown = entries()
    photos = [entry.picture.garments for entry in shown if entry.picture.style == "photo"]
    assert len({entry.id for entry in shown}) == len(shown)
    for garment in (*ANCHORS, *TARGETS):
        assert is_sensible(garment)
        assert photos.count((garment,)) == 1


def test_every_sample_query_has_exactly_one_right_answer(tmp_path: Path):
    shown = entries()
    for sample in sample_queries(shown, tmp_path):
        assert sum(sample.fits(entry.picture) for entry in shown) == 1, sample.title
        assert sample.query.reference_id not in [entry.id for entry in shown if sample.fits(entry.picture)]


def test_pictures_that_are_there_are_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    few = entries()[:6]
    monkeypatch.setattr(gallery, "entries", lambda: few)
    done: list[int] = []
    table = draw_gallery(tmp_path, done.append)
    assert sum(done) == 6
    stamps = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.jpg")}
    missing = sorted(stamps)[0]
    (tmp_path / missing).unlink()
    draw_gallery(tmp_path, done.append)
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.jpg")}
    assert {name for name in after if after[name] != stamps[name]} == {missing}
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    assert [row["id"] for row in rows] == [entry.id for entry in few]
    assert rows[0]["colour"] == "blue"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """References and right answers only; how many pictures those are."""
    for name in ("NEAR", "FAR", "OUTFITS"):
        monkeypatch.setattr(gallery, name, 0)
    return len(entries())


@pytest.mark.slow
def test_the_demo_answers_writes_its_report_and_encodes_nothing_twice(
    likebut, colour_by_name: str, few: int, tmp_path: Path
):
    first = likebut("demo", "--dir", tmp_path / "demo", "--encoder", colour_by_name)
    assert first.code == 0, first.err
    assert f"{few} encoded with colour" in first.out
    assert "Another colour" in first.out
    assert "right answer" in first.out
    page = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert page.count("<section>") == 9
    assert (tmp_path / "demo" / "sheet.png").stat().st_size > 10_000
    second = likebut("demo", "--dir", tmp_path / "demo", "--encoder", colour_by_name)
    assert f"0 encoded with colour, {few} unchanged" in second.out


@pytest.mark.slow
def test_a_demo_of_an_older_model_is_indexed_again(likebut, colour_by_name: str, few: int, tmp_path: Path, monkeypatch):
    from tests.conftest import ColourEncoder

    likebut("demo", "--dir", tmp_path, "--encoder", colour_by_name)
    monkeypatch.setattr(ColourEncoder, "fingerprint", "colour-2")
    again = likebut("demo", "--dir", tmp_path, "--encoder", colour_by_name)
    assert again.code == 0, again.err
    assert f"{few} encoded with colour" in again.out


@pytest.mark.slow
def test_the_bundled_model_finds_most_of_the_right_answers(likebut, tmp_path: Path):
    # Nine questions, six hits out of 273 pictures each: by chance 0.2 right answers would be shown.
    outcome = likebut("demo", "--dir", tmp_path)
    assert outcome.code == 0, outcome.err
    assert outcome.out.count("right answer at rank") >= 6

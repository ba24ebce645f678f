"""The documentation runs: code on a page is the code that is tested."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[1]


def blocks(page: str, kind: str = "python") -> list[str]:
    return re.findall(rf"```{kind}[^\n]*\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


def test_a_new_benchmark_takes_one_file_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, line, use = blocks("new-benchmark.md")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIKEBUT_HOME", str(tmp_path / "home"))
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("shapes.py").write_text(file)
    folder = tmp_path / "shapes" / "pictures"
    folder.mkdir(parents=True)
    for colour in ("red", "blue"):
        for form in ("round", "square"):
            picture = Image.new("RGB", (64, 64), "white")
            draw = getattr(ImageDraw.Draw(picture), {"round": "ellipse", "square": "rectangle"}[form])
            draw((12, 12, 52, 52), fill=colour)
            picture.save(folder / f"{colour}-{form}.png")
    rows = ["reference,text,target", "red-round,blue,blue-round", "blue-square,red,red-square"]
    (tmp_path / "shapes/queries.csv").write_text("\n".join(rows) + "\n")
    from likebut.benchmarks import BENCHMARKS

    monkeypatch.setattr(BENCHMARKS, "_entries", dict(BENCHMARKS._entries))
    try:
        exec(line, {})
        exec(use, {})
    finally:
        sys.modules.pop("shapes", None)
        importlib.invalidate_caches()
    assert capsys.readouterr().out.startswith("1.0 ")


def test_every_page_of_the_navigation_exists_and_every_page_is_in_it() -> None:
    named = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text()))
    there = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert named == there


def test_generated_tables_are_what_the_results_and_catalogues_say() -> None:
    spec = importlib.util.spec_from_file_location("make_tables", ROOT / "scripts" / "make_tables.py")
    assert spec is not None
    assert spec.loader is not None
    make_tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_tables)
    for page in make_tables.pages():
        text = page.read_text(encoding="utf-8")
        assert make_tables.filled(text) == text, f"{page.name} is out of date; run scripts/make_tables.py"

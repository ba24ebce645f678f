"""A report shows what was asked and what was found, needs nothing from outside, and says it to screen readers too."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likebut.encoders.toy import draw
from likebut.errors import LikebutError
from likebut.images import thumbnail
from likebut.report import Panel, Tile, contact_sheet, panel, report_page
from likebut.report.sheet import GAP, MARGIN, TILE, Type
from likebut.stores import create_store
from likebut.stores.base import Manifest, Record, Store
from likebut.types import Hit, Query, Region


@pytest.fixture
def store() -> Store:
    held = create_store(None, Manifest("toy", "toy-1", 2, "none", store="exact"))
    row = np.array([1, 0], np.float32)
    held.add([Record("red", row, thumbnail=thumbnail(draw("red round"))), Record("bare", row)])
    return held


def hits(*ids: str) -> list[Hit]:
    return [
        Hit(item, 0.9 - 0.1 * rank, rank, {"image": 0.6, "negative": -0.2}) for rank, item in enumerate(ids, start=1)
    ]


class Page(HTMLParser):
    """Everything a page refers to, and its pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.references: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attributes)
        self.references += [str(named[name]) for name in ("src", "href", "srcset", "data") if name in named]
        if tag == "img":
            self.images.append(named)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_refers_to_nothing_outside_itself(store: Store):
    text = report_page([panel(Query("@red", "blue"), hits("red"), store, title="One")], title="Report")
    page = Page(text)
    assert page.references
    assert all(reference.startswith("data:image/webp;base64,") for reference in page.references)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert "url(" not in text
    assert "@import" not in text


def test_every_picture_has_a_text_in_its_place(store: Store):
    page = Page(report_page([panel(Query("@red", "blue"), hits("red"), store)], title="Report"))
    assert [image["alt"] for image in page.images] == ["Asked with: @red", "Result 1: red"]


def test_what_people_wrote_is_shown_and_never_run(store: Store):
    words = '<script>alert("x")</script> & "quotes"'
    page = Page(
        report_page([panel(Query(None, words), hits("red"), store, title="<b>t</b>")], title="<i>", intro="a<b")
    )
    assert "script" not in page.tags
    assert words in page.text
    assert "<b>t</b>" in page.text
    assert "a<b" in page.text


def test_the_ledger_says_its_numbers(store: Store):
    text = report_page([panel(Query("@red", "blue"), hits("red"), store)], title="Report")
    assert 'aria-label="image +0.600, negative −0.200"' in text
    assert "width:75.0%" in text  # 0.6 of 0.6 + 0.2


def test_a_right_answer_is_framed_and_said(store: Store):
    plain, known = (panel(Query("@red"), hits("red"), store, right=right) for right in ([], ["red"]))
    assert "a right answer" not in report_page([plain], title="Report")
    assert 'class="right"' in report_page([known], title="Report")
    assert 'alt="Result 1: red, a right answer"' in report_page([known], title="Report")
    edge = (2 * (MARGIN + TILE + 2 * GAP) + 2, 2 * MARGIN + TILE)  # inside the frame's left side
    assert contact_sheet([plain]).getpixel(edge) != (47, 158, 91)
    assert contact_sheet([known]).getpixel(edge) == (47, 158, 91)


def test_an_item_without_a_thumbnail_and_an_answer_without_hits_have_their_place(store: Store):
    text = report_page([panel(Query("@bare"), hits("bare"), store), panel(Query(None, "x"), [], store)], title="Report")
    assert 'class="missing" role="img" aria-label="Result 1: bare"' in text
    assert "Nothing fits." in text


def test_a_region_is_shown_by_fading_the_rest(store: Store, tmp_path: Path):
    Image.new("RGB", (40, 20), "black").save(tmp_path / "black.png")
    query = Query(str(tmp_path / "black.png"), region=Region(box=(0, 0, 0.5, 1)))
    shown = panel(query, [], store).given[0].picture
    assert shown is not None
    assert shown.getpixel((5, 10)) == (0, 0, 0)
    assert min(shown.getpixel((30, 10))) > 150  # type: ignore[type-var]


def test_words_say_what_must_not_be_there(store: Store):
    assert panel(Query(None, "a coat", negative="black"), [], store).words == "“a coat” not “black”"


def test_a_sheet_is_as_wide_as_its_hits_and_has_a_row_for_each_query(store: Store):
    one = contact_sheet([panel(Query("@red"), hits("red", "bare"), store)])
    two = contact_sheet([panel(Query("@red"), hits("red", "bare"), store)] * 2)
    assert one.width == 2 * (2 * MARGIN + TILE + 2 * GAP + 2 * (TILE + GAP))
    assert two.width == one.width
    assert two.height > 1.7 * one.height


def test_the_picture_of_a_hit_is_where_the_sheet_says(store: Store):
    sheet = contact_sheet([panel(Query("@red"), hits("red"), store)])
    x = MARGIN + TILE + 2 * GAP + TILE // 2
    red, green, blue = sheet.getpixel((2 * x, 2 * (MARGIN + TILE // 2)))  # type: ignore[misc]
    assert red > 180
    assert max(green, blue) < 80


def test_a_sheet_of_nothing_is_an_error():
    with pytest.raises(LikebutError, match="at least one query"):
        contact_sheet([])
    assert contact_sheet([Panel("", [], "words", [])]).height > 0  # nothing found is no error


def test_long_words_are_wrapped_and_long_names_shortened():
    letters = Type([""])
    lines = letters.wrap("the same but in a much darker green and with a long zip " + "x" * 80, 18, 176)
    assert all(letters.width(line, 18) <= 176 for line in lines)
    assert lines[-1].startswith("…xxx")
    assert letters.fit("a/very/long/path/to/some/picture.jpg", 12, 80).endswith("picture.jpg")


@pytest.mark.parametrize("name", ["“Straße”", "赤いドレス", "a" * 200])
def test_any_letters_can_be_drawn(name: str):
    sheet = contact_sheet([Panel(name, [Tile(None, name)], name, [Tile(None, name, 0.5)])])
    assert sheet.getextrema() != ((255, 255),) * 3

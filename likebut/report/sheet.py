"""Panels → one picture: what was asked on the left, the hits with rank, score and ledger on the right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from likebut.errors import LikebutError
from likebut.report.panels import PARTS, Panel, Tile

TILE, GAP, MARGIN, ROW = 176, 14, 28, 68  # ROW: what stands below a hit's picture
INK, GREY, RULE, PAPER, RIGHT = "#1c1f24", "#767c86", "#e3e5e9", "#ffffff", "#2f9e5b"


def contact_sheet(panels: Sequence[Panel], *, columns: int = 6) -> Image.Image:
    """All panels below one another: on the left what was asked, on the right the hits with rank, score and ledger.

    columns: hits beside each other before the row breaks. Drawn at twice the size, for sharp type.
    Raises `LikebutError` where there is nothing to draw.
    """
    if not panels:
        raise LikebutError("A contact sheet needs at least one query; found none.")
    columns = max(1, min(columns, max(len(panel.hits) for panel in panels)))
    asked = max(2 if len(panel.given) > 1 else 1 for panel in panels)
    left = asked * TILE + (asked - 1) * GAP
    width = 2 * MARGIN + left + 2 * GAP + columns * (TILE + GAP)
    letters = Type(_texts(panels))
    heights = [_height(panel, letters, columns, left) for panel in panels]
    sheet = Canvas(width, MARGIN + sum(heights) + 44, letters)
    top = MARGIN
    for panel_, height in zip(panels, heights, strict=True):
        _draw_panel(sheet, panel_, top, left, columns)
        top += height
    _draw_legend(sheet, [name for name in PARTS if any(hit.parts.get(name) for p in panels for hit in p.hits)], top)
    return sheet.image


def _texts(panels: Sequence[Panel]) -> Iterator[str]:
    for panel in panels:
        yield panel.title
        yield panel.words
        yield from (tile.name for tile in (*panel.given, *panel.hits))


def _height(panel: Panel, letters: Type, columns: int, left: int) -> int:
    rows = -(-len(panel.hits) // columns) or 1
    asked = (TILE + 22 if panel.given else 0) + 24 * len(letters.wrap(panel.words, 18, left)) + 20
    return (30 if panel.title else 0) + max(rows * (TILE + ROW), asked) + 26


def _draw_panel(sheet: Canvas, panel: Panel, top: int, left: int, columns: int) -> None:
    x0 = MARGIN
    if panel.title:
        sheet.text(x0, top, panel.title, 15, GREY)
        top += 30
    y = top
    for number, tile in enumerate(panel.given):
        x = x0 + number * (TILE + GAP)
        sheet.picture(x, y, tile.picture)
        sheet.text(x, y + TILE + 6, sheet.type.fit(tile.name, 13, TILE), 13, GREY)
    y += TILE + 30 if panel.given else 4
    for line in sheet.type.wrap(panel.words, 18, left):
        sheet.text(x0, y, line, 18, INK)
        y += 24
    divider = x0 + left + GAP
    rows = -(-len(panel.hits) // columns) or 1
    sheet.line(divider, top, divider, top + rows * (TILE + ROW) - 16)
    for number, hit in enumerate(panel.hits):
        x = divider + GAP + (number % columns) * (TILE + GAP)
        _draw_hit(sheet, hit, number + 1, x, top + (number // columns) * (TILE + ROW))
    if not panel.hits:
        sheet.text(divider + GAP, top + 4, "nothing fits", 16, GREY)


def _draw_hit(sheet: Canvas, hit: Tile, rank: int, x: float, y: float) -> None:
    sheet.picture(x, y, hit.picture, frame=RIGHT if hit.right else RULE)
    sheet.text(x, y + TILE + 6, str(rank), 15, INK)
    if hit.score is not None:
        score = f"{hit.score:.3f}"
        sheet.text(x + TILE - sheet.type.width(score, 15), y + TILE + 6, score, 15, INK)
    sheet.text(x, y + TILE + (38 if hit.parts else 28), sheet.type.fit(hit.name, 12, TILE), 12, GREY)
    total = sum(abs(value) for value in hit.parts.values())
    start: float = x
    for name, colour in PARTS.items():
        length = TILE * abs(hit.parts.get(name, 0.0)) / total if total else 0
        sheet.bar(start, y + TILE + 30, length, colour)
        start += length


def _draw_legend(sheet: Canvas, names: Sequence[str], top: int) -> None:
    x: float = MARGIN
    for name in names:
        sheet.bar(x, top + 6, 14, PARTS[name])
        sheet.text(x + 20, top, name, 13, GREY)
        x += 44 + sheet.type.width(name, 13)


class Canvas:
    """A white picture that is drawn on in points, two pixels each."""

    def __init__(self, width: int, height: int, letters: Type) -> None:
        self.type, self.scale = letters, letters.scale
        self.image = Image.new("RGB", (width * self.scale, height * self.scale), PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, size: int, colour: str) -> None:
        """One line; (x, y) is its top left corner."""
        self._draw.text((x * self.scale, y * self.scale), text, fill=colour, font=self.type.font(size))

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """A hairline."""
        self._draw.line([value * self.scale for value in (x0, y0, x1, y1)], fill=RULE, width=self.scale)

    def bar(self, x: float, y: float, length: float, colour: str) -> None:
        """A horizontal bar of a ledger."""
        if length * self.scale >= 1:
            corners = [value * self.scale for value in (x, y, x + length, y + 5)]
            self._draw.rectangle([*corners[:2], corners[2] - 1, corners[3] - 1], fill=colour)

    def picture(self, x: float, y: float, picture: Image.Image | None, frame: str = RULE) -> None:
        """A picture inside a TILE × TILE frame with round corners; its own shape is kept."""
        side, radius = TILE * self.scale, 8 * self.scale
        ground = Image.new("RGB", (side, side), "#f3f4f6")
        if picture is not None:
            factor = side / max(picture.size)
            size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
            ground.paste(picture.resize(size, Image.Resampling.LANCZOS), ((side - size[0]) // 2, (side - size[1]) // 2))
        corners = Image.new("L", (side, side), 0)
        ImageDraw.Draw(corners).rounded_rectangle((0, 0, side - 1, side - 1), radius, fill=255)
        self.image.paste(ground, (round(x * self.scale), round(y * self.scale)), corners)
        self._draw.rounded_rectangle(
            [x * self.scale, y * self.scale, (x + TILE) * self.scale - 1, (y + TILE) * self.scale - 1],
            radius,
            outline=frame,
            width=1 if frame == RULE else 3 * self.scale,
        )


class Type:
    """One typeface for a whole sheet. Sizes and widths are points.

    It is Pillow's own where that has all the letters, else DejaVu where the system has it.
    """

    OWN = frozenset("“”‘’…·")  # beside ASCII

    def __init__(self, texts: Iterable[str], scale: int = 2) -> None:
        self.scale = scale
        self._own = all(
            text.isascii() or all(letter.isascii() or letter in self.OWN for letter in text) for text in texts
        )

    def font(self, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        """The typeface at `size`, in the pixels of a canvas."""
        return _font(size * self.scale, self._own)

    def width(self, text: str, size: int) -> float:
        """How wide a line is."""
        return self.font(size).getlength(text) / self.scale

    def wrap(self, text: str, size: int, width: float) -> list[str]:
        """Lines no wider than `width`; a single word that is wider is shortened."""
        lines: list[str] = []
        for word in text.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.width(longer, size) <= width:
                lines[-1] = longer
            else:
                lines.append(self.fit(word, size, width))
        return lines

    def fit(self, text: str, size: int, width: float) -> str:
        """The text, or as much of its end as fits after an ellipsis: ends of paths tell more than their beginnings."""
        if self.width(text, size) <= width:
            return text
        while text and self.width("…" + text, size) > width:
            text = text[1:]
        return "…" + text


@cache
def _font(pixels: int, own: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if not own:
        try:
            return ImageFont.truetype("DejaVuSans.ttf", pixels)
        except OSError:
            pass  # better a box for a letter than no sheet
    return ImageFont.load_default(pixels)

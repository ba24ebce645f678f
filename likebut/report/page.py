"""Panels → one HTML page that stands alone: pictures inside it, nothing fetched, light and dark, wide and narrow."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template

from PIL import Image

from likebut.report.panels import PARTS, Panel, Tile


def report_page(panels: Sequence[Panel], *, title: str, intro: str = "") -> str:
    """The page as text; write it with encoding UTF-8. Everything a panel says is escaped."""
    template = Template(files("likebut.report").joinpath("page.html").read_text(encoding="utf-8"))
    used = [name for name in PARTS if any(hit.parts.get(name) for panel in panels for hit in panel.hits)]
    legend = "".join(f'<li><i class="part {name}"></i>{name}</li>' for name in used)
    return template.substitute(
        title=escape(title),
        intro=f"<p>{escape(intro)}</p>" if intro else "",
        legend=f'<ul class="legend" aria-label="What a score is made of">{legend}</ul>' if used else "",
        colours="".join(f".part.{name}{{background:{colour}}}" for name, colour in PARTS.items()),
        panels="\n".join(_panel(panel) for panel in panels),
    )


def _panel(panel: Panel) -> str:
    given = "".join(
        _figure(tile, f"Asked with: {tile.name}", f"<figcaption>{escape(tile.name)}</figcaption>")
        for tile in panel.given
    )
    words = f'<p class="words">{escape(panel.words)}</p>' if panel.words else ""
    hits = "".join(f"<li>{_hit(hit, rank)}</li>" for rank, hit in enumerate(panel.hits, start=1))
    answers = f'<ol class="hits">{hits}</ol>' if hits else '<p class="empty">Nothing fits.</p>'
    note = f'<p class="note">{escape(panel.note)}</p>' if panel.note else ""
    return (
        f'<section><h2>{escape(panel.title)}</h2>{note}<div class="row">'
        f'<div class="asked">{given}{words}</div>{answers}</div></section>'
    )


def _hit(hit: Tile, rank: int) -> str:
    score = "" if hit.score is None else f"<b>{_number(hit.score, 3)}</b>"
    about = f" ({hit.about})" if hit.about else ""
    caption = (
        f'<figcaption><span class="line"><span>{rank}</span>{score}</span>{_ledger(hit)}'
        f'<span class="name">{escape(hit.name)}</span></figcaption>'
    )
    right = ", a right answer" if hit.right else ""
    return _figure(hit, f"Result {rank}: {hit.name}{about}{right}", caption)


def _ledger(hit: Tile) -> str:
    parts = {name: hit.parts[name] for name in PARTS if hit.parts.get(name)}
    total = sum(abs(value) for value in parts.values())
    if not total:
        return ""
    words = ", ".join(f"{name} {_number(value, 3, signed=True)}" for name, value in parts.items())
    bars = "".join(
        f'<i class="part {name}" style="width:{100 * abs(value) / total:.1f}%"></i>' for name, value in parts.items()
    )
    return f'<span class="ledger" role="img" aria-label="{words}" title="{words}">{bars}</span>'


def _number(value: float, digits: int, signed: bool = False) -> str:
    return f"{value:{'+' if signed else ''}.{digits}f}".replace("-", "−")


def _figure(tile: Tile, alt: str, caption: str) -> str:
    kind = ' class="right"' if tile.right else ""
    if tile.picture is None:
        return f'<figure{kind}><div class="missing" role="img" aria-label="{escape(alt)}"></div>{caption}</figure>'
    width, height = tile.picture.size
    picture = (
        f'<img src="{_data_uri(tile.picture)}" width="{width}" height="{height}" alt="{escape(alt)}" loading="lazy">'
    )
    return f"<figure{kind}>{picture}{caption}</figure>"


def _data_uri(picture: Image.Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=82, method=4)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")

"""A result as a page that people look at: its numbers, and query by query what was found, failures first.

Each query shows its reference and words, then one row per method with the first hits; right answers have a green
frame, and the rank of the best one stands before them. The page stands alone: pictures are inside it, each once.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np
from PIL import Image

from likebut.benchmarks.comparing import Comparison, compare
from likebut.benchmarks.rescoring import Rescored, rescore
from likebut.datasets.base import RetrievalSet
from likebut.errors import BadImage
from likebut.images import load_image, region_mask
from likebut.metrics.base import NOT_FOUND
from likebut.types import ImageLike, Query

SIDE = 144  # px, the longer side of every picture on the page
ORDER = ("image_only", "text_only", "sum")


@dataclass(frozen=True)
class _Line:
    """One query of one part, with the rank of its best answer under every method."""

    part: RetrievalSet
    query: Query
    row: int
    part_number: int
    ranks: Mapping[str, int]


def query_report(
    path: str | Path,
    to: str | Path,
    *,
    data: str | Path | None = None,
    n: int = 100,
    hits: int = 8,
    theirs: bool = True,
) -> Path:
    """Write the page of a saved result to the file `to`.

    n     queries on the page: the worst first, by the rank of the best right answer; 0 shows all
    hits  pictures per method
    theirs  also show published figures for the same protocol
    Pictures that are not on disk are shown as their ids. Raises `NotFound` for missing data or runs.
    """
    found = rescore(path, data=data)
    table = compare([found], theirs=theirs)
    methods = [
        found.result.composer,
        *(name for name in ORDER if name in found.answers and name != found.result.composer),
    ]
    lines = _lines(found, methods)
    worst = sorted(lines, key=lambda line: (-line.ranks[methods[0]], line.query.id))
    shown = worst[:n] if n else worst
    album = _Album(found.parts)
    panels = [_panel(line, found, methods, hits, album) for line in shown]
    template = Template(files("likebut.benchmarks").joinpath("query_report.html").read_text(encoding="utf-8"))
    page = template.substitute(
        title=escape(f"{found.result.benchmark}: {found.result.composer} on {found.result.encoder}"),
        intro=_intro(found, lines, methods, len(shown)),
        table=table.html(),
        bars=_bars(table, found),
        panels="\n".join(panels),
        pictures=json.dumps(album.pictures),
    )
    to = Path(to)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(page, encoding="utf-8")
    return to


def solved_alone(found: Rescored, k: int = 1) -> dict[str, float]:
    """Share of queries whose answer one modality alone puts into the first k: 0–1 by baseline.

    A benchmark where these are high measures little composition. Empty without the baselines.
    """
    lines = _lines(found, [name for name in ("image_only", "text_only") if name in found.answers])
    return {
        name: float(np.mean([line.ranks[name] <= k for line in lines])) for name in (lines[0].ranks if lines else ())
    }


def _lines(found: Rescored, methods: Sequence[str]) -> list[_Line]:
    return [
        _Line(
            part,
            query,
            row,
            number,
            {name: int(found.answers[name][number].judged["gallery"].ranks[row].min()) for name in methods},
        )
        for number, part in enumerate(found.parts)
        for row, query in enumerate(part.queries)
    ]


def _intro(found: Rescored, lines: Sequence[_Line], methods: Sequence[str], shown: int) -> str:
    result = found.result
    main = f"{result.main} {_percent(result.main, result.metrics[result.main])}"
    text = [f"<b>{escape(main)}</b> over {len(lines):,} queries and {result.n_gallery:,} pictures."]
    if result.main in result.composition_gap:
        gap = result.composition_gap[result.main]
        text.append(
            f"Composition gap {100 * gap:+.2f} points: what composing added over the better of picture and words alone."
        )
    if alone := solved_alone(found):
        parts = [
            f"{share:.1%} by the {'picture' if name == 'image_only' else 'words'}" for name, share in alone.items()
        ]
        text.append(f"At rank 1, {' and '.join(parts)} alone.")
    if result.partial:
        text.append(f"<b>Partial</b>: {result.missing.get('pictures', 0)} pictures were missing.")
    text.append(
        f"Below, the {shown} queries whose right answer {escape(methods[0])} ranked lowest; green frames are right."
    )
    return " ".join(text)


def _percent(metric: str, value: float) -> str:
    return f"{value:.1f}" if metric.endswith("_rank") else f"{100 * value:.2f} %"


def _bars(table: Comparison, found: Rescored) -> str:
    """The main metric of every method as a bar with its interval."""
    main = found.result.main
    scored = [row for row in table.rows if main in row.metrics]
    top = max((row.metrics[main] for row in scored), default=0) or 1
    bars = []
    for row in scored:
        low, high = row.interval.get(main, (row.metrics[main],) * 2)
        limits = f"95 %: {_percent(main, low)} to {_percent(main, high)}"
        bars.append(
            f'<li><span>{escape(row.name)}</span><i style="width:{100 * row.metrics[main] / top * 0.7:.1f}%" '
            f'title="{limits}"></i><b>{_percent(main, row.metrics[main])}</b></li>'
        )
    return f'<ul class="bars" aria-label="{escape(main)} by method">{"".join(bars)}</ul>'


def _panel(line: _Line, found: Rescored, methods: Sequence[str], hits: int, album: _Album) -> str:
    query, part = line.query, line.part
    right = part.relevant.get(query.id, frozenset())
    rows = []
    for method in methods:
        ids = list(found.answers[method][line.part_number].ranked.ids[line.row])[:hits]
        rank = line.ranks[method]
        place = f"rank {rank:,}" if rank < NOT_FOUND else "not in the run"
        tiles = "".join(album.tile(part, item, "right" if item in right else "") for item in ids)
        good = ' class="good"' if rank <= 1 else ""
        rows.append(f"<tr><th>{escape(method)}<span{good}>{place}</span></th><td>{tiles}</td></tr>")
    answers = "".join(album.tile(part, item, "right") for item in sorted(right)[:4])
    more = f"<small>and {len(right) - 4} more</small>" if len(right) > 4 else ""
    name = f"{part.part} {query.id}".strip()
    return (
        f'<section><div class="asked"><h2>{escape(name)}</h2>{album.reference(part, query)}'
        f"<p>{escape(query.text) or '<em>no words</em>'}</p></div>"
        f'<div class="answer"><h2>should find</h2>{answers}{more}</div><table>{"".join(rows)}</table></section>'
    )


class _Album:
    """The pictures of the page, each made small and kept once."""

    def __init__(self, parts: Sequence[RetrievalSet]) -> None:
        self.pictures: dict[str, str] = {}
        self._items = {part.part: {item.id: item for item in (*part.gallery, *part.references)} for part in parts}

    def tile(self, part: RetrievalSet, item: str, mark: str) -> str:
        key = f"{part.part}/{item}"
        if key not in self.pictures:
            self.pictures[key] = self._small(part, item)
        return _figure(key, item, mark, bool(self.pictures[key]))

    def reference(self, part: RetrievalSet, query: Query) -> str:
        shown = []
        if query.reference_id is not None and query.region is None:
            shown.append(self.tile(part, query.reference_id, "reference"))
        elif query.reference is not None:
            key = f"{part.part}/?{query.id}"
            item = self._items[part.part].get(query.reference_id or "")
            source = part.open(item) if item is not None else query.reference
            self.pictures[key] = _encoded(source, query)
            shown.append(_figure(key, "reference", "reference", bool(self.pictures[key])))
        if query.sketch is not None:
            key = f"{part.part}/sketch {query.id}"
            self.pictures[key] = _encoded(query.sketch, Query())
            shown.append(_figure(key, "sketch", "reference", bool(self.pictures[key])))
        return "".join(shown)

    def _small(self, part: RetrievalSet, item: str) -> str:
        known = self._items[part.part].get(item)
        if known is None:
            return ""
        try:
            return _encoded(part.open(known), Query())
        except BadImage:
            return ""


def _figure(key: str, name: str, mark: str, there: bool) -> str:
    text = escape(name)
    inside = f'<img data-p="{escape(key)}" alt="{text}" loading="lazy">' if there else f"<span>{text}</span>"
    return f'<figure class="{mark}" title="{text}">{inside}</figure>'


def _encoded(source: ImageLike, query: Query) -> str:
    """A data URI, with everything outside the query's region faded; "" for a picture that cannot be read."""
    try:
        picture = load_image(source)
    except BadImage:
        return ""
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    if query.region is not None:
        inside = Image.fromarray((region_mask(query.region, picture.size) > 0).astype("uint8") * 255)
        faded = Image.blend(picture, Image.new("RGB", picture.size, "white"), 0.72)
        picture = Image.composite(picture, faded, inside)
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=72)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")

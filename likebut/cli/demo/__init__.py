"""`likebut demo`: the whole job on drawn pictures, with the model that comes with likebut and no download."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from likebut.cli.demo.gallery import Entry
    from likebut.cli.demo.queries import Sample
    from likebut.encoders.base import Encoder
    from likebut.engine import Engine
    from likebut.types import Hit, Query

HITS = 6


def command(
    dir: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where pictures, index and report go.")] = Path(
        "likebut-demo"
    ),
    encoder: Annotated[str, typer.Option(metavar="NAME", help="The encoder; see `likebut models`.")] = "wardrobe-tiny",
) -> None:
    """Draw a sample gallery, index it, answer sample queries, write a report with pictures.

    \b
        likebut demo
        likebut demo --dir /tmp/likebut-demo

    Needs no network. The second run draws and encodes nothing again. The gallery is drawn by likebut and wardrobe-tiny
    was trained on such drawings: what you see says nothing about photos.
    """
    from likebut.cli.demo.gallery import draw_gallery, entries
    from likebut.cli.demo.queries import sample_queries
    from likebut.cli.shared import progress
    from likebut.encoders import load_encoder

    gallery = entries()
    with progress("Drawing", len(gallery)) as bar:
        table = draw_gallery(dir / "gallery", bar)
    engine = _index(dir / "wardrobe.likebut", table, load_encoder(encoder), len(gallery))
    with engine.store:
        samples = sample_queries(gallery, dir / "sketches")
        asked, answers = _ask(engine, samples, gallery)
        _print(samples, asked, answers, gallery)
        _write(dir, engine, samples, asked, answers, gallery)
    print(
        f"\nPictures: {dir / 'report.html'} and {dir / 'sheet.png'}. Now ask yourself, for example:\n"
        f'  likebut search {dir / "wardrobe.likebut"} @{gallery[0].id} "in green" --explain\n'
        "Your own pictures: likebut index PHOTOS --index photos.likebut"
    )


def _index(path: Path, table: Path, encoder: Encoder, count: int) -> Engine:
    """The demo's index, up to date; one that another version of the model made is replaced."""
    from shutil import rmtree

    from likebut.cli.shared import progress
    from likebut.engine import create_index
    from likebut.errors import IndexMismatch
    from likebut.indexing import read_source

    try:
        engine = create_index(path, encoder)
    except IndexMismatch:
        rmtree(path)
        engine = create_index(path, encoder)
    with progress("Indexing", count) as bar:
        report = engine.index(read_source(table), prune=True, progress=bar)
    print(
        f"{len(engine.store)} pictures in the index: {report.encoded} encoded with {encoder.name}, "
        f"{report.unchanged} unchanged, {report.seconds:.1f} s"
    )
    return engine


def _ask(engine: Engine, samples: Sequence[Sample], gallery: Sequence[Entry]) -> tuple[list[Query], list[list[Hit]]]:
    asked: list[Query] = []
    answers: list[list[Hit]] = []
    for number, sample in enumerate(samples):
        query = sample.query
        if sample.follows:
            above = answers[-1]
            clicked = (_fitting(samples[number - 1], above, gallery) or above)[0].id
            query = replace(query, reference=f"@{clicked}", exclude=frozenset({clicked}))
        asked.append(query)
        answers.append(engine.search([query], HITS)[0])
    return asked, answers


def _fitting(sample: Sample, hits: Sequence[Hit], gallery: Sequence[Entry]) -> list[Hit]:
    pictures = {entry.id: entry.picture for entry in gallery}
    return [hit for hit in hits if sample.fits(pictures[hit.id])]


def _right(sample: Sample, hits: Sequence[Hit], gallery: Sequence[Entry]) -> str:
    """Where the right answer stands, in words."""
    ranks = [hit.rank for hit in _fitting(sample, hits, gallery)]
    return f"right answer at rank {ranks[0]}" if ranks else f"right answer not among the first {HITS}"


def _given(query: Query) -> str:
    parts = [query.reference if isinstance(query.reference, str) else "", "sketch" if query.sketch is not None else ""]
    region = " (part)" if query.region is not None else ""
    return " + ".join(part for part in parts if part) + region


def _said(query: Query) -> str:
    return query.text + (f", not {query.negative}" if query.negative else "")


def _print(
    samples: Sequence[Sample], asked: Sequence[Query], answers: Sequence[Sequence[Hit]], gallery: Sequence[Entry]
) -> None:
    from likebut.cli.shared import console, table

    shown = table("query", "like", "but", "first hit", "score", "", right=("score",))
    for sample, query, hits in zip(samples, asked, answers, strict=True):
        first = (hits[0].id, f"{hits[0].score:.3f}") if hits else ("nothing", "")
        shown.add_row(sample.title, _given(query), _said(query), *first, _right(sample, hits, gallery))
    console().print(shown)


def _write(
    dir: Path,
    engine: Engine,
    samples: Sequence[Sample],
    asked: Sequence[Query],
    answers: Sequence[Sequence[Hit]],
    gallery: Sequence[Entry],
) -> None:
    from likebut.report import contact_sheet, panel, report_page

    panels = []
    for sample, query, hits in zip(samples, asked, answers, strict=True):
        note = f"{sample.note} {_right(sample, hits, gallery).capitalize()}.".strip()
        right = {hit.id for hit in _fitting(sample, hits, gallery)}
        panels.append(panel(query, hits, engine.store, title=sample.title, note=note, right=right))
    page = report_page(
        panels,
        title="likebut: like this one, but …",
        intro=f"{len(engine.store)} pictures drawn by likebut, indexed with {engine.encoder.name}. Each row: what was "
        "asked, then the best answers with their scores. The bar shows what a score is made of, a green frame the "
        "right answer. The model was trained on such drawings, so this says nothing about photos.",
    )
    (dir / "report.html").write_text(page, encoding="utf-8")
    contact_sheet(panels).save(dir / "sheet.png", compress_level=3)

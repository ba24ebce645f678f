"""`likebut search`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from likebut.engine import Engine
    from likebut.types import Hit, Query


def command(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The index.")],
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="A picture file, a URL, or @ID of an item.", show_default=False)
    ] = "",
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What should be different.", show_default=False)] = "",
    region: Annotated[
        str, typer.Option(metavar="X0,Y0,X1,Y1", help="The part of REFERENCE that counts, in fractions 0–1.")
    ] = "",
    mask: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The same as a picture: white counts, black does not.")
    ] = None,
    click: Annotated[
        str, typer.Option(metavar="X,Y", help="A point on the thing that counts; it is cut out of REFERENCE.")
    ] = "",
    cut: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Cut the thing out of --region too: grabcut, or sam2[:FOLDER]. --click: grabcut."
        ),
    ] = "",
    sketch: Annotated[Path | None, typer.Option(metavar="FILE", help="A drawing of what to find.")] = None,
    negative: Annotated[str, typer.Option("--not", metavar="TEXT", help="What must not be there.")] = "",
    composer: Annotated[
        str,
        typer.Option(
            "--composer", "-c", metavar="NAME", help="How picture and words become one query; see `likebut composers`."
        ),
    ] = "sum",
    weight: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART=NUMBER", help="How much image, region, text, sketch or negative counts; may be repeated."
        ),
    ] = None,
    where: Annotated[
        str,
        typer.Option(metavar="EXPR", help="Only items whose metadata fits, e.g. \"price < 50 AND colour = 'red'\"."),
    ] = "",
    k: Annotated[int, typer.Option("-k", min=1, metavar="N", help="How many results.")] = 10,
    explain: Annotated[bool, typer.Option("--explain", help="Show what each score is made of.")] = False,
    save: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the results as a contact sheet.")] = None,
    keep_reference: Annotated[
        bool, typer.Option("--keep-reference", help="Let an @ID reference appear among its own results.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where nothing is found.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per line: id, score, rank, parts, metadata.")
    ] = False,
) -> int:
    """Find pictures that look like REFERENCE, changed as TEXT says.

    \b
        likebut search shoes.likebut photo.jpg "the same in suede"
        likebut search shoes.likebut @1042 "with laces" --explain   # @ID: a picture already in the index

    Either may be missing: a single argument that is neither a file, a URL nor @ID is the TEXT.
    """
    from likebut.cli.shared import note, parse_weights
    from likebut.engine import open_index
    from likebut.errors import BadQuery

    if sum(map(bool, (region, mask, click))) > 1:
        raise BadQuery("--region, --mask and --click each say which part counts. Give one.")
    asked = _query(reference, text, region, mask)
    engine = open_index(index)
    if click or cut:
        asked = _cut_out(asked, engine, click, cut)
    asked = replace(
        asked,
        sketch=_existing(sketch),
        negative=negative,
        weights=parse_weights(weight or []),
        where=where or None,
        exclude=frozenset() if keep_reference or asked.reference_id is None else frozenset({asked.reference_id}),
    )
    with engine.store:
        hits = engine.search([asked], k, composer)[0]
        if save is not None:
            _save_sheet(engine, asked, hits, save)
    if as_json:
        _print_lines(hits)
    elif hits:
        _print_table(hits, composer, explain)
    else:
        note("Nothing fits." + (f" The filter {where!r} may leave no item." if where else ""))
    return 1 if strict and not hits else 0


def _query(reference: str, text: str, region: str, mask: Path | None) -> Query:
    """The arguments as a query; a lone first argument that names no picture is the text."""
    from likebut.images import load_image
    from likebut.types import Query, Region

    if reference and not text and not _names_a_picture(reference):
        reference, text = "", reference
    part = Region(mask=str(_existing(mask))) if mask else Region.parse(region) if region else None
    if "://" in reference:
        return Query(load_image(reference, allow_url=True), text, part)  # typed by hand: that is asking for it
    if reference and not reference.startswith("@"):
        reference = str(_existing(Path(reference)))
    return Query(reference or None, text, part)


def _cut_out(query: Query, engine: Engine, click: str, segmenter: str) -> Query:
    """The query with the thing in its region, or under the click, as its region."""
    from likebut.errors import BadQuery
    from likebut.segmenters import parse_click, segment

    where = parse_click(click) if click else query.region
    picture = engine.references().picture(query)
    if picture is None or where is None:
        raise BadQuery(
            "--click and --cut need a REFERENCE, and --cut a --region or --mask: cut out of what, and where?"
        )
    return replace(query, region=segment(picture, where, segmenter or "grabcut"))


def _names_a_picture(word: str) -> bool:
    from likebut.images import EXTENSIONS

    return word.startswith("@") or "://" in word or Path(word).exists() or Path(word).suffix.lower() in EXTENSIONS


def _existing(path: Path | None) -> Path | None:
    from likebut.errors import NotFound

    if path is not None and not path.exists():
        raise NotFound(f"{path}: no such file. Expected a picture, a URL, or @ID for an item of the index.")
    return path


def _print_lines(hits: Sequence[Hit]) -> None:
    from likebut.cli.shared import print_json

    for hit in hits:
        print_json(
            {"id": hit.id, "score": hit.score, "rank": hit.rank, "parts": hit.parts, "metadata": dict(hit.metadata)}
        )


def _print_table(hits: Sequence[Hit], composer: str, explain: bool) -> None:
    from likebut.cli.shared import console, note, table

    metadata = list(dict.fromkeys(name for hit in hits for name in hit.metadata))[:3]
    parts = list(dict.fromkeys(name for hit in hits for name in hit.parts)) if explain else []
    shown = table("rank", "score", *parts, "id", *([] if explain else metadata), right=("rank", "score"))
    longest = max((abs(value) for hit in hits for value in hit.parts.values()), default=1.0)
    for hit in hits:
        values = [str(hit.metadata.get(name, "")) for name in metadata] if not explain else []
        bars = [_bar(hit.parts.get(name, 0.0), longest) for name in parts]
        shown.add_row(str(hit.rank), f"{hit.score:.4f}", *bars, hit.id, *values)
    console().print(shown)
    if explain and not parts:
        note(f"{composer} is no weighted sum, so its scores cannot be taken apart.")


def _bar(value: float, longest: float, width: int = 12) -> str:
    """A signed number with a bar; `longest` fills the width.

    >>> _bar(0.25, 0.5), _bar(-0.5, 0.5, width=4)
    ('+0.250 ██████', '[red]-0.500 ████[/red]')
    """
    eighths = round(8 * width * abs(value) / longest) if longest else 0
    bar = "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    text = f"{value:+.3f} {bar}".rstrip()
    return f"[red]{text}[/red]" if value < 0 else text


def _save_sheet(engine: Engine, asked: Query, hits: Sequence[Hit], path: Path) -> None:
    from likebut.cli.shared import note, output_path
    from likebut.report import contact_sheet, panel

    sheet = contact_sheet([panel(asked, hits, engine.store)])
    sheet.save(output_path(path, ".png"), compress_level=3)
    note(f"Wrote {path}")

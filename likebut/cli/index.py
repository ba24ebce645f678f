"""`likebut index`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def command(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Folders, pictures, globs, or tables (.csv .jsonl .parquet) with a column `image`.",
        ),
    ],
    index: Annotated[Path, typer.Option("--index", metavar="DIR", help="The index; made if it is not there.")],
    encoder: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="See `likebut models`; a hub id or a folder works too. Default: the index's own; for a new index "
            "bge-vl-base, or wardrobe-tiny where that cannot be had.",
        ),
    ] = "",
    batch_size: Annotated[
        int, typer.Option(min=1, metavar="N", help="Pictures that go through the network at once.")
    ] = 64,
    workers: Annotated[
        int, typer.Option(min=0, metavar="N", help="Threads that decode; 0: as many as there are cores, at most 8.")
    ] = 0,
    store: Annotated[
        str, typer.Option(metavar="NAME", help="For a new index: `lance`, or `exact` for a small one in memory.")
    ] = "lance",
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda, mps.")] = "auto",
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Report pictures that cannot be read and go on. The default.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first picture that cannot be read.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Take out items whose file is gone.")] = False,
    allow_url: Annotated[bool, typer.Option("--allow-url", help="Fetch pictures that a table names by URL.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Make pictures searchable.

    \b
        likebut index photos --index photos.likebut
        likebut index shoes.csv --index shoes.likebut --encoder clip-vit-b32

    Only what is new or changed is encoded, so run it as often as you like; a run that was killed is started again with
    the same command. An item's id is its path below SOURCE, or the table's column `id`; other columns are metadata.
    """
    from likebut.cli.shared import default_encoder, note, print_json, progress
    from likebut.encoders import load_encoder
    from likebut.engine import create_index
    from likebut.errors import BadQuery
    from likebut.indexing import passed_over, read_source
    from likebut.indexing.incremental import DEFAULT_WORKERS

    if strict and skip_bad:
        raise BadQuery("--strict and --skip-bad exclude each other: stop at a bad picture, or go on? Give one.")
    items = list(read_source(sources))
    name = encoder or _made_with(index) or default_encoder()
    engine = create_index(index, load_encoder(name, device=device), store=store)
    with engine.store, progress("Indexing", len(items)) as bar:
        report = engine.index(
            items,
            batch_size=batch_size,
            workers=workers or DEFAULT_WORKERS,
            strict=strict,
            prune=prune,
            allow_url=allow_url,
            progress=bar,
        )
        count = len(engine.store)
    others = passed_over(sources)
    if as_json:
        skipped = [{"source": source, "reason": reason} for source, reason in report.skipped]
        rate = {"images_per_second": report.images_per_second, "items": count, "encoder": name}
        print_json({**asdict(report), "skipped": skipped, **rate, "passed_over": others})
        return
    for source, reason in report.skipped:
        note(f"skipped {source}: {reason}")
    if others:
        endings = ", ".join(f"{count} {ending or 'without one'}" for ending, count in others.items())
        note(f"passed over {sum(others.values())} files that are no pictures by their ending: {endings}")
    print(
        f"{index}: {count} items. {report.added} added, {report.updated} updated, {report.unchanged} unchanged, "
        f"{report.removed} removed, {len(report.skipped)} skipped; {report.encoded} encoded with {name} in "
        f"{report.seconds:.1f} s ({report.images_per_second:.1f} images/s)."
    )


def _made_with(index: Path) -> str:
    """The encoder of an index that is there already, or ""."""
    from likebut.stores.folder import MANIFEST, read_manifest

    return read_manifest(index).encoder if (index / MANIFEST).exists() else ""

"""Folders, files, globs and tables → Items. Opens no picture.

An id is the picture's path relative to its source, with forward slashes and with its extension: it is unique, it
does not change when the folder moves, and `a.jpg` and `a.png` stay two. A table may give ids of its own.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from glob import has_magic
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from likebut.errors import BadData, NotFound
from likebut.images import EXTENSIONS, list_images
from likebut.types import ImageLike, Item

TABLES = (".csv", ".jsonl", ".parquet")

Source = str | PathLike[str]


def read_source(sources: Source | Iterable[Source]) -> Iterator[Item]:
    """Every picture of one or several sources, as Items whose ids are unique.

    A source is a folder (with its subfolders), a picture, a glob, or a table: .csv, .jsonl or .parquet with a column
    `image` (a path relative to the table's folder, or a URL), optionally `id`, and any metadata. A row without an
    image comes out with an empty one, so that it is reported and not lost.

    Raises `NotFound` where there is nothing by that name, `BadData` for a table that cannot be read and for two
    pictures with one id.
    """
    sources = [sources] if isinstance(sources, str | PathLike) else list(sources)
    seen: dict[str, str] = {}
    for source in sources:
        for item in _read_one(source):
            here = _place(item.image, source)
            if item.id in seen:
                raise BadData(_clash(item.id, seen[item.id], here))
            seen[item.id] = here
            yield item


def passed_over(sources: Source | Iterable[Source]) -> dict[str, int]:
    """Ending → number of files below the folders among `sources` that are no pictures by their name; most first.

    Such a file is read where it is named itself, so nobody should have to wonder why it is missing.
    """
    sources = [sources] if isinstance(sources, str | PathLike) else list(sources)
    counts: Counter[str] = Counter()
    for folder in filter(os.path.isdir, sources):
        for _, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            endings = (os.path.splitext(name)[1].lower() for name in names if not name.startswith("."))
            counts.update(ending for ending in endings if ending not in EXTENSIONS)
    return dict(counts.most_common())


def _read_one(source: Source) -> Iterator[Item]:
    name = fspath(source)
    path = Path(name).expanduser()
    if path.suffix.lower() in TABLES and not path.is_dir() and not has_magic(name):
        yield from _read_table(path)
        return
    root = _root(path)
    found = list_images(path)
    if not found:
        raise NotFound(f"{name}: no picture in it. Expected a folder, a file, a glob or a table ({', '.join(TABLES)}).")
    for file in found:
        yield Item(file.relative_to(root).as_posix(), str(file))


def _root(path: Path) -> Path:
    """What ids are relative to: the folder itself, a file's folder, or a glob up to its first wildcard."""
    if path.is_dir():
        return path
    if path.exists() or not has_magic(str(path)):
        return path.parent
    first_wildcard = [has_magic(part) for part in path.parts].index(True)
    return Path(*path.parts[:first_wildcard])


def _place(image: ImageLike, source: Source) -> str:
    return image if isinstance(image, str) and image else fspath(source)


def _clash(item: str, first: str, second: str) -> str:
    return (
        f"Two pictures have the id {item!r}: {first} and {second}. An id is the path below its source, so index the "
        "folder that holds both, or a table with a column `id`."
    )


def _read_table(path: Path) -> Iterator[Item]:
    if not path.is_file():
        raise NotFound(f"{path}: no such table.")
    for number, row in enumerate(_rows(path), start=1):
        if "image" not in row:
            raise BadData(
                f"{path}, row {number}: no column `image`; found {', '.join(map(str, row)) or 'none'}. "
                "Name the column that holds the paths `image`."
            )
        metadata = {str(name): _plain(value) for name, value in row.items() if name not in ("image", "id")}
        image, default = _table_image(row["image"], path.parent)
        given = row.get("id")
        item = str(given) if given not in (None, "") else default
        yield Item(item or f"{path.name}, row {number}", image, metadata)


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    readers = {".csv": _csv_rows, ".jsonl": _json_rows, ".parquet": _parquet_rows}
    return readers[path.suffix.lower()](path)


def _csv_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Rows of a comma-separated file; a column of numbers becomes numbers, but ids and images stay as written."""
    import pyarrow as pa
    from pyarrow import csv

    as_written = csv.ConvertOptions(column_types={"id": pa.string(), "image": pa.string()}, strings_can_be_null=False)
    several_lines = csv.ParseOptions(newlines_in_values=True)
    try:
        table = csv.read_csv(path, parse_options=several_lines, convert_options=as_written)
    except pa.ArrowInvalid as error:
        raise BadData(f"{path} is not a comma-separated table in UTF-8: {_first_line(error)}") from error
    _check_columns(path, table.column_names)
    for batch in table.to_batches(max_chunksize=4096):
        yield from batch.to_pylist()


def _json_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise BadData(f"{path}, line {number}: not JSON ({error}). Expected one object per line.") from error
            if not isinstance(row, dict):
                raise BadData(f"{path}, line {number}: a {type(row).__name__}. Expected one object per line.")
            yield row


def _parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadData(f"{path} is not a parquet file: {_first_line(error)}") from error
    with file:
        _check_columns(path, file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=1024):
            yield from batch.to_pylist()


def _check_columns(path: Path, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise BadData(f"{path}: the column {repeated[0]!r} is there twice. Rename one of them.")


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


def _table_image(value: Any, folder: Path) -> tuple[ImageLike, str]:
    """A cell of `image` → what can be opened, and the id it gives where the row has none.

    A cell is a path, a URL, the encoded bytes themselves, or a record of `bytes` and `path` (Hugging Face datasets).
    """
    if isinstance(value, Mapping):
        value, name = value.get("bytes") or value.get("path"), value.get("path") or ""
        image, default = _table_image(value, folder)
        return image, default or str(name)
    if isinstance(value, bytes):
        return value, ""
    text = str(value).strip() if value is not None else ""
    if not text or "://" in text:
        return text, text
    path = Path(text).expanduser()
    inside = path.relative_to(folder) if path.is_absolute() and path.is_relative_to(folder) else path
    return str(path if path.is_absolute() else folder / path), inside.as_posix()


def _plain(value: Any) -> Any:
    """Dates as ISO text: metadata is kept as JSON, and ISO text sorts and compares as dates do."""
    return value.isoformat() if isinstance(value, date | datetime | time) else value

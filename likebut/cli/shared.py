"""What several commands share: how they print, show progress, and find an index and its encoder."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likebut.errors import BadQuery

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID
    from rich.table import Table

    from likebut.registry import Entry

RECOMMENDED, RECOMMENDED_HUB = "bge-vl-base", "BAAI/BGE-VL-base"  # MIT, 149 M parameters, made for image + words
BUNDLED = "wardrobe-tiny"


def console() -> Console:
    """Standard output; wide where nobody looks, so that a pipe or a file gets whole lines."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else 160)


def note(message: str) -> None:
    """One line beside the output, on stderr."""
    print(message, file=sys.stderr)


def print_json(value: Any) -> None:
    """One JSON value on one line of stdout; numbers of NumPy and paths included."""
    print(json.dumps(value, ensure_ascii=False, default=_jsonable))


def _jsonable(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An airy table without rules; the columns named in `right` are numbers."""
    from rich.table import Table

    result = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        result.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return result


def cards(entries: Sequence[Entry], as_json: bool) -> None:
    """A catalogue with its cards: a table for people, a JSON object per line for programs."""
    if as_json:
        for entry in entries:
            print_json({"name": entry.name, **entry.card})
        return
    names = list(dict.fromkeys(key for entry in entries for key in entry.card))
    shown = table("name", *names)
    for entry in entries:
        shown.add_row(entry.name, *(entry.card.get(key, "") for key in names))
    console().print(shown)


@contextmanager
def _bars() -> Iterator[Progress | None]:
    """Bars on stderr where that is a terminal; None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield bars


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Callable[[int], object]]:
    """A function that adds to what is done. A bar on stderr where that is a terminal; nothing at all elsewhere."""
    with _bars() as bars:
        if bars is None:
            yield lambda done: None
        else:
            task = bars.add_task(label, total=total)
            yield lambda done: bars.advance(task, done)


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], object]]:
    """A function `(stage, done, all)`; one bar per stage on stderr where that is a terminal, nothing elsewhere."""
    tasks: dict[str, TaskID] = {}
    with _bars() as bars:

        def show(stage: str, done: int, whole: int) -> None:
            if bars is None:
                return
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage.capitalize(), total=whole)
            bars.update(tasks[stage], completed=done, total=whole)

        yield show


def default_encoder() -> str:
    """The recommended encoder where it is here or can be fetched, else the bundled one, with a word about it."""
    if _in_hub_cache(RECOMMENDED_HUB) or hub_answers():
        return RECOMMENDED
    note(
        f"The recommended encoder {RECOMMENDED} is not on this machine and the hub cannot be reached. Using {BUNDLED}, "
        "which comes with likebut and knows drawn clothes, not photos. Later: likebut index SOURCE --index NEW "
        f"--encoder {RECOMMENDED}"
    )
    return BUNDLED


def hub_answers(seconds: float = 2.0) -> bool:
    """Whether the Hugging Face hub can be reached from here."""
    import socket
    from urllib.parse import urlsplit

    if os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "ON", "YES", "TRUE"):
        return False
    place = urlsplit(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
    try:
        socket.create_connection((place.hostname or "", place.port or 443), timeout=seconds).close()
    except OSError:
        return False
    return True


def _in_hub_cache(name: str) -> bool:
    from likebut.encoders.hub import cached_folder

    return cached_folder(name) is not None


def parse_weights(given: Sequence[str]) -> Mapping[str, float]:
    """`["image=1", "text=2.5"]` → weights per part. Raises `BadQuery`."""
    parts = ("image", "region", "text", "sketch", "negative")
    weights = {}
    for text in given:
        name, _, number = text.partition("=")
        try:
            weights[name] = float(number)
        except ValueError:
            weights[name] = float("nan")
        if name not in parts or not 0 <= weights[name] < float("inf"):
            raise BadQuery(
                f"--weight {text!r} is not part=number with 0 or more; parts: {', '.join(parts)}. E.g. text=2"
            )
    return weights


def output_path(path: Path, ending: str) -> Path:
    """A file to be written, its folder made. Raises `BadQuery` for another ending."""
    if path.suffix.lower() != ending:
        raise BadQuery(f"{path} does not end in {ending}, the only format this writes. E.g. {path.with_suffix(ending)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path

"""The command line: `likebut COMMAND …`. Knows which commands there are and how a run ends; each command is a file.

Exit codes: 0 done · 1 the answer is no · 2 wrong usage or bad input, with one line on stderr that says what was
found, what was expected and what to type. A traceback is shown only with --debug.

A new command is one line in `COMMANDS` and one file with a function `command`, which imports what it needs inside:
`likebut --help` reads the lines below and nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

COMMANDS = {
    "demo": ("likebut.cli.demo", "Draw a gallery, index it, answer sample queries, write a report."),
    "index": ("likebut.cli.index", "Make pictures searchable; only what is new or changed is encoded."),
    "search": ("likebut.cli.search", "Find pictures that are like this one, but …"),
    "info": ("likebut.cli.info", "What an index holds and which encoder made it."),
    "export": ("likebut.cli.export", "Vectors and metadata of an index as a parquet file."),
    "encode": ("likebut.cli.encode", "Pictures and texts as vectors."),
    "eval": ("likebut.cli.eval", "Run a benchmark's protocol; writes a result and its runs."),
    "verify": ("likebut.cli.verify", "Score saved results again, offline; is every number true?"),
    "compare": ("likebut.cli.compare", "Results side by side, with intervals and paired tests."),
    "submit": ("likebut.cli.submit", "Files for the CIRR and CIRCO servers, or check one offline."),
    "train": ("likebut.cli.train", "Train a method on an index or captions, or run a recipe."),
    "data": ("likebut.cli.data", "Data sets: list them, check a download, draw our own."),
    "benchmarks": ("likebut.cli.benchmarks", "Benchmarks by name, with their protocols."),
    "models": ("likebut.cli.models", "Encoders by name, with their cards."),
    "composers": ("likebut.cli.composers", "Composers by name, with their cards."),
    "doctor": ("likebut.cli.doctor", "Versions, devices, extras, caches: what works here."),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code."""
    from typer import Abort, Exit, TyperException

    from likebut.cli.lazy import build
    from likebut.errors import LikebutError

    given = list(arguments) or ["--help"]
    debug = "--debug" in given or os.environ.get("LIKEBUT_DEBUG", "0") not in ("", "0")
    given = [argument for argument in given if argument != "--debug"]
    if not debug:
        _one_line_per_warning()
    try:
        return build().main(given, prog_name="likebut", standalone_mode=False) or 0
    except TyperException as error:
        if debug:
            raise
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "likebut"
        found = error.format_message().rstrip(".")
        _say(f"Usage: {found}{'' if found.endswith('?') else '.'} Type: {command} --help")
        return 2
    except (Abort, KeyboardInterrupt, Exit) as error:
        _say("Stopped.")
        return getattr(error, "exit_code", 130)
    except LikebutError as error:
        if debug:
            raise
        _say(f"{type(error).__name__}: {error}")
        return 2
    except Exception as error:
        if debug:
            raise
        _say(f"{type(error).__name__}: {error} (not expected; with --debug it shows where)")
        return 2


def _one_line_per_warning() -> None:
    """Warnings as one line; Pillow's are left out, since what is wrong with a picture is said as its reason."""
    import warnings

    def show(message: Warning | str, *where: object, **more: object) -> None:
        _say(f"Warning: {message}")

    warnings.showwarning = show  # type: ignore[assignment]
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _say(message: str) -> None:
    print(" ".join(message.split()), file=sys.stderr)

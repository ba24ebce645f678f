"""What a run says: one JSON line per report in log.jsonl, and a progress line with an estimate of the time left."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Report:
    """Log file and progress of one run. A resumed run drops lines of steps that were lost with the interruption.

    On a terminal there is a bar; elsewhere one plain line per report, so that a log file stays readable.
    `folder` None: no file (all processes but the first). `quiet`: nothing on the screen.
    """

    def __init__(self, folder: Path | None, steps: int, start: int, *, quiet: bool = False) -> None:
        self._file = _continue(folder / "log.jsonl", start) if folder is not None else None
        self._steps, self._start, self._quiet = steps, start, quiet
        self._console = Console(quiet=quiet)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=self._console, disable=quiet or not self._console.is_terminal)
        self._task = self._bar.add_task("training", total=steps, completed=start)

    def __enter__(self) -> Report:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        if self._file is not None:
            self._file.close()

    def advance(self, step: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=step)

    def write(self, step: int, seconds: float, numbers: Mapping[str, float | str]) -> None:
        """One line: `step` done, `seconds` spent training in all (earlier sessions included), and the numbers."""
        line = {"step": step, "seconds": round(seconds, 2), **numbers}
        if self._file is not None:
            self._file.write(json.dumps({key: _number(value) for key, value in line.items()}) + "\n")
            self._file.flush()
        shown = "  ".join(f"{key} {_short(value)}" for key, value in numbers.items())
        self._bar.update(self._task, description=f"step {step}  {shown}")
        if not self._console.is_terminal:
            left = (self._steps - step) * seconds / step if step else math.inf
            self._console.print(
                f"step {step}/{self._steps}  {shown}  {seconds:.0f} s, {left:.0f} s left",
                highlight=False,
                soft_wrap=True,
            )


def _continue(path: Path, start: int) -> TextIO:
    """The log opened for appending, without lines after step `start` and without one that a kill cut short."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = []
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        try:
            if json.loads(line)["step"] <= start:
                kept.append(line + "\n")
        except json.JSONDecodeError:
            break
    fresh = path.with_suffix(".fresh")
    fresh.write_text("".join(kept), "utf-8")
    fresh.replace(path)
    return path.open("a", encoding="utf-8")


def _number(value: float | str) -> float | str | None:
    return value if isinstance(value, str) or math.isfinite(value) else None  # JSON has no NaN


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"

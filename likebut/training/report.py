"""What a run says: one JSON line per report in log.jsonl, and a progress line with an estimate of the time left."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Report:
    """Log file and progress of one run. A resumed run drops lines of steps that were lost with the interruption.

    On a terminal there is a bar; elsewhere one plain line per report, so that a log file stays readable.
    `quiet` writes the file only.
    """

    def __init__(self, folder: Path, steps: int, start: int, *, quiet: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "log.jsonl"
        kept = []
        if path.exists():
            kept = [line for line in path.read_text().splitlines() if json.loads(line)["step"] <= start]
        self._file = path.open("w", encoding="utf-8")
        self._file.writelines(line + "\n" for line in kept)
        self._file.flush()
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
        self._file.close()

    def advance(self, step: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=step)

    def write(self, step: int, seconds: float, numbers: Mapping[str, float | str]) -> None:
        """One line: `step` done, `seconds` spent training in all (earlier sessions included), and the numbers."""
        line = {"step": step, "seconds": round(seconds, 2), **numbers}
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


def _number(value: float | str) -> float | str | None:
    return value if isinstance(value, str) or math.isfinite(value) else None  # JSON has no NaN


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"

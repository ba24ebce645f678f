"""What holds for every command: help, examples, environment, exit codes, errors."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperOption

from likebut.cli import COMMANDS
from likebut.cli.lazy import build, help_of

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "numpy", "PIL", "lancedb", "pyarrow", "transformers", "cv2", "rich", "huggingface_hub")


def leaves(group: Any, path: tuple[str, ...] = ("likebut",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in group.commands:
        command = group.commands[name]
        if hasattr(command, "commands"):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


ALL = list(leaves(build()))
each_command = pytest.mark.parametrize("path, command", ALL, ids=[" ".join(path[1:]) for path, _ in ALL])


def in_a_new_process(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("arguments", [["--help"], ["search", "--help"], ["data", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]):
    code = f"import sys; from likebut.cli import run; run({arguments}); print(*sys.modules, file=sys.stderr)"
    modules = in_a_new_process(code).stderr.split()
    assert [name for name in HEAVY if name in modules] == []


def test_help_of_the_whole_imports_no_command():
    done = in_a_new_process(
        "import sys; from likebut.cli import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    )
    assert [module for module, _ in COMMANDS.values() if module in done.stderr.split()] == []
    assert [name for name in COMMANDS if name not in done.stdout] == []


def test_help_is_there_at_once():
    # 0.3 s is the promise on a quiet machine. What Python itself needs is taken off; a busy machine gets three tries.
    def seconds(code: str) -> float:
        start = time.perf_counter()
        in_a_new_process(code)
        return time.perf_counter() - start

    whole = min(seconds("from likebut.cli import run; run(['--help'])") for _ in range(3))
    assert whole - min(seconds("pass") for _ in range(3)) < 0.6


@each_command
def test_help_opens_with_two_examples_that_parse(path: tuple[str, ...], command: Any):
    lines = help_of(path).splitlines()
    examples = [line.strip() for line in lines if line.strip().startswith("likebut ")]
    assert len(examples) >= 2
    assert lines.index("Options:") > max(number for number, line in enumerate(lines) if line.strip() in examples)
    for example in examples[:2]:
        words = shlex.split(example, comments=True)
        assert tuple(words[: len(path)]) == path
        command.make_context(path[-1], words[len(path) :])  # raises on an unknown option or a missing argument


@each_command
def test_every_option_can_be_set_in_the_environment(path: tuple[str, ...], command: Any):
    options = [option for option in command.params if isinstance(option, TyperOption) and option.name != "help"]
    for option in options:
        assert option.envvar == "LIKEBUT_" + max(option.opts, key=len).lstrip("-").replace("-", "_").upper()
        assert option.help


def test_the_environment_counts_where_the_line_says_nothing(likebut, index: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIKEBUT_K", "1")
    assert len(likebut("search", index, "red", "--json").out.splitlines()) == 1
    assert len(likebut("search", index, "red", "--json", "-k", "3").out.splitlines()) == 3


@pytest.mark.parametrize(
    "arguments, found",
    [
        (["serch"], "No such command 'serch'. Did you mean 'search'? Type: likebut --help"),
        (["search"], "Missing argument 'INDEX'. Type: likebut search --help"),
        (["search", "x", "--foo"], "No such option: --foo"),
        (["index", "x", "--index", "y", "--batch-size", "0"], "--batch-size"),
        (["info", "nowhere"], "NotFound: nowhere is not an index"),
    ],
)
def test_wrong_usage_is_one_line_on_stderr_and_exit_2(arguments: list[str], found: str, likebut):
    outcome = likebut(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert len(outcome.err.splitlines()) == 1
    assert found in outcome.err


def test_debug_shows_where_an_error_comes_from():
    code = "from likebut.cli import main; main(['info', 'nowhere', '--debug'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_an_error_nobody_foresaw_is_one_line_too(likebut, index: Path, monkeypatch: pytest.MonkeyPatch):
    def explode(*arguments: object, **options: object) -> None:
        raise RuntimeError("a bug\nover two lines")

    monkeypatch.setattr("likebut.engine.open_index", explode)
    outcome = likebut("search", index, "red")
    assert (outcome.code, outcome.err) == (
        2,
        "RuntimeError: a bug over two lines (not expected; with --debug it shows where)\n",
    )


def test_without_arguments_there_is_help(likebut):
    assert "Commands:" in likebut().out


def test_a_closed_pipe_is_no_error(index: Path):
    code = f"from likebut.cli import main; main(['search', {str(index)!r}, 'red', '--json'])"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert b"Traceback" not in err


@pytest.mark.parametrize("catalogue, name", [("models", "toy"), ("composers", "sum"), ("data ls", "cirr-val")])
def test_a_catalogue_is_a_table_and_json_lines(catalogue: str, name: str, likebut):
    assert name in likebut(*catalogue.split()).out
    rows = [json.loads(line) for line in likebut(*catalogue.split(), "--json").out.splitlines()]
    assert name in [row["name"] for row in rows]


def test_the_page_in_the_docs_is_what_help_says():
    import importlib.util

    spec = importlib.util.spec_from_file_location("make_cli_docs", ROOT / "scripts" / "make_cli_docs.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), "Run: python scripts/make_cli_docs.py"

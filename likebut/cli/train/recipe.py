"""A recipe as a command: import the file, call its `main` with everything that stands behind its name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import typer

THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def command_for(path: str) -> Any:
    """The command that runs the recipe at `path`; the file is read when the command runs."""

    def command(ctx: typer.Context) -> None:
        _main(Path(path))(list(ctx.args))

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command(path, context_settings=THROUGH)(command)
    return typer.main.get_command(app)


def _main(path: Path) -> Callable[[list[str]], object]:
    from likebut.errors import BadData, NotFound

    if not path.is_file():
        raise NotFound(f"{path}: no such recipe. Expected a Python file with a function `main`, or a method's name.")
    name = f"likebut_recipe_{path.stem}"
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # worker processes look up its functions by name
    spec.loader.exec_module(module)
    main = getattr(module, "main", None)
    if not callable(main):
        raise BadData(f"{path} has no function `main` that takes the arguments. Expected a recipe; see recipes/.")
    return main  # type: ignore[no-any-return]

"""A Typer group whose commands are imported when they are used. Knows no command.

A table maps a name to its module and its line of help. The module holds a function `command`, or a table
`COMMANDS` of its own, which makes it a group; a group may also hold a function `fallback`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup, TyperOption

Table = Mapping[str, tuple[str, str]]

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
ENVIRONMENT = "Every option can be set as LIKEBUT_<OPTION> too, e.g. LIKEBUT_BATCH_SIZE=32."


class Commands(MutableMapping[str, Any]):
    """Name → command; the module behind a name is imported when the name is first asked for."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            module, summary = self.table[name]
            self._built[name] = _build(name, import_module(module), summary)
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        del self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __len__(self) -> int:
        return len(self.table)


class LazyGroup(TyperGroup):
    """A group that lists its commands from the table alone. `fallback` knows names that no table can hold."""

    fallback: Callable[[str], Any] | None = None

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command of the table, else what `fallback` makes of the name, else None."""
        found = self.commands.get(cmd_name)
        return self.fallback(cmd_name) if found is None and self.fallback is not None else found

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the table."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the lines of the table."""
        assert isinstance(self.commands, Commands)
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.commands.table.items()])


def build() -> Any:
    """The whole command line, as a click command."""
    from likebut.cli import COMMANDS

    app = typer.Typer(cls=LazyGroup, rich_markup_mode=None, context_settings=SETTINGS)
    app.callback()(_root)
    group: Any = typer.main.get_command(app)
    group.commands = Commands(COMMANDS)
    group.epilog = ENVIRONMENT
    return group


def _root(
    version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=lambda on: _version(on)
    ),
    debug: bool = typer.Option(False, "--debug", help="Show where an error comes from; anywhere on the line."),
) -> None:
    """Find the picture that is like this one, but …

    \b
        likebut demo                                        # see it work: no download, no picture of your own
        likebut index photos --index photos.likebut         # then: likebut search photos.likebut a.jpg "in red"
    """


def _version(on: bool) -> None:
    if on:
        from likebut import __version__

        print(f"likebut {__version__}")
        raise SystemExit(0)


def _build(name: str, module: Any, summary: str) -> Any:
    if hasattr(module, "COMMANDS"):
        app = typer.Typer(cls=LazyGroup, rich_markup_mode=None, context_settings=SETTINGS, add_completion=False)
        app.callback()(lambda: None)
        group: Any = typer.main.get_command(app)
        group.name, group.help, group.short_help = name, module.__doc__, summary
        group.commands = Commands(module.COMMANDS)
        group.fallback = getattr(module, "fallback", None)
        return group
    app = typer.Typer(rich_markup_mode=None, context_settings=SETTINGS, add_completion=False)
    app.command(name, epilog=ENVIRONMENT, short_help=summary)(module.command)
    command: Any = typer.main.get_command(app)
    for option in command.params:
        if isinstance(option, TyperOption) and option.name != "help" and option.envvar is None:
            longest = max(option.opts, key=len).lstrip("-")
            option.envvar = "LIKEBUT_" + longest.replace("-", "_").upper()
            option.show_envvar = False  # the epilogue says it once for all
    return command


def help_of(path: Sequence[str], width: int = 100) -> str:
    """The help of a command, e.g. ["likebut", "data", "ls"], at a width that does not depend on the terminal."""
    command, context = build(), None
    for number, name in enumerate(path):
        command = command if number == 0 else command.commands[name]
        context = command.context_class(command, info_name=name, parent=context, terminal_width=width, **SETTINGS)
    lines = command.get_help(context).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip()

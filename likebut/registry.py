"""Name → "module:attribute" and a card. Listing imports nothing heavy; loading imports one module.

A catalogue is a visible list of `add` lines, not decorators: two methods that claim a name meet in one diff.
Packages installed beside likebut may add names through the entry points `likebut.encoders`, `likebut.composers`,
`likebut.stores` and `likebut.benchmarks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from likebut.errors import UnknownName


@dataclass(frozen=True)
class Entry:
    """A line of a catalogue. `card` holds what people ask before they load: paper, licence, needs, trained on."""

    name: str
    target: str
    card: dict[str, str] = field(default_factory=dict)

    def load(self) -> Any:
        """Import the module and return the attribute."""
        module, _, attribute = self.target.partition(":")
        return getattr(import_module(module), attribute)


class Registry:
    """Names of one kind, e.g. `Registry("composer")`; its entry points are called likebut.composers."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}
        self._plugins_read = False

    def add(self, name: str, target: str, **card: str) -> None:
        """Add a line. A name that is taken is an error: nothing is replaced silently."""
        if name in self._entries:
            raise ValueError(f"The {self.kind} {name!r} is already {self._entries[name].target}; choose another name.")
        self._entries[name] = Entry(name, target, card)

    def _read_plugins(self) -> None:
        if not self._plugins_read:
            self._plugins_read = True
            for point in entry_points(group=f"likebut.{self.kind}s"):
                self.add(point.name, point.value, source=point.dist.name if point.dist else "entry point")

    def __getitem__(self, name: str) -> Entry:
        self._read_plugins()
        if name in self._entries:
            return self._entries[name]
        close = get_close_matches(name, self._entries, n=1)
        meant = f" Did you mean {close[0]!r}?" if close else ""
        raise UnknownName(f"Unknown {self.kind} {name!r}.{meant} Known: {', '.join(self)}.")

    def __contains__(self, name: object) -> bool:
        self._read_plugins()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        self._read_plugins()
        return iter(self._entries)

    def __len__(self) -> int:
        self._read_plugins()
        return len(self._entries)

    def entries(self) -> list[Entry]:
        """All lines, in the order of the catalogue."""
        self._read_plugins()
        return list(self._entries.values())

    def load(self, name: str) -> Any:
        """The attribute behind a name."""
        return self[name].load()

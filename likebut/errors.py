"""Every exception that likebut raises on purpose.

LikebutError                 caught by the command line: one line on stderr, exit 2
├── BadImage                 a picture that cannot be read, with the reason
├── BadQuery                 a query that asks for nothing, or for two things that exclude each other
├── BadData                  a data set, table or checkpoint that is not what it should be
│   └── BadCheckpoint        weights that do not fit the module or the encoder
├── UnknownName              a name no registry holds; says what was meant
├── UnknownItem              an item id that the index does not hold
├── IndexMismatch            an index made by another encoder, or by a newer likebut
├── IndexBusy                an index that another process is writing
├── NotFound                 a file, folder or index that is not there
└── MissingExtra             a feature whose optional packages are not installed

A message says what was found, what was expected, and what to type.
"""

from __future__ import annotations


class LikebutError(Exception):
    """Root of all errors that a user can mend."""


class BadImage(LikebutError):
    """A picture that cannot be read. `reason` is one lower-case phrase; `source` names the picture."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason

    def __reduce__(self) -> tuple[type[BadImage], tuple[str, str]]:
        return type(self), (self.source, self.reason)  # crosses process borders whole


class BadQuery(LikebutError):
    """A query that asks for nothing, or for two things that exclude each other."""


class BadData(LikebutError):
    """A data set, table or file that is not what it should be."""


class BadCheckpoint(BadData):
    """Weights that do not fit the module or the encoder they are given to."""


class UnknownName(LikebutError, KeyError):
    """A name that the registry does not hold."""

    __str__ = Exception.__str__  # KeyError would print the message in quotes


class UnknownItem(LikebutError, KeyError):
    """An item id that the index does not hold."""

    __str__ = Exception.__str__


class IndexMismatch(LikebutError):
    """An index that was made by another encoder, or by a newer likebut."""


class IndexBusy(LikebutError):
    """An index that another process is writing."""


class NotFound(LikebutError, FileNotFoundError):
    """A file, folder or index that is not there."""

    __str__ = Exception.__str__


class MissingExtra(LikebutError, ImportError):
    """A feature whose optional packages are not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs packages that are not installed. Install them: pip install 'likebut[{extra}]'"
        )
        self.feature = feature
        self.extra = extra

"""likebut: find the picture that is like this one, but …

The public names, loaded when first used: `import likebut` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from likebut.composers import load_composer as load_composer
    from likebut.encoders import load_encoder as load_encoder
    from likebut.engine import Engine as Engine
    from likebut.engine import create_index as create_index
    from likebut.engine import open_index as open_index
    from likebut.types import Hit as Hit
    from likebut.types import Item as Item
    from likebut.types import Query as Query
    from likebut.types import Region as Region

_HOMES = {
    "Engine": "likebut.engine",
    "Hit": "likebut.types",
    "Item": "likebut.types",
    "Query": "likebut.types",
    "Region": "likebut.types",
    "create_index": "likebut.engine",
    "load_composer": "likebut.composers",
    "load_encoder": "likebut.encoders",
    "open_index": "likebut.engine",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'likebut' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]

"""THE CATALOGUE of composers: one line per method. Listing it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likebut.registry import Registry

if TYPE_CHECKING:
    from likebut.composers.base import Composer
    from likebut.encoders.base import Encoder

COMPOSERS = Registry("composer")
COMPOSERS.add("image_only", "likebut.composers.fusion:image_only", about="the reference alone", needs="reference")
COMPOSERS.add("text_only", "likebut.composers.fusion:text_only", about="the words alone", needs="text")
COMPOSERS.add("sum", "likebut.composers.fusion:sum", about="weighted sum of both", paper="arXiv:2302.03084")
COMPOSERS.add("slerp", "likebut.composers.fusion:slerp", about="great circle between both", paper="arXiv:2405.00571")
COMPOSERS.add(
    "pic2word",
    "likebut.composers.pic2word:Pic2Word",
    about="the picture as a word, learned from pictures",
    paper="arXiv:2302.03084",
    needs="an encoder that takes pseudo-tokens",
)
COMPOSERS.add(
    "searle",
    "likebut.composers.searle:Searle",
    about="the picture as a word, distilled from optimised words",
    paper="arXiv:2303.15247",
    needs="an encoder that takes pseudo-tokens",
)
COMPOSERS.add(
    "lincir",
    "likebut.composers.lincir:Lincir",
    about="the picture as a word, learned from captions",
    paper="arXiv:2312.01998",
    needs="an encoder that takes pseudo-tokens",
)


def load_composer(name: str, encoder: Encoder | Callable[[], Encoder] | None = None, **options: Any) -> Composer:
    """A composer by its name, or by the path of a checkpoint folder.

    "sum@crop" (or @white, @blur, @whole): any name, with a query's region made a picture first (`RegionAs`).
    encoder: what a trained composer works on, or a function that loads it; a formula needs none and loads none.
    options: the composer's own, e.g. `alpha=0.6`.
    Raises `UnknownName` with the nearest name, `BadCheckpoint` for weights made for another encoder.
    """
    import inspect

    from likebut.composers.fusion import Fusion
    from likebut.encoders.base import Encoder
    from likebut.errors import BadQuery

    base, _, mode = name.partition("@")
    if mode and base in COMPOSERS:
        from likebut.composers.region_as import RegionAs

        return RegionAs(load_composer(base, encoder, **options), mode)  # type: ignore[arg-type]
    folder = Path(name).expanduser()
    kept = name not in COMPOSERS and (folder / "config.json").is_file()
    target = _class_in(folder) if kept else COMPOSERS.load(name)
    if inspect.isfunction(target):
        return Fusion(name, target, **options)
    if encoder is None:
        raise BadQuery(f"Composer {name!r} is trained and needs an encoder: load_composer({name!r}, encoder).")
    ready = encoder if isinstance(encoder, Encoder) else encoder()
    composer: Composer = (
        target.from_checkpoint(folder, ready, **options) if kept else target.for_encoder(ready, **options)
    )
    return composer


def _class_in(folder: Path) -> Any:
    """The composer class that a checkpoint folder was written by. Raises `BadCheckpoint`."""
    import json

    from likebut.composers.base import Composer
    from likebut.errors import BadCheckpoint

    config = folder / "config.json"
    try:
        module, _, attribute = str(json.loads(config.read_text("utf-8"))["class"]).partition(":")
        # A checkpoint is data: it may not choose what to import.
        found = getattr(import_module(module), attribute) if module.startswith("likebut.composers.") else None
    except (ValueError, KeyError, TypeError, ImportError, AttributeError) as error:
        raise BadCheckpoint(f"{config} names no composer of this likebut: {error!r}.") from error
    if not (isinstance(found, type) and issubclass(found, Composer)):
        raise BadCheckpoint(f"{config} names {module}:{attribute}; expected the class of a composer of likebut.")
    return found

"""THE CATALOGUE of composers: one line per method. Listing it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable
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
    target = COMPOSERS.load(name)
    if inspect.isfunction(target):
        return Fusion(name, target, **options)
    if encoder is None:
        raise BadQuery(f"Composer {name!r} is trained and needs an encoder: load_composer({name!r}, encoder).")
    composer: Composer = target.for_encoder(encoder if isinstance(encoder, Encoder) else encoder(), **options)
    return composer

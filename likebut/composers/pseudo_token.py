"""What the inversion methods share: a picture becomes a word, the word stands in a sentence, the text tower reads it.

    image feature (not scaled) → φ → pseudo-token → "a photo of * that has laces" → query vector

Knows φ, prompts and queries; the text tower is behind `TokenEncoder.encode_prompts`, which takes a prompt in pieces,
so no punctuation beside the pseudo-token and no `*` or `$` in a caption can disturb it. A method is a subclass with a
name and a default prompt (pic2word.py, searle.py, lincir.py).

Source of the scheme: Saito et al., Pic2Word, CVPR 2023, arXiv:2302.03084, sections 3.2 and 3.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch

from likebut.composers.base import NEGATIVE_WEIGHT, Composer, Composition, References
from likebut.composers.phi import IM2TEXT, InversionNetwork, Phi, check_fits, load_phi
from likebut.encoders.base import Encoder, TokenEncoder, unit
from likebut.errors import BadQuery, NotFound
from likebut.types import Array, Query

__all__ = [
    "BARE",
    "IM2TEXT",
    "PROMPTS",
    "Phi",
    "PseudoTokenComposer",
    "check_fits",
    "fill",
    "load_phi",
    "prompt_for",
]

BARE = "a photo of {*}"  # a query without words; also what Pic2Word trains on

# Templates of the published evaluations, by method and benchmark family ("" is the method's default). {*} is where
# the pseudo-token goes, {text} where the query's words go.
PROMPTS: Mapping[str, Mapping[str, str]] = {
    "pic2word": {
        "": "a photo of {*} , {text}",
        "imagenet-r": "a {text} of {*}",  # the words are the domain: cartoon, origami, toy, sculpture
        "imagenet-s": "a {text} of {*}",
        "coco": "a photo of {*} and {text}",  # the words are class names joined by " and "
    },
    "searle": {"": "a photo of {*} that {text}"},
    "lincir": {"": "a photo of {*} that {text}"},
}

_WEIGHTS = Path(__file__).parent.parent / "weights"
_SLOT = re.compile(r"\{\*\}|\{text\}")


def prompt_for(method: str, benchmark: str = "") -> str:
    """The template that `method`'s authors use on a benchmark, e.g. "coco-compose"; the method's default elsewhere."""
    table = PROMPTS[method]
    families = [family for family in table if family and re.match(rf"{re.escape(family)}(\W|$)", benchmark)]
    return table[max(families, key=len, default="")]


def fill(template: str, text: str, n: int = 1) -> list[str | None]:
    """A template with its words, in pieces; None is a pseudo-token.

    A template with one {*} joins n pseudo-tokens by "and"; one with several takes exactly as many. The words go in as
    they are: braces, `*` and `$` in them mean nothing.

    >>> fill("a photo of {*} that {text}", "is *red*")
    ['a photo of', None, 'that is *red*']
    >>> fill("a photo of {*}", "", n=2)
    ['a photo of', None, 'and', None]
    """
    slots = len(re.findall(r"\{\*\}", template))
    if slots not in (1, n):
        raise BadQuery(
            f"Prompt {template!r} has {slots} places for a picture; this query has {n}. Write {{*}} once, or {n} times."
        )
    pieces: list[str | None] = []
    words = ""
    literals, found = _SLOT.split(template), _SLOT.findall(template)
    for literal, slot in zip(literals, [*found, None], strict=True):
        words += literal
        if slot == "{text}":
            words += text
        elif slot is not None:
            pieces += [words, *([None, "and"] * (n if slots == 1 else 1))[:-1]]
            words = ""
    pieces.append(words)
    stripped = [piece if piece is None else " ".join(piece.split()) for piece in pieces]
    return [piece for piece in stripped if piece != ""]


class PseudoTokenComposer(Composer):
    """Queries → prompts with pseudo-tokens → (B, D).

    The pictures of a query become pseudo-tokens in the order reference, region, sketch. A region stands in place of
    the whole reference unless the query weighs the image as well (weights={"image": 1}): then both are in the prompt.
    Without pictures the words alone are encoded, without words the prompt is "a photo of {*}". A negative text is
    subtracted as everywhere; other weights have no meaning inside a sentence and are not read.

    phi           image features → pseudo-tokens; `check_fits` has the last word on the pair
    prompt        a template with {*} and {text}, or the name of a benchmark whose published prompt is meant
    l2_normalize  scale features to length 1 before φ (LinCIR's switch; off in every published result)
    """

    published: str  # where the authors' weights are, for the message when there are none

    def __init__(
        self, phi: InversionNetwork, encoder: Encoder, *, prompt: str | None = None, l2_normalize: bool = False
    ) -> None:
        self.encoder: TokenEncoder = check_fits(phi, encoder)
        self.phi = phi.eval()
        self.l2_normalize = l2_normalize
        self.prompt = prompt if prompt is not None and "{" in prompt else prompt_for(self.name, prompt or "")
        if "{*}" not in self.prompt or "{text}" not in self.prompt:
            raise BadQuery(
                f"Prompt {self.prompt!r} needs {{*}} for the picture and {{text}} for the words, e.g. "
                f"{prompt_for(self.name)!r}."
            )

    @classmethod
    def for_encoder(
        cls, encoder: Encoder, *, phi: str | PathLike[str] | InversionNetwork | None = None, **options: Any
    ) -> PseudoTokenComposer:
        """The method over `encoder`, with φ from `phi` (any published layout) or the head bundled for that encoder.

        Raises `NotFound` where no head is bundled, with what to download and what to type; `BadCheckpoint` where φ
        belongs to another encoder. Options that the checkpoint records, such as `l2_normalize`, hold unless given.
        """
        if phi is None:
            phi = _WEIGHTS / f"{cls.name}--{encoder.name}"
            if not phi.is_dir():
                raise NotFound(
                    f"likebut has no {cls.name} weights for {encoder.name}. Published: {cls.published}. Download "
                    f'them and give the file: load_composer("{cls.name}", encoder, phi="FILE"). Or train your own '
                    f"from an index, no image is opened: likebut train {cls.name} --index INDEX.likebut"
                )
        network = phi if isinstance(phi, InversionNetwork) else load_phi(phi)
        return cls(network, encoder, **{**network.origin.get("options", {}), **options})

    @classmethod
    def from_checkpoint(cls, path: Path, encoder: Encoder, **options: Any) -> PseudoTokenComposer:
        """The method with the φ of a folder that `likebut train` wrote."""
        return cls.for_encoder(encoder, phi=path, **options)

    @torch.no_grad()
    def invert(self, features: Array) -> Array:
        """(B, D) image features, not scaled → (B, W) pseudo-tokens."""
        if self.l2_normalize:
            features = unit(features)[0]
        where = next(self.phi.parameters()).device
        return self.phi(torch.from_numpy(np.ascontiguousarray(features, np.float32)).to(where)).cpu().numpy()

    def compose_prompt(self, pieces: Sequence[str | None], features: Array) -> Array:
        """One prompt with any number of pictures in it → (D,), length 1.

        pieces: as `TokenEncoder.encode_prompts` takes them; features: (n, D), not scaled, one per None, in order.
        `compose_prompt(["a", None, "with the pattern of", None], features)`.
        """
        wanted = sum(piece is None for piece in pieces)
        if wanted != len(features):
            raise BadQuery(f"The prompt has {wanted} places for a picture; found features of {len(features)}.")
        return np.asarray(self.encoder.encode_prompts([pieces], self.invert(features)[None]))[0]

    def compose(self, queries: Sequence[Query], references: References) -> Composition:
        """B queries → (B, D) unit rows. Raises `BadQuery` for a query with neither picture nor words."""
        pictures = self._pictures(queries, references)
        for query, rows in zip(queries, pictures, strict=True):
            if not rows and not query.text:
                raise BadQuery(
                    f"{self.name} has nothing to search with: {query.id or query!r} has no picture and no text."
                )
        vectors = np.empty((len(queries), self.encoder.dim), np.float32)
        seen = np.array([bool(rows) for rows in pictures])
        if not seen.all():
            vectors[~seen] = references.texts(_where(queries, ~seen)).vectors
        if seen.any():
            vectors[seen] = self._read(_where(queries, seen), [rows for rows in pictures if rows])
        negatives = references.negatives(queries)
        if negatives.present.any():
            push = np.array([query.weights.get("negative", NEGATIVE_WEIGHT) for query in queries], np.float32)
            vectors = unit(vectors - push[:, None] * negatives.vectors)[0]
        return Composition(vectors)

    def _pictures(self, queries: Sequence[Query], references: References) -> list[list[Array]]:
        """For each query the features (D,) of its pictures, not scaled, in the order of the prompt."""
        whole = [q if q.region is None or q.weights.get("image", 0) > 0 else Query() for q in queries]
        sources = (references.images(whole), references.regions(queries), references.sketches(queries))
        raw = [(features.raw, features.present) for features in sources]
        return [[rows[i] for rows, present in raw if present[i]] for i in range(len(queries))]

    def _read(self, queries: Sequence[Query], pictures: Sequence[Sequence[Array]]) -> Array:
        prompts = [
            fill(self.prompt if query.text.strip() else BARE, query.text, len(rows))
            for query, rows in zip(queries, pictures, strict=True)
        ]
        inverted = self.invert(np.concatenate([np.stack(rows) for rows in pictures]))
        tokens = np.zeros((len(queries), max(map(len, pictures)), inverted.shape[1]), np.float32)
        start = 0
        for row, features in enumerate(pictures):
            tokens[row, : len(features)] = inverted[start : start + len(features)]
            start += len(features)
        return np.asarray(self.encoder.encode_prompts(prompts, tokens))


def _where(queries: Sequence[Query], chosen: Array) -> list[Query]:
    return [query for query, wanted in zip(queries, chosen, strict=True) if wanted]

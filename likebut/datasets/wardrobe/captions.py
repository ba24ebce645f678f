"""Captions: what a picture shows, said in part and in many ways.

A caption knows which attributes it mentions, so whether it is true of another picture can be decided.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment
from likebut.datasets.wardrobe.lexicon import (
    PATTERN_ADJECTIVES,
    PATTERN_NOUNS,
    STYLE_WORDS,
    colour_word,
    frame,
    noun,
    pick,
    with_article,
    wording,
)
from likebut.datasets.wardrobe.plan import Scene

# {x}: the garment with its article; {bare}: without; {style}: photo, chalk drawing, …
FRAMES = (
    "{x}",
    "{bare}",
    "{style} of {x}",
    "a {style} of {x}",
    "{x}, {style}",
    "a {style} showing {x}",
    "this is {x}",
    "{x} in a {style}",
    "here is {x}",
    "a {style}: {x}",
    "one can see {x}",
    "{bare} in a {style}",
    "the {bare}",
    "look, {x}",
    "a {style} with {x}",
    "{bare}, seen in a {style}",
    "somebody's {bare}",
    "{x} on its own",
    "a {style} of the {bare}",
    "there is {x}",
)
OUTFIT_FRAMES = (
    "{x}",
    "{style} of {x}",
    "an outfit of {x}",
    "a {style} of {x}",
    "an outfit: {x}",
    "{x} together",
    "a {style} showing {x}",
    "a set of {x}",
    "{x} laid out",
    "clothes: {x}",
)


@dataclass(frozen=True)
class Caption:
    """A sentence about a picture.

    mentions  attributes it names, as (attribute, value) with values as `Garment.value` writes them, except that
              "pattern" may be the pattern alone; "item" always, "style" where it is named. For outfits: the items
    unseen    whether its phrasing never occurs in train
    """

    text: str
    mentions: tuple[tuple[str, str], ...]
    unseen: bool = False

    def fits(self, garment: Garment, style: str = "photo") -> bool:
        """Whether the caption is true of that garment in that style."""
        for name, value in self.mentions:
            if name == "item":
                true = garment.item == value
            elif name == "style":
                true = style == value
            elif name == "pattern":
                true = value in (garment.pattern, garment.value("pattern"))
            else:
                true = garment.value(name) == value
            if not true:
                return False
        return True


def describe(
    garment: Garment,
    rng: np.random.Generator,
    *,
    always: tuple[str, ...] = (),
    never: tuple[str, ...] = (),
    most: int = 4,
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A noun phrase without article ("long red dress with white dots"), and what it mentions.

    always, never: attributes that must or must not be named; the rest by chance, `most` in all.
    """
    chosen = [name for name in garment.attributes() if name in always]
    rest = [name for name in garment.attributes() if name not in always and name not in never]
    chance = {"colour": 0.85, "pattern": 0.85 if garment.second else 0.25, "logo": 0.75}
    for index in rng.permutation(len(rest)):
        name = rest[index]
        if len(chosen) < most and rng.random() < chance.get(name, 0.36):
            chosen.append(name)
    before: list[tuple[int, str]] = []  # (English order of adjectives, word)
    after: list[str] = []
    mentions: list[tuple[str, str]] = [("item", garment.item)]
    for name in chosen:
        if name == "colour":
            before.append((6, colour_word(garment.colour, rng)))
            mentions.append(("colour", garment.colour))
        elif name == "pattern":
            mentions.append(("pattern", _say_pattern(garment, rng, before, after)))
        else:
            value = garment.value(name)
            how = wording(garment.item, name, value)
            if not how.before and not how.after:
                continue
            if how.before and (not how.after or rng.random() < 0.55):
                before.append(
                    ({"fit": 1, "length": 2, "sleeve": 3, "neckline": 8, "closure": 4}[name], pick(rng, how.before))
                )
            else:
                after.append(pick(rng, how.after))
            mentions.append((name, value))
    words = [word for _, word in sorted(before)]
    if len(words) > 1 and rng.random() < 0.2:
        words = [words[i] for i in rng.permutation(len(words))]
    order = rng.permutation(len(after))
    return " ".join([*words, noun(garment, rng), _joined([after[i] for i in order])]).strip(), tuple(mentions)


def _say_pattern(garment: Garment, rng: np.random.Generator, before: list[tuple[int, str]], after: list[str]) -> str:
    adjective = pick(rng, PATTERN_ADJECTIVES[garment.pattern])
    if not garment.second:
        before.append((5, adjective))
        return garment.pattern
    if rng.random() < 0.25:
        before.append((7, adjective))
        return garment.pattern
    second = colour_word(garment.second, rng)
    word = pick(rng, PATTERN_NOUNS[garment.pattern])
    after.append(f"with {with_article(second, '')} {word[2:]}" if word.startswith("a ") else f"with {second} {word}")
    return garment.value("pattern")


def _joined(phrases: list[str]) -> str:
    """ "with a belt", "without sleeves" → "with a belt and without sleeves"; a second "with" is dropped."""
    if len(phrases) < 2:
        return "".join(phrases)
    shared = all(phrase.startswith("with ") for phrase in phrases)
    rest = [phrase[5:] if shared else phrase for phrase in phrases[1:]]
    return (
        " and ".join([phrases[0], *rest])
        if len(rest) == 1
        else ", ".join([phrases[0], *rest[:-1]]) + " and " + rest[-1]
    )


def caption(subject: Garment | Scene, style: str, rng: np.random.Generator, *, train: bool = True) -> Caption:
    """A random caption of a garment or an outfit in a style. `train`: only phrasings that train may use."""
    if isinstance(subject, Scene) and len(subject.garments) > 1:
        return _outfit(subject, style, rng, train)
    garment = subject.garments[0] if isinstance(subject, Scene) else subject
    bare, mentions = describe(garment, rng)
    form, unseen = frame(rng, FRAMES, train=train)
    if style != "photo" and "{style}" not in form and rng.random() < 0.5:
        form, unseen = "a {style} of {x}", False
    text = form.format(x=with_article(bare, garment.item), bare=bare, style=pick(rng, STYLE_WORDS[style]))
    if "{style}" in form:
        mentions = (*mentions, ("style", style))
    return Caption(_tidy(text), mentions, unseen)


def _outfit(scene: Scene, style: str, rng: np.random.Generator, train: bool) -> Caption:
    form, unseen = frame(rng, OUTFIT_FRAMES, train=train)
    named = []
    for index in rng.permutation(len(scene.garments)):
        garment = scene.garments[index]
        bare, _ = describe(garment, rng, most=2)
        named.append((garment.item, with_article(bare, garment.item)))
    text = form.format(x=enumerated([words for _, words in named]), style=pick(rng, STYLE_WORDS[style]))
    mentions = tuple(("item", item) for item, _ in named)
    return Caption(_tidy(text), (*mentions, ("style", style)) if "{style}" in form else mentions, unseen)


def enumerated(phrases: list[str]) -> str:
    """ "a", "b", "c" → "a, b and c"."""
    return phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " and " + phrases[-1]


def _tidy(text: str) -> str:
    for wrong, right in (
        ("a illus", "an illus"),
        ("a ink", "an ink"),
        ("a 8-bit", "an 8-bit"),
        ("a pixel art", "pixel art"),
    ):
        text = text.replace(wrong, right)
    return text

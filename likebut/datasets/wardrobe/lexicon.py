"""The words for every item and every value, and which phrasings train never reads.

Knows words; knows no sentences. `{}` in a table stands for a colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment, stable_hash

NOUNS: Mapping[str, tuple[str, ...]] = {
    "t-shirt": ("t-shirt", "tee", "t-shirt"),
    "shirt": ("shirt",),
    "sweater": ("sweater", "jumper", "pullover"),
    "hoodie": ("hoodie",),
    "jacket": ("jacket",),
    "coat": ("coat",),
    "dress": ("dress",),
    "skirt": ("skirt",),
    "trousers": ("trousers", "pants"),
    "shorts": ("shorts",),
    "boots": ("boots",),
    "sneakers": ("sneakers", "trainers"),
    "handbag": ("handbag", "purse"),
    "backpack": ("backpack", "rucksack"),
    "hat": ("hat",),
    "scarf": ("scarf",),
}
PLURAL = frozenset({"trousers", "shorts", "boots", "sneakers"})

COLOUR_WORDS: Mapping[str, tuple[str, ...]] = {
    "grey": ("grey", "gray"),
    "turquoise": ("turquoise", "teal"),
    "purple": ("purple", "violet"),
}

PATTERN_ADJECTIVES: Mapping[str, tuple[str, ...]] = {
    "plain": ("plain", "solid"),
    "stripes": ("striped", "stripy"),
    "checks": ("checked", "checkered", "plaid"),
    "dots": ("dotted", "polka-dot", "spotted"),
    "floral": ("floral", "flowered"),
    "zigzag": ("zigzag", "chevron"),
    "camouflage": ("camouflage", "camo"),
}
PATTERN_NOUNS: Mapping[str, tuple[str, ...]] = {
    "stripes": ("stripes",),
    "checks": ("checks",),
    "dots": ("dots", "polka dots", "spots"),
    "floral": ("flowers", "blossoms"),
    "zigzag": ("zigzags", "a zigzag pattern"),
    "camouflage": ("camouflage", "a camouflage pattern"),
}
STYLE_WORDS: Mapping[str, tuple[str, ...]] = {
    "photo": ("photo", "photograph", "picture"),
    "flat": ("illustration", "flat illustration", "vector drawing"),
    "line": ("line drawing", "pen drawing", "ink drawing"),
    "watercolour": ("watercolour", "watercolour painting", "watercolor"),
    "pixel": ("pixel art", "8-bit picture", "pixel picture"),
    "chalk": ("chalk drawing", "chalkboard drawing", "blackboard drawing"),
    "sketch": ("sketch", "rough sketch", "pencil sketch"),
}
LOGO_WORDS: Mapping[str, tuple[str, ...]] = {
    "star": ("star",),
    "heart": ("heart",),
    "lightning": ("lightning bolt", "lightning"),
    "moon": ("moon", "crescent"),
    "crown": ("crown",),
    "fish": ("fish",),
}


@dataclass(frozen=True)
class Wording:
    """How one value is said: before the noun ("long-sleeved"), or after it ("with long sleeves")."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


_SLEEVE = {
    "sleeveless": Wording(("sleeveless",), ("without sleeves",)),
    "short": Wording(("short-sleeved",), ("with short sleeves",)),
    "long": Wording(("long-sleeved",), ("with long sleeves",)),
}
_NECK = {
    "crew": Wording(("crew-neck", "round-neck"), ("with a round neck", "with a crew neck")),
    "v-neck": Wording(("v-neck",), ("with a v-neck",)),
    "turtleneck": Wording(("turtleneck", "roll-neck"), ("with a turtleneck", "with a roll neck")),
    "collar": Wording(("collared",), ("with a collar",)),
    "band": Wording((), ("with a stand-up collar", "with a band collar")),
    "square": Wording(("square-neck",), ("with a square neck",)),
    "hood": Wording(("hooded",), ("with a hood",)),
}
_CLOSURE = {
    "buttons": Wording(("buttoned",), ("with buttons",)),
    "zip": Wording(("zipped",), ("with a zip", "with a zipper")),
    "belt": Wording(("belted",), ("with a belt",)),
    "drawstring": Wording((), ("with a drawstring",)),
    "laces": Wording(("lace-up",), ("with laces",)),
    "buckle": Wording(("buckled",), ("with a buckle",)),
    "straps": Wording((), ("with straps", "with velcro straps")),
    "ribbon": Wording((), ("with a ribbon", "with a ribbon band")),
    "fringe": Wording(("fringed",), ("with a fringe", "with fringes")),
    "none": Wording(),
}
_LENGTH = {
    "cropped": Wording(("cropped",)),
    "regular": Wording((), ("of regular length",)),
    "long": Wording(("long",)),
    "short": Wording(("short",)),
    "knee": Wording(("knee-length",)),
}
_LENGTH_OF: Mapping[tuple[str, str], Wording] = {
    ("dress", "short"): Wording(("short", "mini")),
    ("dress", "long"): Wording(("long", "maxi")),
    ("skirt", "short"): Wording(("short", "mini")),
    ("skirt", "long"): Wording(("long", "maxi")),
    ("trousers", "long"): Wording(("full-length", "long")),
    ("boots", "ankle"): Wording(("ankle",)),
    ("boots", "calf"): Wording(("mid-calf", "calf-high")),
    ("boots", "knee"): Wording(("knee-high", "tall")),
    ("sneakers", "low"): Wording(("low-top",)),
    ("sneakers", "high"): Wording(("high-top",)),
    ("handbag", "short"): Wording((), ("with a short handle", "with a short strap")),
    ("handbag", "long"): Wording((), ("with a long strap", "with a long handle")),
}
_FIT = {
    "slim": Wording(("slim", "fitted", "tight")),
    "loose": Wording(("loose", "oversized", "baggy")),
    "straight": Wording(("straight",), ("with a straight cut",)),
    "flared": Wording(("flared",), ("with a flared cut",)),
    "wide": Wording(("wide",)),
    "narrow": Wording(("narrow", "thin")),
    "flat": Wording(("flat",), ("with flat soles",)),
    "heeled": Wording(("heeled", "high-heeled"), ("with heels", "with high heels")),
    "small": Wording(("small", "little")),
    "large": Wording(("large", "big")),
}
_FIT_OF: Mapping[tuple[str, str], Wording] = {
    ("trousers", "wide"): Wording(("wide", "wide-leg", "baggy")),
    ("shorts", "wide"): Wording(("wide", "baggy")),
    ("hat", "narrow"): Wording(("narrow-brimmed",), ("with a narrow brim",)),
    ("hat", "wide"): Wording(("wide-brimmed",), ("with a wide brim",)),
}


def wording(item: str, attribute: str, value: str) -> Wording:
    """How `value` of an item's sleeve, length, neckline, closure, logo or fit is said; empty where it has no name."""
    if attribute == "length":
        return _LENGTH_OF.get((item, value)) or _LENGTH[value]
    if attribute == "fit":
        return _FIT_OF.get((item, value)) or _FIT[value]
    if attribute == "logo":
        return _logo(value)
    return {"sleeve": _SLEEVE, "neckline": _NECK, "closure": _CLOSURE}[attribute][value]


def _logo(value: str) -> Wording:
    logo, _, place = value.partition("/")
    if logo == "none":
        return Wording()
    where = {
        "front": ("with a big {}", "with a large {} on the front"),
        "chest": ("with a small {}", "with a small {} on the chest"),
    }
    return Wording((), tuple(form.format(word) for word in LOGO_WORDS[logo] for form in where[place]))


def pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    """One of the options, evenly."""
    return options[int(rng.integers(len(options)))]


def colour_word(colour: str, rng: np.random.Generator) -> str:
    """A name of the colour; the usual one most of the time."""
    names = COLOUR_WORDS.get(colour, (colour,))
    return names[0] if rng.random() < 0.7 else pick(rng, names)


def noun(garment: Garment, rng: np.random.Generator) -> str:
    """A name of the item. Never one that gives away more than the item ("cardigan" would say it has buttons)."""
    names = NOUNS[garment.item]
    return names[0] if rng.random() < 0.6 else pick(rng, names)


def with_article(phrase: str, item: str) -> str:
    """The phrase with "a" or "an", or as it is where the item is a plural."""
    if item in PLURAL:
        return phrase
    return ("an " if phrase[0] in "aeio8" else "a ") + phrase


@cache
def unseen_frames(table: tuple[str, ...], share: float = 0.1) -> frozenset[str]:
    """The sentence frames of a table that train never uses: a tenth, chosen by a hash, none of a table under five."""
    count = max(1, round(share * len(table))) if len(table) >= 5 else 0
    return frozenset(sorted(table, key=lambda frame: stable_hash("frame", frame))[:count])


def frame(rng: np.random.Generator, table: tuple[str, ...], *, train: bool) -> tuple[str, bool]:
    """(frame, whether train never sees it). Outside train, a quarter of the draws are made among the unseen ones."""
    unseen = unseen_frames(table)
    if not train and unseen and rng.random() < 0.25:
        return pick(rng, sorted(unseen)), True
    return pick(rng, [option for option in table if option not in unseen]), False

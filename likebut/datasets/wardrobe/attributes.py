"""What can be in a wardrobe: the items, their attributes, and which combinations make sense.

Knows names and values; knows nothing of pictures or words. A `Garment` is nothing but its attributes, so two
garments are the same thing exactly when they compare equal, and relevance needs no annotator.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from types import MappingProxyType

import numpy as np

from likebut.errors import BadData

COLOURS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "black": (38, 38, 42),
        "white": (246, 245, 240),
        "grey": (142, 145, 150),
        "red": (206, 32, 40),
        "orange": (243, 124, 28),
        "yellow": (250, 211, 50),
        "green": (46, 138, 62),
        "turquoise": (58, 196, 190),
        "blue": (38, 84, 196),
        "purple": (118, 56, 158),
        "pink": (246, 142, 178),
        "brown": (120, 74, 42),
    }
)
PATTERNS = ("plain", "stripes", "checks", "dots", "floral", "zigzag", "camouflage")
LOGOS = ("none", "star", "heart", "lightning", "moon", "crown", "fish")
PLACES = ("front", "chest")  # large in the middle, small at one side

# Per item: attribute → its values. Lengths, sleeves and sizes run from less to more, which is what "longer" means.
ITEMS: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "t-shirt": {
            "sleeve": ("sleeveless", "short", "long"),
            "length": ("cropped", "regular", "long"),
            "neckline": ("crew", "v-neck"),
            "fit": ("slim", "loose"),
            "logo": LOGOS,
        },
        "shirt": {
            "sleeve": ("short", "long"),
            "length": ("regular", "long"),
            "neckline": ("collar", "band"),
            "fit": ("slim", "loose"),
        },
        "sweater": {
            "sleeve": ("short", "long"),
            "length": ("cropped", "regular", "long"),
            "neckline": ("crew", "v-neck", "turtleneck"),
            "closure": ("none", "buttons"),
            "fit": ("slim", "loose"),
        },
        "hoodie": {
            "sleeve": ("short", "long"),
            "length": ("cropped", "regular"),
            "closure": ("none", "zip"),
            "fit": ("slim", "loose"),
            "logo": LOGOS,
        },
        "jacket": {
            "sleeve": ("sleeveless", "long"),
            "length": ("cropped", "regular"),
            "neckline": ("collar", "band"),
            "closure": ("buttons", "zip"),
            "fit": ("slim", "loose"),
        },
        "coat": {
            "length": ("short", "knee", "long"),
            "neckline": ("collar", "hood"),
            "closure": ("buttons", "belt"),
            "fit": ("slim", "loose"),
        },
        "dress": {
            "sleeve": ("sleeveless", "short", "long"),
            "length": ("short", "knee", "long"),
            "neckline": ("crew", "v-neck", "square"),
            "closure": ("none", "buttons", "belt"),
            "fit": ("straight", "flared"),
        },
        "skirt": {
            "length": ("short", "knee", "long"),
            "closure": ("none", "buttons", "belt"),
            "fit": ("straight", "flared"),
        },
        "trousers": {
            "length": ("cropped", "long"),
            "closure": ("buttons", "belt", "drawstring"),
            "fit": ("slim", "wide"),
        },
        "shorts": {
            "length": ("short", "knee"),
            "closure": ("buttons", "belt", "drawstring"),
            "fit": ("slim", "wide"),
        },
        "boots": {
            "length": ("ankle", "calf", "knee"),
            "closure": ("none", "laces", "zip", "buckle"),
            "fit": ("flat", "heeled"),
        },
        "sneakers": {"length": ("low", "high"), "closure": ("none", "laces", "straps"), "logo": LOGOS},
        "handbag": {
            "length": ("short", "long"),  # of the strap
            "closure": ("zip", "buckle"),
            "fit": ("small", "large"),
        },
        "backpack": {
            "closure": ("zip", "buckle", "drawstring"),
            "fit": ("small", "large"),
            "logo": LOGOS,
        },
        "hat": {"closure": ("none", "ribbon"), "fit": ("narrow", "wide")},  # of the brim
        "scarf": {"length": ("short", "long"), "closure": ("none", "fringe"), "fit": ("narrow", "wide")},
    }
)
ONE_PLACE = ("sneakers", "backpack")  # items with room for a logo in one place only
ATTRIBUTES = ("colour", "pattern", "sleeve", "length", "neckline", "closure", "logo", "fit")
ORDERED = ("sleeve", "length")  # attributes whose values run from less to more on every item


@dataclass(frozen=True, order=True)
class Garment:
    """One item of the wardrobe. An attribute the item does not have is the empty string.

    second  the pattern's own colour; empty exactly when the pattern is plain
    logo    "none" or a name of LOGOS, on plain cloth only; `place` is empty exactly when there is no logo
    closure how it is closed, or its trim (a hat's ribbon, a scarf's fringe)
    fit     how it is cut: slim or loose, straight or flared, flat or heeled, small or large
    """

    item: str
    colour: str
    pattern: str = "plain"
    second: str = ""
    sleeve: str = ""
    length: str = ""
    neckline: str = ""
    closure: str = ""
    logo: str = ""
    place: str = ""
    fit: str = ""

    def key(self) -> str:
        """All attributes in one readable line, the same on every machine."""
        return ",".join(f"{name}={value}" for name, value in vars(self).items() if value)

    def value(self, attribute: str) -> str:
        """The attribute as one value: pattern and logo carry their second colour and place with them."""
        value: str = getattr(self, attribute)
        if attribute == "pattern" and self.second:
            return f"{value}/{self.second}"
        if attribute == "logo" and self.place:
            return f"{value}/{self.place}"
        return value

    def attributes(self) -> tuple[str, ...]:
        """The attributes this item has, in the order of ATTRIBUTES."""
        return _attributes_of(self.item)

    def combination(self) -> tuple[str, str, str]:
        """(item, colour, pattern), the unit in which combinations are kept out of train."""
        return (self.item, self.colour, self.pattern)


@cache
def _attributes_of(item: str) -> tuple[str, ...]:
    return tuple(name for name in ATTRIBUTES if name in ("colour", "pattern") or name in ITEMS[item])


def parse(key: str) -> Garment:
    """The garment behind `Garment.key()`. Raises BadData where it is not one."""
    try:
        garment = Garment(**dict(part.split("=", 1) for part in key.split(",")))
    except (TypeError, ValueError) as error:
        raise BadData(f"{key!r} is not a garment, e.g. 'item=scarf,colour=red,pattern=plain,…': {error}") from None
    check(garment)
    return garment


def check(garment: Garment) -> None:
    """Raise BadData where the attributes are unknown or do not go together."""
    reason = _fault(garment)
    if reason:
        raise BadData(f"No such garment: {garment.key()}: {reason}.")


def is_sensible(garment: Garment) -> bool:
    """Whether the attributes are known and go together."""
    return not _fault(garment)


def _fault(g: Garment) -> str:
    if g.item not in ITEMS:
        return f"item is one of {', '.join(ITEMS)}"
    if g.colour not in COLOURS or g.pattern not in PATTERNS:
        return f"colour is one of {', '.join(COLOURS)}; pattern of {', '.join(PATTERNS)}"
    if (g.pattern == "plain") != (g.second == ""):
        return "a pattern has a second colour, plain cloth has none"
    if g.second and g.second not in contrasting(g.colour):
        return f"second colour on {g.colour} is one of {', '.join(contrasting(g.colour))}"
    own = ITEMS[g.item]
    for name in ATTRIBUTES[2:]:
        if getattr(g, name) not in own.get(name, ("",)):
            return f"{name} of a {g.item} is one of {own.get(name, ('',))}"
    if (g.logo in ("", "none")) != (g.place == ""):
        return "a logo has a place"
    if g.place and (g.pattern != "plain" or g.place not in places(g.item)):
        return f"a logo sits on plain cloth, at one of {places(g.item)}"
    if g.item == "sweater" and g.closure == "buttons" and g.neckline == "turtleneck":
        return "a turtleneck has no buttons"
    if g.item == "hoodie" and g.closure == "zip" and g.place == "front":
        return "a zip would cut the logo in two"
    return ""


def places(item: str) -> tuple[str, ...]:
    """Where a logo may sit on the item."""
    return PLACES[:1] if item in ONE_PLACE else PLACES


@cache
def contrasting(colour: str) -> tuple[str, ...]:
    """Colours that can be told from `colour` when both are in one pattern, at 64 pixels too."""

    def distance(a: str, b: str) -> float:  # "redmean", a cheap fit to what eyes see
        (r, g, b_), (r2, g2, b2) = COLOURS[a], COLOURS[b]
        mean = (r + r2) / 2
        return float(
            np.sqrt((2 + mean / 256) * (r - r2) ** 2 + 4 * (g - g2) ** 2 + (2 + (255 - mean) / 256) * (b_ - b2) ** 2)
        )

    return tuple(name for name in COLOURS if name != colour and distance(colour, name) > 190)


def values(item: str, attribute: str) -> tuple[str, ...]:
    """All values of `Garment.value(attribute)` the item can take, before checking that they go together."""
    if attribute == "colour":
        return tuple(COLOURS)
    if attribute == "pattern":
        return ("plain", *(f"{pattern}/{second}" for pattern in PATTERNS[1:] for second in COLOURS))
    if attribute == "logo" and "logo" in ITEMS[item]:
        return ("none", *(f"{logo}/{place}" for logo in LOGOS[1:] for place in places(item)))
    return ITEMS[item].get(attribute, ())


def with_value(garment: Garment, attribute: str, value: str) -> Garment:
    """The garment with one attribute changed; `value` as `Garment.value` writes it. It may not be sensible."""
    if attribute == "pattern":
        pattern, _, second = value.partition("/")
        return replace(garment, pattern=pattern, second=second)
    if attribute == "logo":
        logo, _, place = value.partition("/")
        return replace(garment, logo=logo, place=place)
    return replace(garment, **{attribute: value})


@lru_cache(maxsize=1024)
def neighbours(garment: Garment) -> tuple[tuple[str, Garment], ...]:
    """(attribute, garment) for every sensible garment that differs in exactly one attribute.

    A pattern counts as one attribute with its colour, a logo as one with its place.
    """
    return tuple(_neighbours(garment))


def _neighbours(garment: Garment) -> Iterator[tuple[str, Garment]]:
    for attribute in garment.attributes():
        now = garment.value(attribute)
        for value in values(garment.item, attribute):
            other = with_value(garment, attribute, value)
            if value != now and is_sensible(other):
                yield attribute, other


def differences(a: Garment, b: Garment) -> tuple[str, ...]:
    """Attributes in which two garments of one item differ, in the order of ATTRIBUTES."""
    return tuple(name for name in ATTRIBUTES if a.value(name) != b.value(name))


def sample(rng: np.random.Generator, item: str | None = None) -> Garment:
    """A random sensible garment: items, colours and patterns evenly, plain cloth and no logo half the time."""
    item = item or str(rng.choice(list(ITEMS)))
    while True:
        colour = str(rng.choice(list(COLOURS)))
        pattern = "plain" if rng.random() < 0.35 else str(rng.choice(PATTERNS[1:]))
        second = str(rng.choice(contrasting(colour))) if pattern != "plain" else ""
        own = {name: str(rng.choice(options)) for name, options in ITEMS[item].items() if name != "logo"}
        logo = place = ""
        if "logo" in ITEMS[item]:
            logo = str(rng.choice(LOGOS[1:])) if pattern == "plain" and rng.random() < 0.6 else "none"
            place = str(rng.choice(places(item))) if logo != "none" else ""
        garment = Garment(item, colour, pattern, second, logo=logo, place=place, **own)
        if is_sensible(garment):
            return garment


@cache
def unseen_combinations(share: float = 0.15) -> frozenset[tuple[str, str, str]]:
    """The (item, colour, pattern) combinations that no train picture shows, `share` of each item's.

    Chosen by a hash of their names, so they are the same for every seed and every version of numpy.
    """
    chosen: set[tuple[str, str, str]] = set()
    for item in ITEMS:
        own = [(item, colour, pattern) for colour in COLOURS for pattern in PATTERNS]
        own.sort(key=lambda combination: stable_hash("combination", *combination))
        chosen.update(own[: round(share * len(own))])
    return frozenset(chosen)


def stable_hash(*parts: object) -> int:
    """64 bits that depend on nothing but the parts' text: the same in every process and on every machine."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def generator(*parts: object) -> np.random.Generator:
    """A random stream of its own for every list of parts."""
    return np.random.Generator(np.random.PCG64(stable_hash(*parts)))

"""Edits: what should be different, in words, and exactly which garments that allows.

An edit's text is made from the item and from what changes, never from what stays: two references that differ only
in an attribute the edit leaves alone get the same sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from likebut.datasets.wardrobe.attributes import (
    COLOURS,
    ITEMS,
    ORDERED,
    Garment,
    differences,
    is_sensible,
    neighbours,
    values,
    with_value,
)
from likebut.datasets.wardrobe.lexicon import (
    LOGO_WORDS,
    PATTERN_ADJECTIVES,
    PATTERN_NOUNS,
    PLURAL,
    STYLE_WORDS,
    colour_word,
    frame,
    noun,
    pick,
    with_article,
    wording,
)
from likebut.errors import BadData

KINDS = ("set", "comparative", "removal", "negation", "partial")

# {a}: something it is ("red", "longer", "not striped"); {it}, {one}: by the item's number
ADJECTIVE_FRAMES = (
    "{a}",
    "make {it} {a}",
    "but {a}",
    "{a} instead",
    "the same but {a}",
    "should be {a}",
    "i want {it} {a}",
    "can {it} be {a}?",
    "is {a}",
    "{a}, please",
    "i'd like {it} {a}",
    "like this but {a}",
    "has to be {a}",
    "find me {one} that is {a}",
    "change {it} to {a}",
    "i prefer {it} {a}",
    "would be nice if {it} were {a}",
    "this, only {a}",
    "turn {it} {a}",
    "show {it} {a}",
)
# {p}: a phrase of its own ("with white stripes", "in red", "without the buttons")
PHRASE_FRAMES = (
    "{p}",
    "but {p}",
    "the same {p}",
    "i want {it} {p}",
    "find {one} {p}",
    "this {p}",
    "like this but {p}",
    "give me {one} {p}",
    "can i have {it} {p}?",
    "{p} instead",
    "{p}, please",
    "show me {one} {p}",
    "similar, {p}",
    "i'd like {it} {p}",
    "is {p}",
    "should come {p}",
    "do you have {it} {p}?",
    "this, only {p}",
    "exactly this {p}",
    "looking for {one} {p}",
)


@dataclass(frozen=True)
class Edit:
    """A change request.

    changes  attribute → the values it allows (as `Garment.value` writes them); "style" → a style
    kind     set, comparative, removal, negation, partial (of a value only a part is named), style, addition, or several
    unseen   whether its phrasing never occurs in train
    """

    text: str
    kind: str
    changes: tuple[tuple[str, frozenset[str]], ...]
    unseen: bool = False

    def targets(self, reference: Garment) -> Iterator[Garment]:
        """Every sensible garment that is the reference changed as the edit says, and in nothing else."""
        attributes = [(name, sorted(allowed)) for name, allowed in self.changes if name != "style"]
        for combination in product(*(allowed for _, allowed in attributes)):
            garment = reference
            for (name, _), value in zip(attributes, combination, strict=True):
                garment = with_value(garment, name, value)
            if is_sensible(garment):
                yield garment

    def accepts(self, reference: Garment, candidate: Garment) -> bool:
        """Whether the candidate is one of `targets(reference)`."""
        if candidate.item != reference.item:
            return False
        wanted = dict(self.changes)
        return all(
            candidate.value(name) in wanted[name] if name in wanted else candidate.value(name) == reference.value(name)
            for name in reference.attributes()
        )


@dataclass(frozen=True)
class _Clause:
    """One change in words: an adjective ("red") or a phrase ("in red")."""

    words: str
    adjective: bool
    attribute: str
    allowed: frozenset[str]
    kind: str


def edit_between(reference: Garment, target: Garment, rng: np.random.Generator, *, train: bool = True) -> Edit:
    """An edit that allows exactly `target`. Raises BadData where the two are not one item, or are equal."""
    changed = differences(reference, target)
    if reference.item != target.item or not changed:
        raise BadData(
            f"No edit leads from {reference.key()} to {target.key()}: the item stays and something must change."
        )
    clauses = [_pick(rng, _exact_clauses(reference, name, target.value(name), rng)) for name in changed]
    return _sentence(reference, clauses, rng, train)


def loose_edit(reference: Garment, rng: np.random.Generator, *, train: bool = True, also: bool = False) -> Edit:
    """A random edit that leaves something open, so that several garments are right: "not red", "striped", "longer".

    also: change a second attribute to one exact value, "not red and with a belt".
    """
    while True:
        attribute = pick(rng, reference.attributes())
        clauses = [clause for clause in _loose_clauses(reference, attribute, rng) if len(clause.allowed) > 1]
        if not clauses:
            continue
        chosen = [_pick(rng, clauses)]
        if also:
            target = random_target(reference, rng)
            (name,) = differences(reference, target)
            if name == attribute:
                continue
            chosen.append(_pick(rng, _exact_clauses(reference, name, target.value(name), rng)))
        edit = _sentence(reference, chosen, rng, train)
        if sum(1 for _ in edit.targets(reference)) > 1:
            return edit


def random_target(reference: Garment, rng: np.random.Generator, changes: int = 1) -> Garment:
    """A sensible garment that differs from the reference in that many attributes, each as likely as another."""
    garment, used = reference, set[str]()
    while len(used) < changes:
        options: dict[str, list[Garment]] = {}
        for name, other in neighbours(garment):
            if name not in used and _fresh(reference, name, other):
                options.setdefault(name, []).append(other)
        if not options:
            garment, used = reference, set()
            continue
        name = pick(rng, sorted(options))
        garment = options[name][int(rng.integers(len(options[name])))]
        used.add(name)
    return garment


def _fresh(reference: Garment, attribute: str, other: Garment) -> bool:
    """Whether the new value shares no part with the old: "with red dots" must not say that the dots, or red, stay."""
    if attribute == "pattern" and reference.second and other.second:
        return reference.pattern != other.pattern and reference.second != other.second
    return attribute != "logo" or reference.logo != other.logo


def style_edit(style: str, rng: np.random.Generator, *, train: bool = True) -> Edit:
    """Ask for the same thing in another style: "as a chalk drawing"."""
    word = pick(rng, STYLE_WORDS[style])
    phrase = "as pixel art" if word == "pixel art" else f"as {with_article(word, '')}"
    form, unseen = frame(rng, PHRASE_FRAMES, train=train)
    return Edit(form.format(p=phrase, it="it", one="one"), "style", (("style", frozenset({style})),), unseen)


def addition(others: Sequence[Garment], rng: np.random.Generator, *, train: bool = True) -> Edit:
    """Ask for more items beside the reference, by name only: "with a hat and boots"."""
    names = [with_article(noun(garment, rng), garment.item) for garment in others]
    listed = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
    lead = pick(rng, ("with", "together with", "and", "worn with"))
    form, unseen = frame(rng, PHRASE_FRAMES, train=train) if lead == "with" else ("{p}", False)
    return Edit(
        form.format(p=f"{lead} {listed}", it="it", one="one"),
        "addition",
        (("items", frozenset(g.item for g in others)),),
        unseen,
    )


def _pick(rng: np.random.Generator, clauses: list[_Clause]) -> _Clause:
    return clauses[int(rng.integers(len(clauses)))]


def _sentence(reference: Garment, clauses: list[_Clause], rng: np.random.Generator, train: bool) -> Edit:
    number = {"it": "them", "one": "a pair"} if reference.item in PLURAL else {"it": "it", "one": "one"}
    order = [clauses[i] for i in rng.permutation(len(clauses))]
    order.sort(key=lambda clause: not clause.adjective)  # "red and with stripes" reads, "with stripes and red" does not
    if order[0].adjective:
        form, unseen = frame(rng, ADJECTIVE_FRAMES, train=train)
        if reference.item in PLURAL:
            form = form.replace("that is", "that are")
    else:
        form, unseen = frame(rng, PHRASE_FRAMES, train=train)
    text = form.format(a=_listed(order, rng), p=_listed(order, rng), **number)
    kind = clauses[0].kind if len(clauses) == 1 else "several"
    return Edit(text, kind, tuple((clause.attribute, clause.allowed) for clause in clauses), unseen)


def _listed(clauses: list[_Clause], rng: np.random.Generator) -> str:
    words = [clause.words for clause in clauses]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + pick(rng, (" and ", ", ", " and also ")) + words[-1]


def _exact_clauses(reference: Garment, attribute: str, value: str, rng: np.random.Generator) -> list[_Clause]:
    """Ways to ask for exactly that value."""
    only = frozenset({value})
    found = [
        _Clause(words, adjective, attribute, only, "set")
        for words, adjective in _named(reference.item, attribute, value, rng)
    ]
    # What the looser ways allow is counted over the item's values, not over what goes with this reference's other
    # attributes: otherwise the wording would depend on what stays.
    found += [clause for clause in _loose_clauses(reference, attribute, rng) if clause.allowed == only]
    found += _removals(reference, attribute, value, rng)
    if not found:
        raise BadData(f"No words for {attribute} {value!r} of a {reference.item}.")
    return found


def _named(item: str, attribute: str, value: str, rng: np.random.Generator) -> list[tuple[str, bool]]:
    """(words, whether they are an adjective) that name the value in full."""
    if attribute == "colour":
        word = colour_word(value, rng)
        return [(word, True), (word, True), (f"in {word}", False)]
    if attribute == "pattern":
        pattern, _, second = value.partition("/")
        if not second:
            return [
                (pick(rng, PATTERN_ADJECTIVES["plain"]), True),
                ("without a pattern", False),
                ("in one colour", False),
            ]
        word = pick(rng, PATTERN_NOUNS[pattern])
        colour = colour_word(second, rng)
        return [
            (f"with {with_article(colour, '')} {word[2:]}" if word.startswith("a ") else f"with {colour} {word}", False)
        ]
    how = wording(item, attribute, value)
    ankle = [word if word != "ankle" else "ankle-high" for word in how.before]
    return [(word, True) for word in ankle] + [(words, False) for words in how.after]


def _removals(reference: Garment, attribute: str, value: str, rng: np.random.Generator) -> list[_Clause]:
    """ "without the buttons": names what goes."""
    only = frozenset({value})
    if attribute == "closure" and value == "none":
        old = {
            "buttons": "buttons",
            "zip": "zip",
            "belt": "belt",
            "laces": "laces",
            "buckle": "buckle",
            "straps": "straps",
            "ribbon": "ribbon",
            "fringe": "fringe",
        }[reference.closure]
        return [
            _Clause(f"{lead} {old}", False, attribute, only, "removal")
            for lead in ("without the", "without", "with no")
        ]
    if attribute == "logo" and value == "none":
        old = pick(rng, ("logo", *LOGO_WORDS[reference.logo]))
        return [_Clause(f"{lead} {old}", False, attribute, only, "removal") for lead in ("without the", "with no")]
    if attribute == "pattern" and value == "plain" and reference.second:
        old = pick(rng, PATTERN_NOUNS[reference.pattern])
        old = old[2:] if old.startswith("a ") else old
        return [_Clause(f"without the {old}", False, attribute, only, "removal")]
    return []


_MORE_LESS = {
    ("sleeve", ""): (("with longer sleeves",), ("with shorter sleeves",)),
    ("length", ""): (("longer",), ("shorter",)),
    ("length", "boots"): (("taller", "higher"), ("shorter", "lower")),
    ("length", "sneakers"): (("higher",), ("lower",)),
    ("length", "handbag"): (
        ("with a longer strap", "with a longer handle"),
        ("with a shorter strap", "with a shorter handle"),
    ),
    ("fit", "slim/loose"): (("looser", "less tight"), ("tighter", "slimmer", "less loose")),
    ("fit", "slim/wide"): (("wider", "less tight"), ("slimmer", "tighter")),
    ("fit", "straight/flared"): (("more flared", "less straight"), ("straighter", "less flared")),
    ("fit", "flat/heeled"): (("with higher heels",), ("with lower heels", "with flatter soles")),
    ("fit", "small/large"): (("bigger", "larger"), ("smaller",)),
    ("fit", "hat"): (("with a wider brim",), ("with a narrower brim",)),
    ("fit", "narrow/wide"): (("wider",), ("narrower", "thinner")),
}


def _comparatives(reference: Garment, attribute: str, rng: np.random.Generator) -> list[_Clause]:
    scale = ITEMS[reference.item].get(attribute, ())
    if attribute not in (*ORDERED, "fit") or not scale:
        return []
    cut = "/".join(scale) if attribute == "fit" else ""
    more, less = _MORE_LESS.get((attribute, reference.item)) or _MORE_LESS[(attribute, cut)]
    at = scale.index(reference.value(attribute))
    found = []
    for words, allowed in ((more, scale[at + 1 :]), (less, scale[:at])):
        if allowed:
            said = pick(rng, words)
            found.append(_Clause(said, not said.startswith("with"), attribute, frozenset(allowed), "comparative"))
    return found


def _loose_clauses(reference: Garment, attribute: str, rng: np.random.Generator) -> list[_Clause]:
    """Ways to ask for one of several values: comparatives, negations, and values named in part."""
    now, every = reference.value(attribute), frozenset(values(reference.item, attribute))
    found = _comparatives(reference, attribute, rng)
    if attribute == "colour":
        word = colour_word(now, rng)
        others = frozenset(COLOURS) - {now}
        found.append(_Clause(f"not {word}", True, attribute, others, "negation"))
        found.append(
            _Clause(
                pick(rng, ("in another colour", "in a different colour", "in any other colour")),
                False,
                attribute,
                others,
                "negation",
            )
        )
    elif attribute == "pattern":
        if reference.second:
            others = frozenset(value for value in every if value.split("/")[0] != reference.pattern)
            found.append(
                _Clause(f"not {pick(rng, PATTERN_ADJECTIVES[reference.pattern])}", True, attribute, others, "negation")
            )
        else:
            found.append(_Clause(pick(rng, ("not plain", "patterned")), True, attribute, every - {"plain"}, "negation"))
        for pattern in PATTERN_NOUNS:
            if pattern != reference.pattern:
                allowed = frozenset(value for value in every if value.startswith(pattern + "/"))
                found.append(_Clause(pick(rng, PATTERN_ADJECTIVES[pattern]), True, attribute, allowed, "partial"))
    elif attribute == "logo":
        for logo, words in LOGO_WORDS.items():
            allowed = frozenset(value for value in every if value.startswith(logo + "/")) - {now}
            if logo != reference.logo:
                found.append(_Clause(f"with a {pick(rng, words)}", False, attribute, allowed, "partial"))
        if reference.logo != "none":
            others = frozenset(value for value in every if not value.startswith(reference.logo))
            found.append(
                _Clause(f"with no {pick(rng, LOGO_WORDS[reference.logo])}", False, attribute, others, "negation")
            )
    elif attribute in ("neckline", "closure", "length"):
        how = wording(reference.item, attribute, now)
        if how.before and how.before[0] != "ankle":
            found.append(_Clause(f"not {pick(rng, how.before)}", True, attribute, every - {now}, "negation"))
    return found

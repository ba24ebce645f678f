"""Which words of a caption LinCIR replaces by its pseudo-word: runs of nouns, adjectives and determiners.

The rule here needs no language model: a word is a keyword unless it is on a list of function words and everyday verbs,
or looks like a verb where it stands. `spacy_finder` asks spaCy's part-of-speech tagger, as the source does.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from likebut.errors import MissingExtra, NotFound

Finder = Callable[[str], list[tuple[int, int]]]  # a caption → (start, end) of each run, in order

DETERMINERS = frozenset(
    """a an the this that these those some any each every either neither another other all both no one two three four
    five six seven eight nine ten several many few most more my your his her its our their""".split()  # noqa: SIM905
)
OTHERS = frozenset(
    """about above across after against along alongside amid among and around as at atop away back because before
    behind below beneath beside besides between beyond but by down during except for forward from front if in
    inside into like near next nor of off on onto opposite or out outside over past per since so than then
    through throughout till to together toward towards under underneath until up upon versus via when where
    which while who whom whose why how with within without i me you he him she it we us they them himself
    herself itself themselves there here not n't also very too just only still even ever never always often
    again almost already quite rather really away apart ahead now am is are was were be been being has have had
    having do does did doing done can could will would shall should may might must get gets got make makes made
    take takes took give gives go goes went come comes came sit sits sat stand stands stood lie lies lay walk
    walks walked run runs ran ride rides rode hold holds held wear wears wore worn play plays look looks eat
    eats drink drinks carry carries show shows shown see sees seen use uses used hang hangs hung fly flies grow
    grows grown cover covers contain contains include includes feature features appear appears seem seems keep
    keeps let lets say says seen made set put stay stays wait waits watch watches smile smiles talk talks pose
    poses jump jumps sleep sleeps lean leans reach reaches follow follows""".split()  # noqa: SIM905
)
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_VERB_LIKE = re.compile(r".{2,}(?:ing|ed)$")


def clean(caption: str) -> str:
    """Lower case, no `$`, `<person>` as a word, single spaces."""
    return " ".join(caption.lower().replace("$", " ").replace("<person>", "person").split())


def find_keywords(caption: str) -> list[tuple[int, int]]:
    """(start, end) of each maximal run of keywords; only blanks stand between the words of a run.

    A run may begin with determiners but not consist of them. A word in -ing or -ed belongs to a run only right after a
    determiner ("a sleeping dog", but not "a dog | sleeping on …").

    >>> caption = "a red dog sitting in the striped basket"
    >>> [caption[start:end] for start, end in find_keywords(caption)]
    ['a red dog', 'the striped basket']
    """
    runs: list[tuple[int, int]] = []
    start = end = -1
    content = after_determiner = False
    for match in [*_WORD.finditer(caption), None]:
        word = match.group() if match else ""
        determiner = word in DETERMINERS
        verb = bool(_VERB_LIKE.match(word)) and not after_determiner
        keyword = bool(word) and not determiner and word not in OTHERS and not verb
        joined = match is not None and start >= 0 and not caption[end : match.start()].strip()
        if start >= 0 and not ((keyword or determiner) and joined and not (determiner and content)):
            if content:
                runs.append((start, end))
            start, content = -1, False
        if match and (keyword or determiner):
            start = match.start() if start < 0 else start
            end, content = match.end(), content or keyword
        after_determiner = determiner
    return runs


def masked(caption: str, find: Finder, generator: np.random.Generator) -> list[str | None]:
    """The caption in pieces, None for every keyword run; a word drawn at random where there is no keyword.

    An empty caption becomes "a photo of" and a gap.
    """
    words = list(_WORD.finditer(caption))
    if not words:
        return ["a photo of", None]
    runs = find(caption)
    if not runs:
        chosen = words[int(generator.integers(len(words)))]
        runs = [chosen.span()]
    pieces: list[str | None] = []
    done = 0
    for start, end in runs:
        pieces += [caption[done:start].strip(), None]
        done = end
    pieces.append(caption[done:].strip())
    return [piece for piece in pieces if piece != ""]


def spacy_finder(model: str = "en_core_web_sm") -> Finder:
    """The source's rule: maximal runs of tokens that spaCy tags NOUN, PROPN, ADJ or DET.

    Raises `MissingExtra` without spaCy, `NotFound` without the model.
    """
    try:
        import spacy
    except ImportError as error:
        raise MissingExtra("Finding keywords with spaCy", "train") from error
    try:
        tagger = spacy.load(model, exclude=["ner", "parser", "lemmatizer"])
    except OSError as error:
        raise NotFound(f"spaCy has no model {model!r} here. Install it: python -m spacy download {model}") from error

    def find(caption: str) -> list[tuple[int, int]]:
        runs: list[tuple[int, int]] = []
        before = False
        for token in tagger(caption):
            wanted = token.pos_ in ("NOUN", "PROPN", "ADJ", "DET")
            stop = token.idx + len(token.text)
            if wanted and before:
                runs[-1] = (runs[-1][0], stop)
            elif wanted:
                runs.append((token.idx, stop))
            before = wanted
        return runs

    return find

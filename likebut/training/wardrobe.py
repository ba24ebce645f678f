"""The drawn wardrobe as training pairs and as an exam: pictures drawn once, captions made anew every time.

Knows the wardrobe's attributes and arrays; knows no model and no loss. Whether a caption fits a picture is decided by
the attributes, so negatives are never right answers, and an exam's relevant sets are exact.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment, generator, parse, unseen_combinations
from likebut.datasets.wardrobe.captions import Caption, caption, describe
from likebut.datasets.wardrobe.draw import draw
from likebut.datasets.wardrobe.edges import edge_sketch
from likebut.datasets.wardrobe.edits import addition, edit_between, random_target, style_edit
from likebut.datasets.wardrobe.lexicon import STYLE_WORDS, pick, with_article
from likebut.datasets.wardrobe.plan import Scene
from likebut.datasets.wardrobe.samples import garment_of, scene_of
from likebut.training.pictures import Attributes, PictureStack, cut, fits, shrink
from likebut.types import Array

FIELDS = (
    "item",
    "colour",
    "pattern",
    "second",
    "sleeve",
    "length",
    "neckline",
    "closure",
    "logo",
    "place",
    "fit",
    "style",
)


UNDRAWN = frozenset({"colour", "pattern", "second"})  # what a line drawing does not show
Said = list[dict[str, str]]


@dataclass(frozen=True)
class Mix:
    """What is drawn.

    styles  style → share; "sketch" is the photo's edges, of single garments only
    scenes  share of outfits; `stored`: pixels per side that are kept, `drawn`: that are drawn
    """

    styles: Mapping[str, float]
    scenes: float = 0.25
    stored: int = 96
    drawn: int = 192
    seed: int = 0


def picture_of(mix: Mix, split: str, number: int, size: int) -> tuple[Array, Sequence[Array], Scene, str]:
    """Picture `number` of a split, the same for ever: (size, size, 3) uint8, its masks, what it shows, its style."""
    rng = generator("training", mix.seed, split, number)
    shares = np.array(list(mix.styles.values()))
    style = str(rng.choice(list(mix.styles), p=shares / shares.sum()))
    outfit = style != "sketch" and rng.random() < mix.scenes
    scene = scene_of(split, rng) if outfit else Scene((garment_of(split, rng),))
    seed = int(rng.integers(1 << 31))
    if style == "sketch":
        lines = edge_sketch(scene.garments[0], size, seed, detail=float(rng.uniform(0.3, 0.8)))
        return np.repeat(lines[..., None], 3, axis=2), [], scene, style
    drawing = draw(scene, style, size, seed)
    return drawing.pixels, drawing.masks, scene, style


def draw_stack(folder: Path, mix: Mix, split: str, size: int) -> PictureStack:
    """The first `size` pictures of a split; read from the folder where they were drawn before."""
    if (folder / "rows.jsonl").exists():
        return PictureStack.open(folder)
    pixels, labels = PictureStack.create(folder, size, mix.stored)
    rows, began = [], time.monotonic()
    for number in range(size):
        picture, masks, scene, style = picture_of(mix, split, number, mix.drawn)
        pixels[number], labels[number] = shrink(picture, masks, mix.stored)
        rows.append({"style": style, "garments": [garment.key() for garment in scene.garments]})
        if number % 2000 == 1999:
            rate = (number + 1) / (time.monotonic() - began)
            print(
                f"{number + 1} of {size} {split} pictures, {rate:.0f}/s, {(size - number) / rate:.0f} s left",
                flush=True,
            )
    return PictureStack.finish(folder, rows)


def shown_by(garment: Garment, style: str) -> dict[str, str]:
    """What a picture of it shows, by field; an attribute it does not have, or a sketch cannot show, is not there."""
    shown = {f.name: getattr(garment, f.name) for f in fields(garment) if getattr(garment, f.name)}
    if style == "sketch":
        shown = {name: value for name, value in shown.items() if name not in UNDRAWN}
    return {**shown, "style": style}


def said_by(words: Caption) -> Said:
    """What a caption says, one dict per garment it names; a pattern apart from its colour, a logo from its place.

    >>> said_by(Caption("a hat with red dots, sketch", (("item", "hat"), ("pattern", "dots/red"), ("style", "line"))))
    [{'item': 'hat', 'pattern': 'dots', 'second': 'red', 'style': 'line'}]
    """
    things: Said = []
    style = {}
    for name, value in words.mentions:
        if name == "item":
            things.append({})
        if name == "style":
            style = {"style": value}
        else:
            things[-1] |= _apart(name, value)
    return [{**thing, **style} for thing in things]


def _apart(name: str, value: str) -> dict[str, str]:
    first, _, second = value.partition("/")
    return {name: first, ("second" if name == "pattern" else "place"): second} if second else {name: first}


def words_about(subject: Garment | Scene, style: str, rng: np.random.Generator, requests: float) -> tuple[str, Said]:
    """A text that is true of the subject, and what it says.

    Mostly a caption. A share of `requests` names one thing as somebody types who asks for it ("make it red", "as a
    chalk drawing"; of an outfit "with a hat and boots"): without any, words that only edits use would mean nothing.
    """
    asked = rng.random() < requests
    if isinstance(subject, Scene):
        if not asked:
            words = caption(subject, style, rng)
            return words.text, said_by(words)
        some = [subject.garments[i] for i in rng.permutation(len(subject.garments))[: int(rng.integers(1, 3))]]
        return addition(some, rng).text, [{"item": garment.item} for garment in some]
    if asked and rng.random() < 0.2:
        return style_edit(style, rng).text, [{"style": style}]
    if asked and style != "sketch":
        edit = edit_between(random_target(subject, rng), subject, rng)
        if edit.kind in ("set", "removal", "partial"):  # a comparative says nothing without its reference
            ((name, allowed),) = edit.changes
            return edit.text, [_apart(name, value) for value in allowed]
    if style == "sketch":
        bare, mentions = describe(subject, rng, never=("colour", "pattern"))
        form = pick(rng, ("{x}", "a {style} of {x}", "{style} of {x}", "{x}, {style}", "{x} in a {style}"))
        text = form.format(x=with_article(bare, subject.item), style=pick(rng, STYLE_WORDS["sketch"]))
        return text, said_by(Caption(text, (*mentions, ("style", "sketch")) if "{style}" in form else mentions))
    words = caption(subject, style, rng)
    return words.text, said_by(words)


@dataclass(frozen=True)
class View:
    """One batch: uint8 pictures (B, S, S, 3), masks (B, S, S) in 0–1, B texts, and (B, B) bool `fits`.

    fits[i, j]: text j is true of what the mask of picture i covers.
    """

    pictures: Array
    masks: Array
    texts: list[str]
    fits: Array


class Pairs:
    """`make` of a loader: rows of a stack → a `View`.

    A single garment is shown with the whole picture as mask, or (`masked` of the time) its own. An outfit is shown with
    the mask of one garment and that garment's text, or (`whole` of the time) with all of it and a text about all.
    """

    def __init__(
        self, stack: PictureStack, side: int, *, masked: float = 0.25, whole: float = 0.35, requests: float = 0.15
    ) -> None:
        self.stack, self.side, self.masked, self.whole, self.requests = stack, side, masked, whole, requests
        self.table = Attributes(FIELDS)
        self.scenes = [Scene(tuple(parse(key) for key in row["garments"])) for row in stack.rows]  # type: ignore[attr-defined]
        self.styles = [str(row["style"]) for row in stack.rows]

    def __call__(self, indices: Array, rng: np.random.Generator) -> View:
        """Everything that chance decides comes from `rng`."""
        pictures, masks, texts, shown, said = [], [], [], [], []
        for index in indices:
            scene, style = self.scenes[index], self.styles[index]
            which, subject = self._focus(scene, style, rng)
            picture, mask = cut(self.stack.pixels[index], self.stack.labels[index], which, self.side, rng)
            text, meant = words_about(subject, style, rng, self.requests)
            pictures.append(picture)
            masks.append(mask)
            texts.append(text)
            said.append(meant)
            seen = subject.garments if isinstance(subject, Scene) else (subject,)
            shown.append([shown_by(garment, style) for garment in seen])
        true = fits(self.table.encode(shown), self.table.encode(said))
        return View(np.stack(pictures), np.stack(masks), texts, true)

    def _focus(self, scene: Scene, style: str, rng: np.random.Generator) -> tuple[int | None, Garment | Scene]:
        """Whose mask counts (None: all of the picture), and what the caption is about."""
        if len(scene.garments) == 1:
            own = rng.random() < self.masked and style != "sketch"
            return (0 if own else None), scene.garments[0]
        if rng.random() < self.whole:
            return None, scene
        which = int(rng.integers(len(scene.garments)))
        return which, scene.garments[which]


@dataclass(frozen=True)
class Exam:
    """N pictures of single garments, each with a complete caption in one fixed phrasing; who fits whom is exact.

    relevant  (N, N) bool, picture × caption
    unseen    (N,) bool: train shows no picture of that item, colour and pattern together
    """

    texts: Sequence[str]
    relevant: Array
    unseen: Array

    @classmethod
    def of(cls, stack: PictureStack, seed: int = 0) -> Exam:
        """Write the captions."""
        rng = generator("exam", seed)
        garments = [parse(row["garments"][0]) for row in stack.rows]  # type: ignore[index]
        styles = [str(row["style"]) for row in stack.rows]
        words = []
        for garment, style in zip(garments, styles, strict=True):
            bare, mentions = describe(garment, rng, always=garment.attributes(), most=99)
            text = f"{STYLE_WORDS[style][0]} of {with_article(bare, garment.item)}"
            words.append(Caption(text, (*mentions, ("style", style))))
        table = Attributes(FIELDS)
        shown = table.encode([[shown_by(g, s)] for g, s in zip(garments, styles, strict=True)])
        relevant = fits(shown, table.encode([said_by(w) for w in words]))
        unseen = np.array([garment.combination() in unseen_combinations() for garment in garments])
        return cls([w.text for w in words], relevant, unseen)

    def score(self, pictures: Array, texts: Array, ks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
        """(N, D) unit rows of both → recall@k: the share of queries with a right answer among the first k.

        A wrong answer that ties with the best right one comes before it. "unseen": queries of that slice only, against
        the whole gallery. "chance": the same for a random order, exactly, mean over queries.
        """
        scores = texts @ pictures.T
        found: dict[str, float] = {}
        for name, asked, right in (("text-image", scores, self.relevant.T), ("image-text", scores.T, self.relevant)):
            rank = wrong_before(asked, right)
            for k in ks:
                found[f"{name} recall@{k}"] = float((rank < k).mean())
                if self.unseen.any():
                    found[f"{name} recall@{k} unseen"] = float((rank < k)[self.unseen].mean())
                found[f"{name} recall@{k} chance"] = float(
                    np.mean([_chance(len(right), int(n), k) for n in right.sum(1)])
                )
        return found


def wrong_before(scores: Array, right: Array) -> Array:
    """(B, N) scores and relevance → (B,) how many wrong answers come before the best right one."""
    best = np.where(right, scores, -np.inf).max(axis=1)
    return np.asarray(((scores >= best[:, None]) & ~right).sum(axis=1))


def _chance(size: int, right: int, k: int) -> float:
    """That a random k of `size` hold at least one of `right`."""
    return 1 - math.prod((size - right - i) / (size - i) for i in range(k))


def plain_views(stack: PictureStack, side: int) -> Array:
    """All pictures of a stack, untouched by chance: (N, side, side, 3) uint8."""
    return np.stack([cut(p, label, None, side, None)[0] for p, label in zip(stack.pixels, stack.labels, strict=True)])

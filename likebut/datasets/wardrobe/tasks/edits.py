"""wardrobe-edit, wardrobe-many and wardrobe-dialogue: one garment, changed by words."""

from __future__ import annotations

import numpy as np

from likebut.datasets.wardrobe.attributes import Garment, differences, generator, is_sensible, neighbours, with_value
from likebut.datasets.wardrobe.edits import Edit, edit_between, loose_edit, random_target
from likebut.datasets.wardrobe.samples import garment_of
from likebut.datasets.wardrobe.tasks.base import (
    EDITS_PER_REFERENCE,
    Shelf,
    Size,
    Task,
    TaskQuery,
    expected_hit,
    gallery_picture,
    group_of,
    mean,
    references,
    seen_slices,
)

_MOST_RIGHT = 12  # more, and a blind pick among the reference's neighbours would often do
_TWO_PARTS = 0.4  # share of wardrobe-many's queries that change a second attribute as well
_STRANGERS = 8  # other garments with the same three values as a dialogue's answer


def _families(split: str, seed: int, size: Size) -> tuple[list[Garment], dict[Garment, list[Garment]], Shelf]:
    """References, their one-attribute neighbours, and a shelf with all of them."""
    starts = references(split, seed, size.references, "edit")
    shelf = Shelf(split, seed)
    family = {}
    for start in starts:
        family[start] = [other for _, other in neighbours(start)]
        for garment in (start, *family[start]):
            shelf.add(garment)
    return starts, family, shelf


def edit(split: str, seed: int, size: Size) -> Task:
    """Reference + edit → the one garment it describes; three quarters change one attribute, a quarter two."""
    rng = generator("wardrobe-edit", split, seed)
    starts, family, shelf = _families(split, seed, size)
    planned: list[tuple[Garment, Garment, Edit]] = []
    for start in starts:
        asked: set[Garment] = set()
        while len(asked) < EDITS_PER_REFERENCE:
            target = random_target(start, rng, 1 if len(asked) < 0.75 * EDITS_PER_REFERENCE else 2)
            if target in asked:
                continue
            asked.add(target)
            shelf.add(target)
            planned.append((start, target, edit_between(start, target, rng, train=False)))
    queries, by_text, by_image = [], [], []
    for number, (start, target, said) in enumerate(planned):
        reference, right = shelf.add(start), shelf.add(target)
        changed = differences(start, target)
        near = [
            shelf.add(other)
            for other in family[start]
            if differences(start, other)[0] in changed or len(differences(target, other)) == 1
        ]
        few = near[:: max(1, len(near) // 12)] + [
            shelf.add(other) for other in family[start][:: max(1, len(family[start]) // 6)]
        ]
        queries.append(
            TaskQuery(
                f"edit-{number:05d}",
                (right,),
                said.text,
                gallery_picture(start, split, seed),
                in_gallery=True,
                group=group_of(reference, right, list(dict.fromkeys(few)), rng),
                slices=(
                    *seen_slices(split, (start, target), said.unseen),
                    f"kind={said.kind}",
                    *(f"attribute={name}" for name in changed),
                ),
            )
        )
        by_text.append(expected_hit({right}, shelf.having(dict(said.changes)) - {reference}))
        by_image.append(expected_hit({right}, [shelf.add(other) for other in family[start]]))
    ceilings = {"text_only": mean(by_text), "image_only": mean(by_image)}
    return Task("wardrobe-edit", split, tuple(shelf.pictures.values()), tuple(queries), ceilings)


def many(split: str, seed: int, size: Size) -> Task:
    """Edits that leave something open ("not red", "striped and with a belt"): every garment that fits is right."""
    rng = generator("wardrobe-many", split, seed)
    starts, family, shelf = _families(split, seed, size)
    planned: list[tuple[Garment, Edit]] = []
    while len(planned) < size.queries:
        start = starts[len(planned) % len(starts)]
        said = loose_edit(start, rng, train=False, also=rng.random() < _TWO_PARTS)
        right = list(said.targets(start))
        if len(right) <= _MOST_RIGHT:
            planned.append((start, said))
            for target in right:
                shelf.add(target)
    queries, by_text, by_image = [], [], []
    for number, (start, said) in enumerate(planned):
        ids = tuple(sorted(shelf.add(target) for target in said.targets(start)))
        reference = gallery_picture(start, split, seed)
        changed = [name for name, _ in said.changes]
        slices = (f"kind={said.kind}", *(f"attribute={name}" for name in changed))
        seen = seen_slices(split, (start,), said.unseen)
        queries.append(
            TaskQuery(f"many-{number:05d}", ids, said.text, reference, in_gallery=True, slices=(*seen, *slices))
        )
        by_text.append(expected_hit(set(ids), shelf.having(dict(said.changes)) - {reference.id}))
        by_image.append(expected_hit(set(ids), [shelf.add(other) for other in family[start]]))
    ceilings = {"text_only": mean(by_text), "image_only": mean(by_image)}
    return Task("wardrobe-many", split, tuple(shelf.pictures.values()), tuple(queries), ceilings)


def dialogue(split: str, seed: int, size: Size) -> Task:
    """Three edits in a row, each of another attribute.

    After round r the text holds the first r edits; the answer is the last garment all along.
    """
    rng = generator("wardrobe-dialogue", split, seed)
    shelf = Shelf(split, seed)
    queries, by_text, by_image = [], [], []
    talks: list[tuple[list[Garment], list[Edit]]] = []
    while len(talks) < max(8, size.queries // 2):
        states = [garment_of(split, rng)]
        edits: list[Edit] = []
        while len(edits) < 3:
            step = random_target(states[-1], rng)
            if differences(states[-1], step)[0] in [said.changes[0][0] for said in edits]:
                continue
            edits.append(edit_between(states[-1], step, rng, train=False))
            states.append(step)
        talks.append((states, edits))
        for state in (states[0], states[-1]):
            near = [other for _, other in neighbours(state)]
            for index in rng.permutation(len(near))[:8]:
                shelf.add(near[index])
        _strangers(shelf, states[0], states[-1], rng)
        for state in states:
            shelf.add(state)
    for number, (states, edits) in enumerate(talks):
        right = shelf.add(states[-1])
        for round_ in (1, 2, 3):
            text = ", then ".join(said.text.removesuffix(", please").rstrip("?") for said in edits[:round_])
            unseen = any(said.unseen for said in edits[:round_])
            queries.append(
                TaskQuery(
                    f"dialogue-{number:05d}-{round_}",
                    (right,),
                    text,
                    gallery_picture(states[0], split, seed),
                    in_gallery=True,
                    slices=(*seen_slices(split, (states[0], states[-1]), unseen), f"round={round_}"),
                )
            )
        by_text.append(expected_hit({right}, set.intersection(*(shelf.having(dict(said.changes)) for said in edits))))
        by_image.append(0.0)  # the intermediate garments are always nearer to the reference
    return Task(
        "wardrobe-dialogue",
        split,
        tuple(shelf.pictures.values()),
        tuple(queries),
        {"text_only": mean(by_text), "image_only": mean(by_image)},
    )


def _strangers(shelf: Shelf, first: Garment, last: Garment, rng: np.random.Generator) -> None:
    """Add other garments that have what the dialogue asked for, so that its words alone do not give the answer away."""
    added = 0
    for _ in range(200):
        other = garment_of(shelf.split, rng, None if rng.random() < 0.3 else first.item)
        for name in differences(first, last):
            other = with_value(other, name, last.value(name))
        if is_sensible(other):
            shelf.add(other)
            added += 1
        if added == _STRANGERS:
            return

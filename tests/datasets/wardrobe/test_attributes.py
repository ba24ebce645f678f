"""Garments: which combinations make sense, what a neighbour is, what train may not show."""

from dataclasses import replace

import pytest

from likebut.datasets.wardrobe.attributes import (
    COLOURS,
    ITEMS,
    PATTERNS,
    Garment,
    check,
    contrasting,
    differences,
    generator,
    is_sensible,
    neighbours,
    parse,
    sample,
    stable_hash,
    unseen_combinations,
    values,
    with_value,
)
from likebut.errors import BadData

SCARF = Garment("scarf", "red", length="short", closure="none", fit="narrow")


@pytest.mark.parametrize("item", ITEMS)
def test_a_random_garment_is_sensible_and_survives_its_key(item):
    rng = generator("test", item)
    for _ in range(50):
        garment = sample(rng, item)
        check(garment)
        assert parse(garment.key()) == garment


def test_a_plain_scarf_has_as_many_neighbours_as_can_be_counted_by_hand():
    # 11 other colours, 6 patterns in each colour that stands out on red, and one other length, trim and width.
    expected = 11 + 6 * len(contrasting("red")) + 3
    found = list(neighbours(SCARF))
    assert len(found) == len({other for _, other in found}) == expected


@pytest.mark.parametrize("item", ITEMS)
def test_neighbours_are_all_sensible_garments_one_attribute_away(item):
    start = sample(generator("neighbours", item), item)
    slow = {
        with_value(start, name, value)
        for name in start.attributes()
        for value in values(item, name)
        if value != start.value(name) and is_sensible(with_value(start, name, value))
    }
    found = {other: name for name, other in neighbours(start)}
    assert set(found) == slow
    assert all(differences(start, other) == (name,) for other, name in found.items())


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "mauve"},
        {"item": "kilt"},
        {"pattern": "dots"},  # a pattern without its colour
        {"second": "white"},  # a colour without its pattern
        {"pattern": "dots", "second": "red"},  # red dots on red
        {"sleeve": "long"},
        {"length": "knee"},
        {"logo": "star", "place": "front"},
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(change):
    with pytest.raises(BadData, match="No such garment"):
        check(replace(SCARF, **change))


def test_a_garment_line_that_is_none_is_refused():
    with pytest.raises(BadData, match="is not a garment"):
        parse("red scarf")


def test_fifteen_percent_of_each_items_combinations_are_unseen():
    per_item = len(COLOURS) * len(PATTERNS)
    for item in ITEMS:
        own = [combination for combination in unseen_combinations() if combination[0] == item]
        assert len(own) == round(0.15 * per_item) == 13


def test_hashes_and_streams_are_the_same_on_every_machine():
    # Frozen: if these change, every picture and every split changes with them.
    assert stable_hash("wardrobe", 1) == 10634879290346579533
    assert generator("wardrobe", 1).integers(1 << 30, size=3).tolist() == [465470105, 220388682, 832436643]
    assert ("backpack", "black", "checks") in unseen_combinations()

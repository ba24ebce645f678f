"""Captions and edits: true of what they are about, silent about what stays, and some phrasings kept out of train."""

from dataclasses import replace

import pytest

from likebut.datasets.wardrobe.attributes import (
    ITEMS,
    Garment,
    differences,
    generator,
    is_sensible,
    neighbours,
    sample,
    unseen_combinations,
    values,
    with_value,
)
from likebut.datasets.wardrobe.captions import FRAMES, OUTFIT_FRAMES, Caption, caption, describe
from likebut.datasets.wardrobe.edits import (
    ADJECTIVE_FRAMES,
    PHRASE_FRAMES,
    addition,
    edit_between,
    loose_edit,
    random_target,
    style_edit,
)
from likebut.datasets.wardrobe.lexicon import NOUNS, frame, unseen_frames
from likebut.datasets.wardrobe.plan import STYLES
from likebut.datasets.wardrobe.samples import garment_of, scene_of
from likebut.datasets.wardrobe.triplets import one_triplet
from likebut.errors import BadData

SKIRT = Garment("skirt", "red", length="knee", closure="buttons", fit="straight")


def garments(count, purpose):
    rng = generator("words", purpose)
    return [sample(rng) for _ in range(count)]


def test_a_caption_knows_what_it_says():
    words = Caption("a red skirt", (("item", "skirt"), ("colour", "red")))
    assert words.fits(SKIRT)
    assert words.fits(with_value(SKIRT, "length", "long"))
    assert not words.fits(with_value(SKIRT, "colour", "blue"))
    dotted = Caption("a dotted skirt", (("item", "skirt"), ("pattern", "dots")))
    assert dotted.fits(with_value(SKIRT, "pattern", "dots/white"))
    assert not dotted.fits(with_value(SKIRT, "pattern", "checks/white"))
    assert not Caption("as chalk", (("item", "skirt"), ("style", "chalk"))).fits(SKIRT, "photo")


@pytest.mark.parametrize("style", STYLES)
def test_captions_are_true_and_make_sentences(style):
    rng = generator("captions", style)
    for garment in garments(60, style):
        words = caption(garment, style, rng, train=False)
        assert words.fits(garment, style)
        assert any(noun in words.text for noun in NOUNS[garment.item])
        assert "{" not in words.text
        assert "  " not in words.text
        assert words.text == words.text.strip().lower()


def test_a_full_description_mentions_every_attribute_that_has_a_word():
    bare, mentions = describe(SKIRT, generator("full"), always=SKIRT.attributes(), most=20)
    assert {name for name, _ in mentions} == {"item", *SKIRT.attributes()}
    assert "red" in bare
    assert "knee-length" in bare


def test_outfit_captions_name_every_item():
    rng = generator("outfits")
    for _ in range(20):
        scene = scene_of("test", rng)
        words = caption(scene, "photo", rng)
        assert [value for name, value in words.mentions if name == "item"].sort() == [
            g.item for g in scene.garments
        ].sort()
        assert all(any(noun in words.text for noun in NOUNS[g.item]) for g in scene.garments)


@pytest.mark.parametrize("item", ITEMS)
def test_an_edit_allows_its_target_and_nothing_else_by_brute_force(item):
    rng = generator("edits", item)
    start = sample(rng, item)
    near = {other for _, other in neighbours(start)} | {start}
    for changes in (1, 1, 2, 3):
        target = random_target(start, rng, min(changes, len(start.attributes())))
        said = edit_between(start, target, rng, train=False)
        assert {name for name, _ in said.changes} == set(differences(start, target))
        assert list(said.targets(start)) == [target]
        assert {other for other in near | {target} if said.accepts(start, other)} == {target}


def test_a_loose_edit_accepts_exactly_its_targets_by_brute_force():
    rng = generator("loose")
    for start in garments(60, "loose"):
        said = loose_edit(start, rng, train=False)
        name = said.changes[0][0]
        slow = {
            with_value(start, name, value)
            for value in values(start.item, name)
            if value in said.changes[0][1] and is_sensible(with_value(start, name, value))
        }
        assert set(said.targets(start)) == slow
        assert len(slow) > 1
        assert start not in slow
        assert all(said.accepts(start, target) for target in slow)


def other_in_the_rest(start, target, changed, rng):
    """Both garments with one attribute moved that the edit leaves alone, or None where none can be."""
    free = [name for name in start.attributes() if name not in changed]
    for index in rng.permutation(len(free)):
        for value in values(start.item, free[index]):
            pair = with_value(start, free[index], value), with_value(target, free[index], value)
            if value != start.value(free[index]) and all(map(is_sensible, pair)):
                return pair
    return None


def test_edits_never_name_what_stays():
    # The sentence must be the same for two references that differ only in what the edit leaves alone, so nothing in
    # it can come from there.
    compared = 0
    for number, start in enumerate(garments(250, "stays")):
        rng = generator("stays", number)
        target = random_target(start, rng, 1 + number % 2)
        pair = other_in_the_rest(start, target, differences(start, target), rng)
        if pair is None:
            continue
        said = edit_between(start, target, generator("same stream", number))
        assert edit_between(*pair, generator("same stream", number)).text == said.text
        assert not any(f" {noun} " in f" {said.text} " for noun in NOUNS[start.item])
        compared += 1
    assert compared > 200


def test_a_new_pattern_or_logo_shares_no_part_with_the_old():
    for number, start in enumerate(garments(300, "fresh")):
        target = random_target(start, generator("fresh", number))
        if start.second and target.second and differences(start, target) == ("pattern",):
            assert target.second != start.second
            assert target.pattern != start.pattern
        if differences(start, target) == ("logo",):
            assert target.logo != start.logo


def test_comparatives_and_removals_mean_what_they_say():
    rng = generator("kinds")
    seen = set()
    for _ in range(300):
        said = edit_between(SKIRT, with_value(SKIRT, "length", "long"), rng)
        if said.kind == "comparative":
            seen.add("longer")
            assert "longer" in said.text
        said = edit_between(SKIRT, with_value(SKIRT, "closure", "none"), rng)
        assert said.kind == "removal"
        assert "button" in said.text
    assert seen == {"longer"}
    # From the shortest, two skirts are longer: the comparative is loose, and must not be used for one exact target.
    shortest = with_value(SKIRT, "length", "short")
    for _ in range(100):
        assert edit_between(shortest, with_value(shortest, "length", "long"), rng).kind == "set"


def test_there_is_no_edit_between_two_items_or_to_the_same_garment():
    rng = generator("none")
    with pytest.raises(BadData, match="No edit leads"):
        edit_between(SKIRT, SKIRT, rng)
    with pytest.raises(BadData, match="No edit leads"):
        edit_between(SKIRT, replace(SKIRT, item="shorts", closure="buttons", fit="slim"), rng)


def test_style_and_addition_name_the_style_and_the_items():
    rng = generator("others")
    assert any(word in style_edit("chalk", rng).text for word in ("chalk", "board"))
    said = addition([SKIRT, sample(rng, "hat")], rng)
    assert "skirt" in said.text
    assert "hat" in said.text
    assert "red" not in said.text


@pytest.mark.parametrize("table", [FRAMES, OUTFIT_FRAMES, ADJECTIVE_FRAMES, PHRASE_FRAMES])
def test_a_tenth_of_the_phrasings_is_never_in_train(table):
    assert len(set(table)) == len(table)
    unseen = unseen_frames(table)
    assert len(unseen) == max(1, round(0.1 * len(table)))
    rng = generator("phrasings")
    assert not any(frame(rng, table, train=True)[0] in unseen for _ in range(400))
    outside = [frame(rng, table, train=False) for _ in range(400)]
    assert all(is_unseen == (form in unseen) for form, is_unseen in outside)
    assert 50 < sum(is_unseen for _, is_unseen in outside) < 150  # a quarter


def test_train_shows_no_unseen_combination_and_no_unseen_phrasing():
    rng = generator("train")
    assert not any(garment_of("train", rng).combination() in unseen_combinations() for _ in range(400))
    assert any(garment_of("test", rng).combination() in unseen_combinations() for _ in range(400))
    for number in range(150):
        triplet = one_triplet(number)
        shown = (*triplet.reference.garments, *triplet.target.garments)
        assert not any(garment.combination() in unseen_combinations() for garment in shown)
        assert not triplet.edit.unseen


def test_the_target_of_a_triplet_is_what_its_edit_says():
    for number in range(150):
        triplet = one_triplet(number, kinds=("edit", "loose", "region"))
        start = triplet.reference.garments[triplet.region or 0]
        assert triplet.edit.accepts(start, triplet.target.garments[0])
    for number in range(20):
        style = one_triplet(number, kinds=("style",))
        assert style.reference.garments == style.target.garments
        assert dict(style.edit.changes)["style"] == {style.target.style}
        more = one_triplet(number, kinds=("addition",))
        added = set(more.target.garments) - set(more.reference.garments)
        assert dict(more.edit.changes)["items"] == {garment.item for garment in added}

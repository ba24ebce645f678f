"""Training views of pictures, and the exact answer to "does this caption fit"."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from likebut.errors import NotFound
from likebut.training.pictures import SLOTS, Attributes, PictureStack, cut, fits, shrink

FIELDS = ("item", "colour", "logo")


def slow_fits(shown: list[list[dict[str, str]]], said: list[list[dict[str, str]]]) -> list[list[bool]]:
    """Each garment that is named agrees with one that is shown, in all that is said of it."""
    return [
        [all(any(g.items() >= named.items() for g in picture) for named in caption) for caption in said]
        for picture in shown
    ]


def test_fitting_captions_agree_with_comparing_dicts() -> None:
    rng = np.random.default_rng(0)

    def garment(share: float) -> dict[str, str]:
        full = {field: str(rng.choice(["a", "b"])) for field in FIELDS}
        kept = {field: value for field, value in full.items() if rng.random() < share}
        return kept or full

    shown = [[garment(1.0) for _ in range(rng.integers(1, SLOTS + 1))] for _ in range(40)]
    said = [[garment(0.5) for _ in range(rng.integers(1, SLOTS + 1))] for _ in range(30)]
    table = Attributes(FIELDS)
    found = fits(table.encode(shown), table.encode(said))
    assert found.tolist() == slow_fits(shown, said)
    assert 0.1 < found.mean() < 0.9


def test_a_view_without_chance_is_the_picture_and_alpha_is_the_garment() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    labels = np.zeros((16, 16), np.uint8)
    labels[2:5, 3:9], labels[10:, 10:] = 1, 2
    view, alpha = cut(pixels, labels, 1, 16, None)
    np.testing.assert_array_equal(view, pixels)
    np.testing.assert_array_equal(alpha, (labels == 2).astype("f4"))
    assert cut(pixels, labels, None, 16, None)[1].all()


def test_pixels_and_alpha_move_together() -> None:
    # The garment is white on black; wherever zoom, shift and mirror take it, alpha must cover it (mask views) or the
    # box round it (box views), up to the pixels of its edge.
    pixels, labels = np.zeros((48, 48, 3), np.uint8), np.zeros((48, 48), np.uint8)
    pixels[8:30, 6:20], labels[8:30, 6:20] = 255, 1
    sides = set()
    for seed in range(20):
        view, alpha = cut(pixels, labels, 0, 32, np.random.default_rng(seed))
        bright = view[..., 0] > 128
        assert (bright != (alpha > 0.5)).sum() <= 50  # a rim of one pixel round 15 × 9 is 48
        sides.add(bool(bright[:, :16].sum() > bright[:, 16:].sum()))
    assert sides == {True, False}


def test_the_same_generator_gives_the_same_view() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    views = [cut(pixels, np.ones((24, 24), np.uint8), 0, 16, np.random.default_rng(5)) for _ in range(2)]
    np.testing.assert_array_equal(views[0][0], views[1][0])
    np.testing.assert_array_equal(views[0][1], views[1][1])


def test_a_stack_reads_back_and_an_unfinished_one_is_refused(tmp_path: Path) -> None:
    pixels, labels = PictureStack.create(tmp_path, 2, 8)
    with pytest.raises(NotFound, match="rows.jsonl is missing"):
        PictureStack.open(tmp_path)
    mask = np.zeros((32, 32), np.uint8)
    mask[:16] = 255
    for row in range(2):
        pixels[row], labels[row] = shrink(np.full((32, 32, 3), 9, np.uint8), [mask, 255 - mask], 8)
    pixels.flush(), labels.flush()
    stack = PictureStack.finish(tmp_path, [{"style": "photo"}, {"style": "flat"}])
    assert len(stack) == 2
    assert stack.rows[1]["style"] == "flat"
    assert (stack.pixels == 9).all()
    assert stack.labels[0].tolist() == [[1] * 8] * 4 + [[2] * 8] * 4

"""Regions worked by hand on tiny pictures; GrabCut on drawn objects whose true mask is known."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from likebut.errors import BadImage, BadQuery
from likebut.images import (
    blur_background,
    crop_region,
    grabcut,
    read_mask,
    region_box,
    region_mask,
    white_background,
)
from likebut.types import Region


def rows(mask) -> list[str]:
    return ["".join("#" if value else "." for value in row) for row in mask]


def test_a_box_covers_whole_pixels():
    mask = region_mask(Region(box=(0.25, 0.5, 0.75, 1.0)), (4, 2))
    assert mask.dtype == np.uint8
    assert rows(mask) == ["....", ".##."]


def test_a_box_thinner_than_a_pixel_is_the_pixel_it_lies_in():
    assert rows(region_mask(Region(box=(0.8, 0.0, 0.81, 1.0)), (4, 2))) == ["...#", "...#"]
    assert rows(region_mask(Region(box=(0.99, 0.99, 1.0, 1.0)), (4, 2))) == ["....", "...#"]


def test_a_polygon_counts_pixels_whose_centre_lies_inside():
    # The lower left half of a 4×4 picture: below the diagonal from (0,0) to (4,4).
    triangle = Region(polygon=((0, 0), (1, 1), (0, 1)))
    assert rows(region_mask(triangle, (4, 4))) == ["....", "#...", "##..", "###."]


def test_a_polygon_is_filled_by_the_even_odd_rule_and_may_cross_itself():
    hourglass = Region(polygon=((0, 0), (1, 0), (0, 1), (1, 1)))
    assert rows(region_mask(hourglass, (5, 4))) == [".###.", "..#..", "..#..", ".###."]


def test_polygons_equal_a_point_in_polygon_test_pixel_by_pixel():
    def inside(x, y, corners):
        crossings = 0
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
            if (y0 <= y < y1) or (y1 <= y < y0):
                crossings += x0 + (y - y0) / (y1 - y0) * (x1 - x0) <= x
        return crossings % 2

    rng = np.random.default_rng(0)
    for count in (3, 4, 7, 12):
        corners = [(float(x), float(y)) for x, y in rng.random((count, 2))]
        mask = region_mask(Region(polygon=tuple(corners)), (23, 17))
        slow = [[inside((x + 0.5) / 23, (y + 0.5) / 17, corners) for x in range(23)] for y in range(17)]
        assert mask.tolist() == slow


def test_a_polygon_too_small_for_any_pixel_is_the_pixel_it_lies_in():
    tiny = Region(polygon=((0.6, 0.6), (0.61, 0.6), (0.6, 0.61)))
    assert rows(region_mask(tiny, (4, 2))) == ["....", "..#."]


def test_a_polygon_may_reach_beyond_the_picture():
    assert region_mask(Region(polygon=((-1, -1), (2, -1), (2, 2), (-1, 2))), (6, 5)).all()


@pytest.mark.parametrize(
    "values",
    [
        np.array([[0, 1], [1, 0]], np.uint8),
        np.array([[False, True], [True, False]]),
        np.array([[0, 255], [255, 0]], np.uint8),
        np.array([[0.4, 0.6], [1.0, 0.0]]),
        np.array([[127, 128], [200, 0]], np.uint8),
        Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8)),
        Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8)),
    ],
)
def test_masks_of_every_kind_count_above_half(values):
    assert read_mask(values).tolist() == [[0, 1], [1, 0]]
    assert region_mask(Region(mask=values), (2, 2)).tolist() == [[0, 1], [1, 0]]


def test_an_empty_mask_stays_empty_when_read_and_is_an_error_as_a_region():
    assert not read_mask(np.zeros((3, 3), np.uint8)).any()
    with pytest.raises(BadQuery, match="selects nothing"):
        region_mask(Region(mask=np.zeros((3, 3))), (3, 3))


def test_where_a_mask_picture_is_transparent_its_alpha_is_the_mask(tmp_path):
    brush = Image.new("RGBA", (2, 1), (255, 255, 255, 255))
    brush.putpixel((0, 0), (0, 0, 0, 0))
    brush.save(tmp_path / "mask.png")
    assert read_mask(tmp_path / "mask.png").tolist() == [[0, 1]]


def test_a_mask_at_another_resolution_is_resized_and_one_of_another_shape_is_an_error():
    mask = np.array([[1, 0]], np.uint8)
    assert rows(region_mask(Region(mask=mask), (4, 2))) == ["##..", "##.."]
    with pytest.raises(BadQuery, match="2×1 and the picture 4×4"):
        region_mask(Region(mask=mask), (4, 4))


def test_a_mask_file_that_cannot_be_read_is_a_bad_image(tmp_path):
    with pytest.raises(BadImage, match="no such file"):
        region_mask(Region(mask=tmp_path / "none.png"), (4, 4))


def test_crops_with_and_without_margin():
    image = Image.new("RGB", (100, 50))
    region = Region(box=(0.4, 0.4, 0.6, 0.6))  # 40,20 to 60,30
    assert crop_region(image, region).size == (20, 10)
    assert region_box(region, image.size, margin=0.5) == (30, 15, 70, 35)
    assert region_box(region, image.size, margin=9) == (0, 0, 100, 50)
    # A triangle 40,20 60,20 60,30: at the centre of its first row, 20.5, it begins at 41.
    assert region_box(Region(polygon=((0.4, 0.4), (0.6, 0.4), (0.6, 0.6))), image.size) == (41, 20, 60, 30)


def test_background_turns_white_or_blurred_and_the_object_stays():
    image = Image.new("RGB", (9, 9), (0, 0, 200))
    image.putpixel((0, 0), (255, 0, 0))
    mask = np.zeros((9, 9), np.uint8)
    mask[3:6, 3:6] = 1
    white = np.asarray(white_background(image, mask))
    assert (white[mask == 1] == (0, 0, 200)).all()
    assert (white[mask == 0] == 255).all()
    blurred = blur_background(image, mask, 2)
    assert blurred.getpixel((4, 4)) == (0, 0, 200)
    assert blurred.getpixel((0, 0))[0] < 150


def test_a_mask_of_another_size_than_the_picture_is_an_error():
    with pytest.raises(ValueError, match=r"\(2, 2\)"):
        white_background(Image.new("RGB", (3, 3)), np.ones((2, 2)))


# ---- GrabCut


def scene() -> tuple[Image.Image, np.ndarray]:
    """A red disc on a green, slightly noisy wall, and the disc's true mask."""
    truth = Image.new("L", (240, 180), 0)
    ImageDraw.Draw(truth).ellipse((70, 40, 170, 140), fill=255)
    wall = Image.new("RGB", truth.size, (60, 130, 60))
    wall.paste((190, 40, 40), mask=truth)
    noise = np.random.default_rng(0).normal(0, 8, (180, 240, 3))
    pixels = np.clip(np.asarray(wall) + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels), (np.asarray(truth) > 0).astype(np.uint8)


def overlap(found, truth) -> float:
    """Intersection over union."""
    return float((found & truth).sum() / (found | truth).sum())


@pytest.mark.parametrize(
    "region",
    [
        Region(box=(0.25, 0.15, 0.75, 0.85)),
        Region(polygon=((0.2, 0.15), (0.8, 0.15), (0.8, 0.85), (0.2, 0.85))),
        (0.5, 0.5),
        (0.4, 0.6),
    ],
)
def test_grabcut_finds_the_disc_from_a_box_a_polygon_and_a_click(region):
    image, truth = scene()
    found = grabcut(image, region)
    assert found.dtype == np.uint8
    assert found.shape == truth.shape
    assert overlap(found, truth) > 0.95  # the box alone: 0.52


def test_grabcut_gives_the_same_mask_every_time():
    image, _ = scene()
    region = Region(box=(0.25, 0.15, 0.75, 0.85))
    assert np.array_equal(grabcut(image, region), grabcut(image, region))


def test_a_click_takes_only_the_piece_under_it():
    image = Image.new("RGB", (240, 120), (60, 130, 60))
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 30, 80, 90), fill=(190, 40, 40))
    draw.ellipse((150, 30, 210, 90), fill=(190, 40, 40))
    found = grabcut(image, (50 / 240, 0.5))
    assert found[60, 50] == 1
    assert found[60, 180] == 0


def test_where_nothing_is_to_be_found_the_region_itself_is_the_answer():
    flat = Image.new("RGB", (60, 40), (128, 128, 128))
    box = Region(box=(0.25, 0.25, 0.75, 0.75))
    assert grabcut(flat, box).any()
    assert grabcut(flat, Region(box=(0, 0, 1, 1))).all()
    assert grabcut(flat, (0.5, 0.5))[20, 30] == 1


def test_a_tiny_picture_can_be_cut_too():
    assert grabcut(Image.new("RGB", (1, 1)), (0.5, 0.5)).tolist() == [[1]]
    assert grabcut(Image.new("RGB", (3, 2)), Region(box=(0, 0, 0.5, 1))).shape == (2, 3)


def test_a_click_outside_is_a_bad_query():
    with pytest.raises(BadQuery, match="0.5,0.4"):
        grabcut(Image.new("RGB", (9, 9)), (1.5, 0.5))

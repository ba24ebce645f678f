"""Preprocessing: against the published code's results, against slow code, and by hand."""

import hashlib
import json
from pathlib import Path

import numpy as np
import PIL
import pytest
from PIL import Image, ImageDraw

from likebut.images import (
    CLIP_MEAN,
    CLIP_STD,
    Geometry,
    aligned_alpha_mask,
    alpha_mask,
    apply,
    clip_pad,
    crop_region,
    square_pad,
    squash,
    target_pad,
    to_pixels,
    to_pixels_batch,
)
from likebut.types import Region

GOLDENS = Path(__file__).parent / "goldens" / "pad_transforms"
CASES = json.loads((GOLDENS / "pad_transforms.json").read_text())["cases"]
TRANSFORMS = {"clip": clip_pad, "square": square_pad, "target": target_pad, "squash": squash}


def pattern(width: int, height: int, mode: str) -> Image.Image:
    """The goldens' source picture: R=(7x+3y), G=(2x+11y+64), B=(x²+y²)//17, alpha=(x+y), all modulo 256."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    rgb = np.stack([7 * x + 3 * y, 2 * x + 11 * y + 64, (x * x + y * y) // 17], axis=-1) % 256
    image = Image.fromarray(rgb.astype(np.uint8))
    alpha = Image.fromarray(((x + y) % 256).astype(np.uint8))
    if mode in ("RGBA", "LA"):
        image = image if mode == "RGBA" else image.convert("L")
        image.putalpha(alpha)
        return image
    if mode == "P":
        return image.quantize(64)
    return image.convert(mode)


@pytest.mark.skipif(PIL.__version__.split(".")[0] != "13", reason="the digests belong to the resampling of Pillow 13")
def test_all_156_published_results_are_equal_to_the_bit():
    assert len(CASES) == 156
    for case in CASES:
        out = TRANSFORMS[case["transform"]](pattern(*case["size"], case["mode"]), case["dim"], order="reference")
        digest = hashlib.sha1(np.asarray(out).transpose(2, 0, 1).tobytes()).hexdigest()
        assert digest[:16] == case["sha1"], case
        assert to_pixels(out).sum(dtype=np.float64) == pytest.approx(case["sum"], rel=1e-5, abs=0.5), case


def test_all_published_geometries_are_equal():
    for case in CASES:
        if case["transform"] != "squash":
            found = Geometry.of(tuple(case["size"]), case["dim"], case["transform"])
            assert [*found.pad, *found.padded] == [*case["pad"], *case["padded"]], case
            assert [*found.resized, *found.crop] == [*case["resized"], *case["crop"]], case


@pytest.mark.parametrize(
    "source,pad,padded,resized,crop",
    [
        ((640, 480), (0, 16), (640, 512), (360, 288), (36, 0)),
        ((480, 640), (16, 0), (512, 640), (288, 360), (0, 36)),
        ((499, 400), (0, 0), (499, 400), (359, 288), (36, 0)),  # surplus 71: 35.5 rounds to the even 36
        ((33, 7), (0, 9), (33, 25), (380, 288), (46, 0)),
        ((2, 1), (0, 0), (2, 1), (576, 288), (144, 0)),
    ],
)
def test_target_pad_by_hand(source, pad, padded, resized, crop):
    assert Geometry.of(source, 288, "target") == Geometry(source, pad, padded, resized, crop, 288)


def test_crop_offsets_round_halves_to_even():
    # Surplus 3 → 1.5 → 2, surplus 5 → 2.5 → 2; flooring would give 1 and 2.
    assert Geometry.of((103, 100), 100, "clip").crop == (2, 0)
    assert Geometry.of((105, 100), 100, "clip").crop == (2, 0)


def test_a_ratio_of_exactly_125_is_not_changed():
    assert Geometry.of((125, 100), 224, "target").pad == (0, 0)
    assert Geometry.of((200, 100), 224, "target").padded == (200, 160)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("row", [0, 1, 2])
def test_normalised_pixels_equal_the_published_ones(name, row):
    small = np.load(GOLDENS / "small_pixels.npz")
    out = TRANSFORMS[name](Image.fromarray(small[f"image_{row}"]), int(small["n"]))
    assert np.abs(to_pixels(out) - small[f"{name}_{row}"]).max() <= 1e-6


@pytest.mark.parametrize("row", [0, 1, 2])
def test_coco_queries_are_crops_squashed(row):
    golden = np.load(GOLDENS / "coco_query" / "arrays.npz")
    masked, n = Image.fromarray(golden[f"masked_{row}"]), int(golden["n"])
    x0, y0, x1, y1 = golden[f"region_{row}"]
    box = (x0 / masked.width, y0 / masked.height, x1 / masked.width, y1 / masked.height)
    query = squash(crop_region(masked, Region(box=box)), n)
    assert np.array_equal(np.asarray(query), golden[f"query_uint8_{row}"])
    assert np.abs(to_pixels(query) - golden[f"query_normalised_{row}"]).max() <= 1e-6
    whole = clip_pad(Image.fromarray(golden[f"image_{row}"]), n)
    assert np.abs(to_pixels(whole) - golden[f"target_normalised_{row}"]).max() <= 1e-6


def test_for_rgb_both_orders_are_the_same():
    rng = np.random.default_rng(0)
    for name, transform in TRANSFORMS.items():
        width, height = rng.integers(1, 300, 2)
        image = pattern(int(width), int(height), "RGB")
        first, reference = transform(image, 64), transform(image, 64, order="reference")
        assert first.tobytes() == reference.tobytes(), name


def test_convert_first_smooths_palettes_and_shows_no_hidden_colour():
    palette = pattern(80, 60, "P")
    assert clip_pad(palette, 32).tobytes() == clip_pad(palette.convert("RGB"), 32).tobytes()
    assert clip_pad(palette, 32).tobytes() != clip_pad(palette, 32, order="reference").tobytes()
    hidden = Image.new("RGBA", (50, 50), (255, 0, 0, 0))
    hidden.paste((0, 0, 255, 255), (0, 0, 25, 50))
    assert clip_pad(hidden, 50).getpixel((40, 25)) == (255, 255, 255)


def test_an_unknown_order_is_an_error():
    with pytest.raises(ValueError, match="convert-first"):
        clip_pad(pattern(9, 9, "RGB"), 8, order="first")  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (30_000, 10), (10, 30_000), (200_000, 3)])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_strips_of_any_length_become_squares(name, size):
    # Padded and resized in full, 30000×10 would take 720 megapixels, and 200000×3 far more.
    image = Image.new("RGB", size, (200, 100, 50))
    out = TRANSFORMS[name](image, 32)
    assert out.size == (32, 32)
    if name in ("clip", "squash"):
        assert out.getcolors() == [(1024, (200, 100, 50))]


def test_the_crop_of_a_long_strip_equals_the_plain_way():
    image = pattern(900, 40, "RGB")  # 22 times as long as high: only the crop is computed
    geometry = Geometry.of(image.size, 32, "clip")
    left, top = geometry.crop
    plain = image.resize(geometry.resized, Image.Resampling.BICUBIC).crop((left, top, left + 32, top + 32))
    assert np.abs(np.asarray(apply(image, geometry), int) - np.asarray(plain, int)).max() <= 1


@pytest.mark.parametrize("padding", ["clip", "square", "target", "squash"])
def test_masks_go_through_the_crop_of_their_picture(padding):
    # A white disc on black, once as a picture and once as its own mask: they must stay on top of each other.
    mask = Image.new("L", (300, 170), 0)
    ImageDraw.Draw(mask).ellipse((40, 30, 160, 150), fill=255)
    picture = TRANSFORMS[padding](mask.convert("RGB"), 64)
    geometry = Geometry.of(mask.size, 64, padding)
    shrunk = apply(mask, geometry)
    assert shrunk.mode == "L"
    assert np.array_equal(np.asarray(shrunk), np.asarray(picture)[..., 0])
    alpha = aligned_alpha_mask((np.asarray(mask) > 127).astype(np.uint8), geometry)
    inside, outside = np.asarray(picture)[..., 0] > 250, np.asarray(picture)[..., 0] < 5
    assert alpha[0][inside].min() > 1.5
    assert alpha[0][outside].max() < -1.5


def test_padding_is_background_in_an_aligned_mask():
    alpha = aligned_alpha_mask(np.ones((10, 40), np.uint8), Geometry.of((40, 10), 40, "square"))
    assert alpha[0, 0].max() == pytest.approx(-0.5 / 0.26)
    assert alpha[0, 20].min() == pytest.approx(0.5 / 0.26)


def test_an_aligned_mask_of_another_size_is_an_error():
    with pytest.raises(ValueError, match="geometry is for"):
        aligned_alpha_mask(np.ones((4, 4), np.uint8), Geometry.of((5, 4), 8, "clip"))


@pytest.mark.parametrize("name", ["alpha224_0", "alpha224_1", "alpha336_1", "alpha224_2"])
def test_alpha_masks_equal_the_published_ones(name):
    golden = np.load(GOLDENS / "alpha_mask.npz")
    mask, size = golden[f"mask_{name[-1]}"], int(name[5:8])
    assert np.abs(alpha_mask(mask, size) - golden[name]).max() <= 1e-5
    picture = Image.fromarray(mask * 255)
    assert np.abs(alpha_mask(picture, size) - golden[name]).max() <= 1e-5


@pytest.mark.parametrize("row", [0, 1, 2])
def test_alpha_masks_without_antialias_equal_the_published_ones(row):
    golden = np.load(GOLDENS / "alpha_mask.npz")
    found = alpha_mask(golden[f"mask_{row}"], 224, antialias=False)
    assert np.abs(found - golden[f"alpha224_no_antialias_{row}"]).max() <= 1e-5


@pytest.mark.parametrize("antialias", [True, False])
def test_alpha_masks_equal_torch(antialias):
    import torch

    rng = np.random.default_rng(0)
    for _ in range(15):
        height, width = rng.integers(1, 500, 2)
        mask = (rng.random((height, width)) > 0.5).astype(np.uint8)
        resized = torch.nn.functional.interpolate(
            torch.from_numpy(mask)[None, None].float(), (64, 64), mode="bilinear", antialias=antialias
        )
        assert np.abs(alpha_mask(mask, 64, antialias=antialias) - ((resized[0] - 0.5) / 0.26).numpy()).max() <= 1e-5


def test_a_whole_mask_is_1923_everywhere():
    assert alpha_mask(np.ones((7, 9), np.uint8), 5) == pytest.approx(np.full((1, 5, 5), 0.5 / 0.26), abs=1e-5)


@pytest.mark.parametrize(
    "mask", [np.full((4, 4), 255, np.uint8), np.ones((4, 4, 3)), np.zeros((0, 4)), -np.ones((2, 2))]
)
def test_masks_that_are_none_are_errors(mask):
    with pytest.raises(ValueError, match="0 to 1"):
        alpha_mask(mask, 8)


def test_pixels_by_hand():
    # (255/255 - 0.48145466) / 0.26862954 = 1.9303; black: -0.48145466 / 0.26862954 = -1.7923
    image = Image.new("RGB", (2, 2), (255, 0, 0))
    pixels = to_pixels(image, CLIP_MEAN, CLIP_STD)
    assert pixels.shape == (3, 2, 2)
    assert pixels.dtype == np.float32
    assert pixels[:, 0, 0] == pytest.approx([1.93033, -1.75209, -1.48022], abs=1e-4)


def test_a_batch_is_written_into_the_array_that_is_given():
    images = [pattern(16, 16, "RGB"), Image.new("RGB", (16, 16), "white")]
    out = np.full((3, 3, 16, 16), 7, np.float32)
    written = to_pixels_batch(images, CLIP_MEAN, CLIP_STD, out)
    assert np.shares_memory(written, out)
    assert written.shape == (2, 3, 16, 16)
    assert np.array_equal(written[1], to_pixels(images[1]))
    assert (out[2] == 7).all()


def test_a_batch_of_unlike_pictures_is_an_error():
    with pytest.raises(ValueError, match="Expected RGB 8×8, found L"):
        to_pixels_batch([Image.new("RGB", (8, 8)), Image.new("L", (8, 8))])
    with pytest.raises(ValueError, match="no picture"):
        to_pixels_batch([])

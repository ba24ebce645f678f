"""The fast road stays beside the exact one."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from likebut.images import clip_pad, fast_load, load_image, square_pad, squash, target_pad


def photo(width: int, height: int) -> Image.Image:
    """Photo-like: detail of every size that fades as it gets finer, and some hard edges."""
    rng = np.random.default_rng(width)
    sum_of_octaves = np.zeros((height, width, 3), np.float32)
    for octave in range(1, 9):
        grid = rng.normal(size=(2**octave + 2, 2**octave + 2, 3)).astype(np.float32)
        layer = [np.asarray(Image.fromarray(grid[..., c]).resize((width, height), Image.BICUBIC)) for c in range(3)]
        sum_of_octaves += np.stack(layer, axis=-1) * 0.6**octave
    low, high = sum_of_octaves.min(), sum_of_octaves.max()
    image = Image.fromarray(((sum_of_octaves - low) / (high - low) * 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y, r = rng.integers(0, width), rng.integers(0, height), rng.integers(width // 40, width // 8)
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((int(x - r), int(y - r), int(x + r), int(y + r)), fill=tuple(rng.integers(0, 255, 3).tolist()))
    return image


def jpeg(image: Image.Image, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=90, **options)
    return stream.getvalue()


@pytest.mark.parametrize("size", [(901, 1203), (1621, 1080), (1728, 1152), (2003, 1301)])
def test_fast_and_exact_hardly_differ(size):
    data = jpeg(photo(*size))
    exact, fast = load_image(data), fast_load(data, 128)
    assert fast.width <= exact.width // 2 + 1
    assert min(fast.size) >= 256
    for transform in (clip_pad, square_pad, target_pad, squash):
        a = np.asarray(transform(exact, 128), np.float64).ravel()
        b = np.asarray(transform(fast, 128), np.float64).ravel()
        psnr = 10 * np.log10(255**2 / ((a - b) ** 2).mean())
        cosine = a @ b / np.sqrt((a @ a) * (b @ b))
        assert psnr >= 50, (transform.__name__, psnr)
        assert cosine > 0.9995, (transform.__name__, cosine)


def test_small_jpegs_and_other_formats_are_exact():
    small = jpeg(photo(500, 400))
    assert fast_load(small, 224).tobytes() == load_image(small).tobytes()
    stream = io.BytesIO()
    Image.new("RGB", (2000, 1500), "red").save(stream, "PNG")
    assert fast_load(stream.getvalue(), 64).size == (2000, 1500)


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize("size", [(1600, 1200), (1601, 1203)])
def test_turned_jpegs_stay_aligned_too(size, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = jpeg(photo(*size), exif=exif)
    exact, fast = load_image(data), fast_load(data, 128)
    assert (fast.width < fast.height) == (exact.width < exact.height)
    a = np.asarray(target_pad(exact, 128), np.float64)
    b = np.asarray(target_pad(fast, 128), np.float64)
    assert 10 * np.log10(255**2 / max(((a - b) ** 2).mean(), 1e-9)) >= 50


def test_a_reduced_picture_that_was_cropped_is_an_ordinary_picture():
    fast = fast_load(jpeg(photo(1600, 1200)), 128)
    crop = fast.crop((100, 100, 300, 300))
    assert clip_pad(crop, 64).tobytes() == clip_pad(Image.fromarray(np.asarray(crop)), 64).tobytes()


def test_loading_a_reduced_picture_again_keeps_its_full_size_in_mind():
    fast = fast_load(jpeg(photo(1601, 1203)), 128)
    assert target_pad(load_image(fast), 128).tobytes() == target_pad(fast, 128).tobytes()

"""Every kind of picture that goes wrong elsewhere, drawn here: it loads right, or it is a `BadImage` with a reason."""

import contextlib
import io
import os
import pickle
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from likebut.errors import BadImage
from likebut.images import load_image

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def quarters(size=(40, 24)) -> Image.Image:
    """Red and green above, blue and white below: shows every turn and every channel mix-up."""
    width, height = size
    image = Image.new("RGB", size, WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    w, h = image.size
    return [image.getpixel(at) for at in ((2, 2), (w - 3, 2), (2, h - 3), (w - 3, h - 3))]


def near(found, expected, slack=6) -> bool:
    return np.abs(np.asarray(found, int) - np.asarray(expected, int)).max() <= slack


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def reason(source, **options) -> str:
    with pytest.raises(BadImage) as caught:
        load_image(source, **options)
    return caught.value.reason


# ---- kinds of source


@pytest.mark.parametrize(
    "kind", ["PNG", "BMP", "TIFF", "PPM", "TGA", "GIF", "WEBP", "JPEG2000", "ICO", "PCX", "SGI", "AVIF"]
)
def test_every_common_format_gives_the_same_picture(kind):
    options = {"lossless": True} if kind == "WEBP" else {"sizes": [(40, 24)]} if kind == "ICO" else {}
    image = load_image(encoded(quarters(), kind, **options))
    assert image.mode == "RGB"
    assert image.size == (40, 24)
    assert near(corners(image), [RED, GREEN, BLUE, WHITE], slack=12)


def test_path_text_path_bytes_picture_and_array_agree(tmp_path):
    path = tmp_path / "größe ✓.png"
    quarters().save(path)
    array = np.asarray(quarters())
    expected = array.tobytes()
    for source in (path, str(path), path.read_bytes(), quarters(), array, array.astype(np.float32) / 255):
        assert load_image(source).tobytes() == expected


def test_heic_is_read_and_turned_without_teaching_pillow_the_format():
    heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned clockwise by 90°
    stream = io.BytesIO()
    heif.from_pillow(quarters((64, 48))).save(stream, exif=exif.tobytes(), quality=95)
    image = load_image(stream.getvalue())
    assert image.size == (48, 64)
    assert near(corners(image), [BLUE, RED, WHITE, GREEN], slack=12)
    assert "HEIF" not in Image.OPEN


def test_arrays_of_other_kinds_are_scaled_not_clipped():
    ramp = np.array([[0.0, 0.5, 1.0]])
    assert np.asarray(load_image(ramp))[0, :, 0].tolist() == [0, 128, 255]
    assert np.asarray(load_image(ramp > 0.4))[0, :, 0].tolist() == [0, 255, 255]
    assert np.asarray(load_image((ramp * 65535).astype(np.uint16)))[0, :, 0].tolist() == [0, 127, 255]
    assert np.asarray(load_image(np.array([[0.0, 100.0, 255.0]])))[0, :, 0].tolist() == [0, 100, 255]
    assert np.asarray(load_image(np.array([[-2.0, 0.0, 2.0]])))[0, :, 0].tolist() == [0, 128, 255]
    assert np.asarray(load_image(np.array([[0, 7, 255]], dtype=np.int64)))[0, :, 0].tolist() == [0, 7, 255]
    assert np.asarray(load_image(np.array([[0.0, np.nan, 1.0]])))[0, :, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize("shape", [(3, 8, 8), (8, 8, 2), (8,), (2, 8, 8, 3), (0, 8, 3), (8, 0)])
def test_arrays_of_other_shapes_are_refused(shape):
    assert reason(np.zeros(shape))


def test_channels_first_says_what_to_type():
    assert "transpose(1, 2, 0)" in reason(np.zeros((3, 8, 9)))


def test_things_that_are_no_picture_are_refused():
    assert "expected a path" in reason(42)  # type: ignore[arg-type]
    assert "numbers" in reason(np.array([["a", "b"]]))


# ---- upright

TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,  # stored turned anticlockwise, so shown turned clockwise
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "picture"])
@pytest.mark.parametrize("orientation", TURNS)
def test_exif_orientation_is_applied_to_files_and_to_pillow_pictures(orientation, kind):
    turn = TURNS[orientation]
    stored = quarters() if turn is None else quarters().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, "PNG" if kind == "picture" else kind, exif=exif)
    source = Image.open(io.BytesIO(data)) if kind == "picture" else data
    image = load_image(source)
    assert image.size == (40, 24)
    assert near(corners(image), [RED, GREEN, BLUE, WHITE], slack=12)
    assert load_image(image).tobytes() == image.tobytes()  # turned once, not twice


def test_alpha_is_turned_with_its_picture():
    stored = quarters().convert("RGBA")
    stored.putpixel((0, 0), (255, 0, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 3
    image, alpha = load_image(encoded(stored, "PNG", exif=exif), return_alpha=True)
    assert image.getpixel((39, 23)) == WHITE
    assert alpha.getpixel((39, 23)) == 0
    assert alpha.getpixel((0, 0)) == 255


def test_broken_exif_leaves_the_picture_as_it_is():
    data = encoded(quarters(), "PNG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff\x00\x00")
    assert corners(load_image(data)) == [RED, GREEN, BLUE, WHITE]


# ---- colours


def test_transparency_becomes_white_and_alpha_comes_back():
    glass = Image.new("RGBA", (4, 1), (200, 0, 0, 255))
    glass.putdata([(200, 0, 0, 255), (200, 0, 0, 0), (200, 0, 0, 51), (0, 0, 0, 255)])
    image, alpha = load_image(encoded(glass, "PNG"), return_alpha=True)
    assert [image.getpixel((x, 0)) for x in range(4)] == [(200, 0, 0), WHITE, (244, 204, 204), BLACK]  # 51 = a fifth
    assert list(np.asarray(alpha)[0]) == [255, 0, 51, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "RGBa", "La", "PA"])
def test_every_mode_with_alpha_shows_no_hidden_colour(mode):
    base = Image.new("RGBA", (2, 1), (0, 0, 0, 255))
    base.putpixel((1, 0), (0, 0, 0, 0))
    if mode == "PA":
        source = Image.new("PA", (2, 1))
        source.putpalette([*BLACK, *BLACK])
        source.putdata([(0, 255), (1, 0)])
    else:
        source = base.convert("LA").convert("La") if mode == "La" else base.convert(mode)
    assert source.mode == mode
    image, alpha = load_image(source, return_alpha=True)
    assert [image.getpixel((x, 0)) for x in (0, 1)] == [BLACK, WHITE]
    assert [alpha.getpixel((x, 0)) for x in (0, 1)] == [255, 0]


def test_palette_pictures_keep_colours_and_transparent_entries():
    indexed = Image.new("P", (3, 1))
    indexed.putpalette([*RED, *GREEN, *BLUE])
    indexed.putdata([0, 1, 2])
    assert [load_image(encoded(indexed, "PNG")).getpixel((x, 0)) for x in range(3)] == [RED, GREEN, BLUE]
    for transparency in (1, b"\xff\x00\xff"):
        image, alpha = load_image(encoded(indexed, "PNG", transparency=transparency), return_alpha=True)
        assert [image.getpixel((x, 0)) for x in range(3)] == [RED, WHITE, BLUE]
        assert list(np.asarray(alpha)[0]) == [255, 0, 255]


@pytest.mark.parametrize("mode,hidden", [("RGB", (0, 0, 0)), ("L", 0), ("I;16", 0)])
def test_a_colour_declared_transparent_becomes_white(mode, hidden):
    plain = Image.new(mode, (2, 1), hidden)
    plain.putpixel((1, 0), RED if mode == "RGB" else 255 if mode == "L" else 65535)
    data = encoded(plain, "PNG", transparency=hidden)
    image, alpha = load_image(data, return_alpha=True)
    assert image.getpixel((0, 0)) == WHITE
    assert list(np.asarray(alpha)[0]) == [0, 255]


def test_opaque_alpha_is_none_and_alpha_that_was_never_filled_in_is_ignored():
    for level in (255, 0):
        source = quarters().convert("RGBA")
        source.putalpha(level)
        image, alpha = load_image(source, return_alpha=True)
        assert alpha is None
        assert corners(image) == [RED, GREEN, BLUE, WHITE]


def test_an_empty_transparent_canvas_is_white():
    image, alpha = load_image(Image.new("RGBA", (5, 5), (0, 0, 0, 0)), return_alpha=True)
    assert image.getextrema() == ((255, 255),) * 3
    assert alpha.getextrema() == (0, 0)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])  # Adobe JPEGs store CMYK inverted, TIFFs do not
def test_cmyk_keeps_its_colours(kind):
    image = load_image(encoded(quarters().convert("CMYK"), kind))
    assert near(corners(image), [RED, GREEN, BLUE, WHITE], slack=12)


@pytest.mark.parametrize("mode,expected", [("YCbCr", [RED, GREEN, BLUE, WHITE]), ("HSV", [RED, GREEN, BLUE, WHITE])])
def test_other_colour_spaces_are_converted(mode, expected):
    assert near(corners(load_image(quarters().convert(mode))), expected, slack=4)


def test_lab_is_converted():
    grey = Image.merge("LAB", [Image.new("L", (4, 4), level) for level in (255, 128, 128)])
    assert near(load_image(encoded(grey, "TIFF")).getpixel((1, 1)), WHITE, slack=8)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG2000", "PPM"])
def test_sixteen_bit_grey_is_scaled_and_not_white(kind):
    ramp = np.array([[0, 16384, 32768, 65535]], dtype=np.uint16).repeat(4, 0)
    image = load_image(encoded(Image.fromarray(ramp), kind))
    assert near(np.asarray(image)[0, :, 0], [0, 64, 128, 255], slack=2)


def test_twelve_bits_in_sixteen_are_not_nearly_black():
    ramp = np.array([[0, 1024, 2048, 4095]], dtype=np.uint16)
    assert np.asarray(load_image(encoded(Image.fromarray(ramp), "PNG")))[0, :, 0].tolist() == [0, 64, 128, 255]


def test_big_endian_sixteen_bit_tiff():
    # A TIFF by hand: "MM", one strip of two 16-bit pixels, 0 and 65535.
    entries = [(256, 3, 1, 2), (257, 3, 1, 1), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8),
               (277, 3, 1, 1), (278, 3, 1, 1), (279, 4, 1, 4)]  # fmt: skip
    body = b"".join(
        struct.pack(">HHI", tag, kind, count)
        + (struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value))
        for tag, kind, count, value in entries
    )
    pixels = struct.pack(">HH", 0, 65535)
    data = b"MM\x00*" + struct.pack(">I", 12) + pixels + struct.pack(">H", len(entries)) + body + b"\x00" * 4
    assert np.asarray(load_image(data))[0, :, 0].tolist() == [0, 255]


def test_float_pictures_are_scaled():
    ramp = Image.fromarray(np.array([[0.0, 0.5, 1.0]], dtype=np.float32))
    assert np.asarray(load_image(encoded(ramp, "TIFF")))[0, :, 0].tolist() == [0, 128, 255]
    pfm = b"Pf\n2 1\n-1.0\n" + np.array([0.0, 1.0], dtype="<f4").tobytes()
    assert np.asarray(load_image(pfm))[0, :, 0].tolist() == [0, 255]


def test_thirty_two_bit_whole_numbers_are_stretched():
    ramp = Image.fromarray(np.array([[-1000, 0, 1000]], dtype=np.int32))
    assert np.asarray(load_image(ramp))[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "PPM"])
def test_black_and_white_pictures_are_black_and_white(kind):
    bits = Image.new("1", (16, 8), 1)
    bits.paste(0, (0, 0, 8, 8))
    image = load_image(encoded(bits, kind))
    assert [image.getpixel((x, 4)) for x in (2, 13)] == [BLACK, WHITE]


# ---- more than one frame


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "AVIF", "MPO"])
def test_of_many_frames_the_first_counts(kind):
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, GREEN, BLUE)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert near(load_image(data).getpixel((8, 8)), RED)


# ---- what is refused, and how it is said


def test_missing_empty_folder_and_special_files(tmp_path):
    (tmp_path / "empty.jpg").touch()
    assert reason(tmp_path / "none.jpg") == "no such file"
    assert reason(tmp_path / "empty.jpg") == "empty: 0 bytes"
    assert reason(b"") == "empty: 0 bytes"
    assert reason(tmp_path) == "a folder, not a picture"
    assert reason(str(tmp_path / "a\x00b.png"))
    assert reason(str(tmp_path / ("x" * 5000)))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        assert reason(tmp_path / "pipe.png") == "a device or pipe, not a file"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    quarters().save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    assert reason(tmp_path / "a.png") == "no permission to read it"


def test_text_and_unknown_bytes():
    assert reason(b"id,price\n1,20\n" * 40) == "text, not a picture"
    assert reason("größe,größer\n".encode() * 40) == "text, not a picture"
    assert reason(bytes(range(256)) * 4) == "no known picture format"
    assert reason(b"\x00" * 5000) == "no known picture format"


def test_formats_that_would_start_a_program_are_refused_by_their_first_bytes(tmp_path):
    eps = encoded(quarters(), "EPS")
    (tmp_path / "picture.jpg").write_bytes(eps)  # the name does not matter
    for source in (
        eps,
        tmp_path / "picture.jpg",
        b"\n" + eps,
        encoded(quarters(), "PDF"),
        b"\xc5\xd0\xd3\xc6" + b"\0" * 60,
    ):
        assert "PostScript or PDF" in reason(source)
    assert "SVG" in reason(b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>')
    assert "SVG" in reason(b"<svg width='3'></svg>")


def test_no_refused_format_is_handed_to_pillow(monkeypatch):
    asked = []
    real = Image.open
    monkeypatch.setattr(Image, "open", lambda *a, **k: asked.append(set(k["formats"])) or real(*a, **k))
    load_image(encoded(quarters(), "PNG"))
    assert asked
    assert not asked[0] & {"EPS", "PDF", "WMF", "GRIB", "HDF5", "BUFR", "FITS", "MPEG"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000"])
@pytest.mark.parametrize("keep", [0.3, 0.7])
def test_truncated_files_are_refused(kind, keep):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = encoded(noise, kind)
    assert reason(data[: int(len(data) * keep)])


def test_a_truncated_jpeg_says_so(tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path = tmp_path / "half.jpg"
    path.write_bytes(encoded(noise, "JPEG")[:2000])
    with pytest.raises(BadImage) as caught:
        load_image(path)
    assert caught.value.reason.startswith("cut short")
    assert str(caught.value).startswith(str(path))


def test_random_damage_never_lets_another_exception_out():
    rng = np.random.default_rng(1)
    kinds = ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "TGA", "PCX", "SGI", "ICO", "PPM", "DDS"]
    outcomes = []
    for kind in kinds:
        data = np.frombuffer(encoded(quarters(), kind), np.uint8)
        for _ in range(25):
            broken = data.copy()
            where = rng.integers(0, len(broken), 6)
            broken[where] = rng.integers(0, 256, 6)
            try:
                outcomes.append(load_image(broken.tobytes(), max_pixels=1_000_000).mode)
            except BadImage as error:
                outcomes.append("bad" if error.reason else "no reason")
    assert set(outcomes) == {"RGB", "bad"}


def bomb(width: int, height: int) -> bytes:
    """A valid PNG of a few hundred bytes that claims to be huge."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(12_000, 12_000), (100_000, 100_000), (2_000_000_000, 1)])
def test_bombs_are_refused_before_a_pixel_is_decoded(size, monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda *_: pytest.fail("decoded a bomb"))
    assert "pixels" in reason(bomb(*size))


def test_pillows_own_switches_do_not_matter(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert "max_pixels" in reason(bomb(12_000, 12_000))


def test_limits_can_be_set():
    data = encoded(quarters(), "PNG")
    assert reason(data, max_bytes=10) == f"{len(data):,} bytes; the limit is 10 (max_bytes)"
    assert reason(data, max_pixels=959) == "40×24 pixels; the limit is 959 (max_pixels)"
    assert reason(quarters(), max_pixels=959)
    assert reason(np.zeros((24, 40)), max_pixels=959)
    assert load_image(data, max_bytes=len(data), max_pixels=960).size == (40, 24)


def test_urls_are_refused_unless_asked_for():
    assert "allow_url=True" in reason("https://example.org/a.jpg")
    for address in ("ftp://example.org/a.jpg", "file:///etc/passwd", "data://x"):
        assert "http" in reason(address, allow_url=True)


def test_bad_image_crosses_process_borders_whole():
    with pytest.raises(BadImage) as caught:
        load_image(b"")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.source, copy.reason) == ("<0 bytes>", "empty: 0 bytes")


# ---- nothing outside changes


def test_nothing_global_is_touched(tmp_path):
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    for data in (encoded(quarters(), "JPEG"), encoded(quarters(), "JPEG")[:200], bomb(100_000, 100_000)):
        with contextlib.suppress(BadImage):
            load_image(data)
    after = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    assert after == before


def test_the_callers_picture_is_left_alone():
    mine = quarters()
    loaded = load_image(mine)
    loaded.paste(BLACK, (0, 0, 40, 24))
    assert corners(mine) == [RED, GREEN, BLUE, WHITE]
    array = np.asarray(quarters()).copy()
    load_image(array).paste(BLACK, (0, 0, 40, 24))
    assert array[0, 0].tolist() == list(RED)


def test_files_are_closed(tmp_path):
    path = tmp_path / "a.gif"
    quarters().save(path)
    if Path("/proc/self/fd").exists():
        before = len(os.listdir("/proc/self/fd"))
        keep = [load_image(path) for _ in range(5)]
        assert len(os.listdir("/proc/self/fd")) == before
        assert len(keep) == 5

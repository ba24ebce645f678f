"""One door for pictures: path, bytes, URL, Pillow picture, array → upright RGB (and alpha), or `BadImage`.

Every format is checked by its first bytes and its header before a pixel is decoded: file size, pixel count, kind.
Nothing global is touched: neither Pillow's limits and switches nor its list of formats.
"""

from __future__ import annotations

import io
import os
import stat
from os import PathLike
from typing import BinaryIO, Literal, NamedTuple, overload

import numpy as np
from PIL import Image, UnidentifiedImageError

from likebut.errors import BadImage
from likebut.images.colour import eight_bits, split_alpha
from likebut.images.fetching import fetch
from likebut.images.geometry import full_size, remember_full_size
from likebut.types import Array, ImageLike

MAX_PIXELS = 100_000_000
MAX_BYTES = 256 * 2**20

AllowUrl = bool | Literal["private"]

# Pictures only. Left out on purpose: EPS (starts Ghostscript), WMF/EMF (run by the system), GRIB, HDF5, BUFR, FITS,
# MPEG (no pictures or no decoder). MPO comes through JPEG.
# fmt: off
FORMATS = (
    "AVIF", "BLP", "BMP", "CUR", "DDS", "DIB", "FLI", "GIF", "ICNS", "ICO", "IM", "JPEG", "JPEG2000", "MSP",
    "PCX", "PNG", "PPM", "PSD", "QOI", "SGI", "SPIDER", "SUN", "TGA", "TIFF", "WEBP", "XBM", "XPM",
)
# fmt: on

_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


_UPRIGHT = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM)


@overload
def load_image(
    source: ImageLike,
    *,
    return_alpha: Literal[False] = ...,
    allow_url: AllowUrl = ...,
    max_pixels: int = ...,
    max_bytes: int = ...,
) -> Image.Image: ...
@overload
def load_image(
    source: ImageLike,
    *,
    return_alpha: Literal[True],
    allow_url: AllowUrl = ...,
    max_pixels: int = ...,
    max_bytes: int = ...,
) -> tuple[Image.Image, Image.Image | None]: ...
def load_image(
    source: ImageLike,
    *,
    return_alpha: bool = False,
    allow_url: AllowUrl = False,
    max_pixels: int = MAX_PIXELS,
    max_bytes: int = MAX_BYTES,
) -> Image.Image | tuple[Image.Image, Image.Image | None]:
    """Any picture → upright RGB; with `return_alpha` also its alpha as `L`, or None where all is opaque.

    source        path, encoded bytes, http(s) URL, Pillow picture, or array (H, W), (H, W, 3) or (H, W, 4)
    allow_url     URLs are refused unless True; "private" also allows addresses of the local network
    max_pixels    width × height, read from the header before decoding
    max_bytes     size of the file, the bytes or the download

    EXIF orientation is applied, for Pillow pictures too. Transparent parts become white. Of animations and stacks
    the first frame counts (of a Pillow picture: the frame it stands at). 16-bit and float pictures are scaled to
    8 bits. Raises `BadImage` with the reason, never an exception of Pillow's.
    """
    picture = _load(source, allow_url, max_pixels, max_bytes, None)
    return (picture.rgb, picture.alpha) if return_alpha else picture.rgb


def fast_load(
    source: ImageLike,
    size: int,
    *,
    allow_url: AllowUrl = False,
    max_pixels: int = MAX_PIXELS,
    max_bytes: int = MAX_BYTES,
) -> Image.Image:
    """As `load_image`, but a big JPEG is decoded at 1/2, 1/4 or 1/8, never below 2 × `size` on a side.

    The picture remembers its full size, and the transforms place their crop by it: against the exact road to `size`
    pixels the cosine stays above 0.9995 and the PSNR above 50 dB on photo-like pictures (tests/test_images_fast.py);
    docs/images.md has the speed. Other formats and smaller JPEGs are read exactly; so is a JPEG that needs turning
    and whose sides 8 does not divide.
    """
    return _load(source, allow_url, max_pixels, max_bytes, 2 * size).rgb


def describe(source: object) -> str:
    """A short name of a source for messages: the path, the URL, or what kind of object it is."""
    if isinstance(source, (str, PathLike)):
        return os.fsdecode(os.fspath(source))
    if isinstance(source, (bytes, bytearray, memoryview)):
        return f"<{len(source)} bytes>"
    if isinstance(source, Image.Image):
        return str(getattr(source, "filename", "") or f"<{source.mode} picture {source.width}×{source.height}>")
    if isinstance(source, np.ndarray):
        return f"<array {source.shape} {source.dtype}>"
    return f"<{type(source).__name__}>"


class _Picture(NamedTuple):
    rgb: Image.Image
    alpha: Image.Image | None


def _load(source: ImageLike, allow_url: AllowUrl, max_pixels: int, max_bytes: int, draft: int | None) -> _Picture:
    name = describe(source)
    try:
        if isinstance(source, np.ndarray):
            return _from_array(source, name, max_pixels)
        if isinstance(source, Image.Image):
            return _decode(source, name, max_pixels, None)
        with _open_bytes(source, name, allow_url, max_bytes) as stream, _open_picture(stream, name) as image:
            return _decode(image, name, max_pixels, draft)
    except BadImage:
        raise
    except Exception as error:  # broken files raise almost anything: OSError, SyntaxError, struct.error, EOFError …
        raise BadImage(name, _reason(error)) from error


def _open_bytes(source: object, name: str, allow_url: AllowUrl, max_bytes: int) -> BinaryIO:
    """The encoded picture as a stream that can seek, its size checked."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        _check_size(len(source), name, max_bytes)
        return io.BytesIO(source)
    if not isinstance(source, (str, PathLike)):
        raise BadImage(name, "not a picture; expected a path, bytes, a URL, a Pillow picture or an array")
    if "://" in name:
        if not name.lower().startswith(("http://", "https://")):
            raise BadImage(name, "only http:// and https:// addresses can be read")
        if not allow_url:
            raise BadImage(name, "addresses are not read unless asked for; download it, or pass allow_url=True")
        data = fetch(name, max_bytes=max_bytes, allow_private=allow_url == "private")
        _check_size(len(data), name, max_bytes)
        return io.BytesIO(data)
    try:
        status = os.stat(name)
        if stat.S_ISDIR(status.st_mode):
            raise BadImage(name, "a folder, not a picture")
        if not stat.S_ISREG(status.st_mode):
            raise BadImage(name, "a device or pipe, not a file")
        _check_size(status.st_size, name, max_bytes)
        return open(name, "rb")
    except FileNotFoundError:
        raise BadImage(name, "no such file") from None
    except PermissionError:
        raise BadImage(name, "no permission to read it") from None


def _check_size(found: int, name: str, max_bytes: int) -> None:
    if found == 0:
        raise BadImage(name, "empty: 0 bytes")
    if found > max_bytes:
        raise BadImage(name, f"{found:,} bytes; the limit is {max_bytes:,} (max_bytes)")


def _open_picture(stream: BinaryIO, name: str) -> Image.Image:
    """Read the header. Kinds that must not reach a decoder are named by their first bytes."""
    head = stream.read(512)
    stream.seek(0)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6", b"%PDF")):
        raise BadImage(name, "PostScript or PDF, which only a program could draw; convert it to PNG first")
    if start[:5].lower() == b"<svg " or (start.startswith(b"<?xml") and b"<svg" in head):
        raise BadImage(name, "SVG, which only a program could draw; convert it to PNG first")
    if head[4:8] == b"ftyp" and not _is_avif(head):
        return _open_heif(stream, name)
    try:
        return Image.open(stream, formats=FORMATS)
    except UnidentifiedImageError:
        if _looks_like_text(head):
            raise BadImage(name, "text, not a picture") from None
        raise BadImage(name, "no known picture format") from None


def _is_avif(head: bytes) -> bool:
    brands = head[8 : int.from_bytes(head[:4], "big")]
    return b"avif" in brands or b"avis" in brands


def _open_heif(stream: BinaryIO, name: str) -> Image.Image:
    """HEIC and its relatives, through pillow-heif without registering it with Pillow; still undecoded."""
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise BadImage(name, "HEIC needs one more package: pip install 'likebut[heif]'") from None
    try:
        return HeifImageFile(stream)
    except (SyntaxError, ValueError) as error:
        raise BadImage(name, f"neither HEIC nor AVIF: {_reason(error)}") from error


def _looks_like_text(head: bytes) -> bool:
    return b"\x00" not in head and sum(byte >= 32 or byte in b"\t\r\n\f" for byte in head) >= 0.95 * len(head)


def _decode(image: Image.Image, name: str, max_pixels: int, draft: int | None) -> _Picture:
    _check_pixels(image.size, name, max_pixels)
    whole = full_size(image)[0]
    straight = whole[0] % 8 == whole[1] % 8 == 0 or _orientation(image) not in _TURN
    if draft is not None and image.format in ("JPEG", "MPO") and straight:
        image.draft(None, (draft, draft))
    reduced = image.size != whole
    image.load()
    if not reduced:
        _check_pixels(image.size, name, max_pixels)  # ICO and ICNS learn their size while they load
    turn = _TURN.get(_orientation(image))
    rgb, alpha = split_alpha(image)
    if turn is not None:
        rgb, alpha = rgb.transpose(turn), alpha.transpose(turn) if alpha else None
        whole = whole if turn in _UPRIGHT else whole[::-1]
    rgb = _bare(rgb) if rgb is image else rgb  # nothing done to the answer may reach the caller's own picture
    rgb.info = {}  # EXIF would turn it a second time; transparency has been dealt with
    if reduced:
        remember_full_size(rgb, whole)
    return _Picture(rgb, alpha)


def _bare(image: Image.Image) -> Image.Image:
    copy = Image.new(image.mode, image.size)
    copy.paste(image)
    return copy


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # EXIF is a note on the picture: where it is broken the pixels are still good
        return 1


def _check_pixels(size: tuple[int, int], name: str, max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise BadImage(name, f"{width}×{height} pixels: nothing to see")
    if width * height > max_pixels:
        raise BadImage(name, f"{width}×{height} pixels; the limit is {max_pixels:,} (max_pixels)")


def _from_array(values: Array, name: str, max_pixels: int) -> _Picture:
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim == 3 and values.shape[2] not in (3, 4) and values.shape[0] in (3, 4):
        raise BadImage(name, "channels first; expected (H, W, 3): pass array.transpose(1, 2, 0)")
    if not (values.ndim == 2 or (values.ndim == 3 and values.shape[2] in (3, 4))):
        raise BadImage(name, "expected an array of shape (H, W), (H, W, 3) or (H, W, 4)")
    if values.dtype.kind not in "biuf":
        raise BadImage(name, "expected an array of numbers")
    _check_pixels((values.shape[1], values.shape[0]), name, max_pixels)
    return _Picture(*split_alpha(_bare(Image.fromarray(np.ascontiguousarray(eight_bits(values))))))


def _reason(error: Exception) -> str:
    """One phrase for people, from whatever Pillow raised."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, Image.DecompressionBombError):
        return "more pixels than Pillow's own limit allows: " + text
    if isinstance(error, MemoryError):
        return "does not fit into memory"
    if "truncated" in text.lower():
        return "cut short: " + text
    return "cannot be decoded: " + text

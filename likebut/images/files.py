"""Picture files on disk: which there are, whether they changed, and a small copy to show. Decodes nothing itself."""

from __future__ import annotations

import hashlib
import io
import os
from glob import glob, has_magic
from os import PathLike
from pathlib import Path

from PIL import Image

from likebut.errors import NotFound

# fmt: off
EXTENSIONS = frozenset({
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".ico", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png",
    ".pnm", ".ppm", ".qoi", ".tga", ".tif", ".tiff", ".webp",
})
# fmt: on


def list_images(source: str | PathLike[str]) -> list[Path]:
    """Picture files of a folder (with its subfolders) or a glob, sorted, each once; a single file is itself.

    Files count by their extension (`EXTENSIONS`); a file that is named alone counts whatever it is called. Hidden
    files and folders, and links to folders, are skipped. Raises `NotFound` where there is nothing by that name.
    """
    path = Path(source)
    if path.is_dir():
        return sorted(_walk(path))
    if path.exists():
        return [path]
    pattern = os.fspath(source)
    if not has_magic(pattern):
        raise NotFound(f"{pattern}: no such file or folder.")
    matches = [Path(match) for match in glob(pattern, recursive=True)]
    if not matches:
        raise NotFound(f"{pattern}: no file matches.")
    found = {match for match in matches if match.suffix.lower() in EXTENSIONS and match.is_file()}
    if "**" not in pattern:
        found.update(file for match in matches if match.is_dir() for file in _walk(match))
    return sorted(found)


def _walk(folder: Path) -> list[Path]:
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(root, name)
            for name in names
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in EXTENSIONS
        ]
    return found


def file_stamp(path: str | PathLike[str]) -> str:
    """Size and time of change, as one string: equal stamps mean that the file need not be read again."""
    status = os.stat(path)
    return f"{status.st_size}-{status.st_mtime_ns}"


def file_digest(path: str | PathLike[str]) -> str:
    """SHA-256 of the file's bytes, 64 hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def thumbnail(image: Image.Image, longest: int = 256) -> bytes:
    """A small WebP of an RGB picture, its longer side at most `longest` pixels; smaller pictures keep their size."""
    small = image.copy()
    small.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3.0)
    stream = io.BytesIO()
    small.save(stream, "WEBP", quality=80, method=4)
    return stream.getvalue()

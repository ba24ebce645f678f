"""Which files are pictures, whether they changed, and the small copies that are kept."""

import hashlib
import io
import os

import numpy as np
import pytest
from PIL import Image

from likebut.errors import NotFound
from likebut.images import file_digest, file_stamp, list_images, thumbnail


@pytest.fixture
def album(tmp_path):
    for name in (
        "b.jpg",
        "a.PNG",
        "notes.txt",
        ".hidden.jpg",
        "sub/c.webp",
        "sub/deep/d.heic",
        ".git/e.jpg",
        "odd[1].jpg",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(found, album):
    return [path.relative_to(album).as_posix() for path in found]


def test_a_folder_is_walked_sorted_and_hidden_files_are_skipped(album):
    assert names(list_images(album), album) == ["a.PNG", "b.jpg", "odd[1].jpg", "sub/c.webp", "sub/deep/d.heic"]


def test_globs_files_and_folders_in_globs(album):
    assert names(list_images(f"{album}/*.jpg"), album) == ["b.jpg", "odd[1].jpg"]
    assert names(list_images(f"{album}/**/*.*"), album) == [
        "a.PNG",
        "b.jpg",
        "odd[1].jpg",
        "sub/c.webp",
        "sub/deep/d.heic",
    ]
    assert names(list_images(f"{album}/su*"), album) == ["sub/c.webp", "sub/deep/d.heic"]


def test_a_file_that_is_named_counts_whatever_it_is_called(album):
    assert list_images(album / "notes.txt") == [album / "notes.txt"]
    assert list_images(album / "odd[1].jpg") == [album / "odd[1].jpg"]  # brackets in a real name are no glob


def test_what_is_not_there_is_an_error_and_an_empty_folder_is_not(album):
    (album / "empty").mkdir()
    assert list_images(album / "empty") == []
    for missing in (album / "none", f"{album}/*.tiff"):
        with pytest.raises(NotFound):
            list_images(missing)


def test_links_to_folders_are_not_followed(album):
    os.symlink(album, album / "sub" / "loop", target_is_directory=True)
    assert len(list_images(album)) == 5


def test_a_stamp_changes_with_size_and_with_time(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = file_stamp(path)
    assert file_stamp(path) == first
    path.write_bytes(b"four")
    assert file_stamp(path) != first
    second = file_stamp(path)
    os.utime(path, ns=(0, 10**9))
    assert file_stamp(path) != second


def test_a_digest_is_the_sha256_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"likebut")
    assert file_digest(tmp_path / "a") == hashlib.sha256(b"likebut").hexdigest()


def test_thumbnails_are_small_webp_of_the_same_shape():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 600, 3), dtype=np.uint8))
    small = Image.open(io.BytesIO(thumbnail(picture, longest=100)))
    assert small.format == "WEBP"
    assert small.size == (100, 50)
    assert picture.size == (600, 300)  # the picture itself is left alone
    assert Image.open(io.BytesIO(thumbnail(Image.new("RGB", (20, 10))))).size == (20, 10)
    assert Image.open(io.BytesIO(thumbnail(Image.new("RGB", (5000, 1))))).size == (256, 1)

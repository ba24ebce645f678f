"""index.json and the writer's lock."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from likebut.errors import BadData, IndexBusy, IndexMismatch, NotFound
from likebut.stores.base import Manifest
from likebut.stores.folder import LOCK, MANIFEST, WriterLock, _started, read_manifest, unfinished, write_manifest

GIVEN = Manifest("clip-vit-b32", "f00d", 512, "targetpad", count=3, version=2, likebut="0.1.0")


def test_a_manifest_reads_back_and_leaves_no_second_file(tmp_path: Path) -> None:
    write_manifest(tmp_path, replace(GIVEN, count=1))
    write_manifest(tmp_path, GIVEN)
    assert read_manifest(tmp_path) == GIVEN
    assert [file.name for file in tmp_path.iterdir()] == [MANIFEST]


def test_a_manifest_may_say_more_than_we_read(tmp_path: Path) -> None:
    write_manifest(tmp_path, GIVEN)
    file = tmp_path / MANIFEST
    file.write_text(json.dumps(json.loads(file.read_text()) | {"remark": "from a plug-in"}))
    assert read_manifest(tmp_path) == GIVEN


def test_an_index_of_a_newer_likebut_is_refused_with_the_remedy(tmp_path: Path) -> None:
    write_manifest(tmp_path, replace(GIVEN, format=99, likebut="9.0"))
    with pytest.raises(IndexMismatch, match=r"likebut 9\.0 in format 99; this one reads up to format 1\. Update"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"encoder": "x"}'])
def test_a_torn_manifest_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(BadData, match=r"index\.json cannot be read"):
        read_manifest(tmp_path)


def test_a_folder_without_manifest_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="Make one: likebut index IMAGES --index"):
        read_manifest(tmp_path)


def test_only_what_a_dead_writer_leaves_counts_as_unfinished(tmp_path: Path) -> None:
    assert unfinished(tmp_path)
    (tmp_path / "items.lance").mkdir()
    (tmp_path / LOCK).touch()
    assert unfinished(tmp_path)
    (tmp_path / "holiday.jpg").touch()
    assert not unfinished(tmp_path)


def holder(**changes: Any) -> str:
    mine = {"host": socket.gethostname(), "pid": os.getpid(), "started": _started(os.getpid())}
    return json.dumps(mine | changes)


def test_a_lock_is_free_again_after_release(tmp_path: Path) -> None:
    first, second = WriterLock(tmp_path), WriterLock(tmp_path)
    first.acquire()
    with pytest.raises(IndexBusy, match=f"being written by process {os.getpid()} on"):
        second.acquire()
    second.release()  # never held: must not free the first one's
    with pytest.raises(IndexBusy):
        second.acquire()
    first.release()
    second.acquire().release()


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=subprocess.PIPE, check=True)
    (tmp_path / LOCK).write_text(holder(pid=int(dead.stdout)))
    WriterLock(tmp_path).acquire()


@pytest.mark.skipif(not _started(os.getpid()), reason="the system does not tell when a process started")
def test_a_process_id_given_away_anew_does_not_hold_the_lock(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(holder(started="1"))
    WriterLock(tmp_path).acquire()


def test_a_writer_on_another_machine_is_believed(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(holder(host="elsewhere", pid=1))
    with pytest.raises(IndexBusy, match="process 1 on elsewhere.*delete"):
        WriterLock(tmp_path).acquire()


@pytest.mark.parametrize("content", ["", "{", "null", "[]", '{"host": 3}'])
def test_a_torn_lock_is_held_by_nobody_here(tmp_path: Path, content: str) -> None:
    (tmp_path / LOCK).write_text(content)
    if "host" in content:
        with pytest.raises(IndexBusy):
            WriterLock(tmp_path).acquire()
    else:
        WriterLock(tmp_path).acquire()


def test_of_many_that_find_a_stale_lock_exactly_one_takes_it(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(holder(pid=2**22 + 1))  # above the largest process id

    def attempt(_: int) -> bool:
        try:
            WriterLock(tmp_path).acquire()
        except IndexBusy:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(32))) == 1

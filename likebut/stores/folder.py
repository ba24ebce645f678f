"""The folder of an index: index.json and the writer's lock. Knows no vectors and no store.

Only one process may write an index. The lock is a file that names the writer: host, process id and the moment the
process started, so that a lock left behind by `kill -9` is recognised, also where its process id has been given to
another process since. Readers take no lock.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Self

from likebut.errors import BadData, IndexBusy, IndexMismatch, NotFound
from likebut.stores.values import FORMAT, Manifest

MANIFEST = "index.json"
LOCK = "write.lock"
LEFTOVERS = ("items.lance", "items.parquet")


def read_manifest(path: Path) -> Manifest:
    """index.json of the index at `path`. Raises `NotFound`, `BadData`, or `IndexMismatch` for a newer format."""
    file = path / MANIFEST
    if not file.is_file():
        raise NotFound(
            f"{path} is not an index: there is no {MANIFEST} in it. Make one: likebut index IMAGES --index {path}"
        )
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        names = {field.name for field in fields(Manifest)}
        manifest = Manifest(**{name: value for name, value in found.items() if name in names})
    except (ValueError, TypeError, AttributeError) as error:
        raise BadData(f"{file} cannot be read ({error}). Restore it, or index again into a new folder.") from None
    if manifest.format > FORMAT:
        raise IndexMismatch(
            f"{path} was written by likebut {manifest.likebut or '(newer)'} in format {manifest.format}; "
            f"this one reads up to format {FORMAT}. Update: pip install -U likebut"
        )
    return manifest


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Replace index.json in one step: a reader sees the old one or the new one, whole."""
    file = path / MANIFEST
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as out:
        json.dump(asdict(manifest), out, indent=2, ensure_ascii=False)
        out.write("\n")
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(file)


class WriterLock:
    """Held by the one process that may write the index at `path`; see the module header."""

    def __init__(self, path: Path) -> None:
        self.file = path / LOCK
        self._held = False

    def acquire(self) -> Self:
        """Take the lock, and return it. Raises `IndexBusy` with the holder's name while another writer lives."""
        with _alone(self.file) as descriptor:
            holder = _read(descriptor)
            if holder and _alive(holder):
                raise IndexBusy(
                    f"{self.file.parent} is being written by process {holder.get('pid')} on {holder.get('host')}. "
                    f"Wait until it is done; if that process is gone, delete {self.file}."
                )
            _write(descriptor, {"host": socket.gethostname(), "pid": os.getpid(), "started": _started(os.getpid())})
        self._held = True
        return self

    def release(self) -> None:
        """Give it back; harmless where it is not held."""
        if self._held and self.file.exists():
            with _alone(self.file) as descriptor:
                _write(descriptor, None)
        self._held = False


@contextmanager
def _alone(file: Path) -> Iterator[int]:
    """Open the lock file while no other process looks at it: two writers may find the same stale lock at once."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            import fcntl
        except ImportError:  # Windows: the moment between reading and writing stays unguarded
            yield descriptor
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> dict[str, object] | None:
    content = os.pread(descriptor, 4096, 0)
    try:
        found = json.loads(content) if content.strip() else None
    except ValueError:
        return None  # torn by a crash while it was written: nobody holds it
    return found if isinstance(found, dict) else None


def _write(descriptor: int, holder: dict[str, object] | None) -> None:
    os.ftruncate(descriptor, 0)
    if holder is not None:
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)


def _started(pid: int) -> str:
    """When a process started, in the kernel's own ticks; "" where the system does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _alive(holder: dict[str, object]) -> bool:
    if holder.get("host") != socket.gethostname():
        return True  # a shared folder: whether that process lives cannot be seen from here
    pid = holder.get("pid")
    if not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return holder.get("started") in ("", _started(pid))


def unfinished(path: Path) -> bool:
    """Whether a folder is empty, or holds only what a writer leaves that died before its index.json was there."""
    names = {entry.name for entry in path.iterdir()}
    return MANIFEST not in names and all(name == LOCK or name in LEFTOVERS or name.endswith(".tmp") for name in names)

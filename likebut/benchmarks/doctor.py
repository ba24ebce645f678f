"""The dataset doctor: is what lies in this folder really the benchmark, whole and readable?

`check` looks at annotations, then at pictures, and never stops at the first fault: every kind of damage is one
`Finding` with its count, the first offender and the remedy. It reads the same `RetrievalSet` that an evaluation
reads, so what it has not complained about is what will be scored. It changes nothing.

error    the benchmark cannot be run as published
warning  it can, but a number may differ from other people's
note     worth knowing; likebut is not disturbed by it
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from likebut.benchmarks import get_benchmark
from likebut.benchmarks.base import Benchmark
from likebut.benchmarks.mirrors import where_to_get
from likebut.datasets.base import PICTURE_ENDINGS, RetrievalSet
from likebut.errors import BadData, BadImage, LikebutError
from likebut.images import file_digest, load_image

ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".rar", ".7z")
TINY = 16  # pixels on the shorter side: what shops serve instead of a picture that is gone
PLACEHOLDER = 5  # the same bytes under this many names are no coincidence
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One kind of damage: how many times, where first, and what to do about it."""

    kind: str
    severity: Severity
    count: int
    first: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Report:
    """What the doctor found. `sizes`: queries, gallery, pictures present and wanted."""

    benchmark: str
    folder: str
    sizes: dict[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def runnable(self) -> bool:
        """Whether the benchmark can be run as published."""
        return not any(finding.severity == "error" for finding in self.findings)

    @property
    def scorable(self) -> bool:
        """Whether vectors made elsewhere can be scored: that takes annotations, but no picture."""
        return not any(f.severity == "error" and not f.kind.startswith("picture") for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON shows it."""
        return {**asdict(self), "runnable": self.runnable, "scorable": self.scorable}


def check(
    name: str, folder: str | Path, *, decode: bool = True, progress: Callable[[int, int], object] | None = None
) -> Report:
    """Examine the folder `folder` for the benchmark `name`.

    decode    True: every picture is decoded whole (CIRR-val seconds, CIRCO's 123,403 about half an hour on two cores);
              False: sizes and first bytes only, which misses files that were cut short
    progress  called with (pictures done, pictures in all)
    Raises `UnknownName` for a benchmark that nobody knows; whatever is wrong with the data is in the report.
    """
    benchmark, folder = get_benchmark(name), Path(folder).expanduser()
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        missing = Finding(
            "folder-missing", "error", 1, str(folder), f"{folder} is {found}, not a folder", where_to_get(benchmark)
        )
        return Report(name, str(folder), {}, (missing,))
    try:
        parts = benchmark.read(folder)
    except (LikebutError, OSError, UnicodeError) as error:
        return Report(name, str(folder), {}, tuple(_unreadable(benchmark, folder, error)))
    findings = list(_annotations(benchmark, parts))
    pictures, sizes = _pictures(benchmark, folder, parts, decode, progress or (lambda done, total: None))
    return Report(name, str(folder), sizes, tuple(sorted([*findings, *pictures], key=lambda f: _ORDER[f.severity])))


_ORDER = {"error": 0, "warning": 1, "note": 2}


class _Faults:
    """Collects offenders by kind; the first of each kind is kept by name, the rest are counted."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, str]] = {}
        self._counts: Counter[str] = Counter()

    def add(self, kind: str, offender: str, detail: str = "") -> None:
        self._counts[kind] += 1
        self._first.setdefault(kind, (offender, detail))

    def __contains__(self, kind: str) -> bool:
        return kind in self._first

    def findings(self, benchmark: Benchmark) -> Iterator[Finding]:
        for kind, (offender, detail) in self._first.items():
            severity, message, remedy = KINDS[kind]
            text = message + (f" ({detail})" if detail else "")
            yield Finding(
                kind, severity, self._counts[kind], offender, text, remedy.replace("{get}", where_to_get(benchmark))
            )


# kind → severity, what it is, what to do. {get} is where this data set is to be had.
KINDS: dict[str, tuple[Severity, str, str]] = {
    "query-count": ("error", "the number of queries is not the published one", "Download the annotations again. {get}"),
    "gallery-count": ("error", "the gallery's size is not the published one", "Download the split files again. {get}"),
    "query-repeated": ("error", "two queries have one id", "Download the caption file again; it was joined or edited."),
    "item-repeated": ("error", "the gallery names a picture twice", "Download the split file again; it was edited."),
    "reference-unknown": (
        "error",
        "a query's reference is not among the pictures of the split",
        "Captions and split file belong to different splits or versions; take both from one download. {get}",
    ),
    "answer-unknown": (
        "error",
        "an answer is not in the gallery, so its query can never be solved",
        "Captions and split file belong to different splits or versions; take both from one download. {get}",
    ),
    "answer-missing": (
        "warning",
        "a query has no answer and counts as 0",
        "ImageNet's domains are published so; elsewhere download the annotations again. {get}",
    ),
    "answer-excluded": (
        "warning",
        "the only answer is the reference, which is not ranked",
        "Known to occur where annotations were edited; compare with the official file.",
    ),
    "text-empty": (
        "note",
        "a query has no words",
        "The official files have a few; a long list means a wrong column was read.",
    ),
    "group-broken": (
        "error",
        "a group does not hold its reference and its answer, or names a picture outside the gallery",
        "Take captions and split file from one download. {get}",
    ),
    "group-size": ("error", "a group does not have six different members", "Download the caption file again. {get}"),
    "pictures-missing": ("error", "pictures are not there", "{get}"),
    "picture-case": (
        "error",
        "a picture is there under another spelling of its name",
        "Rename the files to the spelling of the annotations.",
    ),
    "picture-elsewhere": (
        "error",
        "a picture lies in another folder than the layouts in use",
        "Move the folder up, or give its parent as the data folder.",
    ),
    "picture-archived": (
        "error",
        "pictures are missing and an archive was not unpacked",
        "Unpack it in place, then check again.",
    ),
    "picture-empty": ("error", "a picture file has no bytes", "Delete it and download it again. {get}"),
    "picture-page": (
        "error",
        "a web page was saved in place of a picture",
        "The server refused the download. Delete it and take a mirror. {get}",
    ),
    "picture-pointer": (
        "error",
        "a Git LFS pointer lies where a picture should be",
        "In that repository: git lfs pull.",
    ),
    "picture-unreadable": ("error", "a picture may not be read", "Mend its permissions: chmod -R u+r on the folder."),
    "picture-link": ("error", "a link leads nowhere", "Restore what it pointed to, or copy the picture."),
    "picture-broken": (
        "error",
        "a picture is cut short or damaged",
        "Delete it and download it again. {get}",
    ),
    "picture-tiny": (
        "warning",
        "a picture is a few pixels small: shops serve such a placeholder for one that is gone",
        "Download it again from a mirror. {get}",
    ),
    "picture-placeholder": (
        "warning",
        "one file stands under many names: a placeholder that a server sent instead of pictures",
        "Delete these and download them again from a mirror. {get}",
    ),
    "picture-copies": (
        "note",
        "two names hold the same bytes, so they tie in every ranking",
        "Nothing to do: ties are broken by id, the same way on every machine.",
    ),
    "picture-ending": (
        "note",
        "a picture's ending says another format than its bytes",
        "Nothing to do here; other tools may refuse it.",
    ),
    "picture-twice": (
        "warning",
        "two files stand for one name, and tools differ in which they take",
        "Keep one of them. likebut took the one named first.",
    ),
    "picture-fork": (
        "note",
        "files that macOS made beside each picture lie in the folder",
        "Harmless here; remove them with: find . -name '._*' -delete.",
    ),
    "picture-extra": (
        "note",
        "the folder holds pictures that the split does not name",
        "Harmless here: the gallery comes from the split file. Tools that list the folder report other numbers.",
    ),
}


def _unreadable(benchmark: Benchmark, folder: Path, error: Exception) -> Iterator[Finding]:
    """Why the annotations could not be read, as exactly as the files tell."""
    named = [path for path in _walk(folder) if str(path) in str(error)]
    try:
        reason = _odd_text(_head(named[0])) if named else ""
    except OSError as unread:
        reason = f"not readable ({unread.strerror})"
    get = where_to_get(benchmark)
    if reason:
        remedy = "In that repository: git lfs pull." if "LFS" in reason else f"Download it again. {get}"
        yield Finding("annotations-broken", "error", 1, str(named[0]), f"an annotation file is {reason}", remedy)
    else:
        kind = "annotations-broken" if isinstance(error, BadData) else "annotations-missing"
        yield Finding(kind, "error", 1, str(named[0] if named else folder), str(error), get)
    archives = [path for path in _walk(folder) if path.name.lower().endswith(ARCHIVES)]
    if archives and not isinstance(error, BadData):
        severity, message, remedy = KINDS["picture-archived"]
        yield Finding("annotations-archived", severity, len(archives), str(archives[0]), message, remedy)


def _head(path: Path) -> bytes:
    """The first bytes of a file: enough to know its kind. Raises `OSError`."""
    with open(path, "rb") as stream:
        return stream.read(512)


def _odd_text(head: bytes) -> str:
    """What lies there in place of the file itself, by its first bytes; "" for nothing odd."""
    start = head.lstrip().lower()
    if not head:
        return "empty"
    if start.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer, not the file itself"
    if start.startswith((b"<!doctype", b"<html")):
        return "a web page, not the file itself"
    return ""


def _annotations(benchmark: Benchmark, parts: Sequence[RetrievalSet]) -> Iterator[Finding]:
    faults = _Faults()
    for part in parts:
        where = f"{part.name} {part.split} {part.part}".strip()
        if published := benchmark.counts.get(part.part):
            for kind, found, expected in (
                ("query-count", len(part.queries), published[0]),
                ("gallery-count", len(part.gallery), published[1]),
            ):
                if found != expected:
                    faults.add(kind, where, f"found {found:,}, expected {expected:,}")
        for kind, ids in (
            ("query-repeated", [query.id for query in part.queries]),
            ("item-repeated", [item.id for item in part.gallery]),
        ):
            for repeated in (id for id, count in Counter(ids).items() if count > 1):
                faults.add(kind, f"{where}: {repeated}")
        _queries(faults, part, where)
    yield from faults.findings(benchmark)


def _queries(faults: _Faults, part: RetrievalSet, where: str) -> None:
    gallery = {item.id for item in part.gallery}
    known = gallery | {item.id for item in part.references}
    for query in part.queries:
        name = f"{where}: query {query.id}"
        if query.reference_id is not None and query.reference_id not in known:
            faults.add("reference-unknown", name, query.reference_id)
        if not query.text.strip():
            faults.add("text-empty", name)
        answers = part.relevant.get(query.id, frozenset())
        if part.relevant and not answers:
            faults.add("answer-missing", name)
        if lost := sorted(answers - gallery):
            faults.add("answer-unknown", name, lost[0])
        if answers and answers <= query.exclude:
            faults.add("answer-excluded", name)
        group = part.groups.get(query.id)
        if group is not None:
            members = set(group)
            if part.name == "cirr" and (len(group) != 6 or len(members) != 6):
                faults.add("group-size", name, f"{len(members)} different of {len(group)}")
            if not members <= gallery or not answers <= members or (query.reference_id or group[0]) not in members:
                faults.add("group-broken", name)


def _pictures(
    benchmark: Benchmark,
    folder: Path,
    parts: Sequence[RetrievalSet],
    decode: bool,
    progress: Callable[[int, int], object],
) -> tuple[list[Finding], dict[str, int]]:
    faults = _Faults()
    wanted = dict.fromkeys(Path(str(i.image)) for part in parts for i in (*part.gallery, *part.references))
    there: list[Path] = []
    away: list[Path] = []
    for path in wanted:
        (there if os.path.lexists(path) else away).append(path)
    on_disk = _Listing(folder)
    for path in away:
        faults.add(*on_disk.why_missing(path))
    if away and on_disk.archives:
        faults.add("picture-archived", str(on_disk.archives[0]))
    digests: dict[str, list[Path]] = defaultdict(list)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, (path, kind, detail, digest) in enumerate(pool.map(lambda p: _examine(p, decode), there), start=1):
            progress(done, len(there))
            if kind:
                faults.add(kind, str(path), detail)
            if digest:
                digests[digest].append(path)
    for same in digests.values():
        if len(same) >= PLACEHOLDER:
            faults.add("picture-placeholder", str(same[0]), f"{len(same)} names")
        elif len(same) > 1:
            faults.add("picture-copies", str(same[0]), same[1].name)
    on_disk.look_around(faults, list(wanted))
    sizes = {
        "queries": sum(len(part.queries) for part in parts),
        "gallery": sum(len(part.gallery) for part in parts),
        "pictures_present": len(there),
        "pictures_wanted": len(wanted),
    }
    return list(faults.findings(benchmark)), sizes


def _examine(path: Path, decode: bool) -> tuple[Path, str, str, str]:
    """One picture file → its path, the kind of fault ("" for none), a detail, the digest of its bytes."""
    if path.is_symlink() and not path.exists():
        return path, "picture-link", os.readlink(path), ""
    try:
        head = _head(path)
    except OSError as error:
        return path, "picture-unreadable", error.strerror or "", ""
    if not head:
        return path, "picture-empty", "", ""
    if reason := _odd_text(head):
        return path, "picture-pointer" if "LFS" in reason else "picture-page", "", ""
    kind, detail = "", ""
    if said := _ending_lies(path, head):
        kind, detail = "picture-ending", said
    if decode:
        try:
            picture = load_image(path)
        except BadImage as error:
            return path, "picture-broken", error.reason, ""
        if min(picture.size) < TINY:
            kind, detail = "picture-tiny", f"{picture.width} × {picture.height}"
    return path, kind, detail, file_digest(path)


_SIGNATURES = {
    b"\x89PNG": {".png"},
    b"\xff\xd8\xff": {".jpg", ".jpeg", ".jpe", ".jfif"},
    b"GIF8": {".gif"},
    b"BM": {".bmp"},
    b"RIFF": {".webp"},
}


def _ending_lies(path: Path, head: bytes) -> str:
    for signature, endings in _SIGNATURES.items():
        if head.startswith(signature):
            return "" if path.suffix.lower() in endings else f"its bytes are {min(endings)[1:].upper()}"
    return ""


class _Listing:
    """Every file under the data folder, once: what lies where, and under which spelling."""

    def __init__(self, folder: Path) -> None:
        self.files = list(_walk(folder))
        self.archives = [path for path in self.files if path.name.lower().endswith(ARCHIVES)]
        self._pictures = [path for path in self.files if path.suffix.lower() in PICTURE_ENDINGS]
        self._by_spelling: dict[str, Path] = {}
        for path in self._pictures:
            self._by_spelling.setdefault(path.stem.casefold(), path)

    def why_missing(self, path: Path) -> tuple[str, str, str]:
        """Kind, offender and detail of one picture that is not where it should be."""
        other = self._by_spelling.get(path.stem.casefold())
        if other is None:
            return "pictures-missing", str(path), ""
        kind = "picture-elsewhere" if other.stem == path.stem else "picture-case"
        return kind, str(path), f"found {other}"

    def look_around(self, faults: _Faults, wanted: Sequence[Path]) -> None:
        """Files beside the wanted ones: forks, doubles, extras."""
        folders = {path.parent for path in wanted}
        names = {path.stem for path in wanted}
        near = [path for path in self._pictures if path.parent in folders]
        endings = Counter((path.parent, path.stem) for path in near if path.stem in names)
        for (parent, stem), count in endings.items():
            if count > 1:
                faults.add("picture-twice", str(parent / stem), f"{count} endings")
        for path in near:
            if path.name.startswith("._"):
                faults.add("picture-fork", str(path))
            elif path.stem not in names:
                faults.add("picture-extra", str(path))


def _walk(folder: Path) -> Iterable[Path]:
    for place, _, files in os.walk(folder):
        for name in sorted(files):
            yield Path(place, name)

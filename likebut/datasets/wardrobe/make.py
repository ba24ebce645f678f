"""Write Wardrobe to a folder, and be able to go on where it stopped.

    <to>/settings.json               what the folder was begun with; later runs must agree
    <to>/manifest.json               what was made, counts, content hash, one-modality ceilings
    <to>/<split>/pictures.jsonl      id, file, attributes, style, seed, boxes, digest of the drawing commands
    <to>/<split>/pictures/…          JPEG (drawn) and PNG (sketches)
    <to>/<split>/masks/…             PNG, one per garment of an outfit
    <to>/<split>/captions.jsonl      picture, text, what it mentions, unseen
    <to>/<split>/scenes.jsonl        outfits: picture, garments, boxes, masks
    <to>/train/triplets.jsonl        reference, text, target
    <to>/<split>/<benchmark>/        gallery.txt, queries.jsonl, qrels.txt (TREC); val and test only

Everything but the pixels is decided before the first picture is drawn. A picture is written under a passing name
and then renamed, so what has its right name is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from PIL import Image

from likebut.datasets.wardrobe.attributes import generator
from likebut.datasets.wardrobe.captions import caption
from likebut.datasets.wardrobe.pictures import Picture
from likebut.datasets.wardrobe.plan import Scene
from likebut.datasets.wardrobe.samples import SPLITS, TRAIN_STYLES, garment_of, scene_of
from likebut.datasets.wardrobe.tasks import TASKS, Task
from likebut.datasets.wardrobe.tasks.base import SIZES, Size, TaskQuery
from likebut.datasets.wardrobe.triplets import Triplet, one_triplet
from likebut.errors import BadData, UnknownName

VERSION = 1
_CHUNK = 64
_CAPTIONS = 3
_SCENES = 0.15
_MEASURED = ("boxes", "box")  # found in the pixels, and so left out of the content hash

Progress = Callable[[int, int], None]


def make(
    to: str | Path,
    *,
    seed: int = 0,
    splits: Sequence[str] = SPLITS,
    size: str = "default",
    benchmarks: Sequence[str] | None = None,
    pixels: int = 192,
    workers: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Draw the data set into the folder `to`; returns the manifest, of all splits that are there by now.

    size        "small" (seconds) or "default" (minutes)
    benchmarks  names of TASKS; default all
    pixels      side of the square pictures
    workers     processes that draw; 0: this one only
    progress    called with (pictures there, pictures in all), after every few

    Raises BadData where the folder holds a data set made with other settings, UnknownName for an unknown name.
    """
    for name, known in [(size, SIZES), *((split, SPLITS) for split in splits), *((b, TASKS) for b in benchmarks or ())]:
        if name not in known:
            raise UnknownName(f"Unknown {name!r}. Known: {', '.join(known)}.")
    to = Path(to)
    settings = {"version": VERSION, "seed": seed, "size": size, "pixels": pixels}
    _check_folder(to, settings)
    shelves = {
        split: _Split(to / split, split, seed, SIZES[size][split], benchmarks or tuple(TASKS)) for split in splits
    }
    total = sum(len(shelf.pictures) for shelf in shelves.values())
    done = 0
    for shelf in shelves.values():
        done = shelf.draw(pixels, workers, lambda n: progress(n, total) if progress else None, done)
    path = to / "manifest.json"
    made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["splits"] if path.exists() else {}
    made.update({split: shelf.write() for split, shelf in shelves.items()})
    made = {split: made[split] for split in SPLITS if split in made}
    content = hashlib.sha256(" ".join(part["content_sha256"] for part in made.values()).encode()).hexdigest()
    manifest = {**settings, "content_sha256": content, "splits": made}
    _write(path, json.dumps(manifest, indent=1) + "\n")
    return manifest


def _check_folder(to: Path, settings: dict[str, Any]) -> None:
    """A folder is of one kind: the settings are written first, and must be the same ever after."""
    path = to / "settings.json"
    if path.exists():
        found = json.loads(path.read_text())
        if found != settings:
            raise BadData(
                f"{to} was begun with {found}, now asked for {settings}. Name another folder, or delete this one."
            )
        return
    if to.exists() and any(to.iterdir()):
        raise BadData(f"{to} is not empty and not a Wardrobe folder (it has no settings.json). Name another folder.")
    to.mkdir(parents=True, exist_ok=True)
    _write(path, json.dumps(settings) + "\n")


class _Split:
    """One split: what it will hold, and the drawing of it."""

    def __init__(self, folder: Path, split: str, seed: int, size: Size, benchmarks: Iterable[str]) -> None:
        self.folder, self.split, self.seed, self.size = folder, split, seed, size
        self.tasks: list[Task] = [TASKS[name](split, seed, size) for name in benchmarks] if split != "train" else []
        self.captioned = [_captioned(split, seed, number) for number in range(size.pictures)]
        self.triplets: list[Triplet] = [one_triplet(number, seed=seed, split=split) for number in range(size.triplets)]
        self.pictures: dict[str, Picture] = {}
        self.masked: set[str] = set()  # pictures whose masks somebody needs
        for picture in self._all():
            self.pictures[picture.id] = picture
            if len(picture.garments) > 1 and picture.kind == "picture":
                self.masked.add(picture.id)
        self.drawn: dict[str, dict[str, Any]] = {}

    def _all(self) -> Iterator[Picture]:
        for task in self.tasks:
            yield from task.pictures()
        yield from self.captioned
        for triplet in self.triplets:
            yield triplet.reference
            yield triplet.target

    def draw(self, pixels: int, workers: int, progress: Callable[[int], None], done: int) -> int:
        """Draw what is not there yet. Returns `done` plus this split's pictures."""
        log = self.folder / "drawn.jsonl"
        for line in _lines(log):
            if line["id"] in self.pictures and (self.folder / self.pictures[line["id"]].file).exists():
                self.drawn[line["id"]] = line
        _write(log, "".join(json.dumps(line) + "\n" for line in self.drawn.values()))  # without a line that a crash cut
        missing = [picture for id_, picture in sorted(self.pictures.items()) if id_ not in self.drawn]
        chunks = [missing[i : i + _CHUNK] for i in range(0, len(missing), _CHUNK)]
        jobs = [
            (self.folder, pixels, [(picture.to_json(), picture.id in self.masked) for picture in chunk])
            for chunk in chunks
        ]
        progress(done + len(self.drawn))
        with log.open("a", encoding="utf-8") as file:
            for lines in _map(_draw_chunk, jobs, workers):
                for line in lines:
                    self.drawn[line["id"]] = line
                    file.write(json.dumps(line) + "\n")
                file.flush()
                progress(done + len(self.drawn))
        return done + len(self.pictures)

    def write(self) -> dict[str, Any]:
        """Write the tables. Returns this split's part of the manifest."""
        folder, drawn, content = self.folder, self.drawn, hashlib.sha256()
        tables: dict[str, list[dict[str, Any]]] = {
            "pictures.jsonl": [{**self.pictures[id_].to_json(), **drawn[id_]} for id_ in sorted(self.pictures)],
            "captions.jsonl": [
                line
                for number, picture in enumerate(self.captioned)
                for line in _caption_lines(self.split, self.seed, number, picture)
            ],
            "scenes.jsonl": [_scene_line(self.pictures[id_], drawn[id_]) for id_ in sorted(self.masked)],
        }
        if self.triplets:
            tables["triplets.jsonl"] = [_triplet_line(number, triplet) for number, triplet in enumerate(self.triplets)]
        for task in self.tasks:
            tables[f"{task.name}/queries.jsonl"] = [_query_line(query, self.drawn) for query in task.queries]
        for name, lines in tables.items():
            content.update(f"{name}\n".encode())
            for line in lines:
                content.update(json.dumps({k: v for k, v in line.items() if k not in _MEASURED}).encode())
            _write(folder / name, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        for task in self.tasks:
            _write(folder / task.name / "gallery.txt", "".join(picture.id + "\n" for picture in task.gallery))
            _write(
                folder / task.name / "qrels.txt",
                "".join(f"{q.id} 0 {id_} 1\n" for q in task.queries for id_ in q.relevant),
            )
        return {
            "content_sha256": content.hexdigest(),
            "pictures": len(self.pictures),
            "captions": len(tables["captions.jsonl"]),
            "triplets": len(self.triplets),
            "benchmarks": {
                task.name: {"queries": len(task.queries), "gallery": len(task.gallery), "ceilings": task.ceilings}
                for task in self.tasks
            },
        }


def _captioned(split: str, seed: int, number: int) -> Picture:
    """A picture with captions; the styles as in training."""
    rng = generator("captioned", seed, split, number)
    style = str(rng.choice(list(TRAIN_STYLES), p=list(TRAIN_STYLES.values())))
    garments = scene_of(split, rng).garments if rng.random() < _SCENES else (garment_of(split, rng),)
    return Picture(garments, style, int(rng.integers(1 << 31)))


def _caption_lines(split: str, seed: int, number: int, picture: Picture) -> Iterator[dict[str, Any]]:
    rng = generator("captions", seed, split, number)
    for _ in range(_CAPTIONS):
        said = caption(Scene(picture.garments), picture.style, rng, train=split == "train")
        yield {"picture": picture.id, "text": said.text, "mentions": said.mentions, "unseen": said.unseen}


def _scene_line(picture: Picture, drawn: dict[str, Any]) -> dict[str, Any]:
    masks = [mask_file(picture.id, which) for which in range(len(picture.garments))]
    return {
        "picture": picture.id,
        "garments": [garment.key() for garment in picture.garments],
        "boxes": drawn["boxes"],
        "masks": masks,
    }


def _triplet_line(number: int, triplet: Triplet) -> dict[str, Any]:
    line: dict[str, Any] = {
        "id": f"triplet-{number:06d}",
        "reference": triplet.reference.id,
        "text": triplet.edit.text,
        "target": triplet.target.id,
    }
    line["kind"] = triplet.edit.kind
    line["changes"] = {name: sorted(allowed) for name, allowed in triplet.edit.changes}
    if triplet.region is not None:
        line["region"] = triplet.region
    return line


def _query_line(query: TaskQuery, drawn: dict[str, dict[str, Any]]) -> dict[str, Any]:
    line: dict[str, Any] = {"id": query.id, "text": query.text}
    if query.reference is not None:
        line["reference"] = ("@" if query.in_gallery else "") + query.reference.id
        if query.region is not None:
            line["region"] = query.region
            line["box"] = drawn[query.reference.id]["boxes"][query.region]
    if query.sketch is not None:
        line["sketch"] = query.sketch.id
    line["relevant"] = query.relevant
    if query.group:
        line["group"] = query.group
    line["slices"] = query.slices
    return line


def mask_file(picture: str, which: int) -> str:
    """Path of a garment's mask below the split's folder."""
    return f"masks/{picture[1:3]}/{picture}-{which}.png"


def _draw_chunk(job: tuple[Path, int, list[tuple[dict[str, Any], bool]]]) -> list[dict[str, Any]]:
    folder, pixels, lines = job
    found = []
    for line, masked in lines:
        picture = Picture.from_json(line)
        drawn = picture.draw(pixels)
        if masked:
            for which, mask in enumerate(drawn.masks):
                _save(Image.fromarray(mask), folder / mask_file(picture.id, which))
        _save(drawn.image, folder / picture.file)
        boxes = [[round(edge, 5) for edge in box] for box in drawn.boxes]
        found.append({"id": picture.id, "boxes": boxes, "digest": drawn.digest})
    return found


def _save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    if path.suffix == ".jpg":
        image.save(passing, "JPEG", quality=88, subsampling=0)
    else:
        image.save(passing, "PNG")
    passing.replace(path)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    passing = path.with_name(f".{path.name}.{os.getpid()}")
    passing.write_text(text, encoding="utf-8")
    passing.replace(path)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a log; a last line cut short by a crash is left out."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.endswith("}"):  # the last brace of a line is written last
            yield json.loads(line)


def _map(work: Callable[[Any], list[dict[str, Any]]], jobs: list[Any], workers: int) -> Iterator[list[dict[str, Any]]]:
    if workers < 1:
        yield from map(work, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, jobs)

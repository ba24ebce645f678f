"""CIRR and FashionIQ as M-BEIR and mteb hold them: parquet files with the pictures inside (Wei et al., ECCV 2024,
arXiv:2311.17136).

Files: `query*.parquet` and `corpus*.parquet` with columns id, image, text, modality; `qrels*.parquet` with query-id,
corpus-id, score; side by side or in a folder per kind. Pictures are smaller than the originals, the gallery is larger
(all splits, all categories) and the reference is ranked: numbers compare with mteb's, not with the papers'.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from likebut.datasets.base import RetrievalSet
from likebut.errors import BadData, BadImage, NotFound
from likebut.types import ImageLike, Item, Query

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

KINDS = {"query": ("query", "queries"), "corpus": ("corpus",), "qrels": ("qrels",)}
COLUMNS = {"query": ("id", "text", "image"), "corpus": ("id", "image"), "qrels": ("query-id", "corpus-id", "score")}


def read(root: Path, split: str = "test") -> list[RetrievalSet]:
    """Ids are the files' own; the picture of a query is the item "query:ID", which is not in the gallery."""
    files = {kind: _files(root, kind, split) for kind in KINDS}
    gallery = [item for file in files["corpus"] for item in _items(file, "corpus", "")]
    references = [item for file in files["query"] for item in _items(file, "query", "query:")]
    texts = [row for file in files["query"] for row in _table(file, "query", ["id", "text"]).to_pylist()]
    relevant: dict[str, set[str]] = {}
    for file in files["qrels"]:
        for row in _table(file, "qrels", list(COLUMNS["qrels"])).to_pylist():
            if float(row["score"]) > 0:
                relevant.setdefault(str(row["query-id"]), set()).add(str(row["corpus-id"]))
    queries = [
        Query(f"@query:{row['id']}", row["text"] or "", id=str(row["id"]))
        for row in texts
        if str(row["id"]) in relevant
    ]
    return [
        RetrievalSet(
            name="mbeir",
            split=split,
            gallery=gallery,
            queries=queries,
            relevant={query.id: frozenset(relevant[query.id]) for query in queries},
            references=references,
            open=Pictures().read,
        )
    ]


class Pictures:
    """Reads pictures out of parquet files by row; the row group read last is kept, so reading in order is fast."""

    def __init__(self) -> None:
        self._kept: tuple[Path, int, pa.Table] | None = None
        self._open: dict[Path, pq.ParquetFile] = {}

    def read(self, item: Item) -> ImageLike:
        """The encoded bytes of an item's picture. Raises `BadImage` where the row has none."""
        import pyarrow.parquet as pq

        path, row = Path(str(item.image)), int(item.metadata["view"].removeprefix("row "))
        file = self._open.get(path) or self._open.setdefault(path, pq.ParquetFile(path))
        group, start = 0, 0
        while row >= start + file.metadata.row_group(group).num_rows:
            start += file.metadata.row_group(group).num_rows
            group += 1
        if self._kept is None or self._kept[:2] != (path, group):
            self._kept = (path, group, file.read_row_group(group, columns=["image"]))
        cell = self._kept[2]["image"][row - start].as_py()
        found = cell.get("bytes") if isinstance(cell, dict) else cell
        if not isinstance(found, bytes):
            raise BadImage(f"{path}, row {row}", "no picture is stored in this row")
        return found


def _items(file: Path, kind: str, prefix: str) -> list[Item]:
    ids = _table(file, kind, ["id"])["id"].to_pylist()
    return [Item(f"{prefix}{id}", file, {"view": f"row {row}"}) for row, id in enumerate(ids)]


def _table(file: Path, kind: str, columns: list[str]) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        known = pq.read_schema(file).names
        lost = [column for column in COLUMNS[kind] if column not in known]
        if lost:
            raise BadData(
                f"{file} has no column {lost[0]!r}; expected {', '.join(COLUMNS[kind])}; found {', '.join(known)}."
            )
        return pq.read_table(file, columns=columns)
    except pa.ArrowException as error:
        raise BadData(f"{file} is not a parquet file ({error}). Download it again.") from error


def _files(root: Path, kind: str, split: str) -> list[Path]:
    """All shards of one kind; where shards name a split, only that split's."""
    if not root.exists():
        raise NotFound(f"The data folder {root} does not exist.")
    names = KINDS[kind]
    found = sorted(
        path for path in root.rglob("*.parquet") if any(part.startswith(names) for part in path.relative_to(root).parts)
    )
    of_split = [path for path in found if path.name.startswith(split)]
    if not found:
        raise NotFound(
            f"{root} has no {names[0]}*.parquet. The sets are at huggingface.co/datasets/mteb/mbeir_cirr_task7 and "
            "mbeir_fashioniq_task7."
        )
    return of_split or found

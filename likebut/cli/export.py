"""`likebut export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from likebut.stores.base import Store


def command(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="The index.")],
    to: Annotated[Path, typer.Option("--to", metavar="FILE.parquet", help="The file to write.")],
) -> None:
    """Write vectors and metadata of an index as a parquet file.

    \b
        likebut export photos.likebut --to photos.parquet
        likebut export shoes.likebut --to exports/shoes.parquet

    Columns: id, image (the file it came from), vector (length 1), norm (its length before scaling), and the metadata;
    a metadata column with one of those names becomes metadata.NAME. Encoder and fingerprint are in the file's own
    metadata. The file is a SOURCE for `likebut index`, too.
    """
    from likebut.cli.shared import output_path
    from likebut.stores import open_store

    path = output_path(to, ".parquet")
    with open_store(index) as store:
        _write(store, path)
        print(f"{path}: {len(store)} items, {store.manifest.dim} numbers each, {path.stat().st_size / 1e6:.1f} MB")


def _write(store: Store, path: Path, size: int = 8192) -> None:
    """Stream the store into a file beside `path`, then put it in its place."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    from likebut.stores.columns import ARROW, to_arrow

    kinds, manifest = store.kinds(), store.manifest
    names = {name: f"metadata.{name}" if name in ("id", "image", "vector", "norm") else name for name in kinds}
    fixed: list[tuple[str, Any]] = [
        ("id", pa.string()),
        ("image", pa.string()),
        ("vector", pa.list_(pa.float32(), manifest.dim)),
        ("norm", pa.float32()),
    ]
    schema = pa.schema(
        [*fixed, *((names[name], ARROW[kind]) for name, kind in kinds.items())],
        metadata={"encoder": manifest.encoder, "fingerprint": manifest.fingerprint, "preprocess": manifest.preprocess},
    )
    temporary = path.with_suffix(".tmp")
    with parquet.ParquetWriter(temporary, schema) as writer:
        ids = store.ids()
        for start in range(0, len(ids), size):
            records = store.get(ids[start : start + size])
            flat = pa.array(np.concatenate([record.vector for record in records]), pa.float32())
            columns = [
                pa.array([record.id for record in records]),
                pa.array([record.path for record in records]),
                pa.FixedSizeListArray.from_arrays(flat, manifest.dim),
                pa.array([record.norm for record in records], pa.float32()),
                *(to_arrow([record.metadata.get(name) for record in records], kind) for name, kind in kinds.items()),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
    temporary.replace(path)

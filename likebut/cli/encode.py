"""`likebut encode`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="Pictures, folders or globs.", show_default=False)
    ] = None,
    text: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="A text; may be repeated.")] = None,
    encoder: Annotated[
        str, typer.Option(metavar="NAME", help="See `likebut models`; a hub id or a folder works too.")
    ] = "",
    to: Annotated[Path, typer.Option(metavar="FILE.npz", help="The file to write.")] = Path("vectors.npz"),
    batch_size: Annotated[
        int, typer.Option(min=1, metavar="N", help="Pictures that go through the network at once.")
    ] = 64,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda, mps.")] = "auto",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per line on stdout instead of a file.")
    ] = False,
) -> None:
    """Turn pictures and texts into vectors.

    \b
        likebut encode photos/*.jpg --to photos.npz --encoder wardrobe-tiny
        likebut encode --text "a red coat" --text "a blue coat" --json --encoder wardrobe-tiny

    The .npz holds ids (N,), vectors (N, D) float32 of length 1, norms (N,) their lengths before scaling, kinds (N,)
    "image" or "text", and encoder and fingerprint. Pictures come first, then texts.
    """
    import numpy as np

    from likebut.cli.shared import default_encoder, output_path, print_json
    from likebut.encoders import load_encoder
    from likebut.errors import BadQuery
    from likebut.indexing import read_source

    pictures = list(read_source(files or []))
    texts = text or []
    if not pictures and not texts:
        raise BadQuery("Nothing to encode: found neither FILE nor --text. E.g. likebut encode photo.jpg --to photo.npz")
    path = to if as_json else output_path(to, ".npz")
    model = load_encoder(encoder or default_encoder(), device=device)
    vectors, norms = [], []
    if pictures:
        images = [item.image for item in pictures]
        rows, lengths = model.encode_images(images, batch_size=batch_size, return_norms=True)
        vectors.append(rows)
        norms.append(lengths)
    if texts:
        rows, lengths = model.encode_texts(texts, return_norms=True)
        vectors.append(rows)
        norms.append(lengths)
    ids = [item.id for item in pictures] + texts
    kinds = ["image"] * len(pictures) + ["text"] * len(texts)
    rows, lengths = np.concatenate(vectors), np.concatenate(norms)
    if as_json:
        for id, kind, norm, row in zip(ids, kinds, lengths, rows, strict=True):
            print_json({"id": id, "kind": kind, "norm": float(norm), "vector": row.tolist()})
        return
    np.savez(
        path,
        ids=np.array(ids),
        vectors=rows,
        norms=lengths,
        kinds=np.array(kinds),
        encoder=np.array(model.name),
        fingerprint=np.array(model.fingerprint),
    )
    print(f"{path}: {len(ids)} vectors of {model.dim} numbers, made with {model.name}")

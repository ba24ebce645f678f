"""Parquet files with the pictures inside."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from likebut.benchmarks import run
from likebut.datasets import mbeir
from likebut.encoders.toy import ToyEncoder, draw
from likebut.errors import BadData, BadImage, NotFound
from likebut.types import Item


def encoded(words):
    stream = io.BytesIO()
    draw(words).save(stream, "PNG")
    return {"bytes": stream.getvalue(), "path": None}


@pytest.fixture(params=["query-00000-of-00001.parquet", "query/test-00000-of-00001.parquet"])
def data(tmp_path, request):
    """Two queries over three pictures; the corpus has two row groups."""
    tables = {
        "query": {
            "id": ["q1", "q2"],
            "text": ["blue", None],
            "image": [encoded("red round")] * 2,
            "modality": ["image,text"] * 2,
        },
        "corpus": {
            "id": ["c1", "c2", "c3"],
            "image": [encoded(words) for words in ("red round", "blue round", "red square")],
            "modality": ["image"] * 3,
        },
        "qrels": {"query-id": ["q1", "q2", "q2"], "corpus-id": ["c2", "c1", "c3"], "score": [1, 1, 0]},
    }
    for kind, columns in tables.items():
        path = tmp_path / request.param.replace("query", kind)
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table(columns), path, row_group_size=2)
    return tmp_path


def test_pictures_are_read_out_of_the_files_and_scored(data, tmp_path):
    result = run("mbeir-cirr-test", data=data, encoder=ToyEncoder(), cache=tmp_path)
    assert (result.n_queries, result.n_gallery) == (2, 3)
    # "red round" + "blue" → blue round first; without words the picture itself is first, and it is the answer.
    assert result.metrics["recall@1"] == result.metrics["ndcg@10"] == 1.0
    assert result.baselines["image_only"]["recall@1"] == 0.5


def test_a_row_of_any_row_group_is_found(data):
    (part,) = mbeir.read(data)
    reader = mbeir.Pictures()
    for item, words in zip(part.gallery, ("red round", "blue round", "red square"), strict=True):
        assert reader.read(item) == encoded(words)["bytes"]
    assert reader.read(part.gallery[0]) == encoded("red round")["bytes"]


def test_a_row_without_a_picture_a_missing_column_and_a_missing_file_are_named(tmp_path):
    pq.write_table(pa.table({"id": ["c1"], "image": pa.array([None], pa.binary())}), tmp_path / "corpus.parquet")
    with pytest.raises(BadImage, match="row 0: no picture"):
        mbeir.Pictures().read(Item("c1", tmp_path / "corpus.parquet", {"view": "row 0"}))
    with pytest.raises(NotFound, match=r"no query\*\.parquet"):
        mbeir.read(tmp_path)
    pq.write_table(pa.table({"id": ["q1"], "image": pa.array([None], pa.binary())}), tmp_path / "query.parquet")
    pq.write_table(pa.table({"query-id": ["q1"]}), tmp_path / "qrels.parquet")
    with pytest.raises(BadData, match=r"query\.parquet has no column 'text'"):
        mbeir.read(tmp_path)

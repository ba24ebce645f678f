"""The real mteb on tasks made here: nothing is downloaded, no part of mteb is replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from likebut.errors import BadData
from likebut.types import Query

mteb = pytest.importorskip("mteb")
datasets = pytest.importorskip("datasets")

from likebut.benchmarks import run  # noqa: E402
from likebut.composers import load_composer  # noqa: E402
from likebut.composers.base import References  # noqa: E402
from likebut.encoders import load_encoder  # noqa: E402
from likebut.integrations.mteb import MtebModel, as_retrieval_set, mteb_benchmark  # noqa: E402


def shape(colour: str, form: str) -> Image.Image:
    picture = Image.new("RGB", (64, 64), "white")
    draw = getattr(ImageDraw.Draw(picture), {"round": "ellipse", "square": "rectangle"}[form])
    draw((12, 12, 52, 52), fill=colour)
    return picture


NAMES = [(colour, form) for colour in ("red", "blue") for form in ("round", "square")]


def task() -> Any:
    """Four pictures; "red round, but blue" and "blue square, but red" with one answer each."""
    from mteb.abstasks.retrieval import AbsTaskRetrieval
    from mteb.abstasks.task_metadata import TaskMetadata

    class Shapes(AbsTaskRetrieval):
        metadata = TaskMetadata(
            name="ShapesIT2IRetrieval",
            description="Drawn shapes.",
            reference=None,
            dataset={"path": "none", "revision": "1"},
            type="Any2AnyRetrieval",
            category="it2i",
            modalities=["text", "image"],
            eval_splits=["test"],
            eval_langs=["eng-Latn"],
            main_score="recall_at_1",
            bibtex_citation="",
        )

        def load_data(self, **_: Any) -> None:
            queries = {"id": ["q0", "q1"], "text": ["blue", "red"]}
            queries["image"] = [shape("red", "round"), shape("blue", "square")]
            corpus = {"id": [" ".join(name) for name in NAMES], "image": [shape(*name) for name in NAMES]}
            self.dataset = {
                "default": {
                    "test": {
                        "queries": datasets.Dataset.from_dict(queries).cast_column("image", datasets.Image()),
                        "corpus": datasets.Dataset.from_dict(corpus).cast_column("image", datasets.Image()),
                        "relevant_docs": {"q0": {"blue round": 1}, "q1": {"red square": 1}},
                        "top_ranked": None,
                    }
                }
            }
            self.data_loaded = True

    return Shapes()


def test_our_model_is_an_mteb_encoder() -> None:
    from mteb.models.models_protocols import EncoderProtocol

    assert isinstance(MtebModel("toy"), EncoderProtocol)


def test_a_picture_with_a_text_is_composed_and_each_alone_is_encoded() -> None:
    encoder = load_encoder("toy")
    model = MtebModel(encoder, composer="sum")
    picture = shape("red", "round")
    batches = [{"image": [picture], "text": ["blue"]}]
    queries = [Query(picture, "blue")]
    expected = load_composer("sum").compose(queries, References(encoder)).vectors
    np.testing.assert_allclose(model.encode(batches), expected, atol=1e-6)
    np.testing.assert_allclose(model.encode([{"text": ["blue"]}]), encoder.encode_texts(["blue"]))
    np.testing.assert_allclose(model.encode([{"image": [picture]}]), encoder.encode_images([picture]))
    with pytest.raises(BadData, match="audio"):
        model.encode([{"audio": [1]}])


@pytest.mark.parametrize("composer, recall", [("sum", 1.0), ("image_only", 0.0)])
def test_mteb_evaluates_our_composer(composer: str, recall: float, tmp_path: Path) -> None:
    # "red round" + "blue" is nearest to "blue round" (see test_fusion); the picture alone finds itself.
    results = mteb.evaluate(MtebModel("toy", composer=composer), task(), cache=None, overwrite_strategy="always")
    scores = results.task_results[0].scores["test"][0]
    assert scores["recall_at_1"] == recall


def test_its_tasks_run_inside_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mteb, "get_task", lambda name: task())
    result = run(
        mteb_benchmark("ShapesIT2IRetrieval"), data=tmp_path, encoder="toy", composer="sum", cache=tmp_path / "features"
    )
    assert result.benchmark == "mteb:ShapesIT2IRetrieval"
    assert result.metrics["recall@1"] == 1.0
    assert result.baselines["image_only"]["recall@1"] == 0.0


def test_a_task_without_pictures_or_split_says_so() -> None:
    shapes = task()
    assert [item.id for item in as_retrieval_set(shapes).gallery] == [" ".join(name) for name in NAMES]
    with pytest.raises(BadData, match="default/test"):
        as_retrieval_set(shapes, split="train")
    shapes.dataset["default"]["test"]["corpus"] = shapes.dataset["default"]["test"]["corpus"].remove_columns("image")
    with pytest.raises(BadData, match="no column image"):
        as_retrieval_set(shapes)

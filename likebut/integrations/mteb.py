"""mteb: our encoders and composers inside mteb, its retrieval tasks inside our evaluator.

    import mteb
    from likebut.integrations.mteb import MtebModel, mteb_benchmark

    model = MtebModel("openai/clip-vit-large-patch14", composer="sum")       # an mteb EncoderProtocol
    mteb.evaluate(model, mteb.get_tasks(tasks=["CIRRIT2IRetrieval"]))

    run(mteb_benchmark("CIRRIT2IRetrieval"), data=".", encoder="clip-vit-l14", composer="slerp")

mteb's CIRR and FashionIQ are not the papers' protocols: other galleries, the reference among the candidates, ndcg as
the main score. The names keep them apart: "mteb:CIRRIT2IRetrieval" is never "cirr-val".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from likebut.benchmarks.base import Benchmark
from likebut.composers import load_composer
from likebut.composers.base import Composer, References
from likebut.datasets.base import RetrievalSet
from likebut.encoders import load_encoder
from likebut.encoders.base import Encoder
from likebut.errors import BadData, MissingExtra
from likebut.types import Array, Item, Query

if TYPE_CHECKING:
    from mteb.abstasks.retrieval import AbsTaskRetrieval
    from mteb.models.model_meta import ModelMeta


class MtebModel:
    """An encoder, and a composer for inputs that hold a picture and a text, as mteb's `EncoderProtocol`.

    encoder, composer   names or objects
    Raises `MissingExtra` without mteb.
    """

    def __init__(
        self,
        encoder: str | Encoder,
        revision: str | None = None,
        *,
        composer: str | Composer = "sum",
        device: str | None = None,
    ) -> None:
        self.encoder = load_encoder(encoder, device=device or "auto") if isinstance(encoder, str) else encoder
        self.composer = load_composer(composer, self.encoder) if isinstance(composer, str) else composer
        self.mteb_model_meta = _meta(self.encoder, self.composer, revision)

    def encode(self, inputs: Iterable[Mapping[str, Any]], *, batch_size: int = 64, **_: Any) -> Array:
        """Batches of {"text": [...], "image": [...]} → (N, D) unit rows; both together are composed.

        A row of a batch may lack one of the two (None or an empty text), but not both.
        """
        rows = [self._batch(batch, batch_size) for batch in inputs]
        return np.concatenate(rows) if rows else np.zeros((0, self.encoder.dim), np.float32)

    def _batch(self, batch: Mapping[str, Any], batch_size: int) -> Array:
        texts, images = batch.get("text"), batch.get("image")
        if images is None and texts is None:
            raise BadData(f"An mteb batch has {', '.join(batch) or 'nothing'}; likebut encodes text and image.")
        if images is None:
            return self.encoder.encode_texts(list(texts or ()), batch_size=batch_size)
        if texts is None:
            return self.encoder.encode_images(list(images), batch_size=batch_size)
        queries = [Query(image, text or "") for image, text in zip(images, texts, strict=True)]
        return self.composer.compose(queries, References(self.encoder)).vectors

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Cosines of (B, D) and (N, D) → (B, N) tensor."""
        from mteb.similarity_functions import cos_sim

        return cos_sim(embeddings1, embeddings2)

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Cosines of two (B, D), row by row → (B,) tensor."""
        from mteb.similarity_functions import pairwise_cos_sim

        return pairwise_cos_sim(embeddings1, embeddings2)


def _meta(encoder: Encoder, composer: Composer, revision: str | None) -> ModelMeta:
    try:
        from mteb.models.model_meta import ModelMeta, ScoringFunction
    except ImportError as error:
        raise MissingExtra("Evaluating inside mteb", "mteb") from error
    name = encoder.name if "/" in encoder.name else f"likebut/{encoder.name}"
    return ModelMeta.create_empty(
        {
            "name": f"{name}--{composer.name}",
            "revision": revision or encoder.fingerprint,
            "embed_dim": encoder.dim,
            "framework": ["PyTorch"],
            "similarity_fn_name": ScoringFunction.COSINE,
            "modalities": ["image", "text"],
        }
    )


def mteb_benchmark(task: str, *, subset: str = "default", split: str = "") -> Benchmark:
    """One of mteb's retrieval tasks as a benchmark of ours, to be handed to `run` in place of a name.

    task: mteb's name of it; its data are downloaded by mteb when the benchmark is read. split: default its first.
    """
    return Benchmark(
        name=f"mteb:{task}",
        dataset="likebut.integrations.mteb:read",
        split=f"{task}/{subset}/{split}",
        gallery="mteb's corpus",
        metrics=("recall@1", "recall@5", "recall@10", "recall@50", "map@10"),
        main="recall@10",
        card="mteb",
        paper="arXiv:2210.07316",
        note="mteb's data with our metrics: recall counts a query once any of its answers is found. Not the protocol "
        "of the data set's paper.",
    )


def read(root: Path, split: str) -> list[RetrievalSet]:
    """The reader behind `mteb_benchmark`: `split` is "TASK/SUBSET/SPLIT"; `root` is unused, mteb has its cache."""
    try:
        import mteb
    except ImportError as error:
        raise MissingExtra("Reading an mteb task", "mteb") from error
    name, subset, part = split.split("/")
    return [as_retrieval_set(mteb.get_task(name), subset=subset, split=part)]


def as_retrieval_set(task: AbsTaskRetrieval, *, subset: str = "default", split: str = "") -> RetrievalSet:
    """An mteb retrieval task, loaded if it is not yet, as our data set.

    Raises `BadData` for a task whose corpus has no pictures, or a split or subset that it lacks.
    """
    if not task.data_loaded:
        task.load_data()
    split = split or task.metadata.eval_splits[0]
    try:
        data = task.dataset[subset][split]
    except KeyError as error:
        known = ", ".join(f"{s}/{p}" for s, splits in task.dataset.items() for p in splits)
        raise BadData(f"The mteb task {task.metadata.name} has no {subset}/{split}. It has: {known}.") from error
    if "image" not in data["corpus"].column_names:
        columns = ", ".join(data["corpus"].column_names)
        raise BadData(
            f"The corpus of {task.metadata.name} has {columns}, but no column image; likebut searches pictures."
        )
    relevant = {
        query: frozenset(item for item, grade in grades.items() if grade > 0)
        for query, grades in data["relevant_docs"].items()
    }
    ranked = data.get("top_ranked") or {}
    return RetrievalSet(
        name=f"mteb:{task.metadata.name}",
        split=split,
        gallery=[Item(row["id"], row["image"]) for row in data["corpus"]],
        queries=[
            Query(row.get("image"), row.get("text") or "", id=row["id"])
            for row in data["queries"]
            if relevant.get(row["id"])
        ],
        relevant={query: items for query, items in relevant.items() if items},
        galleries={query: tuple(items) for query, items in ranked.items()} if ranked else {},
    )

"""What a benchmark is: a protocol written down as data.

A paper that evaluates otherwise is a second declaration with its own name (`fashioniq-val@reference-excluded`), never
a flag: a number and the name above it say everything about how it was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from likebut.datasets.base import RetrievalSet

TIES = "score, then id as text"


@dataclass(frozen=True)
class Benchmark:
    """One protocol.

    name       dataset-split[@protocol]; what people type
    dataset    "module:function" of the reader
    split      as the reader calls it
    gallery    in words: which pictures are searched
    exclude_reference  whether the reference leaves the ranking; None where the data decides by itself
    metrics    names of `likebut.metrics`; `main` is one of them, or of `derived`
    join_captions  the reader's rule for the words of a query; "" where there is one way only
    options    further options of the reader
    derived    name → (mean of `likebut.metrics.means`, the metrics it is over)
    slice_metrics  which metrics are reported per slice
    text_prompt  how the words read where a composer has no prompt of its own; {text} is the query's text
    submission "cirr" or "circo": the server's format; `submission_ids`: how ids stand in it
    counts     published size per part: (queries, gallery)
    seeded     whether the reader draws its queries, and so takes a seed
    card       the dataset's card, under docs/datasets
    paper, note  where the protocol comes from; what else a reader of the number must know
    """

    name: str
    dataset: str
    split: str
    gallery: str
    metrics: tuple[str, ...]
    main: str
    card: str
    paper: str
    exclude_reference: bool | None = None
    join_captions: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    derived: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    slice_metrics: tuple[str, ...] = ()
    text_prompt: str = "{text}"
    submission: str = ""
    submission_ids: str = "text"
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    seeded: bool = False
    note: str = ""

    def read(self, data: str | Path, *, seed: int = 0) -> list[RetrievalSet]:
        """The parts of the benchmark, from the folder `data`. Raises `NotFound` or `BadData` with what is missing."""
        module, _, name = self.dataset.partition(":")
        options = dict(self.options)
        if self.exclude_reference is not None:
            options["exclude_reference"] = self.exclude_reference
        if self.join_captions:
            options["captions"] = self.join_captions
        if self.seeded:
            options["seed"] = seed
        found = getattr(import_module(module), name)(Path(data).expanduser(), self.split, **options)
        parts: Sequence[RetrievalSet] = [found] if isinstance(found, RetrievalSet) else found
        return list(parts)

    def protocol(self, seed: int = 0) -> dict[str, Any]:
        """Everything that decides a number, for the result file."""
        kept = ("dataset", "split", "gallery", "exclude_reference", "join_captions", "options", "metrics", "derived")
        whole = asdict(self)
        return {
            **{key: whole[key] for key in kept},
            "text_prompt": self.text_prompt,
            "score": "cosine, float32",
            "ties": TIES,
            "parts": "plain mean",
            "seed": seed if self.seeded else None,
            "paper": self.paper,
            "note": self.note,
        }

    @property
    def depth(self) -> int:
        """How many ids a run must hold so that every metric can be computed from it: at least 100."""
        depths = [int(name.partition("@")[2]) for name in self.metrics if "@" in name]
        return max([100, *depths])

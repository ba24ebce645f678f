"""`train_phi`: any inversion method, from an index or cached features or captions to a checkpoint folder.

Decides what each method is fed with and writes the result; networks, losses and the loop are elsewhere. No picture is
opened: an index holds what φ needs. Validation is a function of a composer, handed in (e.g. one that runs `cirr-val`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from likebut.composers import COMPOSERS
from likebut.composers.base import Composer
from likebut.composers.phi import InversionNetwork
from likebut.encoders import load_encoder
from likebut.encoders.base import Encoder
from likebut.encoders.clip.encoder import ClipEncoder
from likebut.errors import BadData, BadQuery, IndexMismatch, NotFound
from likebut.stores import open_store
from likebut.training.checkpoint import Checkpoint, save_checkpoint
from likebut.training.distributed import Process, processes
from likebut.training.features import FeatureCache
from likebut.training.inversion import FrozenText, InversionMethod
from likebut.training.lincir import LincirTraining
from likebut.training.loop import TrainConfig, train
from likebut.training.pic2word import Pic2WordTraining
from likebut.training.searle import Phrases, SearleTraining, associate, optimise_all
from likebut.training.state import read, read_weights
from likebut.types import Array

METHODS = ("pic2word", "searle", "lincir")
CAPTION_COLUMNS = ("caption", "text", "title")  # of an index, in order of preference

Validate = Callable[[Composer], Mapping[str, float]]


def train_phi(
    method: str,
    encoder: Encoder | str,
    out: str | Path,
    *,
    features: FeatureCache | Array | str | Path | None = None,
    captions: Sequence[str] | str | Path | None = None,
    phrases: str | Path | None = None,
    steps: int = 20_000,
    batch_size: int | None = None,
    validate: Validate | None = None,
    data: str = "",
    recipe: str = "",
    licence: str = "the licence of the data it was trained on",
    device: str = "auto",
    options: Mapping[str, Any] | None = None,
    token_steps: int = 350,
    resume: bool = True,
    quiet: bool = False,
    **settings: Any,
) -> Path:
    """Train φ of `method` for `encoder`; returns `out`, then usable as `--composer`. Rank 0 writes.

    features   pic2word, searle: an index folder, a `FeatureCache` or its folder, an .npz, or (N, D) rows not scaled
    captions   lincir: texts, a file with one per line, or an index whose metadata has a column `caption`
    phrases    searle: a file of lines `concept<TAB>phrase`
    batch_size rows per process; the published one where the data fill it, less where they do not
    validate   a function of the composer at hand → numbers; the first, or `monitor`, decides which weights are kept
    options    arguments of the method, e.g. {"l2_normalize": True} or {"keywords": spacy_finder()} for lincir
    settings   of `TrainConfig`: lr, warmup, precision, minutes, seed, …; what is not given is as published

    `out/run` holds log.jsonl and the state that an interrupted run goes on from. Under torchrun every process takes
    its part. Raises `IndexMismatch` where the features are another encoder's, `BadData`, `NotFound`, `BadQuery`.
    """
    if method not in METHODS:
        raise BadQuery(f"Unknown method {method!r}; φ can be trained by {', '.join(METHODS)}.")
    out = Path(out)
    with processes(device) as process:
        loaded = load_encoder(encoder, device=str(process.device)) if isinstance(encoder, str) else encoder
        text = frozen_text(loaded)
        process = Process(process.rank, process.world, text.device)
        material = _Material(features, captions, phrases)
        if method == "lincir":
            task: InversionMethod = LincirTraining(text, material.captions(), **(options or {}))
        elif method == "pic2word":
            task = Pic2WordTraining(text, material.rows(loaded), **(options or {}))
        else:
            tokens = partial(
                optimise_all, folder=out / "run" / "tokens", process=process, steps=token_steps,
                seed=settings.get("seed", 0), report=_progress(quiet or not process.first),
            )  # fmt: skip
            task = _searle(text, material.rows(loaded), material.phrases(text), tokens, options or {})
        config = task.config(steps, **settings)
        torch.manual_seed(config.seed)  # a run is its seed, whatever was drawn before
        phi = task.network().to(text.device)
        rows = _fitting_batch(task, batch_size, process)
        outcome = train(
            lambda batch: task.loss(phi, batch),
            phi,
            task.batches(rows, process, config.seed),
            config,
            out=out / "run",
            validate=_as_composer(method, loaded, task, validate),
            resume=resume,
            quiet=quiet,
        )
        if process.first:
            kept = "best" if (out / "run" / "best.pt").exists() else "last"
            phi.load_state_dict(read_weights(out / "run", kept))
            scores = read(out / "run" / "best.pt")["metrics"] if kept == "best" else outcome.metrics
            extra = {
                "seconds": round(outcome.seconds, 1),
                "steps": outcome.step,
                "step_kept": outcome.best_step or outcome.step,
                "batch_size": rows * process.world,
            }
            about = {"data": data or "not stated", "recipe": recipe or f"likebut train {method}", "licence": licence}
            _write(out, method, phi, loaded, task, scores, config, about, extra)
    return out


def frozen_text(encoder: Encoder) -> FrozenText:
    """The encoder's text tower, for training. Raises `BadQuery` for an encoder that is no CLIP with one."""
    if not isinstance(encoder, ClipEncoder) or encoder.clip.text is None or encoder.tokenizer is None:
        raise BadQuery(f"{encoder.name} has no CLIP text tower to read pseudo-words with; φ cannot be trained for it.")
    return FrozenText(encoder.clip, encoder.tokenizer)


def open_features(source: FeatureCache | Array | str | Path, encoder: Encoder) -> FeatureCache:
    """Image features of `encoder`, not scaled, from wherever they lie. Raises `IndexMismatch` for another encoder's."""
    if isinstance(source, FeatureCache):
        cache = source
    elif isinstance(source, str | Path):
        if (Path(source) / "index.json").is_file():
            with open_store(source) as store:
                cache = FeatureCache.from_store(store)
        else:
            cache = FeatureCache.open(source)
    else:
        cache = FeatureCache(source, [], encoder.name, encoder.fingerprint)
    if cache.fingerprint not in ("", encoder.fingerprint) or cache.dim != encoder.dim:
        raise IndexMismatch(
            f"The features were made with {cache.encoder} ({cache.dim} numbers, fingerprint "
            f"{cache.fingerprint or 'unknown'}); φ is to be trained for {encoder.name} ({encoder.dim}, "
            f"{encoder.fingerprint}). Use --encoder {cache.encoder}."
        )
    return cache


def read_captions(source: Sequence[str] | str | Path) -> Sequence[str]:
    """Texts as they are, the lines of a UTF-8 file, or the captions that an index holds as metadata.

    Raises `NotFound`, and `BadData` for an index without captions.
    """
    if not isinstance(source, str | Path):
        return source
    path = Path(source)
    if (path / "index.json").is_file():
        with open_store(path) as store:
            rows = [metadata for _, metadata in store.metadata()]
        column = next((name for name in CAPTION_COLUMNS if any(row.get(name) for row in rows)), None)
        if column is None:
            found = ", ".join(sorted({name for row in rows for name in row})) or "no metadata"
            raise BadData(f"{path} holds no captions: expected a column {' or '.join(CAPTION_COLUMNS)}; found {found}.")
        return [str(row[column]) for row in rows if row.get(column)]
    if not path.is_file():
        raise NotFound(f"No captions at {path}. Expected a text file with one caption per line, or an index.")
    return [line for line in path.read_text("utf-8").splitlines() if line.strip()]


@dataclass(frozen=True)
class _Material:
    """What was given to train on; asking for what was not given says how to give it."""

    features: FeatureCache | Array | str | Path | None
    texts: Sequence[str] | str | Path | None
    phrase_file: str | Path | None

    def rows(self, encoder: Encoder) -> Array:
        if self.features is None:
            raise BadQuery(
                "This method trains on image features: give an index (--index NAME.likebut) or a cache of them."
            )
        return open_features(self.features, encoder).rows

    def captions(self) -> Sequence[str]:
        if self.texts is None:
            raise BadQuery("lincir trains on captions: give a text file with one per line, or an index that has them.")
        return read_captions(self.texts)

    def phrases(self, text: FrozenText) -> Phrases:
        if self.phrase_file is None:
            raise BadQuery(
                "searle needs phrases: give a text file of lines concept, tab, a phrase that names the concept."
            )
        return Phrases.read(self.phrase_file, text)


def _searle(
    text: FrozenText, rows: Array, phrases: Phrases, optimise: Callable[..., Array], options: Mapping[str, Any]
) -> SearleTraining:
    """Stages 1 and 2, and stage 3 ready to run."""
    nearest = associate(rows, phrases.concepts, text)
    return SearleTraining(text, rows, optimise(rows, nearest, phrases), nearest, phrases, **options)


def _progress(quiet: bool) -> Callable[[int, int], None]:
    start = time.monotonic()

    def report(done: int, of: int) -> None:
        spent = time.monotonic() - start
        if not quiet:
            print(f"tokens: block {done}/{of}, {spent:.0f} s, {spent / done * (of - done):.0f} s left", flush=True)

    return report


def _fitting_batch(task: InversionMethod, asked: int | None, process: Process) -> int:
    """The published batch, or as many rows as there are when they are fewer; what is asked for stays as it is."""
    if asked is not None:
        return asked
    return max(1, min(task.batch_size, task.size // process.world))


def _as_composer(
    method: str, encoder: Encoder, task: InversionMethod, validate: Validate | None
) -> Callable[[nn.Module], Mapping[str, float]] | None:
    """What the loop validates with: the module at hand as a composer over the same encoder."""
    if validate is None:
        return None
    make = COMPOSERS.load(method)

    def run(phi: nn.Module) -> Mapping[str, float]:
        assert isinstance(phi, InversionNetwork)
        phi.origin = {"encoder": encoder.name, "fingerprint": encoder.fingerprint}
        return validate(make(phi, encoder, l2_normalize=task.l2_normalize))

    return run


def _write(
    out: Path,
    method: str,
    phi: InversionNetwork,
    encoder: Encoder,
    task: InversionMethod,
    scores: Mapping[str, float],
    config: TrainConfig,
    about: Mapping[str, str],
    extra: Mapping[str, Any],
) -> None:
    save_checkpoint(
        out,
        Checkpoint(
            kind=COMPOSERS[method].target,
            encoder={"name": encoder.name, "fingerprint": encoder.fingerprint},
            data=about["data"],
            recipe=about["recipe"],
            licence=about["licence"],
            weights=phi.state_dict(),
            options={"l2_normalize": True} if task.l2_normalize else {},
            scores=scores,
            extra={"phi": phi.shape(), "seed": config.seed, "lr": config.lr, "torch": torch.__version__, **extra},
        ),
    )

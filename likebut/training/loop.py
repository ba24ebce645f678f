"""The loop: batches → loss → step, with everything that makes a long run safe. It knows no model and no data set.

The caller hands in a module whose weights move, a function `step(batch) → loss`, a loader, and, if wanted, a function
`validate(model) → numbers`. Frozen encoders live in the caller's closure and are neither trained nor saved.

A run folder holds `last.pt` (resume bit for bit), `best.pt` (weights of the best validation) and `log.jsonl`.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import torch
from torch import Tensor, nn

from likebut.errors import BadCheckpoint
from likebut.training import state as states
from likebut.training.data import Batches
from likebut.training.distributed import any_process, average_gradients, gather_objects, joined, share_weights
from likebut.training.optim import EMA, Schedule, clip_gradients, lr_factor, parameter_groups
from likebut.training.report import Report

Step = Callable[[Any], "Tensor | tuple[Tensor, Mapping[str, float]]"]
Validate = Callable[[nn.Module], Mapping[str, float]]


@dataclass(frozen=True)
class TrainConfig:
    """How to train; everything that is a number or a name, so that it can be written into a result file.

    steps         optimizer steps of the whole run
    warmup        steps of linear warm-up; `schedule`, `cooldown`, `floor`: see `optim.lr_factor`
    accumulate    batches per step. Contrastive losses see the negatives of one batch only
    clip          largest joint length of the gradients; None: any
    ema           decay of the running mean of the weights, which is then what is validated and kept; None: off
    precision     "auto": bf16 or fp16 (with loss scaling) on a GPU, fp32 on a CPU; or one of these by name
    monitor       which number of `validate` decides on best.pt (higher is better); "": the first
    *_every       steps between log lines, validations (also at the end) and checkpoints
    minutes       stop this session after so long, with a checkpoint; None: never
    """

    steps: int
    lr: float = 1e-4
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    warmup: int = 0
    schedule: Schedule = "constant"
    cooldown: int = 0
    floor: float = 0.0
    accumulate: int = 1
    clip: float | None = None
    ema: float | None = None
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    monitor: str = ""
    log_every: int = 50
    validate_every: int = 1000
    save_every: int = 1000
    minutes: float | None = None
    seed: int = 0


@dataclass
class Outcome:
    """How a run ended. stopped: "done", "time" or "signal"; seconds: training time of all sessions together."""

    step: int = 0
    seconds: float = 0.0
    stopped: str = "done"
    metrics: dict[str, float] = field(default_factory=dict)
    best: float = -float("inf")
    best_step: int = 0


def train(
    step: Step,
    model: nn.Module,
    batches: Batches,
    config: TrainConfig,
    *,
    out: str | Path,
    validate: Validate | None = None,
    lr_scale: Callable[[str], float] | None = None,
    resume: bool = True,
    quiet: bool = False,
) -> Outcome:
    """Train `model` for `config.steps` steps, or until the time is up or SIGTERM or Ctrl-C comes.

    step(batch) returns the mean loss of the batch, alone or with numbers to log; it runs under autocast. The module is
    put into training mode before the first step and after each validation. validate(model) gets the module in
    evaluation mode with the running mean as its weights. With `resume`, a `last.pt` in `out` is continued: the
    weights after N steps are equal to the bit, interrupted or not (same machine, same number of threads).

    In several processes (`distributed.processes`) gradients are averaged; rank 0 validates, writes and speaks.
    At the end `model` holds the last weights; `state.read_weights(out)` gives the best.
    Raises `BadData`, `BadCheckpoint` where the folder's state belongs to another loader or module, and
    `FloatingPointError` where the loss is not a number.
    """
    run = _Run(step, model, batches, config, Path(out), lr_scale)
    if resume and (run.out / "last.pt").exists():
        run.load()
    else:
        states.seed_everything(config.seed + run.rank)
        share_weights(model)
    first = run.rank == 0
    with (
        Report(run.out if first else None, config.steps, run.outcome.step, quiet=quiet or not first) as report,
        _signals() as stop,
    ):
        try:
            run.loop(report, stop, validate)
        finally:
            batches.close()
    return run.outcome


class _Run:
    """The moving parts of one call of `train`."""

    def __init__(
        self,
        step: Step,
        model: nn.Module,
        batches: Batches,
        config: TrainConfig,
        out: Path,
        lr_scale: Callable[[str], float] | None,
    ) -> None:
        self.step, self.model, self.batches, self.config, self.out = step, model, batches, config, out
        self.device = next(model.parameters()).device
        self.dtype = _dtype(config.precision, self.device)
        groups = parameter_groups(model, config.lr, config.weight_decay, lr_scale)
        self.optimizer = torch.optim.AdamW(groups, lr=config.lr, betas=config.betas, eps=config.eps)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)
        self.ema = EMA(model, config.ema) if config.ema is not None else None
        self.rank = torch.distributed.get_rank() if joined() else 0
        self.outcome = Outcome()
        self.loss = torch.zeros(())

    def loop(self, report: Report, stop: threading.Event, validate: Validate | None) -> None:
        config, outcome = self.config, self.outcome
        start, before = time.monotonic(), outcome.seconds
        self.model.train()
        while outcome.step < config.steps:
            factor = lr_factor(
                outcome.step, config.steps, config.warmup, config.schedule, config.cooldown, config.floor
            )
            numbers = self._one_step(factor)
            outcome.step += 1
            outcome.seconds = before + time.monotonic() - start
            report.advance(outcome.step)
            last = outcome.step == config.steps
            if last or outcome.step % config.log_every == 0:
                report.write(outcome.step, outcome.seconds, {**numbers(), "lr": config.lr * factor})
            if validate is not None and (last or outcome.step % config.validate_every == 0):
                self._validate(validate, report)
            signalled = any_process(stop.is_set(), self.device)
            late = config.minutes is not None and outcome.seconds - before > config.minutes * 60
            late = any_process(late, self.device) and not last
            if signalled or late or last or outcome.step % config.save_every == 0:
                self.save()
            if signalled or late:
                outcome.stopped = "signal" if signalled else "time"
                report.write(outcome.step, outcome.seconds, {"stopped": outcome.stopped})
                return

    def _one_step(self, factor: float) -> Callable[[], dict[str, float]]:
        """One optimizer step; returns a function that reads the numbers, because reading them waits for the GPU."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["base_lr"] * factor
        self.optimizer.zero_grad(set_to_none=True)
        total, extra = torch.zeros((), device=self.device), dict[str, float]()
        for _ in range(self.config.accumulate):
            with torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype != torch.float32):
                found = self.step(next(self.batches))
            loss, given = found if isinstance(found, tuple) else (found, {})
            extra.update(given)
            loss = loss / self.config.accumulate
            self.scaler.scale(loss).backward()
            total += loss.detach()
        average_gradients(self.model.parameters())
        self.scaler.unscale_(self.optimizer)
        length = clip_gradients(self.model.parameters(), self.config.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.ema is not None:
            self.ema.update(self.model)

        self.loss = total

        def numbers() -> dict[str, float]:
            self._check_loss()
            return {"loss": float(total), "gradient": float(length), **extra}

        return numbers

    def _check_loss(self) -> None:
        if not torch.isfinite(self.loss):
            raise FloatingPointError(
                f"The loss is {float(self.loss)} at step {self.outcome.step}. Lower the learning rate, clip gradients, "
                "or use precision fp32; last.pt is from before."
            )

    def _validate(self, validate: Validate, report: Report) -> None:
        """Rank 0 scores the running mean and keeps the best so far; the live weights come back untouched."""
        if self.rank == 0:
            live = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
            generators = states.random_states()  # validating must not change what training draws
            weights = self.ema.shadow if self.ema is not None else live
            self.model.load_state_dict(weights)
            self.model.eval()
            with torch.no_grad():
                metrics = {key: float(value) for key, value in validate(self.model).items()}
            monitor = self.config.monitor or next(iter(metrics))
            if metrics[monitor] > self.outcome.best:
                self.outcome.best, self.outcome.best_step = metrics[monitor], self.outcome.step
                best = {"model": weights, "step": self.outcome.step, "metrics": metrics, "config": asdict(self.config)}
                states.write_atomically(best, self.out / "best.pt")
            self.outcome.metrics = metrics
            self.model.load_state_dict(live)
            states.restore_random_states(generators)
            report.write(self.outcome.step, self.outcome.seconds, metrics)
        self.model.train()

    def save(self) -> None:
        self._check_loss()  # a checkpoint must never hold weights that a bad loss has moved
        generators = gather_objects(states.random_states())
        if self.rank == 0:
            everything = {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.scaler.state_dict(),
                "ema": self.ema.state_dict() if self.ema is not None else None,
                "batches": self.batches.state_dict(),
                "random": generators,
                "outcome": asdict(self.outcome),
                "config": asdict(self.config),
            }
            states.write_atomically(everything, self.out / "last.pt")

    def load(self) -> None:
        saved = states.read(self.out / "last.pt")
        try:
            self.model.load_state_dict(saved["model"])
            self.optimizer.load_state_dict(saved["optimizer"])
        except (RuntimeError, ValueError) as error:
            raise BadCheckpoint(
                f"{self.out / 'last.pt'} belongs to another model ({error}). Continue with the model it was made "
                "with, or use an empty folder."
            ) from error
        for (
            group
        ) in self.optimizer.param_groups:  # a changed learning rate takes effect; its history does not come back
            group["base_lr"] = group["base_lr"] * self.config.lr / saved["config"]["lr"]
        self.scaler.load_state_dict(saved["scaler"])
        if self.ema is not None and saved["ema"] is not None:
            self.ema.load_state_dict(saved["ema"])
        self.batches.load_state_dict(saved["batches"])
        self.outcome = Outcome(**{**saved["outcome"], "stopped": "done"})
        if self.rank < len(saved["random"]):
            states.restore_random_states(saved["random"][self.rank])


def _dtype(precision: str, device: torch.device) -> torch.dtype:
    if precision == "auto":
        if device.type != "cuda":
            return torch.float32
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """SIGTERM and Ctrl-C ask for a checkpoint and an orderly end; a second one interrupts at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may receive signals
        return
    usual = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()
        for key, handler in usual.items():
            signal.signal(key, handler)

    for number in usual:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)

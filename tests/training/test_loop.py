"""The loop on a model of a few numbers: resuming to the bit, schedules, groups, running mean, signals, processes."""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from likebut.errors import BadCheckpoint, BadData, NotFound
from likebut.training.data import Batches, over_arrays
from likebut.training.loop import TrainConfig, train
from likebut.training.losses import info_nce
from likebut.training.optim import EMA, lr_factor, parameter_groups
from likebut.training.state import read, read_weights

GOLDEN = np.load(Path(__file__).parents[1] / "goldens/losses/losses.npz")


class Small(nn.Module):
    """Everything that can spoil a resume: batch statistics, dropout, a scalar, a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.LayerNorm(8), nn.Linear(8, 4))
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


def small(seed: int = 0) -> Small:
    torch.manual_seed(seed)
    return Small()


def loader(**options: int) -> Batches:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(37, 6)).astype("f4"), rng.normal(size=(37, 4)).astype("f4")
    return Batches(37, 8, over_arrays(x, y), seed=3, **options)


def run(model: Small, batches: Batches, config: TrainConfig, out: Path, validate=None):  # type: ignore[no-untyped-def]
    def step(batch: tuple[Tensor, Tensor]) -> Tensor:
        x, y = batch
        x = x + 0.1 * random.random() + 0.1 * float(np.random.rand())
        return info_nce(model(x), y, model.scale.exp())

    return train(step, model, batches, config, out=out, validate=validate, quiet=True)


CONFIG = TrainConfig(
    steps=20, lr=1e-2, warmup=3, schedule="cooldown", cooldown=5, clip=1.0, ema=0.99, seed=5, log_every=1
)


def assert_equal_to_the_bit(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_ten_steps_resumed_for_ten_more_equal_twenty_to_the_bit(tmp_path: Path, accumulate: int, prefetch: int) -> None:
    config = TrainConfig(**{**CONFIG.__dict__, "accumulate": accumulate})
    whole = small()
    run(whole, loader(), config, tmp_path / "whole")
    first = small()
    run(
        first,
        loader(prefetch=prefetch),
        TrainConfig(**{**config.__dict__, "steps": 10, "cooldown": 0}),
        tmp_path / "parts",
    )
    second = small(seed=99)  # other weights and other random states: all must come from the file
    torch.manual_seed(1234), random.seed(7), np.random.seed(8)
    outcome = run(second, loader(prefetch=prefetch), config, tmp_path / "parts")
    assert outcome.step == 20
    assert not torch.equal(first.net[0].weight, second.net[0].weight)
    assert_equal_to_the_bit(whole.state_dict(), second.state_dict())
    a, b = read(tmp_path / "whole/last.pt"), read(tmp_path / "parts/last.pt")
    assert_equal_to_the_bit(a["ema"]["shadow"], b["ema"]["shadow"])
    for key, moments in a["optimizer"]["state"].items():
        assert_equal_to_the_bit(moments, b["optimizer"]["state"][key])
    losses = [[json.loads(line)["loss"] for line in (tmp_path / f / "log.jsonl").open()] for f in ("whole", "parts")]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 20


def test_validation_between_does_not_change_what_is_learned(tmp_path: Path) -> None:
    def validate(model: nn.Module) -> dict[str, float]:
        assert not model.training
        return {"score": float(torch.rand(()))}

    plain, validated = small(), small()
    run(plain, loader(), CONFIG, tmp_path / "plain")
    run(validated, loader(), TrainConfig(**{**CONFIG.__dict__, "validate_every": 3}), tmp_path / "seen", validate)
    assert_equal_to_the_bit(plain.state_dict(), validated.state_dict())


def test_the_best_validation_is_kept_and_it_saw_the_running_mean(tmp_path: Path) -> None:
    scores, seen = iter([0.2, 0.9, 0.4, 0.1]), []

    def validate(model: nn.Module) -> dict[str, float]:
        seen.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        return {"other": 1.0, "score": next(scores)}

    model = small()
    config = TrainConfig(**{**CONFIG.__dict__, "validate_every": 5, "monitor": "score"})
    outcome = run(model, loader(), config, tmp_path, validate)
    assert (outcome.best, outcome.best_step) == (0.9, 10)
    assert_equal_to_the_bit(read_weights(tmp_path), seen[1])
    assert_equal_to_the_bit(read_weights(tmp_path, "last"), seen[3])
    assert not torch.equal(seen[3]["net.0.weight"], model.net[0].weight)


def test_a_lower_loss_is_reached(tmp_path: Path) -> None:
    run(small(), loader(), TrainConfig(steps=200, lr=3e-2, log_every=10), tmp_path)
    losses = [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").open()]
    assert losses[-1] < 0.6 * losses[0]


def test_sigterm_leaves_a_checkpoint_that_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole, stopped = small(), small()
    run(whole, loader(), CONFIG, tmp_path / "whole")

    def step(batch: tuple[Tensor, Tensor]) -> Tensor:
        if calls[0] == 6:
            os.kill(os.getpid(), signal.SIGTERM)
        calls[0] += 1
        x, y = batch
        x = x + 0.1 * random.random() + 0.1 * float(np.random.rand())
        return info_nce(stopped(x), y, stopped.scale.exp())

    calls, usual = [0], signal.getsignal(signal.SIGTERM)
    outcome = train(step, stopped, loader(), CONFIG, out=tmp_path / "cut", quiet=True)
    assert (outcome.stopped, outcome.step) == ("signal", 7)
    assert signal.getsignal(signal.SIGTERM) is usual
    outcome = train(step, stopped, loader(), CONFIG, out=tmp_path / "cut", quiet=True)
    assert (outcome.stopped, outcome.step) == ("done", 20)
    assert_equal_to_the_bit(whole.state_dict(), stopped.state_dict())


def test_the_time_limit_stops_with_a_checkpoint(tmp_path: Path) -> None:
    outcome = run(small(), loader(), TrainConfig(**{**CONFIG.__dict__, "minutes": 0.0}), tmp_path)
    assert (outcome.stopped, outcome.step) == ("time", 1)
    assert read(tmp_path / "last.pt")["outcome"]["step"] == 1


def test_lines_of_lost_steps_leave_the_log(tmp_path: Path) -> None:
    run(small(), loader(), TrainConfig(**{**CONFIG.__dict__, "steps": 5, "cooldown": 0}), tmp_path)
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 6, "loss": 123.0}\n{"step": 7, "lo')  # written, then killed before the checkpoint
    run(small(), loader(), CONFIG, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").open()]
    assert [line["step"] for line in lines] == list(range(1, 21))
    assert 123.0 not in [line["loss"] for line in lines]


def test_a_loss_that_is_no_number_stops_before_it_is_saved(tmp_path: Path) -> None:
    model = small()
    with pytest.raises(FloatingPointError, match="at step 1"):
        train(lambda batch: model.scale * float("nan"), model, loader(), CONFIG, out=tmp_path, quiet=True)
    assert not (tmp_path / "last.pt").exists()


def test_another_model_or_other_data_is_refused(tmp_path: Path) -> None:
    run(small(), loader(), TrainConfig(**{**CONFIG.__dict__, "steps": 2, "cooldown": 0}), tmp_path)
    other = nn.Linear(6, 4)
    with pytest.raises(BadCheckpoint, match="another model"):
        train(lambda batch: other(batch[0]).sum(), other, loader(), CONFIG, out=tmp_path, quiet=True)
    with pytest.raises(BadData, match="size 37, this one has 36"):
        run(small(), Batches(36, 8, loader().make, seed=3), CONFIG, tmp_path)
    with pytest.raises(NotFound, match="No training state"):
        read_weights(tmp_path)
    (tmp_path / "best.pt").write_bytes(b"not torch")
    with pytest.raises(BadCheckpoint, match="not a training state"):
        read_weights(tmp_path)


def test_biases_norms_and_scalars_do_not_decay() -> None:
    model = small()
    model.net[0].bias.requires_grad_(False)
    groups = parameter_groups(model, 0.1, 0.2, lambda name: 0.01 if name.startswith("net.4") else 1.0)
    found = sorted((g["lr"], g["weight_decay"], sum(p.numel() for p in g["params"])) for g in groups)  # type: ignore[misc,attr-defined]
    # net.4: weight 8 × 4 and bias 4 at 0.001. Elsewhere: weight 6 × 8; two norms of 8 + 8 and the scale; the
    # frozen bias is out.
    assert found == [(0.001, 0.0, 4), (0.001, 0.2, 32), (0.1, 0.0, 33), (0.1, 0.2, 48)]


def test_schedules_by_hand() -> None:
    assert [lr_factor(s, 10, 4, "constant") for s in (0, 1, 3, 4, 9)] == [0.25, 0.5, 1.0, 1.0, 1.0]
    assert lr_factor(10, 10, 2, "cosine", floor=0.1) == pytest.approx(0.1)
    assert lr_factor(4, 10, 2, "cosine") == pytest.approx((1 + math.cos(math.pi / 4)) / 2)
    assert [lr_factor(s, 10, 0, "cooldown", cooldown=4) for s in (0, 6, 7, 9, 10)] == [1.0, 1.0, 0.75, 0.25, 0.0]


def test_the_running_mean_equals_lincirs() -> None:
    model = nn.Linear(5, 1, bias=False)
    values = torch.from_numpy(GOLDEN["lincir.ema_params"])
    model.weight.data.copy_(values[:1])
    ema = EMA(model, 0.9999)
    for value, expected in zip(values[1:], GOLDEN["lincir.ema_shadow"], strict=True):
        model.weight.data.copy_(value[None])
        ema.update(model)
        np.testing.assert_allclose(ema.shadow["weight"][0].numpy(), expected, rtol=2e-6, atol=1e-7)


WORKER = """
import sys, torch
from torch import nn
from likebut.training.data import Batches, over_arrays
from likebut.training.distributed import gather_features, processes
from likebut.training.loop import TrainConfig, train
from likebut.training.losses import info_nce
import numpy as np

rng = np.random.default_rng(0)
x, y = rng.normal(size=(32, 6)).astype("f4"), rng.normal(size=(32, 4)).astype("f4")
with processes("cpu") as process:
    torch.manual_seed(process.rank)  # rank 0's weights must win
    model = nn.Linear(6, 4)
    batches = Batches(32, 8 // process.world, over_arrays(x, y), rank=process.rank, world=process.world)
    step = lambda batch: info_nce(gather_features(model(batch[0])), gather_features(batch[1]), 3.0)
    config = TrainConfig(steps=6, lr=1e-2, log_every=2)
    train(step, model, batches, config, out=sys.argv[1], quiet=True, validate=lambda m: {"bias": float(m.bias.sum())})
"""


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    base = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(script)]
    subprocess.run([*command, str(tmp_path / "one")], check=True, env=base, timeout=120)
    network = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(random.randint(20000, 60000))}
    both = [
        subprocess.Popen([*command, str(tmp_path / "two")], env=base | network | {"RANK": str(rank)}) for rank in (0, 1)
    ]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    one, two = read_weights(tmp_path / "one"), read_weights(tmp_path / "two")
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-5, atol=1e-6)
    assert len(read(tmp_path / "two/last.pt")["random"]) == 2
    logs = [[json.loads(line) for line in (tmp_path / name / "log.jsonl").open()] for name in ("one", "two")]
    assert (
        [line["step"] for line in logs[1]] == [line["step"] for line in logs[0]] == [2, 4, 6, 6]
    )  # rank 0 alone writes

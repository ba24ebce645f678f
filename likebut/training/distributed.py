"""One process or several: the few collective calls that training needs, each a no-op in a single process.

Started by `torchrun --nproc-per-node N …`; its environment variables say rank, world size and rendezvous.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True)
class Process:
    """Which of how many processes this is, and the device it computes on. Rank 0 writes files and speaks."""

    rank: int = 0
    world: int = 1
    device: torch.device = torch.device("cpu")

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0


@contextmanager
def processes(device: str = "auto") -> Iterator[Process]:
    """Join the other processes of torchrun (or be alone), and leave them at the end.

    device: "auto" is this process's GPU where there is one, else the CPU.
    """
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if device == "auto":
        device = f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"
    chosen = torch.device(device)
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    if world == 1:
        yield Process(0, 1, chosen)
        return
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo", rank=rank, world_size=world)
    try:
        yield Process(rank, world, chosen)
    finally:
        dist.destroy_process_group()


def joined() -> bool:
    """True where several processes train together."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


class _Gather(torch.autograd.Function):
    """all_gather whose backward adds up what every process wants of one's rows."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, rows.contiguous())
        ctx.size = len(rows)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        gradient = gradient.contiguous()
        dist.all_reduce(gradient)
        start = dist.get_rank() * ctx.size
        return gradient[start : start + ctx.size]


def gather_features(rows: Tensor, *, gradient: bool = True) -> Tensor:
    """(B, D) of this process → (world · B, D) of all, in order of rank; the same tensor on every process.

    gradient=True: every process computes the whole global loss, and since `train` averages the gradients of the
    processes, the result is exactly that of one process with the whole batch. gradient=False (Pic2Word, Alpha-CLIP):
    only this process's rows carry gradient; `train` then sees 1/world of the exact gradient. All processes must hold
    equally many rows.
    """
    if not joined():
        return rows
    if gradient:
        return _Gather.apply(rows)  # type: ignore[no-any-return]
    parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, rows.detach().contiguous())
    parts[dist.get_rank()] = rows
    return torch.cat(parts)


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Mean of the gradients over processes, in one message per dtype. A parameter nobody used counts as zero."""
    if not joined():
        return
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    for parameter in trained:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    for dtype in {parameter.dtype for parameter in trained}:
        gradients = [p.grad for p in trained if p.dtype == dtype and p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= dist.get_world_size()
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))


def share_weights(model: nn.Module) -> None:
    """Give every process rank 0's parameters and buffers."""
    if joined():
        for tensor in model.state_dict().values():
            dist.broadcast(tensor, 0)


def gather_objects(value: Any) -> list[Any]:
    """One small picklable value per process, in order of rank."""
    if not joined():
        return [value]
    values: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return values


def any_process(flag: bool, device: torch.device) -> bool:
    """True on all processes if True on one: all leave a loop together, or none does."""
    if not joined():
        return flag
    agreed = torch.tensor(int(flag), device=device)
    dist.all_reduce(agreed, dist.ReduceOp.MAX)
    return bool(agreed)

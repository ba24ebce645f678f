"""What moves the weights: parameter groups, the learning rate of a step, and the running mean of the weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import Tensor, nn

Schedule = Literal["constant", "cosine", "cooldown"]


def parameter_groups(
    model: nn.Module, lr: float, weight_decay: float, lr_scale: Callable[[str], float] | None = None
) -> list[dict[str, object]]:
    """Groups for AdamW: no decay on biases, norms and scalars (everything with fewer than two dimensions).

    lr_scale: name → factor on the learning rate, e.g. 0.01 for everything but `conv1_alpha` (Alpha-CLIP). Frozen
    parameters are left out. Groups come in a fixed order, because an optimizer's state is stored by position.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            decay = weight_decay if parameter.ndim >= 2 else 0.0
            groups.setdefault((lr_scale(name) if lr_scale else 1.0, decay), []).append(parameter)
    return [
        {"params": parameters, "lr": lr * scale, "base_lr": lr * scale, "weight_decay": decay}
        for (scale, decay), parameters in groups.items()
    ]


def lr_factor(step: int, steps: int, warmup: int, schedule: Schedule, cooldown: int = 0, floor: float = 0.0) -> float:
    """Factor on the learning rate of step `step` (from 0) of `steps`.

    Linear from 1/warmup to 1 over the first `warmup` steps, then
    constant  1
    cosine    from 1 to `floor` along half a cosine that ends at `steps`
    cooldown  1, and over the last `cooldown` steps linearly to `floor`: `steps` can be changed at a resume up to
              there, because the factors before do not depend on it

    >>> [round(lr_factor(s, 10, 2, "cosine"), 3) for s in (0, 1, 2, 6)]
    [0.5, 1.0, 1.0, 0.5]
    """
    if step < warmup:
        return (step + 1) / warmup
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        done = min(1.0, (step - warmup) / max(1, steps - warmup))
        return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2
    left = max(0, steps - step)
    return floor + (1 - floor) * min(1.0, left / max(1, cooldown))


class EMA:
    """Running mean of a module's parameters and floating-point buffers; other buffers are copied.

    After update k (from 1) the mean moves by 1 − min(decay, (1+k)/(10+k)) towards the module, so that a young mean
    follows fast. The same rule as LinCIR's (arXiv:2312.01998, released code).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay, self.updates = decay, 0
        self.shadow = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move towards the module's present weights."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        means, values = [], []
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                means.append(self.shadow[name])
                values.append(tensor.detach())
            else:
                self.shadow[name].copy_(tensor)
        torch._foreach_lerp_(means, values, 1 - decay)

    def state_dict(self) -> dict[str, object]:
        """The mean and how often it was moved."""
        return {"shadow": self.shadow, "updates": self.updates}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Take over another mean of the same module."""
        for name, tensor in state["shadow"].items():  # type: ignore[attr-defined]
            self.shadow[name].copy_(tensor)
        self.updates = int(state["updates"])  # type: ignore[call-overload]


def clip_gradients(parameters: Iterable[nn.Parameter], largest: float | None) -> Tensor:
    """Scale all gradients so that their joint length is at most `largest`; returns the length before, ()."""
    with_gradient = [parameter for parameter in parameters if parameter.grad is not None]
    return nn.utils.clip_grad_norm_(with_gradient, largest if largest is not None else math.inf)

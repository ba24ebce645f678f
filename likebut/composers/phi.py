"""φ, the networks that turn an image feature into the embedding of a pseudo-word, and their published checkpoints.

Knows tensors and files; has never heard of prompts, queries or training. What φ takes is the projected image feature
at its own length, (B, D); what it gives is a row of the text tower's token-embedding table, (B, W), not scaled.

Sources: Pic2Word, Saito et al. 2023, arXiv:2302.03084 (`IM2TEXT`); SEARLE, Baldrati et al. 2023, arXiv:2303.15247,
and LinCIR, Gu et al. 2024, arXiv:2312.01998 (`Phi`). Keys and shapes are those of the released files.
"""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from likebut.encoders.base import Encoder, TokenEncoder
from likebut.errors import BadCheckpoint, NotFound


class InversionNetwork(nn.Module):
    """(B, D) image features, not scaled → (B, W) pseudo-tokens.

    origin: what the checkpoint says about itself: `layout`, `path`, and where it is a folder of ours the fields of its
    config.json, with `encoder` (a name) and `fingerprint` side by side.
    """

    in_dim: int
    out_dim: int
    origin: Mapping[str, Any] = {}

    def shape(self) -> dict[str, Any]:
        """What `build_phi` needs to make an empty network of this kind; written into config.json."""
        raise NotImplementedError


class IM2TEXT(InversionNetwork):
    """Pic2Word's φ: `n_layer` times (Linear, Dropout, ReLU), then Linear; dropout before the ReLU, as published."""

    def __init__(
        self, embed_dim: int = 768, middle_dim: int = 512, output_dim: int = 768, n_layer: int = 2, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.in_dim, self.middle_dim, self.out_dim, self.n_layer = embed_dim, middle_dim, output_dim, n_layer
        widths = [embed_dim] + [middle_dim] * n_layer
        self.layers = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(a, b), nn.Dropout(dropout), nn.ReLU())
                for a, b in zip(widths, widths[1:], strict=False)
            )
        )
        self.fc_out = nn.Linear(middle_dim, output_dim)

    def forward(self, features: Tensor) -> Tensor:
        """(B, D) → (B, W)."""
        return self.fc_out(self.layers(features))

    def shape(self) -> dict[str, Any]:
        """Constructor arguments of this network."""
        return {
            "kind": "IM2TEXT",
            "embed_dim": self.in_dim,
            "middle_dim": self.middle_dim,
            "output_dim": self.out_dim,
            "n_layer": self.n_layer,
        }


class Phi(InversionNetwork):
    """SEARLE's and LinCIR's φ: two hidden layers of 4 D, exact (erf) GELU, dropout after each."""

    def __init__(
        self, input_dim: int = 768, hidden_dim: int | None = None, output_dim: int = 768, dropout: float = 0.5
    ) -> None:
        super().__init__()
        hidden = 4 * input_dim if hidden_dim is None else hidden_dim
        self.in_dim, self.hidden_dim, self.out_dim = input_dim, hidden, output_dim
        self.layers = nn.Sequential(
            nn.Linear(input_dim, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, output_dim),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, D) → (B, W)."""
        return self.layers(features)

    def shape(self) -> dict[str, Any]:
        """Constructor arguments of this network."""
        return {
            "kind": "Phi",
            "input_dim": self.in_dim,
            "hidden_dim": self.hidden_dim,
            "output_dim": self.out_dim,
        }


def load_phi(path: str | PathLike[str]) -> InversionNetwork:
    """The φ of a checkpoint: `IM2TEXT` or `Phi`, dimensions read off its tensors, float32, in eval mode, on the CPU.

    Read are: Pic2Word's training file (`state_dict_img2text` beside a whole CLIP, which is ignored), SEARLE's and
    LinCIR's (`epoch`, `Phi`), a bare state dict (torch or safetensors), each with or without the prefix `module.`,
    and our checkpoint folder (config.json, model.safetensors). Nothing is unpickled but tensors and plain values.
    Raises `NotFound` for a missing file (never a random φ), `BadCheckpoint` that says what was found instead.
    """
    path = Path(path)
    if not path.exists():
        raise NotFound(
            f"There is no φ checkpoint at {path}. Give the file that its authors published, or a folder that "
            "likebut train wrote."
        )
    content, origin = _read(path)
    state, layout = _unwrap(content, path)
    phi = _build(state, path)
    phi.origin = {**origin, "layout": layout, "path": str(path)}
    return phi.float().eval()


def check_fits(phi: InversionNetwork, encoder: Encoder) -> TokenEncoder:
    """`encoder`, if `phi` can speak to it. Raises `BadCheckpoint` otherwise.

    Dimensions cannot tell ViT-L/14 from ViT-L/14@336, nor B/32 from B/16. Where the checkpoint records no encoder
    (no published one does) this warns and trusts the caller; where it does, name and fingerprint have the last word.
    """
    if not isinstance(encoder, TokenEncoder):
        raise BadCheckpoint(
            f"{encoder.name} takes no pseudo-token in its prompts, so no φ can be used with it. "
            "Use an encoder of the CLIP family; likebut models lists them."
        )
    source = phi.origin.get("path", "this φ")
    if (phi.in_dim, phi.out_dim) != (encoder.dim, encoder.token_width):
        raise BadCheckpoint(
            f"{source} maps features of {phi.in_dim} numbers to tokens of {phi.out_dim}; {encoder.name} has "
            f"{encoder.dim} and {encoder.token_width}. It was trained with another backbone: use that one, "
            "or train a φ for this one with likebut train."
        )
    made_by, fingerprint = phi.origin.get("encoder"), phi.origin.get("fingerprint")
    if fingerprint is not None and fingerprint != encoder.fingerprint:
        raise BadCheckpoint(
            f"{source} was trained with {made_by or 'an encoder'} (fingerprint {fingerprint}); this is {encoder.name} "
            f"(fingerprint {encoder.fingerprint}). Dimensions agree, weights or preprocessing do not."
        )
    if fingerprint is None and made_by is not None and made_by != encoder.name:
        raise BadCheckpoint(f"{source} was trained with {made_by}; this is {encoder.name}. Use --encoder {made_by}.")
    if fingerprint is None and made_by is None:
        warnings.warn(
            f"{source} does not record its encoder. Its dimensions fit {encoder.name}, but other backbones share "
            "them (ViT-L/14 and ViT-L/14@336, B/32 and B/16): make sure that this is the one it was trained with.",
            stacklevel=2,
        )
    return encoder


def build_phi(shape: Mapping[str, Any]) -> InversionNetwork:
    """An untrained φ from what `shape()` wrote."""
    kinds: dict[str, type[InversionNetwork]] = {"IM2TEXT": IM2TEXT, "Phi": Phi}
    arguments = {name: value for name, value in shape.items() if name != "kind"}
    return kinds[shape["kind"]](**arguments)


def _read(path: Path) -> tuple[Any, dict[str, Any]]:
    """The file's content, and what its config.json says."""
    origin: dict[str, Any] = {}
    if path.is_dir():
        config = path / "config.json"
        if not config.exists() or not (path / "model.safetensors").exists():
            found = ", ".join(sorted(entry.name for entry in path.iterdir())[:6]) or "nothing"
            raise NotFound(
                f"{path} is no checkpoint folder: expected config.json and model.safetensors, found {found}."
            )
        try:
            about = json.loads(config.read_text(encoding="utf-8"))
            origin = {**about, "encoder": about["encoder"]["name"], "fingerprint": about["encoder"]["fingerprint"]}
        except (ValueError, KeyError, TypeError) as error:
            raise BadCheckpoint(f"{config} does not say which encoder φ belongs to ({error!r}).") from error
        path = path / "model.safetensors"
    try:
        content = load_file(path) if path.suffix == ".safetensors" else _load_torch(path)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError, SafetensorError) as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise BadCheckpoint(
            f"{path} cannot be read as weights ({type(error).__name__}: {reason}). Expected a file of tensors written "
            "by torch.save or safetensors; is the download complete?"
        ) from error
    return content, origin


def _load_torch(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


def _unwrap(content: Any, path: Path) -> tuple[dict[str, Tensor], str]:
    """The state dict of φ alone, and the name of the layout it came in."""
    layout = "state dict"
    if isinstance(content, Mapping):
        for key, name in (("state_dict_img2text", "pic2word"), ("Phi", "searle/lincir")):
            if isinstance(content.get(key), Mapping):
                content, layout = content[key], name
                break
    tensors = isinstance(content, Mapping) and content and all(isinstance(value, Tensor) for value in content.values())
    if not tensors:
        found = (
            f"keys {', '.join(map(repr, list(content)[:8]))}"
            if isinstance(content, Mapping)
            else type(content).__name__
        )
        raise BadCheckpoint(
            f"{path} holds no φ: expected `state_dict_img2text` (Pic2Word), `Phi` (SEARLE, LinCIR) or a state dict; "
            f"found {found}."
        )
    if all(key.startswith("module.") for key in content):
        content = {key.removeprefix("module."): value for key, value in content.items()}
    return dict(content), layout


def _build(state: dict[str, Tensor], path: Path) -> InversionNetwork:
    """The network that these tensors belong to, filled. Every tensor must find its place."""
    phi: InversionNetwork
    if "fc_out.weight" in state and "layers.0.0.weight" in state:
        n_layer = sum(1 for key in state if key.startswith("layers.") and key.endswith(".0.weight"))
        middle, embed = _matrix(state, "layers.0.0.weight", path)
        phi = IM2TEXT(embed, middle, state["fc_out.weight"].shape[0], n_layer)
    elif "layers.0.weight" in state and "layers.6.weight" in state:
        hidden, embed = _matrix(state, "layers.0.weight", path)
        phi = Phi(embed, hidden, state["layers.6.weight"].shape[0])
    else:
        raise BadCheckpoint(
            f"{path} holds no φ: expected layers.0.0.weight and fc_out.weight (Pic2Word) or layers.0.weight and "
            f"layers.6.weight (SEARLE, LinCIR); found {', '.join(list(state)[:6])}{' …' if len(state) > 6 else ''}."
        )
    try:
        phi.load_state_dict(state)
    except RuntimeError as error:
        detail = " ".join(line.strip() for line in str(error).splitlines()[1:]) or str(error)
        raise BadCheckpoint(f"{path} looks like {type(phi).__name__} but does not fit it: {detail}") from error
    broken = [key for key, value in state.items() if not torch.isfinite(value).all()]
    if broken:
        raise BadCheckpoint(
            f"{path}: {broken[0]} holds numbers that are not finite. The file is damaged, or training diverged."
        )
    return phi


def _matrix(state: dict[str, Tensor], key: str, path: Path) -> tuple[int, int]:
    if state[key].ndim != 2:
        raise BadCheckpoint(f"{path}: {key} has shape {tuple(state[key].shape)}; expected a matrix.")
    rows, columns = state[key].shape
    return rows, columns

"""The shape of a CLIP as plain numbers: what `CLIP(config)` builds and what a checkpoint folder's `config.json` holds.

Knows no file and no tensor; reading a config off a checkpoint's tensors is `naming.py`'s work.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast

from likebut.errors import BadCheckpoint

Activation = Literal["gelu", "quick_gelu"]


@dataclass(frozen=True)
class VisionConfig:
    """One image tower.

    kind        "vit", or "resnet" for CLIP's ModifiedResNet
    image_size  pixels per side that the position embedding was made for
    width       token width of a ViT; channels after the stem of a ResNet
    layers      blocks of a ViT; blocks per stage of a ResNet, four numbers
    heads       attention heads (of the attention pool, for a ResNet)
    patch_size  pixels per side of a ViT's patch; 0 for a ResNet
    mlp         hidden width of a ViT's MLP; 0 for a ResNet
    alpha       whether there is a fourth input channel `conv1_alpha` (Alpha-CLIP, arXiv:2312.03818)
    """

    kind: Literal["vit", "resnet"]
    image_size: int
    width: int
    layers: int | tuple[int, int, int, int]
    heads: int
    patch_size: int = 0
    mlp: int = 0
    activation: Activation = "gelu"
    alpha: bool = False
    eps: float = 1e-5


@dataclass(frozen=True)
class TextConfig:
    """One text tower: a causal transformer over at most `context` ids below `vocab_size`."""

    vocab_size: int
    width: int
    layers: int
    heads: int
    mlp: int
    context: int = 77
    activation: Activation = "gelu"
    eps: float = 1e-5


@dataclass(frozen=True)
class CLIPConfig:
    """Two towers that meet in D = `dim` numbers; a tower that is None is not there."""

    dim: int
    vision: VisionConfig | None
    text: TextConfig | None

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dump`; `from_json` reads them back."""
        values = asdict(self)
        if self.vision is not None and isinstance(self.vision.layers, tuple):
            values["vision"]["layers"] = list(self.vision.layers)
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> CLIPConfig:
        """Read `to_json`'s values. Raises `BadCheckpoint` naming a field that is missing or unknown."""
        vision = values.get("vision")
        text = values.get("text")
        if vision is not None and isinstance(vision.get("layers"), list):
            vision = {**vision, "layers": tuple(vision["layers"])}
        try:
            return cls(
                dim=int(values["dim"]),
                vision=None if vision is None else _build(VisionConfig, vision),
                text=None if text is None else _build(TextConfig, text),
            )
        except (KeyError, TypeError) as error:
            raise BadCheckpoint(f"A CLIP config needs dim, vision and text; {error}.") from error


def _build(kind: type[Any], values: dict[str, Any]) -> Any:
    unknown = sorted(set(values) - {field.name for field in fields(kind)})
    if unknown:
        raise BadCheckpoint(f"Unknown field {unknown[0]!r} in the {kind.__name__} of a config.")
    return cast(Any, kind(**values))

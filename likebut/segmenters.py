"""From a box or a click to the mask of the object there: a `Region` whose outline follows the thing.

grabcut  OpenCV's GrabCut; nothing to download, a quarter of a second, good where object and background differ in colour
sam2     Segment Anything 2 through transformers (extra `sam`); published weights by hub id or a local folder

Sources: Rother et al., SIGGRAPH 2004; Ravi et al., arXiv:2408.00714.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from likebut.errors import BadQuery, MissingExtra, NotFound
from likebut.images import grabcut, load_image
from likebut.registry import Registry
from likebut.types import Array, ImageLike, Region

Click = tuple[float, float]
SAM2 = "facebook/sam2.1-hiera-tiny"
_SIDE = 1024  # px: SAM 2 looks at a square of this size
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, which SAM 2 was trained with

SEGMENTERS = Registry("segmenter")
SEGMENTERS.add("grabcut", "likebut.images:grabcut", about="no download", paper="Rother et al., SIGGRAPH 2004")
SEGMENTERS.add(
    "sam2", "likebut.segmenters:sam2", about=f"{SAM2} or another", paper="arXiv:2408.00714", needs="extra sam"
)


def segment(image: ImageLike, where: Region | Click, segmenter: str = "grabcut") -> Region:
    """The object in a box (or polygon, or rough mask), or under a click → a `Region` with its mask.

    where      a `Region`, or (x, y) in fractions 0–1 of the upright picture
    segmenter  a name of `SEGMENTERS`; "sam2:PATH_OR_ID" chooses other weights
    Raises `BadQuery` for a click outside the picture, `MissingExtra` or `NotFound` where SAM 2 cannot be had.
    """
    picture = load_image(image)
    if not isinstance(where, Region) and not all(0 <= side <= 1 for side in where):
        raise BadQuery(f"Click {where} is not x,y in fractions from 0 to 1, e.g. 0.5,0.4.")
    name, _, weights = segmenter.partition(":")
    find: Callable[..., Array] = grabcut if name == "grabcut" else SEGMENTERS.load(name)
    mask = find(picture, where, weights) if weights else find(picture, where)
    return Region(mask=mask * np.uint8(255))


def parse_click(text: str) -> Click:
    """Read `x,y` as typed. Raises `BadQuery`."""
    try:
        x, y = (float(side) for side in text.split(","))
    except ValueError:
        raise BadQuery(f"Click {text!r} is not x,y in fractions from 0 to 1, e.g. 0.5,0.4.") from None
    return x, y


def sam2(image: Any, where: Region | Click, weights: str = SAM2) -> Array:
    """SAM 2's mask for an RGB picture → (H, W) uint8 of 0 and 1.

    A click takes the best of its three masks, a region the one for its box, as the authors' image predictor does.
    weights: a hub id or a folder.
    """
    import torch
    from torch.nn import functional as F

    model = _sam2_model(weights)
    square = np.asarray(image.resize((_SIDE, _SIDE)), np.float32) / 255
    pixels = torch.from_numpy(((square - _MEAN) / _STD).astype(np.float32)).permute(2, 0, 1)[None]
    prompt: dict[str, Any] = {}
    if isinstance(where, Region):
        prompt["input_boxes"] = torch.tensor([[[side * _SIDE for side in _box(where, image.size)]]])
    else:
        prompt["input_points"] = torch.tensor([[[[where[0] * _SIDE, where[1] * _SIDE]]]])
        prompt["input_labels"] = torch.ones(1, 1, 1, dtype=torch.int32)
    with torch.inference_mode():
        found = model(pixel_values=pixels, multimask_output=not isinstance(where, Region), **prompt)
    best = int(found.iou_scores[0, 0].argmax())
    logits = found.pred_masks[0, 0, best][None, None].float()
    full = F.interpolate(logits, (image.height, image.width), mode="bilinear", align_corners=False)[0, 0]
    mask: Array = (full > 0).numpy().astype(np.uint8)
    return mask


@cache
def _sam2_model(weights: str) -> Any:
    try:
        from transformers import Sam2Model
    except ImportError as error:
        raise MissingExtra("SAM 2", "sam") from error
    try:
        return Sam2Model.from_pretrained(weights).eval()
    except OSError as error:
        where = "is no folder with config.json and model.safetensors" if Path(weights).exists() else "cannot be had"
        raise NotFound(
            f"SAM 2 weights {weights!r} {where}. Give a folder (--cut sam2:FOLDER), or use --cut grabcut, which needs "
            "no download."
        ) from error


def _box(region: Region, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """The smallest box around a region, fractions."""
    if region.box is not None:
        return region.box
    from likebut.images import region_mask

    rows, columns = np.nonzero(region_mask(region, size))
    if not len(rows):
        raise BadQuery("The region holds no pixel of the picture. Give one that does, e.g. 0.1,0.2,0.6,0.9.")
    width, height = size
    return columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height

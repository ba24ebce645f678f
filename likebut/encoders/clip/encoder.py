"""`ClipEncoder`: pictures and words → unit rows through a CLIP. `AlphaClipEncoder`: the same with a mask for regions.

Knows batches, devices and precision; opens pictures through `Preprocess`, keeps nothing between calls.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import Any

import numpy as np
import torch
from torch import Tensor

from likebut.encoders.base import RegionEncoder, TokenEncoder, unit
from likebut.encoders.clip.model import ALPHA_ALL, CLIP
from likebut.encoders.clip.preprocess import Preprocess
from likebut.encoders.clip.tokenizer import SLOT, Tokenizer
from likebut.errors import BadQuery
from likebut.types import Array, ImageLike, Region

_DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def pick_device(device: str = "auto") -> torch.device:
    """ "auto": cuda, else mps, else cpu. Raises `BadQuery` for a device that this machine does not have."""
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise BadQuery(f"There is no device {device!r} here; this machine's best is {pick_device()}.") from error
    return chosen


def pick_precision(precision: str, device: torch.device) -> torch.dtype:
    """ "auto": fp16 on cuda, fp32 elsewhere; bf16 on a CPU without native units is 8 times slower than fp32."""
    if precision == "auto":
        return torch.float16 if device.type == "cuda" else torch.float32
    if precision not in _DTYPES:
        raise BadQuery(f"Unknown precision {precision!r}; expected auto, {', '.join(_DTYPES)}.")
    return _DTYPES[precision]


class ClipEncoder(TokenEncoder):
    """A CLIP with its vocabulary and preprocessing. Safe to call from several threads.

    clip        moved to `device` and cast to `precision` in place
    tokenizer   None only where the CLIP has no text tower
    name        what `load_encoder` finds this very encoder by
    """

    def __init__(
        self,
        clip: CLIP,
        tokenizer: Tokenizer | None,
        preprocess: Preprocess,
        *,
        name: str,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        self.name = name
        self.dim = clip.config.dim
        self.token_width = clip.config.text.width if clip.config.text else 0
        self.fingerprint = fingerprint(clip, preprocess)  # before casting: every device and precision shares it
        self.preprocess = str(preprocess)
        self.preprocessing = preprocess
        self.tokenizer = tokenizer
        self.device = pick_device(device)
        self.clip = clip.to(self.device, pick_precision(precision, self.device)).eval().requires_grad_(False)

    @property
    def image_size(self) -> int:
        """Pixels per side that whoever opens big JPEGs for this encoder may aim at; 0: decode them exactly."""
        return self.preprocessing.size if self.preprocessing.decode == "fast" else 0

    def encode_images(  # type: ignore[override]
        self,
        images: Sequence[ImageLike],
        regions: Sequence[Region | None] | None = None,
        *,
        batch_size: int = 64,
        return_norms: bool = False,
    ) -> Array | tuple[Array, Array]:
        """B pictures → (B, D) float32 unit rows. A region is the picture cropped to its box."""
        if self.clip.visual is None:
            raise BadQuery(f"{self.name} has no image tower; it encodes texts only.")
        regions = [None] * len(images) if regions is None else regions
        if len(regions) != len(images):
            raise BadQuery(f"{len(images)} pictures and {len(regions)} regions; give one region, or None, per picture.")
        parts = []
        with torch.inference_mode(), ThreadPoolExecutor(min(8, cpu_count() or 1)) as pool:
            # One batch is prepared while the one before is in the network.
            ahead = (pool.submit(self._prepare, image, region) for image, region in zip(images, regions, strict=True))
            for batch in _batches(ahead, batch_size):
                pixels, alphas = zip(*batch, strict=True)
                parts.append(self._image_batch(np.stack(pixels), alphas))
        return self._finish(parts, return_norms)

    def _prepare(self, image: ImageLike, region: Region | None) -> tuple[Array, Array | None]:
        return self.preprocessing.pixels(image, region), None

    def _image_batch(self, pixels: Array, alphas: Sequence[Array | None]) -> Tensor:
        return self.clip.encode_image(self._to_device(pixels))

    def encode_texts(  # type: ignore[override]
        self, texts: Sequence[str], *, batch_size: int = 256, return_norms: bool = False
    ) -> Array | tuple[Array, Array]:
        """B texts → (B, D) float32 unit rows. Texts too long are cut and logged; `tokenizer.truncated` counts."""
        return self._text_rows(self._tokenizer()(texts), None, batch_size, return_norms)

    def encode_prompts(
        self,
        prompts: Sequence[Sequence[str | None]],
        tokens: Array,
        *,
        batch_size: int = 256,
        return_norms: bool = False,
    ) -> Array | tuple[Array, Array]:
        """Prompts in pieces with pseudo-tokens (B, n, W) → (B, D) float32 unit rows; see `TokenEncoder`."""
        rows = np.asarray(tokens, dtype=np.float32)
        rows = rows[:, None] if rows.ndim == 2 else rows
        expected = f"({len(prompts)}, n, {self.token_width})"
        if rows.ndim != 3 or len(rows) != len(prompts) or rows.shape[2] != self.token_width:
            raise BadQuery(f"Pseudo-tokens are {np.shape(tokens)}; expected {expected}, one row per prompt.")
        for number, prompt in enumerate(prompts):
            if sum(piece is None for piece in prompt) > rows.shape[1]:
                raise BadQuery(f"Prompt {number} has more places than its {rows.shape[1]} pseudo-token(s): {prompt!r}.")
        return self._text_rows(self._tokenizer().prompts(prompts), rows, batch_size, return_norms)

    def _tokenizer(self) -> Tokenizer:
        if self.clip.text is None or self.tokenizer is None:
            raise BadQuery(f"{self.name} has no text tower; it encodes pictures only.")
        return self.tokenizer

    def _text_rows(
        self, ids: Array, tokens: Array | None, batch_size: int, return_norms: bool
    ) -> Array | tuple[Array, Array]:
        # Sorted by length, so that a batch is as short as its texts and not as long as the longest of all.
        order = np.argsort(ids.argmax(axis=1), kind="stable")
        parts = []
        with torch.inference_mode():
            for start in range(0, len(order), batch_size):
                rows = order[start : start + batch_size]
                batch = torch.from_numpy(ids[rows]).to(self.device)
                if tokens is None or tokens.shape[1] == 0:
                    parts.append(self.clip.encode_text(batch))
                else:
                    inserted = self._to_device(tokens[rows])
                    parts.append(self.clip.encode_text(batch, inserted, placeholder=SLOT, occurrence="all"))
        return self._finish(parts, return_norms, np.argsort(order))

    def _to_device(self, values: Array) -> Tensor:
        return torch.from_numpy(values).to(self.device, self.clip.dtype)

    def _finish(
        self, parts: Sequence[Tensor], return_norms: bool, order: Array | None = None
    ) -> Array | tuple[Array, Array]:
        rows = np.concatenate([part.float().cpu().numpy() for part in parts] or [np.zeros((0, self.dim), np.float32)])
        vectors, norms = unit(rows if order is None else rows[order])
        return (vectors, norms) if return_norms else vectors


class AlphaClipEncoder(ClipEncoder, RegionEncoder):
    """A CLIP with an alpha channel: a region is the whole picture and a mask, both through the same geometry."""

    def _prepare(self, image: ImageLike, region: Region | None) -> tuple[Array, Array | None]:
        if region is None:
            return self.preprocessing.pixels(image), None
        return self.preprocessing.pixels_and_alpha(image, region)

    def _image_batch(self, pixels: Array, alphas: Sequence[Array | None]) -> Tensor:
        whole = np.full((1, *pixels.shape[2:]), ALPHA_ALL, dtype=np.float32)
        alpha = np.stack([whole if mask is None else mask for mask in alphas])
        return self.clip.encode_image(self._to_device(pixels), self._to_device(alpha))


def fingerprint(clip: CLIP, preprocess: Preprocess) -> str:
    """16 hexadecimal digits of SHA-256 over weights, shape and preprocessing; the loss's scale does not count."""
    digest = hashlib.sha256()
    digest.update(json.dumps([clip.config.to_json(), preprocess.to_json()], sort_keys=True).encode())
    for key, tensor in sorted(clip.state_dict().items()):
        if key != "logit_scale" and not key.endswith("num_batches_tracked"):
            digest.update(key.encode())
            digest.update(tensor.detach().float().cpu().contiguous().numpy().data)
    return digest.hexdigest()[:16]


def _batches(ahead: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Results of futures in lists of `size`; the next list is already under way while one is used."""
    current: list[Any] = []
    following: list[Any] = []
    for future in ahead:
        following.append(future)
        if len(following) == size:
            if current:
                yield [done.result() for done in current]
            current, following = following, []
    for futures in (current, following):
        if futures:
            yield [done.result() for done in futures]

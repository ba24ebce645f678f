"""Exact and fast picture loading side by side: decode, resize to 224, normalise.

    python benchmarks-speed/image_loading.py

Draws its own photo-like JPEGs (2 megapixels and 400 pixels), so that it needs no data. Prints the median CPU time per
picture on one thread, pictures per second, and how far the fast road is from the exact one. Variants take turns within
each round, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import PIL
from PIL import Image

from likebut.images import CLIP_MEAN, CLIP_STD, fast_load, load_image, target_pad, to_pixels, to_pixels_batch


def photo(width: int, height: int, seed: int) -> bytes:
    """A JPEG (quality 90) with detail of every size that fades as it gets finer, as in photographs."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    for octave in range(1, 10):
        grid = rng.normal(size=(2**octave + 2, 2**octave + 2, 3)).astype(np.float32)
        layers = [Image.fromarray(grid[..., c]).resize((width, height), Image.Resampling.BICUBIC) for c in range(3)]
        picture += np.stack([np.asarray(layer) for layer in layers], axis=-1) * 0.6**octave
    low, high = picture.min(), picture.max()
    stream = io.BytesIO()
    Image.fromarray(((picture - low) / (high - low) * 255).astype(np.uint8)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def plain_pillow(data: bytes) -> np.ndarray:
    """What one writes by hand: open, convert, pad, resize, crop, normalise in float."""
    pixels = np.asarray(target_pad(Image.open(io.BytesIO(data)).convert("RGB"), 224), np.float32) / 255
    return np.ascontiguousarray(((pixels - np.float32(CLIP_MEAN)) / np.float32(CLIP_STD)).transpose(2, 0, 1))


def exact(data: bytes) -> np.ndarray:
    return to_pixels(target_pad(load_image(data), 224))


def fast(data: bytes) -> np.ndarray:
    return to_pixels(target_pad(fast_load(data, 224), 224))


VARIANTS: dict[str, Callable[[bytes], np.ndarray]] = {"plain Pillow": plain_pillow, "exact": exact, "fast": fast}


def measure(pictures: list[bytes], rounds: int) -> dict[str, dict[str, float]]:
    seconds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for _ in range(rounds):
        for data in pictures:
            for name, load in VARIANTS.items():
                start = time.process_time()
                load(data)
                seconds[name].append(time.process_time() - start)
    rows = {}
    for name, load in VARIANTS.items():
        errors, cosines = [], []
        for data in pictures:
            a, b = (f(data).astype(np.float64) for f in (exact, load))
            errors.append(np.mean((a - b) ** 2 * np.square(np.array(CLIP_STD))[:, None, None]))
            cosines.append(float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())))
        median = statistics.median(seconds[name])
        rows[name] = {
            "ms": 1000 * median,
            "per_second": 1 / median,
            "psnr": float("inf") if np.mean(errors) == 0 else float(-10 * np.log10(np.mean(errors))),
            "cosine": min(cosines),
        }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sizes = {"2 megapixels": (1728, 1152), "400 pixels": (400, 300)}
    results = {}
    for label, (width, height) in sizes.items():
        pictures = [photo(width, height, seed) for seed in range(options.pictures)]
        results[label] = measure(pictures, options.rounds)
    whole = [target_pad(load_image(photo(400, 300, 0)), 224)] * 64
    out = np.empty((64, 3, 224, 224), np.float32)
    start = time.process_time()
    to_pixels_batch(whole, CLIP_MEAN, CLIP_STD, out)
    batch = 1000 * (time.process_time() - start) / 64
    if options.json:
        json.dump({"pillow": PIL.__version__, "results": results, "to_pixels_batch_ms": batch}, sys.stdout, indent=1)
        return
    print(f"Pillow {PIL.__version__}; median CPU time over {options.rounds} rounds of {options.pictures} pictures\n")
    print(f"{'':14}{'':14}{'ms':>8}{'per s':>8}{'PSNR dB':>9}{'cosine':>11}")
    for label, rows in results.items():
        for name, row in rows.items():
            print(f"{label:14}{name:14}{row['ms']:8.2f}{row['per_second']:8.0f}{row['psnr']:9.1f}{row['cosine']:11.6f}")
    print(f"\nto_pixels_batch alone, 64 pictures into one array: {batch:.2f} ms per picture")


if __name__ == "__main__":
    main()

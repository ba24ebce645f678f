"""Text encoding with the padding cut off, against the same prompts padded to 77 ids.

    python benchmarks-speed/text_padding.py
    python benchmarks-speed/text_padding.py --batch 1 --rounds 15 --json padding.json

Random weights in the shape of ViT-B/32's text tower (12 layers, 512 wide): speed does not depend on their values. Both
ways run the same module on the same prompts, in turns, so that a busy machine slows both; medians are compared. The
padded way computes all 77 positions and then reads the one of the end-of-text id, as CLIP implementations do.
Exit code 1 where the cut is less than 4 times as fast or the rows differ by more than 1e-6.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from likebut.encoders.clip import CLIP, CLIPConfig, TextConfig

SOT, EOT = 49406, 49407
# Lengths in words of relative captions as people write them ("is red with longer sleeves"): 3 to 13.
LENGTHS = (3, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 11, 12, 13)


def prompts(batch: int) -> Tensor:
    """(B, 77) int64: start, words, end, zeros."""
    rng = np.random.default_rng(0)
    rows = np.zeros((batch, 77), np.int64)
    for number, row in enumerate(rows):
        words = LENGTHS[(number + len(LENGTHS) // 2) % len(LENGTHS)]
        row[: words + 2] = [SOT, *rng.integers(300, 40000, words), EOT]
    return torch.from_numpy(rows)


def padded(clip: CLIP, ids: Tensor) -> Tensor:
    """All 77 positions are computed, then the end-of-text position is read."""
    assert clip.text is not None
    return clip.text(clip.text.token_embedding(ids), ids.argmax(dim=-1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=32, help="prompts per call [32]")
    parser.add_argument("--rounds", type=int, default=5, help="timed calls of each way [5]")
    parser.add_argument("--threads", type=int, default=1, help="torch threads [1]")
    parser.add_argument("--json", type=Path, help="also write the numbers there")
    given = parser.parse_args()

    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    clip = CLIP(CLIPConfig(512, None, TextConfig(49408, 512, 12, 8, 2048, activation="quick_gelu"))).eval()
    ids = prompts(given.batch)
    ways = {"padded": lambda: padded(clip, ids), "cut": lambda: clip.encode_text(ids)}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    rows: dict[str, Tensor] = {}
    with torch.inference_mode():
        for name, way in ways.items():  # once unmeasured
            rows[name] = way()
        for _ in range(given.rounds):
            for name, way in ways.items():
                start = perf_counter()
                way()
                seconds[name].append(perf_counter() - start)
    unit = {name: torch.nn.functional.normalize(row, dim=-1) for name, row in rows.items()}
    numbers = {
        "batch": given.batch,
        "longest": int(ids.argmax(dim=-1).max()) + 1,
        "padded_ms": 1000 * median(seconds["padded"]),
        "cut_ms": 1000 * median(seconds["cut"]),
        "ratio": median(seconds["padded"]) / median(seconds["cut"]),
        "max_difference": float((unit["padded"] - unit["cut"]).abs().max()),
        "max_difference_unnormalised": float((rows["padded"] - rows["cut"]).abs().max()),
        "threads": given.threads,
        "torch": torch.__version__,
    }
    print(
        f"{given.batch} prompts, longest {numbers['longest']} ids: padded to 77 {numbers['padded_ms']:.0f} ms, "
        f"cut {numbers['cut_ms']:.0f} ms: {numbers['ratio']:.1f} times as fast, "
        f"largest difference {numbers['max_difference']:.1e} (before scaling to length 1: "
        f"{numbers['max_difference_unnormalised']:.1e})"
    )
    if given.json:
        given.json.write_text(json.dumps(numbers, indent=2) + "\n")
    return 0 if numbers["ratio"] >= 4 and numbers["max_difference"] <= 1e-6 else 1


if __name__ == "__main__":
    sys.exit(main())

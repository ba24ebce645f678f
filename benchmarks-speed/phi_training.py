"""One training step of φ from cached features and cut prompts, against encoding pictures and padded prompts each time.

    python benchmarks-speed/phi_training.py                    # ViT-L/14, batch 64; minutes on a CPU, 3 GB of memory
    python benchmarks-speed/phi_training.py --pictures 8       # the slow step with 8 pictures, times 8: says so
    python benchmarks-speed/phi_training.py --steps 1 --batch 4 --pictures 4 --tiny   # seconds, to see that it runs

Both are Pic2Word's step (IM2TEXT 768→512→512→768, symmetric InfoNCE, AdamW) on random weights of ViT-L/14 shape,
in fp32, in a process of its own each, one after the other. Pictures are pixels in memory already: reading and decoding
them, which the slow way needs as well, is not counted. Weights of CLIP are frozen in both.

Read it as: what a cache saves. The pictures still have to be encoded once, when they are indexed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from likebut.composers.phi import IM2TEXT
from likebut.encoders.clip.config import CLIPConfig, TextConfig, VisionConfig
from likebut.encoders.clip.model import CLIP
from likebut.training.losses import info_nce

PROMPT = (49406, 320, 1125, 539, -1, 49407)  # "a photo of *" with a gap
CONTEXT = 77


def config(pictures: bool, tiny: bool) -> CLIPConfig:
    if tiny:
        vision = VisionConfig("vit", 28, 64, 2, 1, patch_size=14, mlp=256, activation="quick_gelu")
        return CLIPConfig(768, vision if pictures else None, TextConfig(49408, 768, 1, 12, 3072, CONTEXT, "quick_gelu"))
    vision = VisionConfig("vit", 224, 1024, 24, 16, patch_size=14, mlp=4096, activation="quick_gelu")
    return CLIPConfig(768, vision if pictures else None, TextConfig(49408, 768, 12, 12, 3072, CONTEXT, "quick_gelu"))


def padded_sentences(clip: CLIP, tokens: Tensor) -> Tensor:
    """As published: 77 positions, whatever the prompt's length."""
    assert clip.text is not None
    ids = torch.zeros(len(tokens), CONTEXT, dtype=torch.int64)
    ids[:, : len(PROMPT)] = torch.tensor(PROMPT).clamp_min(0)
    embedded = clip.text.token_embedding(ids).index_put((torch.arange(len(tokens)), torch.tensor(4)), tokens)
    return clip.text(embedded, torch.full((len(tokens),), len(PROMPT) - 1))


def step(clip: CLIP, phi: IM2TEXT, optimizer: torch.optim.Optimizer, batch: Tensor, slow: bool) -> None:
    with torch.no_grad():
        features = clip.encode_image(batch) if slow else batch
    tokens = phi(features)
    sentences = padded_sentences(clip, tokens) if slow else clip.encode_text(torch.tensor([PROMPT]), tokens, -1, "all")
    optimizer.zero_grad()
    info_nce(features, sentences, 100.0).backward()
    optimizer.step()


def seconds(run: Callable[[], None], times: int) -> dict[str, list[float]]:
    """Time on the clock, and of the processor: on a machine that others use as well only the second can be compared."""
    found: dict[str, list[float]] = {"seconds": [], "cpu": []}
    for _ in range(times):
        clock, cpu = time.perf_counter(), time.process_time()
        run()
        found["seconds"].append(time.perf_counter() - clock)
        found["cpu"].append(time.process_time() - cpu)
    return found


def measure(slow: bool, batch: int, steps: int, tiny: bool) -> dict[str, object]:
    torch.manual_seed(0)
    shape = config(slow, tiny)
    clip = CLIP(shape).eval().requires_grad_(False)
    phi = IM2TEXT()
    optimizer = torch.optim.AdamW(phi.parameters(), lr=1e-4)
    side = shape.vision.image_size if shape.vision else 0
    data = torch.randn(batch, 3, side, side) if slow else torch.randn(batch, 768) * 10
    if not slow:
        step(clip, phi, optimizer, data, slow)  # the first step allocates; the slow one is too long to repeat for that
    found = seconds(lambda: step(clip, phi, optimizer, data, slow), steps)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {**found, "peak_gib": round(peak, 2), "threads": torch.get_num_threads()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--pictures", type=int, help="pictures in the slow step, scaled to --batch; default: --batch")
    parser.add_argument("--steps", type=int, default=5, help="of the fast step; the slow one is run once")
    parser.add_argument(
        "--tiny", action="store_true", help="small towers: shows that the script runs, measures nothing"
    )
    parser.add_argument("--measure", choices=["fast", "slow"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    pictures = args.pictures or args.batch
    if args.measure:
        slow = args.measure == "slow"
        print(json.dumps(measure(slow, pictures if slow else args.batch, 1 if slow else args.steps, args.tiny)))
        return
    again = [sys.executable, __file__, *sys.argv[1:], "--measure"]
    fast, slow = (json.loads(subprocess.check_output([*again, which])) for which in ("fast", "slow"))
    scaled = "" if pictures == args.batch else f", measured with {pictures} and times {args.batch / pictures:g}"
    rows = [
        (f"cached features, prompt of {len(PROMPT)} (median of {args.steps})", fast, 1.0),
        (f"pictures, prompt of {CONTEXT} (one{scaled})", slow, args.batch / pictures),
    ]
    print(f"{fast['threads']} threads, batch {args.batch}, torch {torch.__version__}")
    print("| a step | seconds | processor seconds | peak memory, GiB |\n| --- | --: | --: | --: |")
    table = [[float(np.median(found[kind])) * times for kind in ("seconds", "cpu")] for _, found, times in rows]
    for (name, found, _), (clock, cpu) in zip(rows, table, strict=True):
        print(f"| {name} | {clock:.2f} | {cpu:.2f} | {found['peak_gib']} |")
    print(
        f"{table[1][0] / table[0][0]:.0f} times faster by the clock, {table[1][1] / table[0][1]:.0f} by the processor"
    )


if __name__ == "__main__":
    main()

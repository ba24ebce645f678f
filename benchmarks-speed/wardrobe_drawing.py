"""How fast the wardrobe is drawn: pictures a second on one core, per style.

    python benchmarks-speed/wardrobe_drawing.py                        # 256 px, 200 pictures per row, about 20 seconds
    python benchmarks-speed/wardrobe_drawing.py --size 96 --count 500

Processor time of this process alone, OpenCV held to one thread, planning and masks included, writing to disk not.
Random garments, the same ones for every style. Outfits have 2-4 garments. JSON on stdout.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import cv2

from likebut.datasets.wardrobe.attributes import generator, sample
from likebut.datasets.wardrobe.draw import draw
from likebut.datasets.wardrobe.edges import edge_sketch
from likebut.datasets.wardrobe.hand import hand_sketch
from likebut.datasets.wardrobe.plan import STYLES
from likebut.datasets.wardrobe.samples import scene_of


def rate(work: Callable[[int], object], count: int) -> float:
    """Calls a second of processor time, the first one (which fills caches) left out."""
    work(0)
    began = time.process_time()
    for number in range(count):
        work(number)
    return round(count / (time.process_time() - began), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--size", type=int, default=256, help="side of a picture in pixels")
    parser.add_argument("--count", type=int, default=200, help="pictures per row")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rng = generator("speed")
    garments = [sample(rng) for _ in range(args.count)]
    scenes = [scene_of("test", rng) for _ in range(args.count)]
    rows = {style: rate(lambda i, s=style: draw(garments[i], s, args.size, i), args.count) for style in STYLES}  # type: ignore[misc]
    rows["photo of an outfit"] = rate(lambda i: draw(scenes[i], "photo", args.size, i), args.count)
    rows["hand sketch"] = rate(lambda i: hand_sketch(garments[i], args.size, i), args.count)
    rows["edge sketch"] = rate(lambda i: edge_sketch(garments[i], args.size, i), args.count)
    print(json.dumps({"size": args.size, "pictures_per_second": rows}, indent=1))


if __name__ == "__main__":
    main()

"""Contact sheets: many pictures in one, to look at; those of the documentation are made here.

python -m likebut.datasets.wardrobe.sheet --to docs/datasets
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from likebut.datasets.wardrobe.attributes import ITEMS, Garment, generator, sample
from likebut.datasets.wardrobe.draw import draw
from likebut.datasets.wardrobe.edges import edge_sketch
from likebut.datasets.wardrobe.hand import hand_sketch
from likebut.datasets.wardrobe.plan import STYLES
from likebut.datasets.wardrobe.samples import scene_of
from likebut.types import Array


def sheet(rows: Sequence[Sequence[Array]], gap: int = 4) -> Image.Image:
    """Rows of (S, S, 3) or (S, S) uint8 pictures, all of one size, on white with `gap` pixels between them."""
    side = rows[0][0].shape[0]
    columns = max(len(row) for row in rows)
    step = side + gap
    paper = np.full((len(rows) * step + gap, columns * step + gap, 3), 255, np.uint8)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            colour = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
            paper[gap + y * step : gap + y * step + side, gap + x * step : gap + x * step + side] = colour
    return Image.fromarray(paper)


def all_items(size: int = 128, seed: int = 0) -> Image.Image:
    """Each item as six photos: two items to a row."""
    rng = generator("sheet", "items", seed)
    names = list(ITEMS)
    rows = [
        [draw(sample(rng, item), "photo", size, take).pixels for item in pair for take in range(6)]
        for pair in zip(names[::2], names[1::2], strict=True)
    ]
    return sheet(rows)


def all_styles(size: int = 128, seed: int = 0) -> Image.Image:
    """Garments and an outfit in every style; for garments also both sketches (edges, hand)."""
    rng = generator("sheet", "styles", seed)
    rows: list[list[Array]] = []
    for item in ("sweater", "dress", "sneakers", "backpack", "hat"):
        garment: Garment = sample(rng, item)
        drawn = [draw(garment, style, size, seed).pixels for style in STYLES]
        rows.append([*drawn, edge_sketch(garment, size, seed), hand_sketch(garment, size, seed)])
    outfit = scene_of("test", rng, 4)
    rows.append([draw(outfit, style, size, seed).pixels for style in STYLES])
    return sheet(rows)


def main() -> None:
    """Write the documentation's two sheets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--to", type=Path, default=Path("docs/datasets"), help="folder to write into")
    args = parser.parse_args()
    for name, made in (("items", all_items()), ("styles", all_styles())):
        made.save(args.to / f"wardrobe-{name}.jpg", quality=85)


if __name__ == "__main__":
    main()

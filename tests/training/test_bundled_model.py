"""The model inside the package does what its card says: words find pictures, and a mask turns its attention."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import likebut
from likebut.datasets.wardrobe.attributes import Garment, generator
from likebut.datasets.wardrobe.captions import describe
from likebut.datasets.wardrobe.draw import draw
from likebut.datasets.wardrobe.edges import edge_sketch
from likebut.datasets.wardrobe.lexicon import with_article
from likebut.datasets.wardrobe.samples import garment_of, scene_of
from likebut.encoders import load_encoder
from likebut.encoders.base import RegionEncoder, TokenEncoder
from likebut.types import Array, Region

FOLDER = Path(likebut.__file__).parent / "weights/wardrobe-tiny"


@cache
def encoder() -> TokenEncoder:
    return load_encoder("wardrobe-tiny", device="cpu")  # type: ignore[return-value]


def words(garment: Garment, rng: np.random.Generator, never: tuple[str, ...] = ()) -> str:
    always = tuple(name for name in garment.attributes() if name not in never)
    return with_article(describe(garment, rng, always=always, never=never, most=99)[0], garment.item)


def hits(queries: Array, gallery: Array) -> float:
    """Share of queries whose own row of the gallery is the nearest."""
    return float(((queries @ gallery.T).argmax(1) == np.arange(len(queries))).mean())


@pytest.mark.parametrize(
    ("style", "least"),
    [("photo", 0.85), ("flat", 0.85), ("line", 0.8), ("watercolour", 0.8), ("pixel", 0.8), ("chalk", 0.8)],
)
def test_complete_words_find_their_picture_among_a_hundred(style: str, least: float) -> None:
    rng = generator("bundled", style)
    garments = [garment_of("test", rng) for _ in range(100)]
    pictures = encoder().encode_images([draw(g, style, 128, seed).pixels for seed, g in enumerate(garments)])
    assert hits(encoder().encode_texts([words(garment, rng) for garment in garments]), pictures) >= least


def test_a_sketch_finds_its_words_among_those_of_twenty() -> None:
    rng = generator("bundled", "sketch")
    garments = [garment_of("test", rng) for _ in range(20)]
    texts = [words(g, rng, never=("colour", "pattern")) for g in garments]
    sketches = [np.repeat(edge_sketch(g, 192, seed)[..., None], 3, axis=2) for seed, g in enumerate(garments)]
    assert hits(encoder().encode_images(sketches), encoder().encode_texts(texts)) >= 0.4  # by chance 0.05


def test_a_region_turns_an_outfits_vector_to_its_garment() -> None:
    rng = generator("bundled", "region")
    assert isinstance(encoder(), RegionEncoder)
    pictures, regions, chosen, others = [], [], [], []
    for seed in range(40):
        scene = scene_of("test", rng, 2)
        drawing = draw(scene, "photo", 128, seed)
        for which in (0, 1):
            pictures.append(drawing.pixels)
            regions.append(Region(mask=drawing.masks[which]))
            chosen.append(words(scene.garments[which], rng))
            others.append(words(scene.garments[1 - which], rng))
    looked = encoder().encode_images(pictures, regions)
    nearer = (looked * encoder().encode_texts(chosen)).sum(1) > (looked * encoder().encode_texts(others)).sum(1)
    assert nearer.mean() >= 0.95


def test_the_card_says_how_it_was_made_and_the_weights_are_small() -> None:
    config = json.loads((FOLDER / "config.json").read_text())
    assert config["fingerprint"] == encoder().fingerprint
    card = config["card"]
    assert {"licence", "trained_on", "recipe", "seed", "steps", "seconds", "machine", "scores"} <= set(card)
    assert card["scores"]["text-image recall@1"] > 0.5
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 14e6

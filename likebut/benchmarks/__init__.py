"""THE CATALOGUE of benchmarks: one line per protocol. Listing it imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from likebut.registry import Registry

if TYPE_CHECKING:
    from likebut.benchmarks.base import Benchmark
    from likebut.benchmarks.result import Result
    from likebut.benchmarks.running import run
    from likebut.benchmarks.submission import check_submission, submit
    from likebut.benchmarks.verifying import verify

__all__ = ["BENCHMARKS", "Benchmark", "Result", "check_submission", "get_benchmark", "run", "submit", "verify"]

BENCHMARKS = Registry("benchmark")
BENCHMARKS.add("cirr-val", "likebut.benchmarks.cirr:VAL", about="CIRR, 4,181 queries")
BENCHMARKS.add("cirr-test", "likebut.benchmarks.cirr:TEST", about="CIRR, scored by the authors' server")
BENCHMARKS.add(
    "cirr-val@soft-subset", "likebut.benchmarks.cirr:SOFT_SUBSET", about="CIRR as CoVR's val script scores it"
)
BENCHMARKS.add(
    "cirr-val@covr-train-loop", "likebut.benchmarks.cirr:TRAIN_LOOP", about="CIRR as CoVR validates in training"
)
BENCHMARKS.add("fashioniq-val", "likebut.benchmarks.fashioniq:VAL", about="original split, reference kept")
BENCHMARKS.add("fashioniq-val@reference-excluded", "likebut.benchmarks.fashioniq:EXCLUDED", about="as CoVR evaluates")
BENCHMARKS.add("fashioniq-val@val-split", "likebut.benchmarks.fashioniq:VAL_SPLIT", about="the smaller gallery of VAL")
BENCHMARKS.add(
    "fashioniq-val@val-split-reference-excluded",
    "likebut.benchmarks.fashioniq:VAL_SPLIT_EXCLUDED",
    about="the smaller gallery, reference not ranked",
)
BENCHMARKS.add("fashioniq-val@searle", "likebut.benchmarks.fashioniq:SEARLE", about="captions in both orders, averaged")
BENCHMARKS.add("fashioniq-val@pic2word", "likebut.benchmarks.fashioniq:PIC2WORD", about="second caption first")
BENCHMARKS.add("fashioniq-val@covr-train-loop", "likebut.benchmarks.fashioniq:TRAIN_LOOP", about="CoVR in training")
BENCHMARKS.add("circo-val", "likebut.benchmarks.circo:VAL", about="several right answers, 220 queries")
BENCHMARKS.add("circo-test", "likebut.benchmarks.circo:TEST", about="scored by the authors' server, 800 queries")
BENCHMARKS.add("circo-val@reference-excluded", "likebut.benchmarks.circo:VAL_EXCLUDED", about="as CoVR evaluates")
BENCHMARKS.add("circo-test@reference-excluded", "likebut.benchmarks.circo:TEST_EXCLUDED", about="as CoVR submits")
BENCHMARKS.add("genecis-focus-attribute", "likebut.benchmarks.genecis:FOCUS_ATTRIBUTE", about="same attribute")
BENCHMARKS.add("genecis-change-attribute", "likebut.benchmarks.genecis:CHANGE_ATTRIBUTE", about="another attribute")
BENCHMARKS.add("genecis-focus-object", "likebut.benchmarks.genecis:FOCUS_OBJECT", about="same object in the scene")
BENCHMARKS.add("genecis-change-object", "likebut.benchmarks.genecis:CHANGE_OBJECT", about="another object in the scene")
BENCHMARKS.add("coco-compose", "likebut.benchmarks.coco:COMPOSE", about="an object and its neighbours' names")
BENCHMARKS.add("coco-compose@paper-sizes", "likebut.benchmarks.coco:PAPER", about="tiny objects too, as published")
BENCHMARKS.add("coco-compose@crop", "likebut.benchmarks.coco:CROP", about="the object's box, not cut out")
BENCHMARKS.add("coco-compose@region", "likebut.benchmarks.coco:REGION", about="the whole photo with a mask")
BENCHMARKS.add(
    "imagenet-r-domain", "likebut.benchmarks.imagenet:R_DOMAIN", about="photo → cartoon, origami, toy, sculpture"
)
BENCHMARKS.add("imagenet-s-domain", "likebut.benchmarks.imagenet:S_DOMAIN", about="the same with masks")
BENCHMARKS.add("webvid-covr-test", "likebut.benchmarks.webvid_covr:TEST", about="video clips")
BENCHMARKS.add("mbeir-cirr-test", "likebut.benchmarks.mbeir:CIRR", about="CIRR as mteb has it")
BENCHMARKS.add("mbeir-fashioniq-test", "likebut.benchmarks.mbeir:FASHIONIQ", about="FashionIQ as mteb has it")
BENCHMARKS.add("custom", "likebut.benchmarks.custom:CUSTOM", about="your folder and queries.csv")
BENCHMARKS.add("wardrobe-edit", "likebut.benchmarks.wardrobe:EDIT", about="drawn: one item, edited")
BENCHMARKS.add("wardrobe-edit@val", "likebut.benchmarks.wardrobe:EDIT_VAL", about="the same, validation split")
BENCHMARKS.add("wardrobe-many", "likebut.benchmarks.wardrobe:MANY", about="drawn: several right answers")
BENCHMARKS.add("wardrobe-region", "likebut.benchmarks.wardrobe:REGION", about="drawn: part of an outfit, edited")
BENCHMARKS.add("wardrobe-compose", "likebut.benchmarks.wardrobe:COMPOSE", about="drawn: an item and others' names")
BENCHMARKS.add("wardrobe-domain", "likebut.benchmarks.wardrobe:DOMAIN", about="drawn: the same item in a style")
BENCHMARKS.add("wardrobe-sketch", "likebut.benchmarks.wardrobe:SKETCH", about="drawn: by hand drawing")
BENCHMARKS.add("wardrobe-dialogue", "likebut.benchmarks.wardrobe:DIALOGUE", about="drawn: three rounds of edits")

_PUBLIC = {
    "Benchmark": "base",
    "Result": "result",
    "check_submission": "submission",
    "run": "running",
    "submit": "submission",
    "verify": "verifying",
}


def get_benchmark(name: str) -> Benchmark:
    """The declaration behind a name. Raises `UnknownName` with the nearest name."""
    benchmark: Benchmark = BENCHMARKS.load(name)
    return benchmark


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        from importlib import import_module

        return getattr(import_module(f"likebut.benchmarks.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module 'likebut.benchmarks' has no attribute {name!r}")

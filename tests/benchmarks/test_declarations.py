"""Every protocol of the catalogue is complete and names what it is."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from likebut.benchmarks import BENCHMARKS, get_benchmark, run
from likebut.metrics import get_metric

CARDS = Path(__file__).parents[2] / "docs" / "datasets"


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_a_declaration_is_complete(name):
    benchmark = get_benchmark(name)
    assert benchmark.name == name
    module, _, function = benchmark.dataset.partition(":")
    assert callable(getattr(import_module(module), function))
    for metric in benchmark.metrics:
        assert get_metric(metric).name == metric
    for mean, over in benchmark.derived.values():
        assert mean in ("arithmetic_mean", "harmonic_mean", "geometric_mean")
        assert set(over) <= set(benchmark.metrics)
    assert benchmark.main in (*benchmark.metrics, *benchmark.derived)
    assert set(benchmark.slice_metrics) <= set(benchmark.metrics)
    assert (CARDS / f"{benchmark.card}.md").exists()
    json.dumps(benchmark.protocol())
    assert benchmark.depth >= 100


@pytest.mark.parametrize("name", [name for name in BENCHMARKS if "@" in name])
def test_another_protocol_differs_from_the_plain_one_in_more_than_its_name(name):
    plain, other = get_benchmark(name.partition("@")[0]), get_benchmark(name)
    assert replace(other, name=plain.name, note=plain.note, paper=plain.paper) != plain
    assert other.note
    assert other.note != plain.note


def test_imagenet_runs_keep_enough_ids_for_recall_at_200():
    assert get_benchmark("imagenet-r-domain").depth == 200


def test_listing_the_catalogue_imports_neither_torch_nor_numpy():
    code = "import sys, likebut.benchmarks as b; list(b.BENCHMARKS); print({'torch', 'numpy'} & sys.modules.keys())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_a_protocol_of_ones_own_is_one_declaration(goldens, cirr_vectors):
    mine = replace(get_benchmark("cirr-val"), name="cirr-val@reference-kept", exclude_reference=False, derived={})
    kept = run(mine, data=goldens / "cirr", vectors=cirr_vectors("val"))
    plain = run("cirr-val", data=goldens / "cirr", vectors=cirr_vectors("val"))
    assert kept.protocol["exclude_reference"] is False
    assert kept.metrics["recall@1"] <= plain.metrics["recall@1"]
    assert kept.gallery_sha256 == plain.gallery_sha256
    assert kept.data != plain.data

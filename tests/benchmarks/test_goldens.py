"""Every number of the official evaluators, from the same annotations and features.

Tolerance: 1e-4 percentage points (their percentages carry float32 noise); CoVR's are rounded to 2 or 4 decimals.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from likebut.benchmarks import run, submit

NOISE = 1e-6  # 1e-4 percentage points, in fractions


def percent(values, digits=None):
    """Golden percentages → what ours must be, by our names."""
    near = NOISE if digits is None else 0.5 * 10**-digits / 100 + NOISE
    return {name: pytest.approx(value / 100, abs=near) for name, value in values.items()}


def picked(metrics, expected):
    return {name: metrics[name] for name in expected}


def test_cirr_as_clip4cir_searle_and_pic2word_score_it(goldens, expected, cirr_vectors):
    golden = expected("cirr", "expected_val.json")
    metrics = run("cirr-val", data=goldens / "cirr", vectors=cirr_vectors("val")).metrics
    want = percent(
        {name.replace("Rs@", "recall_subset@").replace("R@", "recall@"): v for name, v in golden["clip4cir"].items()}
        | {
            name.replace("cirr_recall_at", "recall@").replace("cirr_group_recall_at", "recall_subset@"): v
            for name, v in golden["searle"].items()
        }
        | {name.replace("recall_R@", "recall@"): v for name, v in golden["pic2word"].items()}
        | {
            "average": golden["clip4cir_selection"]["mean(R@5+Rs@1)"],
            **{
                f"selection_{mean}": golden["clip4cir_selection"][f"{mean}_mean"]
                for mean in ("arithmetic", "harmonic", "geometric")
            },
        }
    )
    assert picked(metrics, want) == want
    assert len(want) == 12


def test_cirr_with_soft_subset_labels_as_covr_scores_val(goldens, expected, cirr_vectors):
    golden = expected("cirr", "expected_val.json")["covr_val_soft_subset"]
    metrics = run("cirr-val@soft-subset", data=goldens / "cirr", vectors=cirr_vectors("val")).metrics
    names = {name: name.replace("Recall_subset", "soft_recall_subset").replace("Recall@", "recall@") for name in golden}
    want = percent({names[name]: value for name, value in golden.items()}, digits=2)
    assert picked(metrics, want) == want
    assert len(want) == 7


def test_cirr_in_covrs_training_loop_lies_in_the_range_of_its_ties(goldens, expected, cirr_vectors):
    golden = expected("cirr", "expected_val.json")
    metrics = run("cirr-val@covr-train-loop", data=goldens / "cirr", vectors=cirr_vectors("val")).metrics
    for name, (low, high) in golden["covr_training_loop_tie_range"].items():
        assert low / 100 - NOISE <= metrics[name.replace("R", "recall@")] <= high / 100 + NOISE
    assert metrics["mean"] == pytest.approx(np.mean([metrics[f"recall@{k}"] for k in (1, 5, 10)]))


def test_cirr_submission_files_equal_clip4cirs(goldens, expected, cirr_vectors, tmp_path):
    result = run("cirr-test", data=goldens / "cirr", vectors=cirr_vectors("test1"))
    assert result.metrics == {}
    recall, subset = submit(result, tmp_path)
    assert json.loads(recall.read_text()) == expected("cirr", "recall_submission_tiny.json")
    assert json.loads(subset.read_text()) == expected("cirr", "recall_subset_submission_tiny.json")


@pytest.mark.parametrize("who", ["clip4cir", "searle", "pic2word"])
def test_fashioniq_on_the_original_split(goldens, expected, fashioniq_vectors, who):
    golden = expected("fashioniq", "expected.json")["original_split_reference_kept"][who]
    metrics = run("fashioniq-val", data=goldens / "fashioniq", vectors=fashioniq_vectors).metrics
    want = {}
    for category in ("dress", "shirt", "toptee"):
        for name, value in golden[category].items():
            want[f"recall@{name.replace('fiq_recall_at', '').replace('R@', '')}/{category}"] = value
    if who == "clip4cir":
        want |= {
            "recall@10": golden["average"]["R@10"],
            "recall@50": golden["average"]["R@50"],
            "average": golden["average_recall"],
        }
    want = percent(want)
    assert picked(metrics, want) == want


def test_fashioniq_with_the_reference_excluded_as_covr_scores_it(goldens, expected, fashioniq_vectors):
    golden = expected("fashioniq", "expected.json")["original_split_reference_masked"]["covr"]
    metrics = run("fashioniq-val@reference-excluded", data=goldens / "fashioniq", vectors=fashioniq_vectors).metrics
    want = {
        f"recall@{name[1:]}/{category}": value
        for category in ("dress", "shirt", "toptee")
        for name, value in golden[category].items()
    }
    want |= {f"recall@{name[1:].removesuffix('_mean')}": value for name, value in golden["mean"].items()}
    want = percent(want, digits=2)
    assert picked(metrics, want) == want
    assert len(want) == 16


def test_fashioniq_on_vals_smaller_gallery(goldens, expected, fashioniq_vectors):
    golden = expected("fashioniq", "expected.json")["val_split_gallery_reference_kept"]["clip4cir_function"]
    result = run("fashioniq-val@val-split", data=goldens / "fashioniq", vectors=fashioniq_vectors)
    want = {
        "recall@10": golden["average"]["R@10"],
        "recall@50": golden["average"]["R@50"],
        "average": golden["average_recall"],
    }
    for category in ("dress", "shirt", "toptee"):
        assert result.parts[category]["gallery"] == golden[category]["gallery_size"]
        want |= {f"recall@{k}/{category}": golden[category][f"R@{k}"] for k in (10, 50)}
    want = percent(want)
    assert picked(result.metrics, want) == want


def test_fashioniq_in_covrs_training_loop(goldens, expected, fashioniq_vectors):
    golden = expected("fashioniq", "expected.json")["covr_training_loop"]
    metrics = run("fashioniq-val@covr-train-loop", data=goldens / "fashioniq", vectors=fashioniq_vectors).metrics
    names = {"R_mean": "mean", **{f"R{k}": f"recall@{k}" for k in (1, 5, 10, 50)}}
    want = percent(
        {f"{names[n]}/{category}": value for category, values in golden.items() for n, value in values.items()},
        digits=4,
    )
    assert picked(metrics, want) == want
    assert len(want) == 15


def test_circo_as_its_authors_and_searle_score_it(goldens, expected, circo_vectors):
    golden = expected("circo", "expected_val.json")
    metrics = run("circo-val", data=goldens / "circo", vectors=circo_vectors("val")).metrics
    fractions = golden["circo_evaluation_fractions"]
    want = {f"map@{k}": value for k, value in fractions["mAP"].items()}
    want |= {f"target_recall@{k}": value for k, value in fractions["recall"].items()}
    want |= {f"map@10/{aspect}": value for aspect, value in fractions["semantic_mAP10"].items()}
    assert picked(metrics, want) == pytest.approx(want, abs=NOISE)
    assert len(want) == 17
    searle = {
        n.replace("circo_map_at", "map@").replace("circo_recall_at", "target_recall@"): v
        for n, v in golden["searle_percent"].items()
    }
    assert picked(metrics, searle) == percent(searle)


def test_circo_with_the_reference_excluded_as_covr_scores_it(goldens, expected, circo_vectors):
    golden = expected("circo", "expected_val.json")["covr_reference_masked_percent"]
    metrics = run("circo-val@reference-excluded", data=goldens / "circo", vectors=circo_vectors("val")).metrics
    want = percent({n.replace("mAP", "map").replace("Recall", "target_recall"): v for n, v in golden.items()}, digits=2)
    assert picked(metrics, want) == want


@pytest.mark.parametrize(
    ("benchmark", "split", "golden"),
    [
        ("circo-val", "val", "submission_val_tiny.json"),
        ("circo-test", "test", "submission_test_tiny.json"),
        ("circo-test@reference-excluded", "test", "submission_test_tiny_covr_reference_masked.json"),
    ],
)
def test_circo_submission_files_equal_searles_and_covrs(
    goldens, expected, circo_vectors, tmp_path, benchmark, split, golden
):
    result = run(benchmark, data=goldens / "circo", vectors=circo_vectors(split))
    (file,) = submit(result, tmp_path)
    assert json.loads(file.read_text()) == expected("circo", golden)


def test_genecis_tasks(goldens, expected, vectors):
    golden = expected("genecis", "expected.json")
    found = {}
    for task in ("focus_attribute", "change_attribute", "focus_object", "change_object"):
        file = np.load(goldens / "genecis" / f"features_{task}.npz")
        entries = expected("genecis", "genecis", f"{task}.json")
        ids, rows = [], []
        for entry, numbers, features in zip(entries, file["image_ids"], file["image_features"], strict=True):
            for image, number, row in zip(
                [entry["reference"], entry["target"], *entry["gallery"]], numbers, features, strict=True
            ):
                box = ",".join(map(str, image["instance_bbox"])) if "instance_bbox" in image else ""
                ids.append(f"{number}@{box}" if box else str(number))
                rows.append(row)
        assert len(set(ids)) == len(ids)
        path = vectors(task, ids, np.stack(rows), np.arange(len(entries)), file["query"])
        found[task] = run(f"genecis-{task.replace('_', '-')}", data=goldens / "genecis", vectors=path).metrics
        want = percent({f"recall@{k}": golden[task][f"R@{k}"] for k in (1, 2, 3)})
        assert picked(found[task], want) == want
    means = {f"R@{k}": pytest.approx(100 * np.mean([m[f"recall@{k}"] for m in found.values()])) for k in (1, 2, 3)}
    assert golden["average"] == means


@pytest.mark.parametrize("kind", ["composed", "image", "text", "mixture"])
def test_imagenet_r(goldens, expected, imagenet_vectors, kind):
    golden = expected("imagenet_r", "expected.json")
    metrics = run("imagenet-r-domain", data=goldens / "imagenet_r", vectors=imagenet_vectors(kind)).metrics
    want = {}
    for domain in ("cartoon", "origami", "toy", "sculpture", "average"):
        at = "" if domain == "average" else f"/{domain}"
        for name, value in golden[domain][kind].items():
            want[name.replace("R@", "true_recall@").replace("P@", "precision@") + at] = value
    assert picked(metrics, want) == pytest.approx(want, abs=NOISE)
    assert len(want) >= 55


@pytest.mark.parametrize("kind", ["composed", "image", "text", "mixture"])
def test_coco_composition(goldens, expected, vectors, kind):
    golden = expected("coco", "expected.json")[kind]
    file = np.load(goldens / "coco" / "features.npz")
    ids = [line.split(",")[0] for line in (goldens / "coco" / "coco_eval.csv").read_text().splitlines()[1:]]
    path = vectors(kind, ids, file["image"], ids, file[f"ref_{kind}"])
    metrics = run("coco-compose", data=goldens / "coco", vectors=path).metrics
    want = {
        name.replace("image_to_ref_", "reverse_").replace("ref_to_image_", "").replace("R@", "recall@"): value
        for name, value in golden.items()
    }
    assert picked(metrics, want) == pytest.approx(want, abs=NOISE)
    assert len(want) == 14

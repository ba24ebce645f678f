"""Where each data set is to be had, in words, as authors and users report it. Nothing here is downloaded by likebut."""

from __future__ import annotations

from likebut.benchmarks.base import Benchmark

# Read in the authors' READMEs and in the issue threads named; none was tried by this project.
PLACES = {
    "cirr": "Annotations: branch cirr_dataset of github.com/Cuberick-Orion/CIRR (MIT). Pictures: the authors' form for "
    "NLVR2; mirrors that users name are royokong/cirr_imgs and BUAADreamer/cir_dataset on Hugging Face and one on "
    "Kaggle (SPN4CIR issue 3, SEARLE issue 13).",
    "fashioniq": "Annotations: github.com/XiaoxiaoGuo/fashion-iq (CDLA). Pictures: shop links, partly dead; "
    "the 74,381 that users still share are exactly the ones the splits name (SEARLE issue 11), also in "
    "BUAADreamer/cir_dataset on Hugging Face.",
    "circo": "Annotations: github.com/miccunifi/CIRCO (CC BY-NC 4.0). Pictures: COCO's zips/unlabeled2017.zip and "
    "annotations/image_info_unlabeled2017.zip at images.cocodataset.org.",
    "genecis": "Annotations: github.com/facebookresearch/genecis (CC BY-NC 4.0). Pictures: COCO val2017 for object "
    "tasks, Visual Genome's VG_100K and VG_100K_2 for attribute tasks.",
    "coco": "zips/val2017.zip and annotations/annotations_trainval2017.zip at images.cocodataset.org.",
    "imagenet": "Lists: github.com/google-research/composed_image_retrieval, data/imgnet. Pictures: ImageNet-R from "
    "github.com/hendrycks/imagenet-r; `real` is the ImageNet-1k validation set in one folder per class.",
    "webvid_covr": "Annotations and how to fetch the clips: github.com/lucas-ventura/CoVR.",
    "wardrobe": "Draw it: likebut data make wardrobe --to DIR.",
    "folder": "A folder with queries.csv (columns reference, text, targets) and the pictures it names.",
}


def where_to_get(benchmark: Benchmark) -> str:
    """One paragraph for people; empty for a data set of a plug-in that says nothing."""
    module = benchmark.dataset.partition(":")[0]
    return next((place for name, place in PLACES.items() if f".datasets.{name}" in module), "")

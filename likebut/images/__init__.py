"""One door for pictures: the only place in likebut that opens an image file.

reading    path, bytes, URL, Pillow picture, array → upright RGB (and alpha), or `BadImage`
colour     any pixel mode → RGB and alpha
fetching   http(s) → bytes
geometry   pad, resize, crop; pixels and masks as float arrays
regions    box, polygon, mask → mask, crop, white or blurred background
cutout     GrabCut from a box or a click (OpenCV, imported when called)
files      folders and globs → files; stamps, digests, thumbnails
"""

from likebut.images.cutout import grabcut
from likebut.images.files import EXTENSIONS, file_digest, file_stamp, list_images, thumbnail
from likebut.images.geometry import (
    CLIP_MEAN,
    CLIP_STD,
    Geometry,
    Order,
    Padding,
    aligned_alpha_mask,
    alpha_mask,
    apply,
    clip_pad,
    square_pad,
    squash,
    target_pad,
    to_pixels,
    to_pixels_batch,
)
from likebut.images.reading import MAX_BYTES, MAX_PIXELS, describe, fast_load, load_image
from likebut.images.regions import blur_background, crop_region, read_mask, region_box, region_mask, white_background

__all__ = [
    "CLIP_MEAN",
    "CLIP_STD",
    "EXTENSIONS",
    "MAX_BYTES",
    "MAX_PIXELS",
    "Geometry",
    "Order",
    "Padding",
    "aligned_alpha_mask",
    "alpha_mask",
    "apply",
    "blur_background",
    "clip_pad",
    "crop_region",
    "describe",
    "fast_load",
    "file_digest",
    "file_stamp",
    "grabcut",
    "list_images",
    "load_image",
    "read_mask",
    "region_box",
    "region_mask",
    "square_pad",
    "squash",
    "target_pad",
    "thumbnail",
    "to_pixels",
    "to_pixels_batch",
    "white_background",
]

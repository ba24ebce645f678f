"""Photo → line drawing, and the canonical form of a drawn sketch. No network is run and nothing is learnt.

Both end the same way: lines one pixel thin, redrawn at one standard width, dark on white. A drawing made from a
photo and one made by a person then look alike to an encoder. The same input always gives the same drawing.

What shapes the method: thresholds come from the picture itself (fixed ones range from nothing to a flood of ink),
colour counts as much as lightness (beige on grey), and pale things on pale paper are found by fitting the backdrop.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from likebut.images import grabcut, load_image
from likebut.types import Array, ImageLike, Region

STROKE = 0.008  # line width as a share of the longer side; people's drawings measure 0.0077
INK, PAPER = 0, 255

_INNER = Region(box=(0.03, 0.03, 0.97, 0.97))
_BAND = 0.06  # the border that is taken for backdrop
_PERCENTILES = (80, 84, 88, 91, 93.5, 95, 96.5, 97.5, 98.5, 99.2)


def line_drawing(
    image: ImageLike, *, detail: float = 0.5, size: int | None = None, stroke: float = STROKE
) -> Image.Image:
    """A photo → what somebody might have drawn of it: `L`, dark anti-aliased lines on white.

    detail   0 draws the outline and the strongest edges, 1 every fold; 0.5 spends at most 7.5 % of the object's area
    size     the longer side of the drawing in pixels; None: that of the photo, at most 512
    stroke   line width as a share of `size`

    A photo without any edge gives white paper. Raises `BadImage`. Takes 0.1 s on one core for
    things on plain paper, about 0.4 s where GrabCut has to find them.
    """
    if not 0 <= detail <= 1:
        raise ValueError(f"detail is {detail}; expected a number from 0 (outline) to 1 (every fold).")
    photo = load_image(image)
    size = size or min(512, max(photo.size))
    scale = size / max(photo.size)
    shape = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    photo = photo.resize(shape, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    pixels = np.asarray(photo)
    if min(shape) < 16:
        return Image.new("L", shape, PAPER)
    unit = size / 512  # lengths below are for 512 pixels
    lab = _lab(pixels)
    smooth = _blur(lab, 1.2 * unit)
    backdrop, spread = _fit_backdrop(smooth)
    plain = backdrop is not None
    distance = None if backdrop is None else np.linalg.norm(smooth - backdrop, axis=-1)
    mask = _plain_mask(distance, max(2.0, 3.5 * spread), unit) if distance is not None else _busy_mask(photo, unit)
    ink, strong = _edges(pixels, mask, unit, detail, quiet=plain and spread < 1.0, plain=plain)
    if mask is not None:
        ink |= _outline(mask, ink, strong, unit)
    return _redraw(ink, stroke * size, shape)


def canonical(sketch: ImageLike, *, size: int = 512, stroke: float = STROKE, margin: float = 0.08) -> Image.Image:
    """A drawn sketch in whatever form → `L`, `size`×`size`: dark lines of one width on white, centred, with a margin.

    Transparent canvases, white-on-black drawings, coloured pens and photographed paper with shadows all end in the same
    form. Lines are thinned and redrawn `stroke` × `size` wide; the drawing fills the square but for `margin` on each
    side. Filled shapes keep their outline. A sketch without ink gives white paper. Raises `BadImage`.
    """
    image, alpha = load_image(sketch, return_alpha=True)
    drawn = _ink(np.asarray(image, np.float32))
    if alpha is not None and not drawn.any():  # white on a transparent canvas: the canvas tells what was drawn
        drawn = _ink(255 - np.asarray(alpha.convert("RGB"), np.float32))
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if not rows.size:
        return Image.new("L", (size, size), PAPER)
    drawn = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    room = max(1, round(size * (1 - 2 * margin)))
    scale = room / max(drawn.shape)
    shape = (max(1, round(drawn.shape[1] * scale)), max(1, round(drawn.shape[0] * scale)))
    levels = Image.fromarray(drawn.astype(np.uint8) * 255)
    # Shrinking thin lines: any ink in a cell counts, or lines would break up.
    fitted = np.asarray(levels.resize(shape, Image.Resampling.BILINEAR)) > (
        127 if scale >= 1 else 255 * min(0.5, scale / 2)
    )
    canvas = np.zeros((size, size), bool)
    top, left = (size - shape[1]) // 2, (size - shape[0]) // 2
    canvas[top : top + shape[1], left : left + shape[0]] = fitted
    return _redraw(_hollow(canvas, size), stroke * size, (size, size))


def is_photo(image: ImageLike) -> bool:
    """Whether a picture given as a sketch is a photo or a painting, better sent through `line_drawing` first.

    A drawing is lines or flat shapes on even paper; a photo has broad areas that are neither paper nor flat.
    """
    import cv2

    picture = load_image(image)
    picture.thumbnail((512, 512), Image.Resampling.BOX)
    if min(picture.size) < 16:
        return False
    lab = _lab(np.asarray(picture))
    backdrop, _ = _fit_backdrop(_blur(lab, 1.2))
    paper = np.median(lab, axis=(0, 1)) if backdrop is None else backdrop
    areas = _morph(np.linalg.norm(lab - paper, axis=-1) > 8, cv2.MORPH_ERODE, 11)  # hatching does not survive
    return bool(areas.mean() > 0.02 and lab[areas].std(axis=0).max() > 4)


# ---- backdrop and object


def _lab(pixels: Array) -> Array:
    """(H, W, 3) uint8 RGB → float32 CIE Lab, L from 0 to 100."""
    import cv2

    return cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def _blur(values: Array, sigma: float) -> Array:
    import cv2

    return cv2.GaussianBlur(values, (0, 0), sigma)


def _fit_backdrop(lab: Array) -> tuple[Array | None, float]:
    """A quadratic in x and y through the border → the backdrop behind the object and its spread, or None where
    the border is no even backdrop. Studio paper varies by 5–10 L, a white shirt on it by 2–5: hence a surface."""
    height, width = lab.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    where = np.ones((height, width), bool)
    edge = max(2, round(_BAND * min(height, width)))
    where[edge:-edge, edge:-edge] = False
    basis, colours = terms[where], lab[where].astype(np.float64)
    keep = np.ones(len(basis), bool)
    spread = 0.0
    for _ in range(4):
        weights = np.linalg.lstsq(basis[keep], colours[keep], rcond=None)[0]
        residual = np.linalg.norm(colours - basis @ weights, axis=1)
        spread = 1.4826 * float(np.median(residual[keep]))
        keep = residual < max(2.0, 3 * spread)
        if keep.mean() < 0.6:
            return None, spread
    return ((terms @ weights).astype(np.float32), spread) if spread < 2.0 else (None, spread)


def _plain_mask(distance: Array, threshold: float, unit: float) -> Array | None:
    """What stands out from the backdrop: seeds at twice the threshold, grown to the threshold."""
    import cv2

    weak = (distance > threshold).astype(np.uint8)
    labels = cv2.connectedComponents(weak)[1]
    strong = np.unique(labels[distance > 2 * threshold])
    mask = np.isin(labels, strong[strong > 0])
    mask = _morph(mask, cv2.MORPH_CLOSE, 9 * unit)
    mask = ~_reached_from_border(~mask)
    return _main_pieces(_morph(mask, cv2.MORPH_OPEN, 9 * unit), 0.04, 0.95)


def _busy_mask(photo: Image.Image, unit: float) -> Array | None:
    """GrabCut from the whole picture, for photos at home."""
    import cv2

    small = photo.copy()
    small.thumbnail((256, 256), Image.Resampling.BOX)
    calm = Image.fromarray(cv2.bilateralFilter(np.asarray(small), 7, 45, 7))  # weave and grain make GrabCut slow
    mask = np.asarray(Image.fromarray(grabcut(calm, _INNER) * 255).resize(photo.size, Image.Resampling.BILINEAR)) > 127
    mask = _morph(_morph(mask, cv2.MORPH_OPEN, 7 * unit), cv2.MORPH_CLOSE, 7 * unit)
    return _main_pieces(mask, 0.04, 0.9)


def _morph(mask: Array, operation: int, width: float) -> Array:
    import cv2

    side = max(3, round(width)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return cv2.morphologyEx(mask.astype(np.uint8), operation, kernel) > 0


def _reached_from_border(mask: Array) -> Array:
    """The part of a mask that is connected to the picture's border."""
    import cv2

    framed = np.pad(mask.astype(np.uint8), 1, constant_values=1)
    labels = cv2.connectedComponents(framed, connectivity=4)[1]
    return (labels == labels[0, 0])[1:-1, 1:-1]


def _main_pieces(mask: Array, least: float, most: float) -> Array | None:
    """Pieces of at least 15 % of the largest; None where they cover too little or too much to be an object."""
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.isin(labels, 1 + np.flatnonzero(areas >= 0.15 * areas.max()))
    return kept if least <= kept.mean() <= most else None


# ---- lines


def _edges(
    pixels: Array, mask: Array | None, unit: float, detail: float, *, quiet: bool, plain: bool
) -> tuple[Array, Array]:
    """Canny on colour, its thresholds raised until the ink fits the budget; short scraps dropped.

    Returns the ink, and where there is any edge worth the name to support an outline; both bool (H, W).
    """
    import cv2

    smooth = pixels
    for sigma in (12, 8) if quiet else (45, 30):  # on even paper strong smoothing would wipe out pale folds
        smooth = cv2.bilateralFilter(smooth, max(5, round(9 * unit)), sigma, 9 * unit)
    channels = _blur(_lab(smooth) * np.array([2.55, 1.6, 1.6], np.float32), 1.2 * unit)
    across = cv2.Sobel(channels, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(channels, cv2.CV_32F, 0, 1)
    strength = np.hypot(across, down)
    strongest = strength.argmax(axis=-1)[..., None]
    pick = [np.take_along_axis(values, strongest, -1)[..., 0] for values in (across, down, strength)]
    dx, dy = (np.clip(4 * values, -32000, 32000).astype(np.int16) for values in pick[:2])
    magnitude = pick[2]
    near: Array = np.ones(magnitude.shape, bool) if mask is None else _morph(mask, cv2.MORPH_DILATE, 9 * unit)
    floor = 12.0
    if plain and mask is not None and (~near).any():
        floor = float(np.clip(1.3 * np.percentile(magnitude[~near], 99), 3, 40))
    budget = (0.03 + 0.09 * detail) * (mask if mask is not None else near).sum() / unit
    found = np.zeros(near.shape, bool)
    for step, percentile in enumerate(_PERCENTILES):
        high = max(floor, float(np.percentile(magnitude[near], percentile)))
        found = cv2.Canny(dx, dy, 4 * 0.4 * high, 4 * high, L2gradient=True) > 0
        # A weave or a print floods the drawing: of such a thing people draw the long lines only.
        found = _drop_scraps(found & near, (40 - 34 * detail) * unit * (1 + 0.2 * step))
        if found.sum() <= budget:
            break
    return found, _morph(magnitude >= 0.8 * floor, cv2.MORPH_DILATE, 5 * unit)


def _drop_scraps(ink: Array, length: float) -> Array:
    """Without pieces shorter than `length` pixels, or curled up within half of it."""
    import cv2

    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    extent = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    kept = (stats[:, cv2.CC_STAT_AREA] >= length) & (extent >= length / 2)
    kept[0] = False
    return kept[labels]


def _outline(mask: Array, ink: Array, strong: Array, unit: float) -> Array:
    """The object's contour, smoothed, where no line runs beside it already: only where the photo supports it (a shadow
    taken for the object has no edge), and not along the picture's frame."""
    import cv2

    contour = np.zeros(mask.shape, np.uint8)
    for points in cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
        if len(points) >= 30 * unit:
            cv2.polylines(contour, [_smooth_ring(points[:, 0], 3 * unit)], True, 1)
    beside = _morph(ink, cv2.MORPH_DILATE, 11 * unit)
    edge = max(1, round(3 * unit))
    inner = np.zeros(mask.shape, bool)
    inner[edge:-edge, edge:-edge] = True
    return _drop_scraps((contour > 0) & ~beside & inner & strong, 12 * unit)


def _smooth_ring(points: Array, sigma: float) -> Array:
    """(n, 2) points of a closed line, moved by a circular Gaussian."""
    reach = max(1, min(round(3 * sigma), (len(points) - 1) // 2))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    ring = np.concatenate([points[-reach:], points, points[:reach]]).astype(np.float64)
    moved = [np.convolve(ring[:, axis], weights / weights.sum(), mode="valid") for axis in (0, 1)]
    return np.rint(np.stack(moved, axis=-1)).astype(np.int32)


# ---- drawn sketches


def _flatten(grey: Array) -> Array:
    """Divide by the paper: light that falls off over a photographed page becomes even."""
    import cv2

    side = max(3, round(max(grey.shape) / 12)) | 1
    paper = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    paper = _blur(paper, side / 2)
    return np.clip(grey / np.maximum(paper, 1) * 255, 0, 255)


def _ink(pixels: Array) -> Array:
    """Where there is ink in float32 (H, W, 3), bool (H, W): what differs from the paper, and the border is paper."""
    import cv2

    grey = pixels.mean(axis=-1)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    dark_paper = np.median(border) < 127 and np.median(grey) < 127
    # The channel that shows coloured ink best: yellow on white is almost nothing in lightness.
    grey = 255 - pixels.max(axis=-1) if dark_paper else pixels.min(axis=-1)
    flat = np.rint(_flatten(grey)).astype(np.uint8)
    if int(flat.max()) - int(flat.min()) < 24:
        return np.zeros(grey.shape, bool)
    threshold = cv2.threshold(flat, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0]
    ink = flat <= min(threshold, 225)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    speck = max(3, 2e-5 * grey.size)
    kept = stats[:, cv2.CC_STAT_AREA] >= speck
    kept[0] = False
    return kept[labels]


def _hollow(ink: Array, size: int) -> Array:
    """Filled shapes → their outlines; lines stay. Broader than 9 % of the size is a shape."""
    import cv2

    core = _morph(ink, cv2.MORPH_OPEN, 0.09 * size)
    if not core.any():
        return ink
    shape = _morph(core, cv2.MORPH_DILATE, 5) & ink
    rim = shape & ~_morph(shape, cv2.MORPH_ERODE, 3)
    return (ink & ~shape) | rim


# ---- one width for all


def thin(ink: Array) -> Array:
    """Lines of any width → one pixel wide, connected as before. bool (H, W) in and out.

    Source: Zhang and Suen, CACM 27(3), 1984.
    """
    image = np.pad(ink.astype(np.uint8), 1)
    while True:
        before = int(image.sum())
        for odd in (False, True):
            rows, columns = np.nonzero(image)
            # Neighbours clockwise from above.
            around = [
                image[rows + down, columns + right]
                for down, right in ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
            ]
            north, _, east, _, south, _, west, _ = around
            count = sum(values.astype(np.int8) for values in around)
            rises = sum((a == 0) & (b == 1) for a, b in zip(around, [*around[1:], around[0]], strict=True))
            open_side = north * west * (south | east) == 0 if odd else east * south * (north | west) == 0
            other = (east | south) * north * west if odd else (north | west) * east * south
            gone = (count >= 2) & (count <= 6) & (rises == 1) & (other == 0) & open_side
            image[rows[gone], columns[gone]] = 0
        if int(image.sum()) == before:
            return image[1:-1, 1:-1] > 0


def _redraw(ink: Array, width: float, shape: tuple[int, int]) -> Image.Image:
    """Thin, then draw again `width` pixels wide with soft edges."""
    import cv2

    if not ink.any():
        return Image.new("L", shape, PAPER)
    bones = thin(_morph(ink, cv2.MORPH_CLOSE, 3))
    distance = cv2.distanceTransform((~bones).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    cover = np.clip(width / 2 + 0.5 - distance, 0, 1)
    return Image.fromarray(np.rint(PAPER - (PAPER - INK) * cover).astype(np.uint8))

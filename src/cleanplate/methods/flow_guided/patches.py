"""Invent what no frame shows from patches of the picture around it.

A nearest-neighbour field by PatchMatch (Barnes et al., SIGGRAPH 2009) inside the coarse-to-fine
completion of Wexler et al. (CVPR 2004): find for each unknown pixel the most alike known patch,
let the patches vote on the picture, and again. At the coarsest size the unknown is peeled layer by
layer from its edge, each pixel like what is known around it (Newson et al., SIAM Journal on Imaging
Sciences 2014, section 3.3): a smooth first guess would draw in whatever is smooth. Only pixels
whose whole patch is known are sources (`centres`), so nothing read through the field lies outside
the picture or under the unknown.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.compiled import compiled
from cleanplate.region import reduce_hole, reduce_picture

Picture = NDArray[np.float32]  # (H, W, 3)
Mask = NDArray[np.bool_]  # (H, W)
Field = NDArray[np.int32]  # (H, W, 2), row and column of each unknown pixel's source

_RADIUS = 3  # of a patch, pixels
_ROUNDS = 4  # of search and vote at each size
_SMALLEST_SIDE = 24
_LAYERS = 7  # pixels from the edge of the unknown to its middle, at most, where it is peeled
_PEELED = 300  # unknown pixels at most, and
_KNOWN_PATCHES = 10_000  # at most, where half the size would do as well
_COMPARED = 400_000  # pairs of an unknown pixel and a known patch, about, at most
_FARNESS = 300.0  # levels squared by which a patch has to be more alike that lies a picture away


def patch_sources(picture: NDArray[Any], unknown: Mask, *, seed: int) -> Field | None:
    """Return for every unknown pixel the known pixel of the same picture to copy.

    picture: (H, W, 3), 0 to 255; what lies under `unknown` is never read. unknown: (H, W) bool.
    Returns (H, W, 2) int32, row and column, -1 outside the unknown region; None where the picture
    has no whole known patch. The same seed gives the same field.
    """
    if not _centres(unknown).any():
        return None
    return _solve(picture.astype(np.float32), unknown, _state(seed * 2 + 1))


def _state(number: int) -> np.uint32:
    """Cut a number of any size to the random generator's 32 bits."""
    return np.uint32(number & 0xFFFFFFFF)


def _centres(unknown: Mask) -> Mask:
    """Where a whole patch is known."""
    side = 2 * _RADIUS + 1
    kernel = np.ones((side, side), np.uint8)
    blocked = cv2.dilate(unknown.astype(np.uint8), kernel).astype(np.bool_)
    inner = np.zeros_like(unknown)
    inner[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS] = True
    return inner & ~blocked


def _solve(picture: Picture, unknown: Mask, seed: np.uint32) -> Field:
    """Solve at half size first, where that still has whole patches; then refine.

    picture: (H, W, 3), what is unknown of it is not read. Returns the field, -1 where known.
    """
    height, width = unknown.shape
    half = ((height + 1) // 2, (width + 1) // 2)
    half_unknown = reduce_hole(unknown, half)
    centres = _centres(unknown)
    rows, columns = np.nonzero(unknown)
    picture, field = picture.copy(), np.full((height, width, 2), -1, np.int32)
    halved = min(half) >= _SMALLEST_SIDE and _centres(half_unknown).any()
    if halved and not _peelable(unknown, centres):
        coarse = _solve(reduce_picture(picture, half), half_unknown, seed)
        _double(field, coarse, centres, rows, columns)
        _draw(field, np.argwhere(centres).astype(np.int32), rows, columns, seed)
    else:
        _peel(picture, field, centres, unknown)
    _vote(picture, field, rows, columns, unknown)
    for turn in range(_ROUNDS):
        _search(picture, field, centres, rows, columns, _state(int(seed) + 7919 * (turn + 1)))
        _vote(picture, field, rows, columns, unknown)
    return field


def _peelable(unknown: Mask, centres: Mask) -> bool:
    """Tell whether the unknown is thin and small enough to be peeled at this size."""
    if np.count_nonzero(unknown) > _PEELED or np.count_nonzero(centres) > _KNOWN_PATCHES:
        return False
    depth = cv2.distanceTransform(unknown.astype(np.uint8), cv2.DIST_L2, 3)
    return bool(depth.max() <= _LAYERS)


def _peel(picture: Picture, field: Field, centres: Mask, unknown: Mask) -> None:
    """Set field and picture, in place, layer by layer from the edge of the unknown inwards."""
    known, sources = ~unknown, np.argwhere(centres).astype(np.int32)
    # Every so many-th is enough for a first guess.
    step = 1 + np.count_nonzero(unknown) * len(sources) // _COMPARED
    sources = np.ascontiguousarray(sources[::step])
    while not known.all():
        wide = cv2.dilate(known.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.bool_)
        rows, columns = layer = np.nonzero(wide & ~known)
        _match_known(picture, field, known, sources, rows, columns)
        picture[layer] = picture[tuple(field[layer].T)]
        known |= wide


@compiled()
def _match_known(
    picture: Picture, field: Field, known: Mask, sources: Any, rows: Any, columns: Any
) -> None:
    """Find for each pixel of a layer the source whose patch is most like what is known around it.

    That of the pixel before is looked at first: what comes after a good one is given up soon. A
    near source is preferred to a far one.
    """
    height, width = known.shape
    best = 0
    for i in range(len(rows)):
        r, c = rows[i], columns[i]
        around = known[max(r - _RADIUS, 0) : r + _RADIUS + 1, max(c - _RADIUS, 0) : c + _RADIUS + 1]
        far = np.float32(_FARNESS * around.sum() / (height + width))
        y, x = sources[best, 0], sources[best, 1]
        least = _known_cost(picture, known, r, c, y, x, far, np.float32(np.inf))
        for j in range(len(sources)):
            y, x = sources[j, 0], sources[j, 1]
            cost = _known_cost(picture, known, r, c, y, x, far, least)
            if cost < least:
                best, least = j, cost
        field[r, c, 0], field[r, c, 1] = sources[best, 0], sources[best, 1]


@compiled()
def _known_cost(
    picture: Any, known: Any, r: int, c: int, y: int, x: int, far: np.float32, worst: np.float32
) -> np.float32:
    """Sum the squared differences of what is known around r, c to the patch around y, x.

    far: what is added for every pixel between them. Stops early where it is worse than `worst`.
    """
    total = far * np.float32(abs(y - r) + abs(x - c))
    for dy in range(max(-_RADIUS, -r), min(_RADIUS, known.shape[0] - 1 - r) + 1):
        if total >= worst:
            break
        for dx in range(max(-_RADIUS, -c), min(_RADIUS, known.shape[1] - 1 - c) + 1):
            if known[r + dy, c + dx]:
                for k in range(3):
                    d = picture[r + dy, c + dx, k] - picture[y + dy, x + dx, k]
                    total += d * d
    return total


@compiled()
def _double(field: Field, coarse: Field, centres: Mask, rows: Any, columns: Any) -> None:
    """Take over the field found at half size wherever it points to a whole patch."""
    height, width = centres.shape
    for i in range(len(rows)):
        r, c = rows[i], columns[i]
        half_r, half_c = min(r // 2, coarse.shape[0] - 1), min(c // 2, coarse.shape[1] - 1)
        if coarse[half_r, half_c, 0] < 0:
            continue
        y = 2 * coarse[half_r, half_c, 0] + r % 2
        x = 2 * coarse[half_r, half_c, 1] + c % 2
        if y < height and x < width and centres[y, x]:
            field[r, c, 0], field[r, c, 1] = y, x


@compiled()
def _random(state: np.uint32) -> np.uint32:
    """Marsaglia's xorshift, 32 bits."""
    state ^= np.uint32(state << np.uint32(13))
    state ^= np.uint32(state >> np.uint32(17))
    state ^= np.uint32(state << np.uint32(5))
    return state


@compiled()
def _draw(field: Field, sources: Any, rows: Any, columns: Any, seed: np.uint32) -> None:
    """Give every pixel without a source one at random."""
    state = np.uint32(seed | np.uint32(1))  # 0 would stay 0
    for i in range(len(rows)):
        if field[rows[i], columns[i], 0] < 0:
            state = _random(state)
            pick = int(state) % len(sources)
            field[rows[i], columns[i], 0] = sources[pick, 0]
            field[rows[i], columns[i], 1] = sources[pick, 1]


@compiled()
def _search(
    picture: Picture, field: Field, centres: Mask, rows: Any, columns: Any, seed: np.uint32
) -> None:
    """Sweep twice over the unknown pixels: keep what fits better of all that is tried.

    Tried are the shifts of the two neighbours that the sweep has just left, since what is alike
    lies side by side, and random places around the best, from the whole picture down to a pixel.
    """
    height, width = centres.shape
    count = len(rows)
    costs = _costs(picture, field, rows, columns)
    state = np.uint32(seed | np.uint32(1))  # 0 would stay 0
    for sweep in range(2):
        step = 1 if sweep % 2 == 0 else -1
        for k in range(count):
            i = k if step > 0 else count - 1 - k
            r, c = rows[i], columns[i]
            for dr, dc in ((step, 0), (0, step)):
                nr, nc = r - dr, c - dc
                if 0 <= nr < height and 0 <= nc < width and field[nr, nc, 0] >= 0:
                    y, x = field[nr, nc, 0] + dr, field[nr, nc, 1] + dc
                    _try(picture, field, centres, costs, r, c, y, x)
            radius = max(height, width)
            while radius >= 1:
                state = _random(state)
                dy = int(state >> np.uint32(16)) % (2 * radius + 1) - radius
                dx = int(state & np.uint32(0xFFFF)) % (2 * radius + 1) - radius
                _try(picture, field, centres, costs, r, c, field[r, c, 0] + dy, field[r, c, 1] + dx)
                radius //= 2


@compiled()
def _costs(picture: Picture, field: Field, rows: Any, columns: Any) -> Any:
    """Return (H, W) the cost of each unknown pixel's source; not set elsewhere."""
    costs = np.empty(field.shape[:2], np.float32)
    for i in range(len(rows)):
        r, c = rows[i], columns[i]
        costs[r, c] = _cost(picture, r, c, field[r, c, 0], field[r, c, 1], np.float32(np.inf))
    return costs


@compiled()
def _try(
    picture: Any, field: Any, centres: Any, costs: Any, r: int, c: int, y: int, x: int
) -> None:
    """Make y, x the source of r, c if its patch is known and fits better."""
    if 0 <= y < centres.shape[0] and 0 <= x < centres.shape[1] and centres[y, x]:
        cost = _cost(picture, r, c, y, x, costs[r, c])
        if cost < costs[r, c]:
            costs[r, c] = cost
            field[r, c, 0], field[r, c, 1] = y, x


@compiled()
def _cost(picture: Any, r: int, c: int, y: int, x: int, worst: np.float32) -> np.float32:
    """Mean squared difference of the patches around r, c and y, x, or anything above `worst`.

    The first is cut at the picture's border, and the second like it; stops early when it is worse.
    """
    height, width = picture.shape[0], picture.shape[1]
    top, bottom = max(-_RADIUS, -r), min(_RADIUS, height - 1 - r)
    left, right = max(-_RADIUS, -c), min(_RADIUS, width - 1 - c)
    pixels = (bottom - top + 1) * (right - left + 1)
    limit = worst * pixels
    total = np.float32(0)
    for dy in range(top, bottom + 1):
        for dx in range(left, right + 1):
            for k in range(3):
                d = picture[r + dy, c + dx, k] - picture[y + dy, x + dx, k]
                total += d * d
        if total > limit:
            break
    return total / np.float32(pixels)


@compiled()
def _vote(picture: Picture, field: Field, rows: Any, columns: Any, unknown: Mask) -> None:
    """Set every unknown pixel to the mean of what the patches over it show for it, in place.

    A patch counts less the farther from its middle the pixel lies.
    """
    height, width = unknown.shape
    for i in range(len(rows)):
        r, c = rows[i], columns[i]
        red, green, blue, votes = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for dy in range(-_RADIUS, _RADIUS + 1):
            for dx in range(-_RADIUS, _RADIUS + 1):
                nr, nc = r + dy, c + dx
                if 0 <= nr < height and 0 <= nc < width and unknown[nr, nc]:
                    y, x = field[nr, nc, 0] - dy, field[nr, nc, 1] - dx
                    weight = np.float32(1.0 / (1 + dy * dy + dx * dx))
                    red += weight * picture[y, x, 0]
                    green += weight * picture[y, x, 1]
                    blue += weight * picture[y, x, 2]
                    votes += weight
        picture[r, c, 0] = red / votes
        picture[r, c, 1] = green / votes
        picture[r, c, 2] = blue / votes

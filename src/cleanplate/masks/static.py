"""Find what does not move with the scene: logos, burnt-in text, dirt on the lens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.io import open_video, refuse_same
from cleanplate.io.refuse import path_of
from cleanplate.masks.opaque import by_opacity
from cleanplate.masks.spread import spread_of, spread_over
from cleanplate.masks.standing import Field, Stack, Standing, integrated, what_stands
from cleanplate.masks.write import check_name, write_mask
from cleanplate.region import Region, bounding_box, whole_of
from cleanplate.video import Frames, Holes

SURE = 4.0  # standard errors by which a gradient that persists must stand out
FAINTEST = 8.0  # levels a pixel: the least step that is looked for
LINKED = 0.4  # share of that for gradients which touch such a one
RESTLESS = 1.3  # z-score that four fifths of the textured pixels keep to where the scene moves
RESTING = 4.0  # times that: the scene stands so still that everything seems laid over it
LEAST_EDGE = 12  # pixels of edge, of the smallest overlay
REACH = 0.03  # of the picture's height: parts of one overlay lie no further apart
PARTS = (0.3, 0.5, 0.7)  # of an overlay's step against the scene, that its parts have at least
SOFT = 2 / 3  # the same of its soft edges, as a share of that
OUTLINED = 0.7  # share of a patch's outline along which gradients persist
LEAST_VARIED = 10.0  # levels that the scene varies by beside what stands still
SHARP = 0.3  # of a patch's step, what lies between two pixels at its outline
LEAST_CORNERED = 0.02  # share of gradients across the main direction of a patch's outline
UNVARYING = 0.35  # a hole in an overlay belongs to it if it varies this much less than around it
BLACK = 24  # levels; darker rows and columns at the border are bars
MOST = 0.35  # of the picture: more is no overlay
LEAST_FRAMES = 8
_SQUARE = np.ones((3, 3), np.uint8)
_WIDE = np.ones((5, 5), np.uint8)

STILL = (
    "the scene stands still, so that nothing tells what is laid over it from what is part of it. "
    "Give a clip in which the camera moves, or that has several shots, or draw the mask."
)


@dataclass(frozen=True)
class Overlay:
    """What stands still while the scene moves.

    hole: (H, W) bool. patches: into how many connected ones it falls. frames: how many were looked
    at. warnings: sentences about what could not be told.
    """

    hole: Holes
    patches: int
    frames: int
    warnings: list[str] = field(default_factory=list)


def find_static(frames: Iterable[Frames]) -> Overlay:
    """Find overlays that are there in all frames while the scene behind them moves.

    frames: (T, H, W, 3), or any iterable of (H, W, 3), uint8 or uint16, RGB; some of them, spread
    over all, are held. Opaque and half-transparent overlays are found alike. Raises BadInput where
    the scene does not move, and for a clip of a few frames.
    """
    return _found(spread_over(frames))


def find_static_file(video: str | Path, out: str | Path) -> Overlay:
    """Find overlays of a video as `find_static` does, and write their mask, if there are any.

    out: NAME.png, which is of the size of the video as it is displayed. Raises BadInput, BadOutput.
    """
    out = path_of(out)
    check_name(out)
    refuse_same(path_of(video), out)
    with open_video(video) as reader:
        overlay = _found(spread_of(reader))
        overlay.warnings.extend(f"Of the video, {problem}." for problem in reader.problems)
    if overlay.patches:
        write_mask(overlay.hole, out)
    return overlay


def _found(stack: Stack) -> Overlay:
    if len(stack) < LEAST_FRAMES:
        raise BadInput(
            f"the clip has {len(stack)} frames, too few to tell what stands still. "
            f"Give at least {LEAST_FRAMES}."
        )
    picture, warnings = _without_bars(stack)
    hole = np.zeros(stack.shape[1:3], np.bool_)
    rows, columns = picture.slices
    inner = stack[:, rows, columns]
    standing = what_stands(inner)
    hole[picture.slices] = by_opacity(inner, _regions(standing, _edges(standing)))
    if hole.mean() > MOST:
        raise BadInput(STILL)
    count, _ = cv2.connectedComponents(hole.astype(np.uint8), connectivity=8)
    return Overlay(hole, count - 1, len(stack), warnings)


def _without_bars(stack: Stack) -> tuple[Region, list[str]]:
    """Return the part of the picture that is no black bar, and what to say about bars."""
    lit = np.zeros(stack.shape[1:3], np.bool_)
    for frame in stack:
        lit |= frame.max(axis=2) > BLACK
    box = bounding_box(lit, margin=0)
    size = stack.shape[1:3]
    if box is None or Region.spanning(*box) == whole_of(size):
        return whole_of(size), []
    return Region.spanning(*box), ["There are black bars beside the picture; they are left out."]


def _edges(standing: Standing) -> NDArray[np.bool_]:
    """(H, W) bool, where a gradient persists; raises BadInput where most of them do."""
    strength = standing.strength
    scores = (strength / standing.error)[standing.textured]
    usual = float(np.quantile(scores, 0.8)) / RESTLESS if len(scores) >= LEAST_EDGE else np.inf
    if usual > RESTING:
        raise BadInput(STILL)
    least = np.maximum(FAINTEST, SURE * max(usual, 1.0) * standing.error)
    weak = strength > LINKED * least
    _, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    strong = np.zeros(labels.max() + 1, np.bool_)
    strong[labels[strength > least]] = True
    strong[0] = False
    return np.asarray(strong[labels])


def _regions(standing: Standing, edges: NDArray[np.bool_]) -> Holes:
    """Return what the edges enclose: where the picture that they alone make is not flat."""
    if min(edges.shape) < 2:  # a line of pixels encloses nothing
        return np.zeros(edges.shape, np.bool_)
    near = cv2.dilate(edges.astype(np.uint8), _SQUARE)
    alone = near.astype(np.float32)[..., None]
    relief = integrated(standing.across * alone, standing.down * alone)
    reach = max(2, round(REACH * edges.shape[0]))
    joined = cv2.dilate(edges.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    count, groups = cv2.connectedComponents(joined)
    hole = np.zeros(edges.shape, np.bool_)
    for group in range(1, count):
        own = groups == group
        box = bounding_box(own, margin=1)
        assert box is not None
        if (edges[box] & own[box]).sum() >= LEAST_EDGE:
            part = edges[box] & own[box]
            hole[box] |= _region(relief[box], part, standing.spread[box])
    return hole


def _region(relief: Field, edges: NDArray[np.bool_], spread: Field) -> Holes:
    """Return the part of a box that stands out of its border in the relief (h, w, 3)."""
    border = np.concatenate([relief[0], relief[-1], relief[:, 0], relief[:, -1]])
    height = np.abs(relief - np.median(border, axis=0)).max(axis=2)
    beside = cv2.dilate(edges.astype(np.uint8), _SQUARE).astype(np.bool_)
    step = float(np.quantile(height[beside], 0.75))
    found = np.zeros(edges.shape, np.bool_)
    for part in PARTS:
        inside = height > part * step
        near = cv2.dilate(inside.astype(np.uint8), _SQUARE) > 0
        inside |= near & (height > SOFT * part * step)
        inside |= _unvarying(inside, spread)
        found |= _bounded(inside, beside, relief, height, spread)
    return found | _bounded(found | _as_still(found, spread), beside, relief, height, spread)


def _bounded(
    inside: Holes, edges: NDArray[np.bool_], relief: Field, height: Field, spread: Field
) -> Holes:
    """Return the patches whose outline is an edge for most of its length: sharp, and not straight.

    edges: (h, w) bool, a pixel wider than they are. relief, height: (h, w, 3) and (h, w), what
    stands out. Where what is laid over is like the scene on average, the scene varies on one side
    of its outline and not on the other. A kerb along which the camera pans stands still as well,
    but it is straight; so does what the camera follows, but not to the pixel.
    """
    count, labels = cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)
    rim = inside & (cv2.erode(inside.astype(np.uint8), _SQUARE, borderValue=0) == 0)
    length = np.maximum(np.bincount(labels[rim], minlength=count), 1)
    down, across = (np.asarray(s, np.float32) for s in np.gradient(relief, axis=(0, 1)))
    slope = np.sqrt((down**2 + across**2).max(axis=2))
    steep = cv2.dilate(slope, _WIDE) > SHARP * cv2.dilate(height, _WIDE)
    least, most = cv2.erode(spread, _WIDE), cv2.dilate(spread, _WIDE)
    jump = (least < UNVARYING * most) & (most > LEAST_VARIED)
    kept = np.bincount(labels[rim & (edges | jump)], minlength=count) >= OUTLINED * length
    kept &= np.bincount(labels[rim & (steep | jump)], minlength=count) >= length / 2
    kept &= _corneredness(labels, down, across, count) > LEAST_CORNERED
    kept[0] = False
    return np.asarray(kept[labels])


def _corneredness(labels: Any, down: Field, across: Field, count: int) -> NDArray[np.float64]:
    """(count,) of the gradients in and beside each patch, how much stands across their main
    direction, as a share: 0 of a straight line, 1 of a disc (the structure tensor's eigenvalues).
    """
    wide = cv2.dilate(labels.astype(np.float32), _SQUARE).astype(np.int32).ravel()
    xx, yy, xy = (
        np.bincount(wide, weights=(one * other).sum(axis=2).ravel(), minlength=count)
        for one, other in ((across, across), (down, down), (across, down))
    )
    middle, away = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    return np.asarray((middle - away) / np.maximum(middle + away, 1e-6))


def _unvarying(inside: Holes, spread: Field) -> Holes:
    """Return the holes of a region in which the picture varies much less than around it."""
    outside = float(np.median(spread[~inside])) if not inside.all() else 0.0
    count, labels, facts, _ = cv2.connectedComponentsWithStats((~inside).astype(np.uint8))
    belongs = np.zeros(count, np.bool_)
    for label in range(1, count):
        left, top, width, height = facts[label, :4]
        closed = left > 0 and top > 0
        closed &= left + width < inside.shape[1] and top + height < inside.shape[0]
        own = labels == label
        belongs[label] = closed and np.median(spread[own]) < UNVARYING * outside
    return np.asarray(belongs[labels])


def _as_still(inside: Holes, spread: Field) -> Holes:
    """Return what borders on an opaque region and varies as little: parts like the scene."""
    if inside.all() or not inside.any():
        return np.zeros_like(inside)
    still = spread < UNVARYING * float(np.median(spread[~inside]))
    if not still[inside].mean() > 0.5:  # half-transparent
        return np.zeros_like(inside)
    count, labels = cv2.connectedComponents((still | inside).astype(np.uint8))
    reached = np.zeros(count, np.bool_)
    reached[labels[inside]] = True
    return np.asarray(reached[labels] & still)


def describe(overlay: Overlay) -> dict[str, Any]:
    """Return what JSON can hold of it: all but the hole."""
    return {
        "area": float(overlay.hole.mean()),
        "patches": overlay.patches,
        "frames": overlay.frames,
        "warnings": overlay.warnings,
    }

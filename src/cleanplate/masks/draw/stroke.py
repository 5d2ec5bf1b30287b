"""Thick strokes that move and wriggle: the object-like and the curve masks of FVI.

Made by the generator of Chang et al., ICCV 2019 (Free-form Video Inpainting), and used by Zou et
al., CVPR 2021 (TSAM), section 4, by the area that they cover. What the papers leave open is chosen
here: a stroke's speed is drawn evenly up to the start speed, its pen's changes and its points'
moves evenly within theirs. Strokes are added one by one until they cover a share drawn from the
bin, and all are drawn again if that leads beyond it. For clips longer than the papers' windows of
15 frames, a stroke whose middle has left the picture turns back, and a point strays at most REACH
moves from its place in the stroke: else strokes would vanish, or become scribbles.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cleanplate.errors import BadInput
from cleanplate.masks.draw.geometry import Points, direction, fill_strokes
from cleanplate.video import Holes

MADE_AT = 180 * 320  # pixels; lengths below are those of a picture of this area
AREAS = range(5, 100, 10)  # per cent, the middles of the bins
HALF_BIN = 5
PAPERS_AREA = 35  # per cent, the bin that TSAM is tested on
REACH = 2  # of the farthest moves
LOOKED_AT = 50  # frames at most for the area: memory does not depend on the clip's length


@dataclass(frozen=True)
class Kind:
    """The numbers of a preset, lengths in pixels of a picture of 320x180.

    vertices: fewest and most. head_speed: the pen goes so far between vertices, at most.
    acceleration: by how much its speed and its angle (radians) change at a vertex, at most.
    brush: widths, thinnest and thickest. moved: share of the points that move in each frame, and
    how far at most in x and in y. start_speed: of the whole stroke, pixels a frame, at most.
    """

    vertices: tuple[int, int]
    head_speed: float
    acceleration: tuple[float, float]
    brush: tuple[int, int]
    moved: tuple[float, float]
    start_speed: float


OBJECT_LIKE = Kind((5, 30), 15, (10, 1.5), (20, 50), (0.5, 10), 10)
OBJECT_LIKE_MIDDLE = Kind((5, 15), 8, (4, 1.5), (20, 50), (0.5, 5), 10)
CURVE = Kind((10, 30), 20, (15, 0.5), (3, 10), (0.5, 3), 6)


@dataclass(frozen=True)
class Stroke:
    """A stroke in every frame: vertices (T, N, 2) as (x, y), and its width; made-at pixels."""

    vertices: Points
    brush: float


def object_like(
    count: int, size: tuple[int, int], rng: np.random.Generator, *, area: int = PAPERS_AREA
) -> Iterator[Holes]:
    """Draw blobs of thick strokes that look like things: ``count`` holes, (H, W) bool.

    area: per cent of the picture that they cover, the mean over all frames within 5 of it: one of
    5, 15, ..., 95. Raises BadInput.
    """
    return _drawn(OBJECT_LIKE, count, size, rng, area)


def object_like_middle(
    count: int, size: tuple[int, int], rng: np.random.Generator, *, area: int = PAPERS_AREA
) -> Iterator[Holes]:
    """Draw as ``object_like`` does, shorter strokes that change less."""
    return _drawn(OBJECT_LIKE_MIDDLE, count, size, rng, area)


def curve(
    count: int, size: tuple[int, int], rng: np.random.Generator, *, area: int = PAPERS_AREA
) -> Iterator[Holes]:
    """Draw thin long strokes, with the options of ``object_like``."""
    return _drawn(CURVE, count, size, rng, area)


def _drawn(
    kind: Kind, count: int, size: tuple[int, int], rng: np.random.Generator, area: int
) -> Iterator[Holes]:
    if area not in AREAS:
        listed = ", ".join(map(str, AREAS))
        raise BadInput(f"area {area!r} is no bin of the papers. Give per cent, one of {listed}.")
    scale = math.sqrt(size[0] * size[1] / MADE_AT)
    sheet = (size[0] / scale, size[1] / scale)
    strokes = _stack(kind, count, sheet, rng, area)
    while strokes is None:
        strokes = _stack(kind, count, sheet, rng, area)
    return (_picture(strokes, frame, size, scale) for frame in range(count))


def _stack(
    kind: Kind, count: int, sheet: tuple[float, float], rng: np.random.Generator, area: int
) -> list[Stroke] | None:
    """Strokes that cover as much as asked for, or None where the last one was too much.

    sheet: (height, width), of the area MADE_AT. Area is measured there whatever the final size.
    """
    least = area + HALF_BIN * (2 * rng.random() - 1)
    looked = range(0, count, -(-count // LOOKED_AT))
    small = (max(round(sheet[0]), 1), max(round(sheet[1]), 1))
    covered = np.zeros((len(looked), *small), np.bool_)
    strokes: list[Stroke] = []
    while True:
        strokes.append(_stroke(kind, count, sheet, rng))
        for number, frame in enumerate(looked):
            covered[number] |= _picture(strokes[-1:], frame, small, 1.0)
        share = 100 * np.count_nonzero(covered) / covered.size
        if share > area + HALF_BIN:
            return None
        if share >= least:
            return strokes


def _stroke(kind: Kind, count: int, sheet: tuple[float, float], rng: np.random.Generator) -> Stroke:
    place = _pen(kind, sheet, rng)
    brush = float(rng.integers(kind.brush[0], kind.brush[1] + 1))
    speed, (cosine, sine) = kind.start_speed * rng.random(), direction(math.tau * rng.random())
    velocity = np.array([speed * cosine, speed * sine])
    share, most = kind.moved
    strayed = np.zeros_like(place)
    vertices = np.empty((count, *place.shape))
    for frame in range(count):
        vertices[frame] = place + strayed
        velocity = _turned(velocity, vertices[frame], sheet)
        place = place + velocity
        chosen = rng.permutation(len(place))[: int(share * len(place))]
        strayed[chosen] += most * (2 * rng.random((len(chosen), 2)) - 1)
        strayed = np.clip(strayed, -REACH * most, REACH * most)
    return Stroke(vertices, brush)


def _turned(velocity: Points, vertices: Points, sheet: tuple[float, float]) -> Points:
    """Return the velocity, towards the picture where the stroke's middle has left it."""
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    velocity = np.where(middle < 0, abs(velocity), velocity)
    return np.where(middle > (sheet[1], sheet[0]), -abs(velocity), velocity)


def _pen(kind: Kind, sheet: tuple[float, float], rng: np.random.Generator) -> Points:
    """(N, 2), where a pen goes that starts anywhere and changes its speed and its angle."""
    number = int(rng.integers(kind.vertices[0], kind.vertices[1] + 1))
    x, y = sheet[1] * rng.random(), sheet[0] * rng.random()
    speed, angle = kind.head_speed * rng.random(), math.tau * rng.random()
    points = [(x, y)]
    while len(points) < number:
        speed += kind.acceleration[0] * (2 * rng.random() - 1)
        speed = min(max(speed, 0.0), kind.head_speed)
        angle += kind.acceleration[1] * (2 * rng.random() - 1)
        cosine, sine = direction(angle)
        x, y = x + speed * cosine, y + speed * sine
        points.append((x, y))
    return np.array(points)


def _picture(strokes: list[Stroke], frame: int, size: tuple[int, int], scale: float) -> Holes:
    """(H, W) bool; scale: pixels for one pixel of the sheet."""
    paths = [scale * stroke.vertices[frame] - 0.5 for stroke in strokes]
    radii = [
        np.full(len(path) - 1, scale * stroke.brush / 2)
        for path, stroke in zip(paths, strokes, strict=True)
    ]
    starts, ends = (np.concatenate([path[part] for path in paths])
                    for part in (slice(None, -1), slice(1, None)))  # fmt: skip
    return fill_strokes(starts, ends, np.concatenate(radii), size)

"""A cue: how a place is lit in one frame beside how other frames show the same place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.flow.camera import CameraMotion, camera_motion
from cleanplate.flow.estimate import flow_between, grey
from cleanplate.masks.edit import grow
from cleanplate.region import Region
from cleanplate.threads import each_frame
from cleanplate.video import Holes
from cleanplate.warp import warp_by

# Frames, both ways: in the nearer ones a slow shadow lies there still.
AWAY = (3, 6, 10, 15, 21, 29, 40)
FURTHEST = max(AWAY)

_BESIDE = 12  # pixels around the object that do not vote on the ground's motion: shadows, edges
_NEAR = 60  # pixels around it whose motion is the ground's there, where enough of them are seen
_LEAST_VOTING = 2000  # pixels
_EDGE = 4  # pixels around the object that may still show it
_BLUR = 1.2  # pixels: motion is off by less than that
_DARK = 8  # levels: what differs by less says nothing about light
_LIGHTER = 0.25  # of the other frames: as light as that many show a place it is without a shadow

_SURE = 0.99
_KERNEL = np.ones((5, 5), np.uint8)  # what is blurred into what is unknown is unknown

Matrix = NDArray[np.float32]  # (3, 3)


class Look(NamedTuple):
    """A frame that is looked at: picture (h, w, 3) RGB, thing (h, w) bool, where the object is.

    ground: (h, w) bool, what surely is not the object. onward: the camera's motion from here to the
    next frame, once that is known.
    """

    picture: NDArray[np.uint8]
    thing: Holes
    ground: Holes
    onward: Matrix


class Light(NamedTuple):
    """How a frame is lit, by the logarithm of its light by that of other frames.

    step: (h, w), of all channels, those that are light counting more. channels: (h, w, 3). most:
    (h, w), that step beside frames that show the place dark. seen: (h, w) int, how many other
    frames show the ground there.
    """

    step: NDArray[np.float32]
    channels: NDArray[np.float32]
    most: NDArray[np.float32]
    seen: NDArray[np.int64]


def look_at(picture: NDArray[np.uint8], thing: Holes) -> Look:
    """Return a frame, (h, w, 3) and (h, w), to be looked at; what comes after it is not known."""
    return Look(picture, thing, ~grow(thing, _EDGE), np.eye(3, dtype=np.float32))


def followed_by(look: Look, after: NDArray[np.uint8]) -> Look:
    """Return a frame that knows the camera's motion to the picture (h, w, 3) after it."""
    flow = flow_between(grey(look.picture), grey(after))
    return look._replace(onward=_fitted(flow, grow(look.thing, _BESIDE)))


def light_of(looks: Sequence[Look], at: int, part: Region) -> Light:
    """Tell how a part of frame `at` is lit beside what others, of the same shot, show there.

    The others are AWAY from it. A place counts as light as a quarter of them show it lighter, so
    that what moves over the ground, and darkens it where it is, does not darken what it is told by.
    """
    others = [at + side * away for away in AWAY for side in (-1, 1)]
    others = [other for other in others if 0 <= other < len(looks)]
    size = part.bottom - part.top, part.right - part.left
    nothing = np.zeros(size, np.int64)
    if not others:
        dark = np.zeros(size, np.float32)
        return Light(dark, np.zeros((*size, 3), np.float32), dark, nothing)
    around = _Around(*(part.crop(grow(looks[at].thing, by)) for by in (_BESIDE, _NEAR)))
    steps = each_frame(lambda index: _step(looks, at, others[index], part, around), len(others))
    step, known = (np.stack(both) for both in zip(*steps, strict=True))
    seen = known.sum(axis=0)
    weights = part.crop(looks[at].picture).astype(np.float32) + 1
    weights /= weights.sum(axis=2, keepdims=True)
    shade = np.where(known, (step * weights).sum(axis=3), np.inf)
    by_light = shade.argsort(axis=0)

    def ranked(share: float) -> NDArray[np.int64]:
        rank = (share * np.maximum(seen - 1, 0)).astype(np.int64)
        return np.take_along_axis(by_light, rank[None], axis=0)

    lighter = ranked(_LIGHTER)
    light, most = (np.take_along_axis(shade, r, axis=0)[0] for r in (lighter, ranked(1 - _LIGHTER)))
    channels = np.take_along_axis(step, lighter[..., None], axis=0)[0]
    for layer in (light, most, channels):
        layer[seen == 0] = 0
    return Light(light, channels, most, seen)


class _Around(NamedTuple):
    """What lies about the object in a part of a frame, (h, w) bool: itself included."""

    beside: Holes
    near: Holes


def _step(
    looks: Sequence[Look], at: int, other: int, part: Region, around: _Around
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the step of light (h, w, 3) from another frame to one, and where both show ground."""
    there, (beside, near) = looks[other], around
    layers = np.dstack([there.picture, there.ground]).astype(np.float32)
    here = np.ascontiguousarray(part.crop(looks[at].picture))
    corner = np.array([[1, 0, part.left], [0, 1, part.top], [0, 0, 1]])
    way = _between(looks, at, other) @ corner
    first = warp_by(layers, _field(way, near.shape))
    votes = near & ~beside & (first[..., 3] > _SURE)
    if votes.sum() < _LEAST_VOTING:
        votes = ~beside & (first[..., 3] > _SURE)
    flow = flow_between(grey(here), grey(first[..., :3].astype(np.uint8)))
    moved = warp_by(layers, _field(way @ _fitted(flow, ~votes), near.shape))
    known = cv2.erode((moved[..., 3] > _SURE).astype(np.uint8), _KERNEL).astype(np.bool_)
    step = _logarithm(here.astype(np.float32)) - _logarithm(moved[..., :3])
    far = known & ~near
    far = far if far.sum() > _LEAST_VOTING else known & ~beside
    if far.any():  # exposure may change from frame to frame
        step -= np.median(step[far], axis=0)
    return step, known


def _between(looks: Sequence[Look], start: int, end: int) -> NDArray[np.float64]:
    """Return the camera's motion from one frame to another, in steps from frame to frame."""
    way: NDArray[np.float64] = np.eye(3)
    for look in looks[min(start, end) : max(start, end)]:
        way = np.asarray(look.onward @ way, np.float64)
    way = way if start < end else np.asarray(np.linalg.inv(way), np.float64)
    return np.asarray(way / way[2, 2], np.float64)


def _fitted(flow: NDArray[np.float32], doubtful: Holes) -> Matrix:
    return np.asarray(camera_motion(flow[None], doubtful[None]).matrices[0], np.float32)


def _field(way: NDArray[np.float64], size: tuple[int, ...]) -> NDArray[np.float32]:
    field: NDArray[np.float32] = CameraMotion(way[None].astype(np.float32), (size[0], size[1]))[0]
    return field


def _logarithm(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.log(cv2.GaussianBlur(picture, (0, 0), _BLUR) + _DARK), np.float32)

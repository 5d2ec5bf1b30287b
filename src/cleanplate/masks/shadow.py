"""Extend the mask of an object to the shadow that it casts, where other frames tell.

A shadow darkens the ground by much the same factor in its place, touches its object, and moves with
it. So the same place of the ground is compared with what other frames show of it, carried along the
camera's motion: what is darker in this frame than there, for as long as the object is near, is its
shadow. Where the object hardly moves over the ground, or the ground's motion cannot be followed,
nothing can be told, and nothing is added.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.flow.attached import hole_centres
from cleanplate.masks.edit import grow
from cleanplate.masks.lit import FURTHEST, Light, Look, followed_by, light_of, look_at
from cleanplate.region import Region, bounding_box, reduce_hole, reduced_picture, working_size
from cleanplate.shots import CutDetector
from cleanplate.video import Frames, Holes, check_pair

PIXELS = 480 * 270  # of the pictures in which shadows are looked for
_LEAST_SEEN = 2  # other frames that show a place
_LEAST_STEP = 0.06  # of the logarithm of light: what is darker by less is no shadow that one sees,
_NOISES = 2.5  # nor what is darker by less than so many times what light is told wrongly by
_SURELY = 1.4  # times that step, somewhere in a shadow
_TOUCH = 5  # pixels from the object at most
_MOST = 1.5  # of the object's area: more is another thing than a shadow
_AROUND = 80  # pixels around the object where it shows how wrongly light is told
_QUIET = 0.8  # of the pixels there
_MOST_DOUBT = 0.15  # of a step, there: with more the ground was not followed
_COLOURED = 0.6  # of its darkness: by how much more a shadow may darken one channel than another
_TOLD = 0.5  # of the lightest channel's level
_DARKEST = 0.1  # of a shadow's pixels
_BESIDE = 2  # frames before and after one, which say where its shadow is
_FADES = 2  # pixels: a shadow ends softly


def grow_shadow(frames: Frames, holes: Holes) -> Holes:
    """Extend the holes of a clip to the shadows that what is under them casts.

    frames: (T, H, W, 3) RGB, uint8 or uint16. holes: (T, H, W) bool, an object in every frame that
    shows it; nothing is taken from them. Returns (T, H, W) bool, a new array. A shadow is told by
    how other frames show the same ground: where the object hardly moves over it, or the camera's
    motion cannot be followed, nothing is added. Raises BadInput.

    >>> still = np.full((6, 48, 64, 3), 90, np.uint8)
    >>> hole = np.zeros((6, 48, 64), bool); hole[:, 20:30, 20:30] = True
    >>> bool((grow_shadow(still, hole) == hole).all())
    True
    """
    frames, holes = check_pair(frames, holes)
    return np.stack(list(with_shadows(zip(frames, holes, strict=True))))


def with_shadows(line: Iterable[tuple[NDArray[Any], Holes]], growth: int = 0) -> Iterator[Holes]:
    """Yield the hole (H, W) of every frame with its shadow, of frames (H, W, 3) and their holes.

    growth: pixels by which the shadow grows. Some dozens of frames are held, small.
    """
    waiting: deque[tuple[NDArray[np.uint8], tuple[int, ...]]] = deque()

    def small() -> Iterator[tuple[NDArray[np.uint8], Holes]]:
        for frame, hole in line:
            waiting.append((np.packbits(hole), hole.shape))
            size = working_size((hole.shape[0], hole.shape[1]), PIXELS)
            yield reduced_picture(frame, size), reduce_hole(hole, size)

    for shadow in shadows(small()):
        packed, shape = waiting.popleft()
        hole = np.unpackbits(packed, count=shape[0] * shape[1]).reshape(shape).astype(np.bool_)
        if shadow.any():
            large = cv2.resize(shadow.astype(np.float32), shape[::-1])
            hole |= grow(np.asarray(large > 0.5), growth)
        yield hole


def shadows(line: Iterable[tuple[NDArray[np.uint8], Holes]]) -> Iterator[Holes]:
    """Yield the shadow (h, w) of every frame, of pictures (h, w, 3) and where the object is."""
    detector, shot = CutDetector(), _Shot()
    for picture, thing in line:
        if detector.is_cut(picture, thing):
            yield from shot.rest()
            shot = _Shot()
        yield from shot.after(picture, thing)
    yield from shot.rest()


class _Shot:
    """The frames of a shot that are near to the next one whose shadow is to be told.

    A shadow goes along with its object: what is told of a frame and of a few around it is carried
    by the object's shift, and most of them decide. So nothing flickers.
    """

    def __init__(self) -> None:
        self._looks: list[Look] = []
        self._told: list[Holes] = []  # of the first frames that are held
        self._next = 0

    def after(self, picture: NDArray[np.uint8], thing: Holes) -> Iterator[Holes]:
        """Take the next frame; yield a shadow where all frames that it is told by are there."""
        if self._looks:
            self._looks[-1] = followed_by(self._looks[-1], picture)
        self._looks.append(look_at(picture, thing))
        if len(self._looks) > len(self._told) + FURTHEST:
            yield from self._tell()

    def rest(self) -> Iterator[Holes]:
        """Yield the shadows that are left at the end of a shot."""
        while len(self._told) < len(self._looks):
            yield from self._tell()
        while self._next < len(self._told):
            yield self._agreed()

    def _tell(self) -> Iterator[Holes]:
        """Tell the shadow of one frame more; yield that of one which has enough frames after it."""
        self._told.append(shadow_in(self._looks, len(self._told)))
        if len(self._told) > self._next + _BESIDE:
            yield self._agreed()
        if self._next > FURTHEST:
            del self._looks[0], self._told[0]
            self._next -= 1

    def _agreed(self) -> Holes:
        """Return where the shadow of the next frame is, as most of the frames around it say."""
        at, thing = self._next, self._looks[self._next].thing
        self._next += 1
        if not thing.any():
            return np.zeros_like(thing)
        first, last = max(at - _BESIDE, 0), min(at + _BESIDE, len(self._told) - 1)
        votes = np.zeros(thing.shape, np.int64)
        centres = hole_centres(np.stack([look.thing for look in self._looks[first : last + 1]]))
        for other in range(first, last + 1):
            shift = centres[at - first] - centres[other - first]
            if not np.isnan(shift).any():
                votes += _moved(self._told[other], shift)
        return np.asarray((2 * votes > last + 1 - first) & ~thing)


def _moved(shadow: Holes, shift: NDArray[np.float64]) -> Holes:
    """Return a mask (h, w) moved by (x, y) pixels, rounded; nothing comes in from outside."""
    to = np.array([[1, 0, round(shift[0])], [0, 1, round(shift[1])]], np.float64)
    size = (shadow.shape[1], shadow.shape[0])
    return cv2.warpAffine(shadow.astype(np.uint8), to, size).astype(np.bool_)


def shadow_in(looks: list[Look], at: int) -> Holes:
    """Return the shadow (h, w) that the object casts in frame `at` of some of one shot."""
    found = np.zeros(looks[at].thing.shape, np.bool_)
    box = bounding_box(looks[at].thing, margin=_AROUND)
    if box is None:
        return found
    part = Region.spanning(*box)
    thing = part.crop(looks[at].thing)
    light = light_of(looks, at, part)
    ground = (light.seen >= _LEAST_SEEN) & ~thing
    about = ground & ~grow(thing, _TOUCH)
    if not about.any():
        return found
    doubt = float(np.quantile(np.abs(light.step[about]), _QUIET))
    if doubt > _MOST_DOUBT:
        return found
    least = max(_LEAST_STEP, _NOISES * doubt)
    dark = ground & (light.step < -least) & (light.most < least)
    dark = cv2.morphologyEx(dark.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    picture = part.crop(looks[at].picture)
    cast = _cast(dark.astype(np.bool_), thing, picture, light, _SURELY * least)
    if cast.any():
        cast = grow(cast, _FADES) & ~thing
        if cast.sum() <= _MOST * thing.sum():
            part.crop(found)[...] = cast
    return found


def _cast(
    dark: Holes, thing: Holes, picture: NDArray[np.uint8], light: Light, surely: float
) -> Holes:
    """Return those patches of what is dark which an object may cast: they touch it, lit alike."""
    count, labels = cv2.connectedComponents(dark.astype(np.uint8))
    cast = np.zeros(count, np.bool_)
    for label in np.unique(labels[grow(thing, _TOUCH) & dark]):
        patch = labels == label
        channels = light.channels[patch]
        levels = (picture[patch] * np.exp(-channels)).mean(axis=0)  # without the shadow
        told = levels >= _TOLD * levels.max()  # a channel that is dark anyhow tells nothing
        uneven = float(np.ptp(channels.mean(axis=0)[told]))
        steps = light.step[patch]
        even = uneven < -_COLOURED * float(steps.mean())
        cast[label] = even and float(np.quantile(steps, _DARKEST)) < -surely
    return np.asarray(cast[labels])

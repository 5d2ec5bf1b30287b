"""Pixels that stay as they are for a while: when each run began, and which ended together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

TOLERANCE = 16  # levels by which a pixel may stray from its mean: what an encoder leaves of noise
AGO = 8  # frames, at most, to what a run is compared with that begins: a line may fade in
MEMORY = 0.75  # of that mean, a frame
JITTER = 1  # frames by which runs that belong together may end apart,
SLOW = 2  # and begin apart: they may fade in


class Together(NamedTuple):
    """Pixels whose runs began and ended together.

    first, end: frames from 0, the end not included. where: (H, W) bool. grey: (H, W) uint8, what
    they were. came, went: (H, W) uint8, levels by which they changed about then; 0 at the beginning
    and at the end of the clip. Elsewhere these three mean nothing.
    """

    first: int
    end: int
    where: NDArray[np.bool_]
    grey: NDArray[np.uint8]
    came: NDArray[np.uint8]
    went: NDArray[np.uint8]


class _Ended(NamedTuple):
    """Pixels whose runs ended before one frame, when they had begun, and the changes, (N,) each."""

    pixels: NDArray[np.intp]
    first: NDArray[np.int32]
    came: NDArray[np.uint8]
    went: NDArray[np.uint8]


_NONE = _Ended(
    np.zeros(0, np.intp), np.zeros(0, np.int32), np.zeros(0, np.uint8), np.zeros(0, np.uint8)
)


class Runs:
    """Follows the runs of all pixels, a frame at a time; memory does not grow with the clip.

    shortest: frames of a run that counts. least: pixels that make a group.
    """

    def __init__(self, *, shortest: int, least: int) -> None:
        self._shortest, self._least = shortest, least
        self._count = 0
        self._ended = [_NONE] * (
            2 * JITTER + 1
        )  # before the frames around the one that is looked at

    def add(self, grey: NDArray[np.uint8]) -> Iterator[Together]:
        """Count a frame (H, W) and yield what has ended together some frames before it."""
        if not self._count:
            self._value, self._kept, self._older = grey.copy(), grey.copy(), [grey.copy()]
            self._mean = grey.astype(np.float32)
            self._first = np.zeros(grey.size, np.int32)
            self._came = np.zeros(grey.size, np.uint8)
        apart = np.abs(grey - self._mean) > TOLERANCE
        pixels = np.flatnonzero(apart)
        yield from self._end(pixels, grey)
        self._came[pixels] = cv2.absdiff(grey, self._older[0]).ravel()[pixels]
        np.copyto(self._mean, grey, where=apart)
        cv2.accumulateWeighted(grey, self._mean, 1 - MEMORY)
        self._value = grey
        if self._count % (AGO // 2) == 0:
            self._older = [*self._older[-1:], grey.copy()]
        self._count += 1

    def finish(self) -> Iterator[Together]:
        """Yield what lasts to the end of the clip, and what ended just before."""
        if self._count:
            self._older = [self._value]
            yield from self._end(np.arange(self._value.size), self._value)
            for _ in range(JITTER):
                self._count += 1
                yield from self._end(np.zeros(0, np.intp), self._value)

    def _end(self, pixels: NDArray[np.intp], grey: NDArray[np.uint8]) -> Iterator[Together]:
        """End the runs of these pixels before the frame that comes; others begin there."""
        first = self._first[pixels]
        lasted = self._count - first >= self._shortest
        long = pixels[lasted]
        value = self._value.ravel()[long]
        went = np.abs(grey.ravel()[long].astype(np.int16) - value).astype(np.uint8)
        self._kept.ravel()[long] = value
        self._first[pixels] = self._count
        self._ended = [*self._ended[1:], _Ended(long, first[lasted], self._came[long], went)]
        counts = [len(part.pixels) for part in self._ended]
        if counts[JITTER] == max(counts) and sum(counts) >= self._least:
            yield from self._groups(self._count - JITTER)
            self._ended = [_NONE] * len(counts)

    def _groups(self, end: int) -> Iterator[Together]:
        """Yield what has begun together of the runs that ended around a frame."""
        pixels, first, came, went = (
            np.concatenate(part) for part in zip(*self._ended, strict=True)
        )
        while len(pixels) >= self._least:
            begun, counts = np.unique(first, return_counts=True)
            usual = int(begun[counts.argmax()])
            mine = np.abs(first - usual) <= SLOW
            if mine.sum() < self._least:
                return
            where, *changes = (np.zeros(self._value.shape, np.uint8) for _ in range(3))
            for whole, part in zip((where, *changes), (True, came[mine], went[mine]), strict=True):
                whole.ravel()[pixels[mine]] = part
            yield Together(usual, end, where.view(np.bool_), self._kept, *changes)
            pixels, first, came, went = (part[~mine] for part in (pixels, first, came, went))

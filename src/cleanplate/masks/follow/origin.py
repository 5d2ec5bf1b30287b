"""Where every pixel was in the picture that was marked, followed along the flow since.

What was the object's there, and still looks as it did, is the object's, though it stand as still as
the ground: a foot that bears the weight moves as the ground does for many frames.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.masks.follow.carried import ends, sound
from cleanplate.masks.follow.colours import Plane
from cleanplate.masks.follow.ground import Ground, distances
from cleanplate.region import Region

_ALIKE = 2.0  # of the ground's slack: what looks more different than that is something else;
_SAME = 1.0  # up to so much of it, it looks the same
_MARKED = 0.75  # of a mask: less is not surely the object
_SOUND = 0.5  # of the trust in flow, of half the size here: from there on it loses nothing


class Origin:
    """Traces pixels back to a key mask's picture, at the size at which the ground is compared.

    held: (h, w) float32, how sure each pixel is the object's by what it was, 0 to 1.
    """

    def __init__(self, ground: Ground, mark: Plane) -> None:
        height, width = ground.now.shape[:2]
        self._seen = ground.now
        self._mark = cv2.resize(mark, (width, height), interpolation=cv2.INTER_AREA)
        x, y = np.meshgrid(np.arange(width), np.arange(height))
        self._from = np.dstack([x, y, np.ones_like(x)]).astype(np.float32)  # and how sure that is

        self.held = _surely(mark)

    def follow(
        self, ground: Ground, towards: NDArray[np.float32], back: NDArray[np.float32]
    ) -> None:
        """Go on to the picture that was compared with the ground last.

        towards, back: (h, w, 2), the flow to that picture, and from there back.
        """
        height, width = ground.now.shape[:2]
        scale = np.array([width / towards.shape[1], height / towards.shape[0]], np.float32)
        way, returning = (
            np.asarray(cv2.resize(flow, (width, height), interpolation=cv2.INTER_AREA) * scale)
            for flow in (back, towards)
        )
        whole = Region(0, height, 0, width)
        ends_x, ends_y = ends(way, whole)
        edge = cv2.BORDER_REPLICATE  # what lies half a pixel beyond it is still there
        traced = cv2.remap(self._from, ends_x, ends_y, cv2.INTER_LINEAR, borderMode=edge)
        x, y, sure = cv2.split(traced)
        sure[np.abs(ends_x - (width - 1) / 2) > width / 2] = 0
        sure[np.abs(ends_y - (height - 1) / 2) > height / 2] = 0
        before = np.asarray(cv2.remap(self._seen, x, y, cv2.INTER_LINEAR), np.float32)
        off = distances(ground.now, before) / ground.slack(before)
        alike = np.clip((_ALIKE - off) / (_ALIKE - _SAME), 0, 1)
        trust = sound(way, returning, whole)
        sure *= alike * np.minimum(trust / np.float32(_SOUND), 1)
        self._from = np.dstack([x, y, sure])
        mark = np.asarray(cv2.remap(self._mark, x, y, cv2.INTER_LINEAR), np.float32)
        held = sure * _surely(mark) * ground.clear
        self.held = np.asarray(cv2.resize(held, towards.shape[1::-1]), np.float32)


def _surely(mark: Plane) -> Plane:
    """Return how surely a mask says that pixels are the object's, 0 to 1."""
    return np.asarray(np.clip((mark - _MARKED) / (1 - _MARKED), 0, 1), np.float32)

"""Small changes of view that a painted picture has to follow: the stabilisation of a fit.

Ouyang et al., ICCV 2021, section 3.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.video import Holes
from cleanplate.warp import warp_by

Pictures = NDArray[np.float32]  # (N, H, W, 3), from -1 to 1


@dataclass(frozen=True)
class Ranges:
    """How far a change may go, either way: pixels, degrees, shares. blurs: widths in pixels."""

    shift: float
    turn: float
    scale: tuple[float, float]
    shear: float
    brightness: float = 0.0
    blurs: tuple[int, ...] = ()


RANGES = {
    "official": Ranges(2, 1, (0.97, 1.03), 1),
    "paper": Ranges(3, 2, (0.95, 1.05), 1, brightness=0.05, blurs=(3, 5)),
}
_WHOLE = 1 - 1e-4  # share from which on a pixel is known: sampling rounds


@dataclass(frozen=True)
class Change:
    """A change of view: where pixels come from (H, W, 2) as of flow, brightness, width of a blur.

    The official code turns around a centre whose height and width it confuses; here it is the
    picture's own.
    """

    flow: NDArray[np.float32]
    brightness: float = 1.0
    blur: int = 1

    def apply(self, pictures: Pictures, holes: Holes) -> tuple[Pictures, Holes]:
        """Return changed pictures, with nothing (0) in their changed holes (N, H, W).

        What has any share of a hole belongs to the changed hole, what comes from beyond the border
        as well.
        """
        known = np.stack([warp_by((~hole).astype(np.float32), self.flow) for hole in holes])
        shown = np.stack([warp_by(each, self.flow) for each in pictures])
        if self.blur > 1:
            box = np.ones((self.blur, self.blur), np.uint8)
            known = np.stack([cv2.erode(each, box) for each in known])
            shown = np.stack([cv2.GaussianBlur(each, box.shape, 0) for each in shown])
        after = known < _WHOLE
        bright = (shown + 1) * np.float32(self.brightness) - 1
        return np.where(after[..., None], np.float32(0), bright), after


def draw_change(size: tuple[int, ...], ranges: Ranges, rng: np.random.Generator) -> Change:
    """Return a change of pictures of a size (height, width), anything within ranges as likely.

    They are turned, sheared and scaled around their centre, and shifted.
    """
    height, width = size
    turn, shear = (math.radians(rng.uniform(-most, most)) for most in (ranges.turn, ranges.shear))
    scale = rng.uniform(*ranges.scale)
    shift = rng.uniform(-ranges.shift, ranges.shift, 2)
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    matrix = turned @ [[1, math.tan(shear)], [0, 1]] / scale
    y, x = np.mgrid[:height, :width].astype(np.float64)
    places = np.stack([x - (width - 1) / 2, y - (height - 1) / 2], axis=-1)
    flow = (places @ (matrix - np.eye(2)).T + shift).astype(np.float32)
    brightness = 1 + rng.uniform(-ranges.brightness, ranges.brightness)
    blur = int(rng.choice(ranges.blurs)) if ranges.blurs else 1
    return Change(flow, brightness, blur)

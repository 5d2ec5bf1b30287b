"""Under what rules results are compared: sizes, holes, and how scores become one number."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from cleanplate.threads import stack_frames
from cleanplate.video import Frames, Holes

SIZE = (240, 432)  # (height, width) that the papers score at


@dataclass(frozen=True)
class Protocol:
    """One set of rules.

    bicubic: frames are resized as Pillow does by default, not by averaging areas. crosses: how
    often holes are grown by a cross of 3 x 3. pooled: the score is the mean over all frames of
    all clips, not the mean over clips of their means.
    """

    name: str
    bicubic: bool = False
    crosses: int = 0
    pooled: bool = False

    def frames(self, frames: Frames, size: tuple[int, int]) -> Frames:
        """Return frames (T, H, W, 3) at a size (height, width)."""
        if frames.shape[1:3] == size:
            return frames
        return stack_frames(lambda t: self._resized(frames[t], size), len(frames))

    def holes(self, holes: Holes, size: tuple[int, int]) -> Holes:
        """Return holes (T, H, W) bool at a size (height, width), grown if the rules say so."""
        cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))

        def fit(t: int) -> Holes:
            hole = holes[t].astype(np.uint8)
            if hole.shape != size:
                hole = cv2.resize(hole, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
            return cv2.dilate(hole, cross, iterations=self.crosses).astype(np.bool_)

        return stack_frames(fit, len(holes))

    def _resized(self, frame: Frames, size: tuple[int, int]) -> Frames:
        if self.bicubic:
            return np.asarray(Image.fromarray(frame).resize(size[::-1]), np.uint8)
        return cv2.resize(frame, size[::-1], interpolation=cv2.INTER_AREA)


FILES = Protocol("files")  # as the files are: nothing is resized

PRESETS = {
    "house": Protocol("house"),
    "e2fgvi": Protocol("e2fgvi", bicubic=True, crosses=4, pooled=True),
}

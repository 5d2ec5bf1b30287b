"""Pictures of a result: panels side by side, a hole laid over its frame."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.video import Holes

Picture = NDArray[np.uint8]  # (H, W, 3) RGB

GAP = 6  # pixels between panels
TITLE = 28  # pixels, the height of a title
PAPER, INK = 24, 235  # grey levels
TINT = (40, 230, 90)


def side_by_side(panels: Sequence[Picture], titles: Sequence[str] | None = None) -> Picture:
    """Put panels into one row, with a title above each.

    panels: at least one (H, W, 3) uint8; lower ones are centred. titles: as many as panels, in
    Latin letters. Returns (H', W', 3) uint8. Raises BadInput.
    """
    if not panels or (titles is not None and len(titles) != len(panels)):
        raise BadInput(
            f"{len(panels)} panels and {len(titles or ())} titles. Give at least one panel, "
            "and a title for each or none."
        )
    height, top = max(len(panel) for panel in panels), TITLE if titles else 0
    width = sum(panel.shape[1] for panel in panels) + GAP * (len(panels) - 1)
    row = np.full((top + height, width, 3), PAPER, np.uint8)
    left = 0
    for index, panel in enumerate(panels):
        down = top + (height - len(panel)) // 2
        row[down : down + len(panel), left : left + panel.shape[1]] = panel
        if titles:
            _write(row[:top, left : left + panel.shape[1]], titles[index])
        left += panel.shape[1] + GAP
    return row


def mask_overlay(frame: Picture, hole: Holes) -> Picture:
    """Lay a hole, (H, W) bool, over its frame, (H, W, 3) uint8: tinted inside, with an outline."""
    picture = frame.copy()
    picture[hole] = (0.5 * frame[hole] + 0.5 * np.array(TINT)).astype(np.uint8)
    inner = cv2.erode(
        hole.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE
    )
    picture[hole & (inner == 0)] = 255
    return picture


def _write(strip: Picture, text: str) -> None:
    """Write into an (h, w, 3) strip, in place; what does not fit is cut off."""
    canvas = np.ascontiguousarray(strip)
    cv2.putText(
        canvas, text, (6, TITLE - 9), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (INK,) * 3, 1, cv2.LINE_AA
    )
    strip[:] = canvas

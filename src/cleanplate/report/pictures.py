"""Pictures of a result: panels side by side, a hole laid over its frame, where pixels came from.

Colours of ``provenance_picture``:

====================  =====================================================================
where from            colour
====================  =====================================================================
a frame before        from light cyan (the frame next to it) to dark blue (far away)
a frame after         from light yellow (the frame next to it) to dark red (far away)
the same frame        white
invented              magenta
outside the hole      the frame, dimmed and without colour; black where no frame is given
====================  =====================================================================
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.video import KNOWN, UNSEEN, Holes

Picture = NDArray[np.uint8]  # (H, W, 3) RGB

GAP = 6  # pixels between panels
TITLE = 28  # pixels, the height of a title
PAPER, INK = 24, 235  # grey levels
TINT = (40, 230, 90)
INVENTED = (255, 0, 255)
BEFORE = ((190, 255, 255), (0, 30, 150))  # near, far
AFTER = ((255, 250, 170), (140, 0, 0))


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


def provenance_picture(
    source: NDArray[np.int32], number: int, *, frame: Picture | None = None, far: int = 32
) -> Picture:
    """Colour every hole pixel by where it came from; the scale is in the module's docstring.

    source: (H, W) int32, one frame of ``Provenance.source``. number: that frame's own. frame:
    (H, W, 3) uint8, shown dimmed outside the hole. far: the distance in frames of the darkest
    colour; the scale is logarithmic. Returns (H, W, 3) uint8.
    """
    picture = np.zeros((*source.shape, 3), np.uint8)
    outside = source == KNOWN
    if frame is not None:
        picture[outside] = (frame[outside].mean(axis=1, keepdims=True) * 0.5).astype(np.uint8)
    distance = np.abs(source - number)
    darkness = np.log(np.maximum(distance, 1)) / np.log(max(far, 2))
    share = np.clip(darkness, 0, 1)[..., None]
    for where, (near, dark) in ((source < number, BEFORE), (source > number, AFTER)):
        colours = (1 - share) * np.array(near) + share * np.array(dark)
        chosen = where & (source >= 0)
        picture[chosen] = np.rint(colours[chosen]).astype(np.uint8)
    picture[source == number] = 255
    picture[source == UNSEEN] = INVENTED
    return picture


def _write(strip: Picture, text: str) -> None:
    """Write into an (h, w, 3) strip, in place; what does not fit is cut off."""
    canvas = np.ascontiguousarray(strip)
    cv2.putText(
        canvas, text, (6, TITLE - 9), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (INK,) * 3, 1, cv2.LINE_AA
    )
    strip[:] = canvas

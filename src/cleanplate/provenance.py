"""Draw where pixels came from.

====================  =====================================================================
where from            colour
====================  =====================================================================
a frame before        from light cyan (the frame next to it) to dark blue (far away)
a frame after         from light yellow (the frame next to it) to dark red (far away)
the same frame        white
invented              magenta
painted by a network  green
outside the hole      the frame, dimmed and without colour; black where no frame is given
====================  =====================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.io import whole_folder, write_picture
from cleanplate.video import KNOWN, PAINTED, UNSEEN

Picture = NDArray[np.uint8]  # (H, W, 3) RGB


@dataclass(frozen=True)
class Seen:
    """One frame of a fill, as it is displayed.

    number: from 0. before, after: (H, W, 3) uint8 or uint16, RGB. hole: (H, W) bool. source:
    (H, W) int32, as in Provenance.
    """

    number: int
    before: NDArray[Any]
    after: NDArray[Any]
    hole: NDArray[np.bool_]
    source: NDArray[np.int32]


Watch = Callable[[Seen], None]

INVENTED = (255, 0, 255)
BY_NETWORK = (0, 200, 80)
BEFORE = ((190, 255, 255), (0, 30, 150))  # near, far
AFTER = ((255, 250, 170), (140, 0, 0))


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
    picture[source == PAINTED] = BY_NETWORK
    return picture


@contextmanager
def provenance_pictures(folder: str | Path | None) -> Iterator[Watch | None]:
    """Give what draws frame after frame into a folder, which appears when all are there.

    folder: new or empty; without one nothing is given. Raises BadOutput.
    """
    if folder is None:
        yield None
        return
    with whole_folder(Path(folder)) as part:

        def draw(seen: Seen) -> None:
            before = seen.before
            frame = (before // 257 if before.dtype == np.uint16 else before).astype(np.uint8)
            picture = provenance_picture(seen.source, seen.number, frame=frame)
            write_picture(part / f"{seen.number:05d}.png", picture)

        yield draw

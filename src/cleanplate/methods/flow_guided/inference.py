"""Flow-guided video inpainting: carry real pixels along the completed optical flow.

After Xu, Li, Zhou, Loy, "Deep Flow-Guided Video Inpainting", CVPR 2019, without learned parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.methods.flow_guided import render
from cleanplate.methods.flow_guided.rounds import Clip, find_motion, first_guess, guide, trace
from cleanplate.region import reduce_hole, reduce_picture, working_size
from cleanplate.threads import each_frame
from cleanplate.video import Filled, Frames, Holes

DEVICES = ("auto", "cpu")
TUNES = ("fidelity", "removal")


@dataclass(frozen=True)
class Options:
    """How the hole is filled.

    tune: "fidelity" merges all that is known of a pixel and stays close to the truth; "removal"
    takes each pixel from one place, so that the fill is as sharp as its surroundings. seed: of
    what has to be invented. working_pixels: flow and trajectories are found on pictures of at
    most so many pixels; colours always come from the full size.
    """

    tune: str = "fidelity"
    seed: int = 0
    working_pixels: int = 432 * 240

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        if self.tune not in TUNES:
            raise BadInput(f"tune {self.tune!r} is unknown. Choose one of: {', '.join(TUNES)}.")
        if self.seed < 0:
            raise BadInput(f"seed is {self.seed}. Give 0 or more.")
        if self.working_pixels < 1:
            raise BadInput(f"working_pixels is {self.working_pixels}. Give at least 1.")


class Method:
    """Fills the holes of one stretch of a shot by the options given."""

    longest_window = 90

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()

    def fill(
        self,
        frames: Frames,
        holes: Holes,
        *,
        prior: Filled | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Filled:
        """Fill frames (T, H, W, 3) uint8 or uint16 where holes (T, H, W) are True.

        prior: not used. progress: called with the share done, 0 to 1.
        """
        report = progress or (lambda share: None)
        clip = _reduced(frames, holes, self.options.working_pixels)
        removal = self.options.tune == "removal"
        # A removal takes its first round at half size, for speed; a restoration at full size.
        guess = first_guess(clip) if removal else guide(clip, find_motion(clip, None))
        report(0.3)
        motion = find_motion(clip, guess, removal=removal)
        report(0.6)
        # The flow is let go of before anything is drawn at full size: it is what weighs most.
        if removal:
            picks = render.pick_all(clip, motion, seed=self.options.seed)
            del motion
            return render.removal(clip, picks, frames, holes)
        traces = trace(clip, motion)
        del motion
        return render.fidelity(clip, traces, frames, holes)


def _reduced(frames: Frames, holes: Holes, pixels: int) -> Clip:
    """Reduce the clip to its working size, 8 bits deep."""
    height, width = holes.shape[1:]
    size = working_size((height, width), pixels)

    def reduce(t: int) -> NDArray[np.uint8]:
        return (reduce_picture(frames[t], size) // render.levels(frames)).astype(np.uint8)

    return Clip(
        np.stack(each_frame(reduce, len(frames))),
        np.stack(each_frame(lambda t: reduce_hole(holes[t], size), len(holes))),
    )

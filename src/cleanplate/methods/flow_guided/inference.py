"""Flow-guided video inpainting: carry real pixels along the completed optical flow.

After Xu, Li, Zhou, Loy, "Deep Flow-Guided Video Inpainting", CVPR 2019, without learned parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.merge import Candidate, expected_variance, merge_by_reliability, most_reliable
from cleanplate.methods.flow_guided.rounds import (
    Clip,
    candidates,
    fill_rest,
    find_motion,
    first_guess,
    guide,
    trace,
)
from cleanplate.harmonic import harmonic_fill
from cleanplate.propagate import enlarge
from cleanplate.region import reduce_hole, reduce_picture, working_size
from cleanplate.threads import each_frame
from cleanplate.video import KNOWN, UNSEEN, Filled, Frames, Holes, Provenance
from cleanplate.warp import sample_known


@dataclass(frozen=True)
class Options:
    tune: str = "fidelity"
    rounds: int = 2
    coarse: bool = False
    working_pixels: int = 432 * 240


class Method:
    def __init__(self, options: Options = Options()) -> None:
        self.options = options

    def fill(self, frames, holes, *, prior=None, progress=None):
        size = working_size(holes.shape[1:], self.options.working_pixels)
        levels = 257 if frames.dtype == np.uint16 else 1
        small = each_frame(lambda t: (reduce_picture(frames[t], size) // levels).astype(np.uint8), len(frames))
        clip = Clip(np.stack(small), np.stack([reduce_hole(h, size) for h in holes]))
        guess = first_guess(clip, self.options.coarse)
        for r in range(self.options.rounds):
            motion = find_motion(clip, guess)
            if r + 1 < self.options.rounds:
                guess = guide(clip, motion)
        scale = (holes.shape[1] / size[0])
        out = frames.copy()
        def render(t):
            hole = holes[t]
            if not hole.any(): return
            found=[]
            for i,s in enumerate(trace(clip, motion, t)):
                s = enlarge(s, clip.holes[t], hole)
                c, ok = sample_known(frames, holes, *s[:3])
                s = s.where(ok)
                found.append(Candidate(c/levels, (1. if i<2 else 2.)*expected_variance(s,t), s))
            smooth = harmonic_fill(frames[t], hole)[hole]/levels
            m, seen = merge_by_reliability(found, hole, smooth, scale=scale)
            m = fill_rest(frames[t]/np.float32(levels), hole, m, seen)
            out[t][hole] = np.clip(np.rint(m*levels), 0, 255*levels)
        each_frame(render, len(frames))
        return Filled(out, None)

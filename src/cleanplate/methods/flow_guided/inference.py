"""Flow-guided video inpainting: carry real pixels along the completed optical flow.

After Xu, Li, Zhou, Loy, "Deep Flow-Guided Video Inpainting", CVPR 2019, without learned parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cleanplate.album import Album, Plate
from cleanplate.methods.flow_guided import render
from cleanplate.methods.flow_guided.rounds import Clip, find_motion, first_guess, guide, trace
from cleanplate.methods.options import CommonOptions
from cleanplate.region import reduce_hole, working_size
from cleanplate.threads import stack_frames
from cleanplate.video import Filled, Frames, Holes

DEVICES = ("auto", "cpu")


@dataclass(frozen=True)
class Options(CommonOptions):
    """How the hole is filled.

    tune: "fidelity" merges all that is known of a pixel and stays close to the truth; "removal"
    takes each pixel from one place, so that the fill is as sharp as its surroundings. seed: of
    what has to be invented. working_pixels: flow and trajectories are found on pictures of at
    most so many pixels; colours always come from the full size.
    """

    working_pixels: int = 432 * 240

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        self._check_whole("working_pixels", 1)


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
        in_place: bool = False,
    ) -> Filled:
        """Fill frames (T, H, W, 3) uint8 or uint16 where holes (T, H, W) are True.

        prior: the first frames as they were filled before; what none of `frames` shows is
        carried on from the last of them. progress: called with the share done, 0 to 1. in_place:
        paint into `frames` itself.
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
        plates = [] if prior is None else [_last(prior)]
        album = Album(frames if in_place else frames.copy(), holes, plates)
        small = Album(
            clip.frames, clip.holes, [render.reduced_plate(plate, clip) for plate in plates]
        )
        if removal:
            picks = render.pick_all(clip, small, motion, seed=self.options.seed)
            del motion
            return render.removal(clip, picks, album)
        traces = trace(clip, motion)
        unseen = render.find_unseen(small, motion, traces)
        del motion
        return render.fidelity(clip, traces, unseen, small, album)


def _reduced(frames: Frames, holes: Holes, pixels: int) -> Clip:
    """Reduce the clip to its working size, 8 bits deep."""
    height, width = holes.shape[1:]
    size = working_size((height, width), pixels)
    return Clip(
        stack_frames(lambda t: render.reduced_picture(frames[t], size), len(frames)),
        stack_frames(lambda t: reduce_hole(holes[t], size), len(holes)),
    )


def _last(prior: Filled) -> Plate:
    """Return the last of the frames that were filled before."""
    return Plate(len(prior.frames) - 1, prior.frames[-1], prior.provenance.source[-1])

"""Flow-guided video inpainting: carry real pixels along the completed optical flow.

After Xu, Li, Zhou, Loy, "Deep Flow-Guided Video Inpainting", CVPR 2019, without learned flow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from cleanplate.album import Album, Plate
from cleanplate.configs import checked
from cleanplate.errors import BadInput
from cleanplate.flow.behind import Clip, Motion, find_motion
from cleanplate.flow.complete import complete_flow
from cleanplate.flow.completion import Complete, load_completion
from cleanplate.flow.estimate import Estimate, load_estimator
from cleanplate.methods.flow_guided import fidelity, removal
from cleanplate.methods.flow_guided.fusion import Fuse, load_fusion
from cleanplate.methods.flow_guided.painter import plate_of, reduced_plate
from cleanplate.methods.flow_guided.published import Rules, propagate
from cleanplate.methods.flow_guided.rounds import (
    first_guess,
    guide,
    trace,
)
from cleanplate.methods.flow_guided.single import completer
from cleanplate.methods.flow_guided.unseen import invent
from cleanplate.methods.options import CommonOptions
from cleanplate.region import reduce_hole, reduced_picture, working_size
from cleanplate.threads import stack_frames
from cleanplate.video import Filled, Frames, Holes, Prior

DEVICES = ("auto", "cpu")
PROPAGATIONS = ("traced", "published")
_NETWORK_BYTES, _DFC_BYTES = 300_000_000, 1_000_000_000  # PyTorch with a small one; as measured
_OF_THE_PUBLISHED = ("epsilon", "merge", "image")  # options that the traced one does not know


@dataclass(frozen=True)
class Options(CommonOptions):
    """How the hole is filled.

    tune: "fidelity" merges all that is known of a pixel and stays close to the truth; "removal"
    takes each pixel from one place, so that the fill is as sharp as its surroundings. seed: of
    what has to be invented. working_pixels: flow and trajectories are found on pictures of at
    most so many pixels; colours always come from the full size. propagation: "traced" follows each
    trajectory to its end and samples once; "published" is that of Xu et al., CVPR 2019, where
    colours go from frame to frame. For that one, epsilon: pixels by which forward and backward flow
    must disagree less; merge: "nearer" in time, as in the official code, or "weighted", as in the
    paper; image: weights of DeepFill, a file of ours, for what no frame shows; without, the tune
    says how that is invented: "removal" from patches, "fidelity" smoothly. flow: what finds the
    flow, a name in ESTIMATORS; flow_weights, flow_device: the file and the device of one that is a
    network. completion: how flow is completed inside the hole, a name in COMPLETIONS: "smooth",
    "learned" by a small network, "dfc" by DFC-Net, or "auto": by removal smooth, which is faster,
    by fidelity learned where PyTorch is installed; completion_weights: its file, of the small
    one that of the package if not given; completion_pixels, completion_device: of DFC-Net, whose
    stages work at shares of a picture of at most so many pixels. fusion: how fidelity merges what
    is known of a pixel, a name in FUSIONS: by the "mean" by reliability, as a network has
    "learned" what to trust, or "auto": so where PyTorch is installed; fusion_weights: its file,
    that of the package if not given.
    """

    working_pixels: int = 432 * 240
    propagation: str = "traced"
    epsilon: float = Rules.epsilon
    merge: str = Rules.merge
    image: str | Path | None = None
    flow: str = "dis"
    flow_weights: str | Path | None = None
    flow_device: str = "auto"
    completion: str = "auto"
    completion_weights: str | Path | None = None
    completion_pixels: int | None = None
    completion_device: str = "auto"
    fusion: str = "auto"
    fusion_weights: str | Path | None = None

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        self._check_whole("working_pixels", 1)
        self._check_known("propagation", PROPAGATIONS)
        object.__setattr__(self, "epsilon", checked(float, self.epsilon, "epsilon"))
        if not isinstance(self.image, str | Path | None):
            raise BadInput(f"image is {self.image!r}. Give the path of a weights file.")
        Rules(self.epsilon, self.merge)
        if self.propagation != "published":
            self._refuse_those_of_the_published()
        if self.fusion not in ("auto", "mean") and not self._merges():
            raise BadInput(
                "fusion means nothing but to the tune fidelity, in the traced propagation. "
                "Leave it out, or choose both."
            )

    def usual_completion(self) -> str:
        """Return how flow is completed: removal has no time for a network unless it is asked to."""
        quick = self.tune == "removal" and self.completion_weights is None
        return "smooth" if self.completion == "auto" and quick else self.completion

    def usual_fusion(self) -> str:
        """Return how what is known is merged: only fidelity merges, in the traced propagation."""
        return "mean" if self.fusion == "auto" and not self._merges() else self.fusion

    def _merges(self) -> bool:
        return (self.tune, self.propagation) == ("fidelity", "traced")

    def _refuse_those_of_the_published(self) -> None:
        for field in fields(self):
            if field.name in _OF_THE_PUBLISHED and getattr(self, field.name) != field.default:
                raise BadInput(
                    f"{field.name} means nothing to the propagation {self.propagation!r}. "
                    "Leave it out, or choose the propagation published."
                )


class Method:
    """Fills the holes of one stretch of a shot by the options given.

    fuse: decides what to trust, and estimate: finds flow, in place of what the options name. Raises
    BadInput for weights of a network that do not fit.
    """

    longest_window = 90

    def __init__(
        self,
        options: Options | None = None,
        *,
        fuse: Fuse | None = None,
        estimate: Estimate | None = None,
    ) -> None:
        self.options = chosen = options or Options()
        self._complete = completer(
            chosen.tune, seed=chosen.seed, pixels=chosen.working_pixels, weights=chosen.image
        )
        self._invent = partial(invent, seed=chosen.seed)
        self._estimate = estimate or load_estimator(
            chosen.flow, weights=chosen.flow_weights, device=chosen.flow_device
        )
        self._fuse = fuse or load_fusion(chosen.usual_fusion(), weights=chosen.fusion_weights)
        self._complete_flow = load_completion(
            chosen.usual_completion(),
            weights=chosen.completion_weights,
            pixels=chosen.completion_pixels,
            device=chosen.completion_device,
        )
        self.held_bytes = _held(chosen, self._complete_flow, self._fuse)

    def fill(
        self,
        frames: Frames,
        holes: Holes,
        *,
        prior: Prior | None = None,
        progress: Callable[[float], None] | None = None,
        in_place: bool = False,
    ) -> Filled:
        """Fill frames (T, H, W, 3) uint8 or uint16 where holes (T, H, W) are True.

        prior: what the first frames were filled with before; what none of `frames` shows is
        carried on from them (the traced propagation takes the last one alone). progress: called
        with the share done, 0 to 1. in_place: paint into `frames` itself.
        """
        painted = frames if in_place else frames.copy()
        report = progress or (lambda share: None)
        fill = self._traced if self.options.propagation == "traced" else self._published
        return fill(painted, holes, prior, report)

    def _traced(
        self, frames: Frames, holes: Holes, prior: Prior | None, report: Callable[[float], None]
    ) -> Filled:
        """Follow every trajectory to its end, and sample there, once."""
        clip = _reduced(frames, holes, self.options.working_pixels)
        motion = self._motion(clip, report)
        # The flow is let go of before anything is drawn at full size: it is what weighs most.
        plates = [_last(frames, holes, prior)] if prior else []
        album = Album(frames, holes, plates)
        small = Album(clip.frames, clip.holes, [reduced_plate(plate, clip) for plate in plates])
        if self.options.tune == "removal":
            picks = removal.pick_all(clip, small, motion, invent=self._invent)
            del motion
            return removal.fill(clip, picks, album)
        traces = trace(clip, motion)
        unseen = fidelity.find_unseen(small, motion, traces)
        del motion
        return fidelity.fill(clip, traces, unseen, small, album, fuse=self._fuse)

    def _published(
        self, frames: Frames, holes: Holes, prior: Prior | None, report: Callable[[float], None]
    ) -> Filled:
        """Carry colours from frame to frame at full size, as Xu et al. published it."""
        motion = self._motion(_reduced(frames, holes, self.options.working_pixels), report)
        return propagate(
            frames,
            holes,
            forward=motion.forward,
            backward=motion.backward,
            complete=self._complete,
            rules=Rules(self.options.epsilon, self.options.merge),
            prior=prior,
            progress=lambda share: report(0.6 + 0.4 * share),
            in_place=True,
        )

    def _motion(self, clip: Clip, report: Callable[[float], None]) -> Motion:
        """Find and complete the flow, in two rounds."""
        quick = self.options.tune == "removal"
        # A removal takes its first round at half size, for speed; a restoration at full size.
        how: Any = {"estimate": self._estimate, "complete": self._complete_flow}
        guess = first_guess(clip, **how) if quick else guide(clip, find_motion(clip, None, **how))
        report(0.3)
        motion = find_motion(clip, guess, removal=quick, **how)
        report(0.6)
        return motion


def _held(options: Options, complete: Complete, fuse: Fuse | None) -> int:
    """Return the memory that networks take, where there are any."""
    others = options.flow != "dis" or fuse is not None or options.image is not None
    networks = _NETWORK_BYTES if others or complete is not complete_flow else 0
    return networks + (_DFC_BYTES if options.completion == "dfc" else 0)


def _reduced(frames: Frames, holes: Holes, pixels: int) -> Clip:
    """Reduce the clip to its working size, 8 bits deep."""
    height, width = holes.shape[1:]
    size = working_size((height, width), pixels)
    return Clip(
        stack_frames(lambda t: reduced_picture(frames[t], size), len(frames)),
        stack_frames(lambda t: reduce_hole(holes[t], size), len(holes)),
    )


def _last(frames: Frames, holes: Holes, prior: Prior) -> Plate:
    """Return the last of the frames that were filled before."""
    t = len(prior) - 1
    picture = frames[t].copy()
    picture[holes[t]] = prior[t].colours
    return plate_of(t, picture, holes[t], prior[t].source)

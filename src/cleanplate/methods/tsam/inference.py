"""TSAM's method: find the motion of a clip once, fill its windows, and join what they say.

Zou, Yang, Liu, Lee, "Progressive Temporal Feature Alignment Network for Video Inpainting", CVPR
2021.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.canvas import Canvas, Clip, Pictures, fitting_size
from cleanplate.configs import checked
from cleanplate.devices import PRECISIONS, device_named, precision_named
from cleanplate.flow import behind
from cleanplate.flow.completion import load_completion
from cleanplate.flow.estimate import load_estimator
from cleanplate.flow.validity import Rule, TrustedFlow, unreliable
from cleanplate.methods.options import CommonOptions
from cleanplate.methods.tsam.schedule import BLENDS, Window, windows
from cleanplate.states import torch_needed
from cleanplate.threads import stack_frames
from cleanplate.video import PAINTED, Filled, Frames, Holes, Prior
from cleanplate.weights import load_network

if TYPE_CHECKING:
    import torch

    from cleanplate.methods.tsam.shift import Alignment


@dataclass(frozen=True)
class Options(CommonOptions):
    """How a stretch is filled.

    tune: "removal" takes what moves with the hole for the object's, "fidelity" does not. blend:
    where windows overlap, "weighted" is the mean, what is in the middle of a window counting more;
    "official" takes each frame from one window. precision: of the network; "auto" is bf16 where the
    machine has it. consistency, delta: where flow is trusted, see `flow.validity.Rule`. flow: what
    finds it, a name in ESTIMATORS; flow_weights: the file of one that is a network. completion: how
    it is completed inside the hole, a name in COMPLETIONS; completion_weights: its file.
    """

    blend: str = "weighted"
    precision: str = "auto"
    consistency: str = Rule.rule
    delta: float = Rule.delta
    flow: str = "dis"
    flow_weights: str | Path | None = None
    completion: str = "smooth"
    completion_weights: str | Path | None = None

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        self._check_known("blend", BLENDS)
        self._check_known("precision", PRECISIONS)
        object.__setattr__(self, "delta", checked(float, self.delta, "delta"))
        Rule(self.consistency, self.delta)


class Method:
    """Fills the holes of one stretch of a shot with a network.

    weights: a file of ours, see `cleanplate weights convert`. device: a name in DEVICES. Raises
    BadInput.
    """

    longest_window = 60
    held_bytes = 1_000_000_000  # by the official network, everything decoded, as measured

    def __init__(self, options: Options, *, weights: str | Path, device: str = "auto") -> None:
        with torch_needed():
            from cleanplate.methods.tsam import network as room
            from cleanplate.methods.tsam.engine import Engine
        self.options = options
        self._rule = Rule(options.consistency, options.delta)
        self._estimate = load_estimator(options.flow, weights=options.flow_weights)
        self._complete = load_completion(options.completion, weights=options.completion_weights)
        self.device = device_named(device)
        network: room.Network = load_network(weights, method="tsam", room=room)
        dtype = precision_named(options.precision, self.device)
        self.engine = Engine(network, device=self.device, dtype=dtype)
        self._unit, self._size = room.UNIT, network.config.size
        self.follows = network.config.aligned
        # As the official code has it, what is no larger than the network is not cropped.
        self.whole_up_to = self._size[0] * self._size[1]

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

        prior is not made use of. progress: called with the share done, 0 to 1. in_place: paint
        into `frames` itself.
        """
        painted = frames if in_place else frames.copy()
        if holes.any():
            self._paint(painted, holes, progress or (lambda share: None))
        elif progress:
            progress(1.0)
        return Filled.marked(painted, holes, PAINTED)

    def _paint(self, painted: Frames, holes: Holes, report: Callable[[float], None]) -> None:
        """Fill window after window, and paint a frame when no later one sees it."""
        clip, canvas = self._clip(painted, holes), Canvas(painted, holes)
        alignment = None
        if self.engine.config.aligned:
            alignment = self._alignment(self.motion(painted, holes))
        plan = windows(len(painted), blend=self.options.blend)
        for window, later in zip(plan, [w.first for w in plan[1:]] + [len(painted)], strict=True):
            seen = slice(window.first, window.frames.stop)
            if holes[seen].any():
                canvas.add(window.frames, self._filled(clip, window, alignment), window.weights)
            canvas.paint(before=later)
            report(later / len(painted))

    def motion(self, frames: Frames, holes: Holes) -> TrustedFlow:
        """Find the motion of a stretch behind its holes, and where it is not to be trusted."""
        clip = self._clip(frames, holes)

        def picture(t: int) -> NDArray[np.uint8]:
            return np.rint(255 * clip.picture(t, darkest=0)).astype(np.uint8)

        count = len(frames)
        small = behind.Clip(stack_frames(picture, count), stack_frames(clip.hole, count))
        found = behind.find_motion(
            small,
            None,
            removal=self.options.tune == "removal",
            estimate=self._estimate,
            complete=self._complete,
        )
        doubts = [np.zeros((0, *clip.size), np.bool_)] * 2
        if count > 1:
            ways = (found.forward, found.backward), (found.backward, found.forward)
            doubts = [unreliable(*way, self._rule) for way in ways]
        return TrustedFlow(found.forward, found.backward, *doubts)

    def _clip(self, frames: Frames, holes: Holes) -> Clip:
        height, width = holes.shape[1:]
        return Clip(frames, holes, fitting_size((height, width), self._size, self._unit))

    def _alignment(self, motion: TrustedFlow) -> Alignment:
        """Return a motion as the network takes it."""
        import torch

        from cleanplate.methods.tsam import shift

        def tensor(array: NDArray[Any]) -> torch.Tensor:
            return torch.from_numpy(array.astype(np.float32)).to(self.device)[None]

        flows = (tensor(flow).permute(0, 1, 4, 2, 3) for flow in (motion.forward, motion.backward))
        doubts = (
            tensor(doubt)[:, :, None] for doubt in (motion.doubt_forward, motion.doubt_backward)
        )
        return shift.Alignment(shift.Motion(*flows, *doubts), grid=self.engine.config.grid)

    def _filled(self, clip: Clip, window: Window, alignment: Alignment | None) -> Pictures:
        """Return the frames of a window as the network fills them, (N, h, w, 3) from 0 to 255."""
        pictures = np.stack([clip.picture(t, darkest=0) for t in window.frames])
        holes = np.stack([clip.hole(t) for t in window.frames])
        first, last = window.first, window.frames.stop - 1
        return self.engine.run(pictures, holes, alignment and alignment.between(first, last))

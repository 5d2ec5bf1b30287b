"""STTN's method: slide over a stretch of frames, mix neighbours and references, paint the holes.

Zeng, Fu, Chao, "Learning Joint Spatial-Temporal Transformations for Video Inpainting", ECCV 2020.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cleanplate.canvas import Canvas, Clip, fitting_size
from cleanplate.devices import PRECISIONS, device_named, precision_named
from cleanplate.errors import BadInput
from cleanplate.gaze import Gaze
from cleanplate.methods.options import CommonOptions
from cleanplate.methods.sttn.schedule import Step, schedule
from cleanplate.states import torch_needed
from cleanplate.video import PAINTED, Filled, Frames, Holes, Prior
from cleanplate.weights import load_network

if TYPE_CHECKING:
    from cleanplate.methods.sttn.network import Network


BLENDS = ("weighted", "running")


@dataclass(frozen=True)
class Options(CommonOptions):
    """How a stretch is filled.

    stride, radius: frames between centres, and neighbours on either side. every: each so manieth
    frame is a reference. most_references: at once. blend: "weighted" is the mean of predictions,
    those near their centre counting more; "running" the official half and half, each prediction
    cut to whole levels. precision: of the network; "auto" is bf16 where the machine has it.
    compile: the network is compiled first, which takes a while and gains little on a CPU.
    """

    stride: int = 5
    radius: int = 5
    every: int = 10
    most_references: int = 8
    blend: str = "weighted"
    precision: str = "auto"
    compile: bool = False

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        for name, least in (("stride", 1), ("radius", 0), ("every", 1), ("most_references", 0)):
            self._check_whole(name, least)
        if self.stride > 2 * self.radius + 1:
            raise BadInput(
                f"stride {self.stride} leaves frames out between centres that see {self.radius} on "
                f"either side. Give at most {2 * self.radius + 1}."
            )
        self._check_known("blend", BLENDS)
        self._check_known("precision", PRECISIONS)
        if not isinstance(self.compile, bool):
            raise BadInput(f"compile is {self.compile!r}. Give True or False.")


class Method:
    """Fills the holes of one stretch of a shot with a network.

    weights: a file of ours, see `cleanplate weights convert`. device: a name in DEVICES. Raises
    BadInput.
    """

    longest_window = reach = 60  # references lie anywhere in a window
    held_bytes = 1_050_000_000  # by the official network, everything decoded, as measured

    def __init__(self, options: Options, *, weights: str | Path, device: str = "auto") -> None:
        with torch_needed():
            from cleanplate.methods.sttn.engine import Engine
        self.options, self._weights = options, weights
        network = _network(weights)
        self.config, place = network.config, device_named(device)
        self.engine = Engine(network, device=place, dtype=precision_named(options.precision, place))
        # As the official code has it, what is no larger than the network is not cropped.
        self.whole_up_to = self.config.size[0] * self.config.size[1]
        if options.compile:
            from cleanplate.methods.sttn.compiling import compile_network

            compile_network(self.engine.network)

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
        canvas = Canvas(painted, holes, running=self.options.blend == "running")
        clip = self._clip(painted, holes)
        for step, pictures in self.engine.run(clip, self._steps(len(frames))):
            canvas.add(step.neighbours, pictures, step.weights())
            canvas.paint(before=step.centre + self.options.stride - self.options.radius)
            if progress:
                progress(step.neighbours.stop / len(frames))
        canvas.paint(before=len(frames))
        return Filled.marked(painted, holes, PAINTED)

    def gaze(self, frames: Frames, holes: Holes, t: int) -> Gaze:
        """Return what the hole of frame t attends to in the step that counts most for it."""
        from cleanplate.methods.sttn.maps import gaze

        painting = [step for step in self._steps(len(frames)) if t in step.neighbours]
        step = min(painting, key=lambda step: abs(step.centre - t))
        return gaze(self._plain, self._clip(frames, holes), step, t)

    @cached_property
    def _plain(self) -> Network:
        """The network once more, for the engine's is not to be looked into."""
        network = _network(self._weights).eval()
        return network.to(self.engine.device, self.engine.dtype)

    def _clip(self, frames: Frames, holes: Holes) -> Clip:
        size = fitting_size(holes.shape[1:], self.config.size, self.config.unit)
        return Clip(frames, holes, size)

    def _steps(self, count: int) -> Iterator[Step]:
        options = self.options
        return schedule(
            count,
            stride=options.stride,
            radius=options.radius,
            every=options.every,
            most=options.most_references,
        )


def _network(weights: str | Path) -> Network:
    """Return the network of a file of ours; raises BadInput."""
    with torch_needed():
        from cleanplate.methods.sttn import network
    found: Network = load_network(weights, method="sttn", room=network)
    return found

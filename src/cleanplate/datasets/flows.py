"""Flow to learn from, of clips and made up; and samples of it for the network that chooses.

Each is told by its number alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.datasets.clip import Clip
from cleanplate.datasets.layers import layered_motion
from cleanplate.datasets.samples import HALF, InTurn, Made, resize
from cleanplate.errors import BadInput
from cleanplate.flow.camera import camera_motion
from cleanplate.flow.complete import Effort, continue_from_edge
from cleanplate.flow.estimate import classical_flow
from cleanplate.flow.learned import Guesses, guesses
from cleanplate.flow.resize import resize_flow
from cleanplate.masks.draw import draw_holes
from cleanplate.video import Flow, Holes

FINER = 2  # flow of clips is found at so many times the size
CLOSEST = 1.7  # how much a clip may be enlarged
WIDEST_RING = 3  # pixels around a hole that are lost, too
FAMILIES = ("stationary", "moving", "object_like", "object_like_middle", "curve", "fixed")


@dataclass(frozen=True)
class FlowSample:
    """Some flows of one clip.

    given: (N, 16, h, w) float32, what the network is given. wanted: (N, 2, h, w), what it is to add
    to the smooth guess, in its units. lost: (N, 1, h, w) bool, where. clip: its name.
    skipped: clips that should have been here and are broken, each with a sentence.
    """

    given: NDArray[np.float32]
    wanted: NDArray[np.float32]
    lost: NDArray[np.bool_]
    clip: str
    skipped: Mapping[str, str] = field(default_factory=dict)


class KnownFlow(InTurn[Made]):
    """Samples of flow that is known everywhere.

    As `Samples`; size: (height, width) of the flow. frames: one after the other, between which the
    flow is. made_up: the share of samples that are not of a clip but of `layered_motion`.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        size: tuple[int, int],
        *,
        frames: int,
        seed: int,
        made_up: float,
    ) -> None:
        super().__init__(clips, size, frames=frames, seed=seed)
        self.made_up = made_up

    def _known(self, chosen: int, rng: np.random.Generator) -> tuple[str, tuple[Flow, Flow]]:
        """Return whose flow it is, and that flow forward and backward, turned about or not."""
        if rng.random() < self.made_up:
            name, truth = "made up", layered_motion(self.frames, self.size, seed=_seed(rng))
        else:
            name, truth = self.clips[chosen].name, self._seen(chosen, rng)
        return name, _turned_about(truth, rng)

    def _seen(self, chosen: int, rng: np.random.Generator) -> tuple[Flow, Flow]:
        """Find the flow of a stretch of a clip, of a part of its picture."""
        length = self._length(chosen)
        if length < self.frames:
            raise BadInput(f"it has {length} frames, {self.frames} are needed.")
        first = int(rng.integers(length - self.frames + 1))
        frames = self.clips[chosen].load_frames(only=list(range(first, first + self.frames)))
        height, width = (
            max(int(side / rng.uniform(1, CLOSEST)), 1) for side in frames[0].shape[:2]
        )
        top = int(rng.integers(frames[0].shape[0] - height + 1))
        left = int(rng.integers(frames[0].shape[1] - width + 1))
        large = (FINER * self.size[0], FINER * self.size[1])
        found = classical_flow(
            [resize(f[top : top + height, left : left + width], large) for f in frames]
        )
        forward, backward = (
            np.stack([resize_flow(flow, self.size) for flow in flows]) for flows in found
        )
        return forward, backward


class FlowSamples(KnownFlow[FlowSample]):
    """The samples of a data set, in a random order without an end: `samples[number]`.

    As `KnownFlow`; flows: so many of them make a sample.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        size: tuple[int, int],
        *,
        frames: int = 20,
        flows: int = 12,
        seed: int = 0,
        made_up: float = 0.5,
    ) -> None:
        super().__init__(clips, size, frames=frames, seed=seed, made_up=made_up)
        self.flows = flows

    def _made(
        self, chosen: int, rng: np.random.Generator, skipped: Mapping[str, str]
    ) -> FlowSample:
        name, truth = self._known(chosen, rng)
        lost = drawn_holes(self.frames, self.size, rng)
        known, residual = _guessed(truth, (lost[:-1], lost[1:]))
        where = np.flatnonzero(known.lost.any(axis=(1, 2)))
        times = rng.choice(where if len(where) else len(known.lost), self.flows)
        whole = (slice(0, self.size[0]), slice(0, self.size[1]))
        given = np.stack([known.channels(t, whole) for t in times])
        wanted = np.stack([(residual[t] - known.smooth[t]) / known.scale(t) for t in times])
        return FlowSample(
            given,
            np.ascontiguousarray(wanted.transpose(0, 3, 1, 2), np.float32),
            known.lost[times][:, None],
            name,
            skipped,
        )


def _guessed(truth: tuple[Flow, Flow], lost: tuple[Holes, Holes]) -> tuple[Guesses, Flow]:
    """Return what is known of the forward flow with its hole, and its whole residual."""
    smooth = truth[0].copy(), truth[1].copy()
    camera = camera_motion(truth[0], lost[0]), camera_motion(truth[1], lost[1])
    for residual, motion, unknown in zip(smooth, camera, lost, strict=True):
        continue_from_edge(residual, motion, unknown, Effort().edge_sweeps)
    known, _ = guesses(smooth, camera, lost)
    return known, truth[0] - np.stack([camera[0][t] for t in range(len(truth[0]))])


def _turned_about(flows: tuple[Flow, Flow], rng: np.random.Generator) -> tuple[Flow, Flow]:
    """Mirror both flows, turn them upside down and play them backwards, or not."""
    forward, backward = flows
    mirrored, upside_down, reversed_ = rng.random(3) < (HALF, HALF / 2, HALF)
    sign = np.array([-1 if mirrored else 1, -1 if upside_down else 1], np.float32)
    across, down = (slice(None, None, -1 if turned else 1) for turned in (mirrored, upside_down))
    if reversed_:
        forward, backward = backward[::-1], forward[::-1]
    first, second = (
        np.ascontiguousarray(flow[:, down, across] * sign) for flow in (forward, backward)
    )
    return first, second


def drawn_holes(count: int, size: tuple[int, int], rng: np.random.Generator) -> Holes:
    """Draw a hole of any family and the ring around it whose flow is spoilt."""
    holes = draw_holes(str(rng.choice(FAMILIES)), count, size, seed=_seed(rng))
    ring = 2 * int(rng.integers(1, WIDEST_RING + 1)) + 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (ring, ring))
    return np.stack([cv2.dilate(hole.astype(np.uint8), disk) > 0 for hole in holes])


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(1 << 31))

"""Decide by a network what to trust in a hole, where a mean by reliability only weighs.

It looks at the picture at its working size; what it decides holds at full size, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.flow.behind import Clip
from cleanplate.io.refuse import path_of
from cleanplate.merge import Candidate, mean_channel
from cleanplate.region import bounding_box
from cleanplate.states import has_torch, torch_needed
from cleanplate.weights import load_network

Colours = NDArray[np.float32]  # (N, 3), 0 to 255
Planes = NDArray[np.float32]  # (h, w, C)

FUSIONS = ("auto", "mean", "learned")
SHIPPED = Path(__file__).parent / "weights" / "fusion.safetensors"

LEVELS = 64.0  # 8-bit levels that count as 1
# How far the network is followed from the mean that is there without it. It has learned from few
# clips, and where it errs on others, it errs less this way, while most of what it gains stays.
# Where a pixel is known well, or candidates agree, it has little to say: there it changes colours
# by no more than so many deviations of the best candidate, nor than that share of what they differ
# by, and a little. Of holes unlike those that it has learned from this keeps its errors away; on
# others it is hardly felt. What no frame of a window shows it knows nothing of, nor what lies
# further in than any pixel that it has learned from, such as frames that are lost altogether.
FOLLOWED, DEVIATIONS, DIFFERENCE, LITTLE = 0.5, 0.75, 0.5, 0.25
DEEPEST, FADES = 90.0, 30.0  # pixels from the hole's edge, and over how many it ends
_MERGED = -2  # place of the merged colour among the choices
_MARGIN = 16  # pixels around a hole that the network sees
_REACH = 20.0  # pixels from the hole's edge that count as 1
_MOST_VARIANCE, _LOG_VARIANCE = 1e6, 7.0
_LEAST_CHANGE = 1e-3  # levels


@dataclass(frozen=True)
class Merged:
    """What is known of a frame's hole of N pixels, and what it was merged to.

    found: the candidates: by the flow from past and future, by the camera from past and future.
    smooth: (N, 3), the hole filled smoothly. colours: (N, 3), the merged ones. seen: (N,) bool,
    where any frame shows the pixel.
    """

    found: list[Candidate]
    smooth: Colours
    colours: Colours
    seen: NDArray[np.bool_]

    def choices(self) -> list[Colours]:
        """Return the colours to choose from; the merged one where a candidate has none."""
        sides = [
            np.where(np.isfinite(one.variance)[:, None], one.colours, self.colours)
            for one in self.found
        ]
        return [*sides, self.colours, self.smooth]


class Verdict(NamedTuple):
    """The share of each choice, (N, 6), and what is to be added, (N, 3) levels."""

    shares: NDArray[np.float32]
    correction: Colours

    def followed(self, part: NDArray[np.floating[Any]]) -> Verdict:
        """Return the verdict that goes so far, (N,), from the merged to where this one leads."""
        shares = part[:, None] * self.shares
        shares[:, _MERGED] += 1 - part
        return Verdict(shares, part[:, None] * self.correction)

    def of(self, merged: Merged) -> Colours:
        """Return the colours (N, 3) that this makes of what is known."""
        parts = zip(merged.choices(), self.shares.T, strict=True)
        return np.asarray(
            self.correction + sum(share[:, None] * colours for colours, share in parts), np.float32
        )


Fuse = Callable[[Clip, int, Merged], Verdict]


def load_fusion(name: str, *, weights: str | Path | None = None) -> Fuse | None:
    """Return what decides about a frame, by a name in FUSIONS: None where the mean is to stay.

    auto: learned where PyTorch is installed, the mean elsewhere. weights: a file of ours; that of
    the package if not given. Raises BadInput.
    """
    if name not in FUSIONS:
        raise BadInput(f"fusion {name!r} is unknown. Choose one of: {', '.join(FUSIONS)}.")
    if name == "auto":
        there = weights is not None or (SHIPPED.is_file() and has_torch())
        name = "learned" if there else "mean"
    if name == "mean":
        if weights is not None:
            raise BadInput("the fusion mean has no weights. Leave them out, or choose learned.")
        return None
    path = SHIPPED if weights is None else path_of(weights)
    if weights is None and not path.is_file():
        raise BadInput(
            "the fusion learned needs weights, and none come with this package yet. "
            "Give a file of ours as fusion_weights, or choose mean."
        )
    with torch_needed():
        from cleanplate.methods.flow_guided import fusion_network
    network = load_network(path, method="fusion", room=fusion_network)
    network.eval().requires_grad_(False)
    return partial(decide, network)


def decide(network: Any, clip: Clip, t: int, merged: Merged) -> Verdict:
    """Let a network decide about frame t of a clip at its working size, which has a hole."""
    import torch

    from cleanplate.methods.flow_guided.fusion_network import UNIT

    hole = clip.holes[t]
    box = surroundings(hole)
    given = channels(clip.frames[t], hole, merged)[box]
    height, width = given.shape[:2]
    padded = np.pad(given, [(0, -height % UNIT), (0, -width % UNIT), (0, 0)], mode="edge")
    with torch.inference_mode():
        batch = torch.from_numpy(padded)[None].permute(0, 3, 1, 2)  # channels last in memory
        shares, correction = network.verdict(batch)
        both = torch.cat([shares, correction * LEVELS], dim=1)
        found = both[0, :, :height, :width].permute(1, 2, 0).numpy()[hole[box]]
    verdict = Verdict(found[:, : shares.shape[1]], found[:, shares.shape[1] :])
    far_in = np.clip((DEEPEST - _depth(hole)) / np.float32(FADES), 0, 1)
    return verdict.followed(far_in * trusted(verdict, merged))


def trusted(verdict: Verdict, merged: Merged) -> NDArray[np.float32]:
    """Return how far a verdict is to be followed from the merged colours, (N,), 0 to FOLLOWED."""
    variances = np.stack([one.variance for one in merged.found])
    there = np.isfinite(variances)
    apart = [_size(one.colours - merged.colours) for one in merged.found]
    differ = np.sum(np.where(there, apart, 0), axis=0) / np.maximum(there.sum(axis=0), 1)
    most = DEVIATIONS * np.sqrt(np.min(variances, axis=0, initial=_MOST_VARIANCE))
    most = np.where(there.sum(axis=0) > 1, np.minimum(most, DIFFERENCE * differ + LITTLE), most)
    change = _size(verdict.of(merged) - merged.colours)
    part = np.minimum(FOLLOWED, most / np.maximum(change, _LEAST_CHANGE))
    return np.where(there.any(axis=0), part, 0).astype(np.float32)


def _depth(hole: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return how far its pixels are from a hole's edge, (N,); endless without an edge."""
    found = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 3)[hole]
    return np.asarray(found, np.float32)


def _size(change: Colours) -> NDArray[np.float32]:
    """Return by how many levels colours (N, 3) change, root mean square, (N,)."""
    return np.sqrt(mean_channel(np.square(change)))


def surroundings(hole: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the rows and columns that the network sees of a picture with a hole."""
    box = bounding_box(hole, margin=_MARGIN)
    assert box is not None
    return box


def channels(frame: NDArray[Any], hole: NDArray[np.bool_], merged: Merged) -> Planes:
    """Return what the network is given of frame (h, w, 3), (h, w, 25): see its docstring."""
    base = frame.astype(np.float32)
    base[hole] = merged.colours
    around = frame[~hole] if not hole.all() else merged.colours
    depth = _depth(hole)
    variances = [
        np.log(np.minimum(one.variance, _MOST_VARIANCE) + 1) / _LOG_VARIANCE - 1
        for one in merged.found
    ]
    apart = [colours - merged.colours for colours in merged.choices()]
    *sides, _, smooth = (each / LEVELS for each in apart)
    inside = [*sides, np.stack(variances, axis=1), smooth, np.ones((len(depth), 1))]
    inside += [merged.seen[:, None], np.minimum(depth, sum(hole.shape))[:, None] / _REACH]
    picture = (base - around.mean(axis=0)) / LEVELS
    values = np.concatenate(inside, axis=1)
    planes = np.zeros((*hole.shape, 3 + values.shape[1]), np.float32)
    planes[..., :3] = picture
    planes[..., 3 + 3 * len(sides) : 3 + 4 * len(sides)] = -1  # where nothing is asked
    planes[hole, 3:] = values
    return planes

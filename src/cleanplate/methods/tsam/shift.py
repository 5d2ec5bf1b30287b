"""Shift and align: some channels come from the frames beside, drawn along the flow from there.

Zou, Yang, Liu, Lee, "Progressive Temporal Feature Alignment Network for Video Inpainting", CVPR
2021, equations 3 to 6. Without flow it is the shift of Lin et al., "TSM", ICCV 2019.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from cleanplate.errors import BadInput

GRIDS = ("centres", "corners")
MASKS = ("own", "left")


class Motion(NamedTuple):
    """The flow between neighbours of clips, and where it is not to be trusted.

    forward, backward: (B, T-1, 2, h, w), (dx, dy) in pixels, from each frame to the next and back.
    doubt_forward, doubt_backward: (B, T-1, 1, h, w), 1 where the flow is unreliable, 0 elsewhere.
    """

    forward: Tensor
    backward: Tensor
    doubt_forward: Tensor
    doubt_backward: Tensor


class Scale(NamedTuple):
    """A motion as features of one size need it.

    ahead, behind: (B, T-1, h, w, 2), where a frame's pixels lie in the next one, and the next one's
    in it, as `grid_sample` wants places. doubt_ahead, doubt_behind: (B, T-1, 1, h, w).
    """

    ahead: Tensor
    behind: Tensor
    doubt_ahead: Tensor
    doubt_behind: Tensor


class Alignment:
    """The motion of a clip at every size of features that asks for it, computed once for each.

    grid: a name in GRIDS, see `places`. Raises BadInput for flow that does not fit together, or
    that is no number somewhere.
    """

    def __init__(self, motion: Motion, *, grid: str = "centres") -> None:
        _check(motion)
        self._motion, self._grid = motion, grid
        self._scales: dict[tuple[int, int], Scale] = {}
        self.pairs = range(motion.forward.shape[1])  # of neighbours, by the first of them

    def at(self, size: tuple[int, int]) -> Scale:
        """Return the motion for features of a size (height, width)."""
        if size not in self._scales:
            self._scales[size] = scaled(self._motion, size, grid=self._grid)
        chosen = slice(self.pairs.start, self.pairs.stop)
        return Scale(*(part[:, chosen] for part in self._scales[size]))

    def between(self, first: int, last: int) -> Alignment:
        """Return that of the frames from first to last, which shares what was computed."""
        part = object.__new__(Alignment)
        part._motion, part._grid, part._scales = self._motion, self._grid, self._scales
        part.pairs = self.pairs[first:last]
        return part


def scaled(motion: Motion, size: tuple[int, int], *, grid: str) -> Scale:
    """Bring a motion to features of a size (height, width): the nearest vectors, scaled."""

    def at(flow: Tensor) -> Tensor:
        near = functional.interpolate(flow.flatten(0, 1).float(), size)
        scale = near.new_tensor([size[1] / flow.shape[-1], size[0] / flow.shape[-2]])
        grids = places(near * scale[:, None, None], grid=grid)
        return torch.unflatten(grids, 0, flow.shape[:2])

    def doubt(mask: Tensor) -> Tensor:
        near = functional.interpolate(mask.flatten(0, 1).float(), size)
        return torch.unflatten(near, 0, mask.shape[:2])

    return Scale(
        at(motion.forward),
        at(motion.backward),
        doubt(motion.doubt_forward),
        doubt(motion.doubt_backward),
    )


def places(flow: Tensor, *, grid: str) -> Tensor:
    """Return where flow (N, 2, h, w) leads, (N, h, w, 2) as `grid_sample` wants places.

    grid: "centres", where no flow leads nowhere; or "corners", as the official code has it, whose
    base fits sampling by aligned corners, which it does not use: pixel i of w is then read at
    i w / (w - 1) - 0.5.
    """
    height, width = flow.shape[-2:]
    x = _base(width, grid, flow) + flow[:, 0] / width * 2
    y = _base(height, grid, flow)[:, None] + flow[:, 1] / height * 2
    return torch.stack([x, y], dim=-1)


def _base(side: int, grid: str, like: Tensor) -> Tensor:
    if grid == "corners":
        return torch.linspace(-1, 1, side, device=like.device, dtype=like.dtype)
    pixels = torch.arange(side, device=like.device, dtype=like.dtype)
    return (2 * pixels + 1) / side - 1


class Shift:
    """Shifts the channels of a clip's features, and aligns them where there is a motion.

    frames: T. future_first: the first channels come from the next frame and the second from the one
    before, as the official code has it; equation 3 has them the other way round. mask: "own" or, as
    in the official code, "left": whether what came from the frame before is judged by itself, or by
    what came from the next one.
    """

    def __init__(
        self,
        frames: int,
        alignment: Alignment | None,
        *,
        future_first: bool = False,
        mask: str = "own",
    ) -> None:
        if alignment is not None and len(alignment.pairs) != frames - 1:
            raise BadInput(
                f"the flow is between {len(alignment.pairs) + 1} frames, the clip has {frames}. "
                "Give the flow between each frame and the next."
            )
        self.frames, self.alignment = frames, alignment
        self._future_first, self._mask = future_first, mask

    def __call__(self, features: Tensor, fold: int) -> Tensor:
        """Return features (B T, C, h, w), of which twice `fold` channels came from other frames.

        What has no frame beside it is 0; what is unreliable stays as it was.
        """
        clips = torch.unflatten(features, 0, (-1, self.frames))
        one, two, rest = torch.split(clips, [fold, fold, clips.shape[2] - 2 * fold], dim=2)
        ahead, behind = (one, two) if self._future_first else (two, one)
        left, right = ahead[:, 1:], behind[:, :-1]
        if self.alignment is not None and self.frames > 1:
            scale = self.alignment.at((features.shape[-2], features.shape[-1]))
            left, right = self._aligned(ahead, behind, scale)
        nothing = torch.zeros_like(one[:, :1])
        ahead = torch.cat([left, nothing], dim=1)
        behind = torch.cat([nothing, right], dim=1)
        both = (ahead, behind) if self._future_first else (behind, ahead)
        return torch.cat([*both, rest], dim=2).flatten(0, 1)

    def _aligned(self, ahead: Tensor, behind: Tensor, scale: Scale) -> tuple[Tensor, Tensor]:
        """Return what comes from the next frame and from the one before, (B, T-1, f, h, w)."""
        left, right = warped(ahead[:, 1:], scale.ahead), warped(behind[:, :-1], scale.behind)
        judged = right if self._mask == "own" else left
        return (
            trusted(left, ahead[:, :-1], scale.doubt_ahead, left),
            trusted(right, behind[:, 1:], scale.doubt_behind, judged),
        )


def warped(features: Tensor, where: Tensor) -> Tensor:
    """Return features (B, T, C, h, w) as they are at places (B, T, h, w, 2); 0 beyond the border.

    Places are too fine for half the bits, so the sampling is done in float32.
    """
    flat = functional.grid_sample(
        features.flatten(0, 1).float(), where.flatten(0, 1), align_corners=False
    )
    return torch.unflatten(flat.to(features.dtype), 0, features.shape[:2])


def trusted(came: Tensor, stayed: Tensor, doubt: Tensor, judged: Tensor) -> Tensor:
    """Return what came, and what stayed where that is in doubt or nothing at all was there.

    came, stayed, judged: (B, T, C, h, w). doubt: (B, T, 1, h, w). Nothing was where the channels of
    `judged` add up to 0. A doubt that is not whole counts for nothing, as in the official code.
    """
    empty = judged.sum(dim=2, keepdim=True) == 0
    return torch.where(empty | (doubt >= 1), stayed, came)


def _check(motion: Motion) -> None:
    flow = motion.forward.shape
    whole = len(flow) == 5 and flow[2] == 2
    doubt = (*flow[:2], 1, *flow[3:])
    for name, part in motion._asdict().items():
        wanted = doubt if name.startswith("doubt") else flow
        if not whole or part.shape != wanted:
            raise BadInput(
                f"{name} is {tuple(part.shape)}, forward {tuple(flow)}. Give flow (B, T-1, 2, H, W)"
                " both ways and doubt (B, T-1, 1, H, W), all of one size."
            )
        if not part.isfinite().all():
            raise BadInput(f"{name} holds values that are no numbers. Give flow of pixels.")

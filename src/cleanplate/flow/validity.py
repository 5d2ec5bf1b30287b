"""Where flow between neighbours is not to be trusted: the way there and back ends elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.threads import stack_frames
from cleanplate.video import Flow, Holes
from cleanplate.warp import warp_by

RULES = ("relative", "fixed")
_SHARE, _BASE = 0.01, 0.5  # of the squared lengths of both ways; squared pixels beside it


@dataclass(frozen=True)
class Rule:
    """How far the way there and back may end beside its start.

    rule: "relative", as Sundaram et al., ECCV 2010: squared, a hundredth of both ways' squared
    lengths and half a pixel; or "fixed". delta: pixels, of the fixed one. Raises BadInput.
    """

    rule: str = "relative"
    delta: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        if self.rule not in RULES:
            raise BadInput(
                f"consistency {self.rule!r} is unknown. Choose one of: {', '.join(RULES)}."
            )
        if not 0 < self.delta < float("inf"):
            raise BadInput(f"delta is {self.delta}. Give a number of pixels above 0.")


@dataclass(frozen=True)
class TrustedFlow:
    """The flow of a clip at some size, and where it is not to be trusted.

    forward, backward: (T-1, h, w, 2). doubt_forward, doubt_backward: (T-1, h, w) bool.
    """

    forward: Flow
    backward: Flow
    doubt_forward: Holes
    doubt_backward: Holes


def unreliable(towards: Flow, back: Flow, rule: Rule) -> Holes:
    """Return where flow is not to be trusted, (N, H, W) bool.

    towards, back: (N, H, W, 2), N of each at least 1, to the other frame and back from there. What
    leads out of the picture is never trusted.
    """
    return stack_frames(lambda t: _unreliable(towards[t], back[t], rule), len(towards))


def _unreliable(
    towards: NDArray[np.float32], back: NDArray[np.float32], rule: Rule
) -> NDArray[np.bool_]:
    height, width = towards.shape[:2]
    x = np.arange(width) + towards[..., 0]
    y = np.arange(height)[:, None] + towards[..., 1]
    outside = (x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)
    returned = warp_by(back, towards)
    error = np.square(towards + returned).sum(axis=-1)
    if rule.rule == "fixed":
        return np.asarray(outside | (error > rule.delta**2))
    lengths = np.square(towards).sum(axis=-1) + np.square(returned).sum(axis=-1)
    return np.asarray(outside | (error > _SHARE * lengths + _BASE))

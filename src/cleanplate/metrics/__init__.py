"""How good a result is: a plain table, and the functions in it, imported when first used."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cleanplate.states import torch_needed

if TYPE_CHECKING:
    from cleanplate.metrics.fidelity import psnr, psnr_hole, ssim, ssim_hole
    from cleanplate.metrics.i3d import I3D, features, load_i3d
    from cleanplate.metrics.perceptual import LPIPS, frechet, load_lpips, lpips, lpips_sums, vfid
    from cleanplate.metrics.temporal import (
        flicker,
        flicker_sums,
        warping_error,
        warping_error_sums,
        warping_error_tsam,
        warping_error_tsam_sums,
    )

Sums = tuple[float, ...]  # a total, and what it is divided by


@dataclass(frozen=True)
class Metric:
    """What a number is and what it takes.

    function: where it is, "file.name" in this folder; the name is this package's too.
    unit: "" for numbers without one.
    needs: what follows the result, in order: "truth", "holes", "weights".
    over: "frame", the score of a clip being the mean over its frames that have one; "clip" or
    "pair": the `quotient` of what ``NAME_sums`` counts over its frames, or over its pairs of
    neighbours, so that stretches of a clip add up; or "set": result and truth are then series of
    clips, compared by their `features`.
    """

    function: str
    unit: str
    higher_is_better: bool
    needs: tuple[str, ...]
    over: str = "clip"


METRICS = {
    "psnr": Metric("fidelity.psnr", "dB", True, ("truth",), over="frame"),
    "psnr_hole": Metric("fidelity.psnr_hole", "dB", True, ("truth", "holes"), over="frame"),
    "ssim": Metric("fidelity.ssim", "", True, ("truth",), over="frame"),
    "ssim_hole": Metric("fidelity.ssim_hole", "", True, ("truth", "holes"), over="frame"),
    "lpips": Metric("perceptual.lpips", "", False, ("truth", "weights")),
    "vfid": Metric("perceptual.vfid", "", False, ("truth", "weights"), over="set"),
    "warping_error": Metric("temporal.warping_error", "", False, ("truth",), over="pair"),
    "warping_error_tsam": Metric(
        "temporal.warping_error_tsam", "", False, ("truth", "holes"), over="pair"
    ),
    "flicker": Metric("temporal.flicker", "levels", False, ("holes",), over="pair"),
}

_HOMES = {
    "I3D": "i3d",
    "LPIPS": "perceptual",
    "features": "i3d",
    "flicker": "temporal",
    "flicker_sums": "temporal",
    "frechet": "perceptual",
    "load_i3d": "i3d",
    "load_lpips": "perceptual",
    "lpips": "perceptual",
    "lpips_sums": "perceptual",
    "psnr": "fidelity",
    "psnr_hole": "fidelity",
    "ssim": "fidelity",
    "ssim_hole": "fidelity",
    "vfid": "perceptual",
    "warping_error": "temporal",
    "warping_error_sums": "temporal",
    "warping_error_tsam": "temporal",
    "warping_error_tsam_sums": "temporal",
}

__all__ = [
    "I3D",
    "LPIPS",
    "METRICS",
    "Metric",
    "features",
    "flicker",
    "flicker_sums",
    "frechet",
    "load_i3d",
    "load_lpips",
    "lpips",
    "lpips_sums",
    "psnr",
    "psnr_hole",
    "quotient",
    "ssim",
    "ssim_hole",
    "vfid",
    "warping_error",
    "warping_error_sums",
    "warping_error_tsam",
    "warping_error_tsam_sums",
]


def quotient(sums: Sums) -> float:
    """Return a total divided by all that follows it, nan where any of that is 0.

    >>> quotient((12.0, 2.0, 3.0)), quotient((0.0, 0.0))
    (2.0, nan)
    """
    total, *counts = sums
    return total / math.prod(counts) if all(counts) else math.nan


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with torch_needed():
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

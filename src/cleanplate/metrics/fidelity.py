"""Peak signal-to-noise ratio and structural similarity, of whole frames and of the hole alone.

All work in float64 on levels of 0 to 255 (uint16 frames are scaled to them), frame by frame; the
score is the mean over the frames that have one. ``result`` and ``truth`` are (T, H, W, 3) uint8 or
uint16. Structural similarity follows Wang et al. 2004 with uniform windows, the sample covariance,
K1 = 0.01 and K2 = 0.03, a channel at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.video import Frames, Holes

PEAK = 255.0
WINDOW = 65  # of the protocol of video inpainting: not comparable with the usual 7
HOLE_WINDOW = 7  # a hole is small, and 65 pixels around it are mostly not hole


def psnr(result: Frames, truth: Frames) -> float:
    """Return the PSNR of whole frames in dB; equal frames are left out, all equal gives inf.

    Raises BadInput where shapes or types differ.
    """
    check_alike(result, truth)
    errors = (np.mean((a - b) ** 2) for a, b in _pairs(result, truth))
    return _mean_decibels(errors)


def psnr_hole(result: Frames, truth: Frames, holes: Holes) -> float:
    """Return the PSNR over the pixels of the holes, (T, H, W) bool, in dB.

    Frames without a hole, or equal in it, are left out; nan if no frame has a hole, inf if all
    are equal in it. Raises BadInput where shapes or types differ.
    """
    check_alike(result, truth, holes)
    if not holes.any():
        return float("nan")
    errors = (
        np.mean((a[hole] - b[hole]) ** 2)
        for (a, b), hole in zip(_pairs(result, truth), holes, strict=True)
        if hole.any()
    )
    return _mean_decibels(errors)


def ssim(result: Frames, truth: Frames) -> float:
    """Return the structural similarity of whole frames, at most 1: windows of 65 x 65 pixels.

    The 32 pixels at every border, whose windows are cut off, do not count. Raises BadInput where
    shapes or types differ, and for frames smaller than the window.
    """
    check_alike(result, truth)
    if min(result.shape[1:3]) < WINDOW:
        raise BadInput(
            f"frames are {result.shape[2]}x{result.shape[1]}; the windows of structural similarity "
            f"are {WINDOW} pixels wide. Give larger frames."
        )
    inner = slice(WINDOW // 2, -(WINDOW // 2))
    return float(
        np.mean([ssim_map(a, b, WINDOW)[inner, inner].mean() for a, b in _pairs(result, truth)])
    )


def ssim_hole(result: Frames, truth: Frames, holes: Holes) -> float:
    """Return the structural similarity in the holes, at most 1: windows of 7 x 7 pixels.

    The mean of the map over the pixels of the holes, (T, H, W) bool; their windows reach 3 pixels
    beyond. Frames without a hole are left out, nan if none has one. The number is not comparable
    with ``ssim``. Raises BadInput where shapes or types differ.
    """
    check_alike(result, truth, holes)
    scores = [
        ssim_map(a, b, HOLE_WINDOW)[hole].mean()
        for (a, b), hole in zip(_pairs(result, truth), holes, strict=True)
        if hole.any()
    ]
    return float(np.mean(scores)) if scores else float("nan")


def ssim_map(a: NDArray[np.float64], b: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return (H, W, C) float64, the structural similarity around every pixel.

    a, b: (H, W, C), 0 to 255. window: odd, in pixels; the picture is mirrored beyond its border.
    """

    def mean(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.blur(x, (window, window), borderType=cv2.BORDER_REFLECT))

    sample = window**2 / (window**2 - 1)
    mean_a, mean_b = mean(a), mean(b)
    var_a = sample * (mean(a * a) - mean_a**2)
    var_b = sample * (mean(b * b) - mean_b**2)
    joint = sample * (mean(a * b) - mean_a * mean_b)
    c1, c2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
    return ((2 * mean_a * mean_b + c1) * (2 * joint + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    )


def _pairs(result: Frames, truth: Frames) -> Iterable[tuple[NDArray[Any], NDArray[Any]]]:
    scale = PEAK / 65535 if result.dtype == np.uint16 else 1.0
    for a, b in zip(result, truth, strict=True):
        yield a.astype(np.float64) * scale, b.astype(np.float64) * scale


def _mean_decibels(errors: Iterable[np.floating[Any]]) -> float:
    scores = [20 * np.log10(PEAK / np.sqrt(error)) for error in errors if error > 0]
    return float(np.mean(scores)) if scores else float("inf")


def check_alike(result: Frames, truth: Frames, holes: Holes | None = None) -> None:
    """Refuse frames and holes that cannot be compared; raises BadInput."""
    if result.shape != truth.shape or result.ndim != 4 or not len(result):
        raise BadInput(
            f"result has shape {result.shape}, truth {truth.shape}. Give two equal (T, H, W, 3)."
        )
    if result.dtype != truth.dtype or result.dtype not in (np.uint8, np.uint16):
        raise BadInput(
            f"result is {result.dtype}, truth {truth.dtype}. Give both as uint8, or as uint16."
        )
    if holes is not None and (holes.shape != result.shape[:3] or holes.dtype != np.bool_):
        raise BadInput(
            f"holes are {holes.dtype} of shape {holes.shape}. Give bool {result.shape[:3]}."
        )

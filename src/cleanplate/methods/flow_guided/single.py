"""What no frame shows, completed in a single picture: by an image network, patches, or smoothly."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.album import Album
from cleanplate.harmonic import harmonic_fill
from cleanplate.methods.flow_guided.carry import SourceMap
from cleanplate.methods.flow_guided.patches import patch_sources
from cleanplate.methods.flow_guided.published import Complete
from cleanplate.propagate import enlarge
from cleanplate.region import reduce_hole, reduce_picture, working_size
from cleanplate.states import torch_needed
from cleanplate.weights import load_network

Picture = NDArray[np.float32]  # (H, W, 3), 0 to 255
Mask = NDArray[np.bool_]  # (H, W)

_LARGEST = 432 * 240  # pixels that DeepFill is given: its memory grows with their square


def from_patches(picture: Picture, hole: Mask, *, seed: int, pixels: int) -> Picture:
    """Return a picture whose hole is put together from patches of it, as sharp as they are.

    picture: what lies in its hole is not read. pixels: patches are compared on a picture of about
    so many at most; colours come from this one. Where it has no whole patch it is filled smoothly.
    """
    size = working_size(hole.shape, pixels)
    small_hole = reduce_hole(hole, size)
    field = patch_sources(reduce_picture(picture, size), small_hole, seed=seed)
    if field is None:
        return harmonic_fill(picture, hole)
    sources = SourceMap(0, size).at(*field[small_hole].T)
    filled, rest = picture.copy(), np.zeros_like(hole)
    filled[hole], found = Album(picture[None], hole[None]).sample(
        enlarge(sources, small_hole, hole)
    )
    rest[hole] = ~found
    return harmonic_fill(filled, rest)


def by_deepfill(weights: str | Path) -> Complete:
    """Return what completes pictures by DeepFill: large ones at a smaller size, then enlarged.

    weights: a file of ours, see `cleanplate weights convert`. Raises BadInput.
    """
    with torch_needed():
        from cleanplate.methods.flow_guided import deepfill
    network = load_network(weights, method="deepfill", room=deepfill)

    def enlarged(picture: Picture, hole: Mask) -> NDArray[Any]:
        size = working_size(hole.shape, _LARGEST)
        small = deepfill.complete(network, reduce_picture(picture, size), reduce_hole(hole, size))
        return cv2.resize(small, hole.shape[::-1], interpolation=cv2.INTER_LINEAR)

    return enlarged


def completer(tune: str, *, seed: int, pixels: int, weights: str | Path | None = None) -> Complete:
    """Return what completes single pictures: DeepFill of those weights, or what suits a tune.

    tune: "removal" is by patches, see `from_patches`, "fidelity" smooth. Raises BadInput.
    """
    if weights is not None:
        return by_deepfill(weights)
    if tune == "removal":
        return partial(from_patches, seed=seed, pixels=pixels)
    return harmonic_fill

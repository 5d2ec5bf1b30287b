"""Files of optical flow as the Middlebury benchmark keeps them: .flo.

Four bytes that read "PIEH", width and height as whole numbers of four bytes, then (dx, dy) of every
pixel, row after row; all of it little-endian, the vectors float32 (Baker et al., IJCV 2011).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.io.place import whole_file
from cleanplate.io.refuse import path_of, reading, refuse_huge, refuse_pipe

MAGIC = b"PIEH"  # 202021.25 as float32
_HEADER = 12  # bytes


def write_flow(path: str | os.PathLike[str], flow: NDArray[np.float32]) -> None:
    """Write one flow field, complete or not at all.

    flow: (H, W, 2), (dx, dy) in pixels. Raises BadInput for another shape, BadOutput where it
    cannot be written.
    """
    if flow.ndim != 3 or flow.shape[2] != 2 or 0 in flow.shape:
        raise BadInput(f"flow has shape {flow.shape}. Give (H, W, 2).")
    height, width = flow.shape[:2]
    with whole_file(path_of(path)) as part, part.open("wb") as file:
        file.write(MAGIC + np.array([width, height], "<i4").tobytes())
        file.write(np.ascontiguousarray(flow, "<f4").tobytes())


def read_flow(path: str | os.PathLike[str]) -> NDArray[np.float32]:
    """Return the flow field of a .flo file, (H, W, 2) float32, (dx, dy) in pixels.

    Vectors are returned as they stand: what the benchmark calls unknown is longer than 1e9 or no
    number. Nothing is held in memory before the file is known to be as long as it claims to be.
    Raises BadInput for a file that is missing, damaged or of another kind.
    """
    path = path_of(path)
    with reading(path):
        refuse_pipe(path)
        with path.open("rb") as file:
            width, height = _size_in(path, file.read(_HEADER))
            values = np.fromfile(file, "<f4", 2 * width * height)
    return values.reshape(height, width, 2).astype(np.float32, copy=False)


def _size_in(path: Path, header: bytes) -> tuple[int, int]:
    """Return width and height that a header tells and the length of the file confirms."""
    if len(header) < _HEADER or header[:4] != MAGIC:
        raise BadInput(f"{path} is no file of optical flow. Give a .flo file.")
    width, height = (int(side) for side in np.frombuffer(header, "<i4", offset=4))
    if min(width, height) < 1:
        raise BadInput(f"{path} claims a flow of {width}x{height}. Give an undamaged .flo file.")
    refuse_huge(path, width, height)
    wanted, found = _HEADER + 8 * width * height, path.stat().st_size
    if found != wanted:
        raise BadInput(
            f"{path} has {found} bytes, and a flow of {width}x{height} takes {wanted}. "
            "Give an undamaged .flo file."
        )
    return width, height

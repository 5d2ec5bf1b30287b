"""The small pictures that a page shows: frames as JPEG, masks and origins as PNG with alpha."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput, BadOutput
from cleanplate.io.place import whole_file
from cleanplate.video import Holes

_QUALITY = 90  # of JPEG
_WHITE = 255


def name_of(frame: int, suffix: str = ".jpg") -> str:
    """Return the name of a frame's picture.

    >>> name_of(7)
    '00007.jpg'
    """
    return f"{frame:05d}{suffix}"


def write_jpeg(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture (H, W, 3); complete or not at all. Raises BadOutput."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    _write(path, _coded(".jpg", picture[..., ::-1], settings))


def read_jpeg(path: Path) -> NDArray[np.uint8]:
    """Read a picture that `write_jpeg` wrote, (H, W, 3); raises BadInput where there is none."""
    data = np.fromfile(path, np.uint8) if path.is_file() else np.zeros(0, np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if picture is None:
        raise BadInput("this frame is not there (yet). Choose another one.")
    return np.ascontiguousarray(picture[..., ::-1], np.uint8)


def mask_png(hole: Holes) -> bytes:
    """Return a PNG that is white and opaque in the hole (H, W), and transparent elsewhere."""
    levels = hole.astype(np.uint8) * np.uint8(_WHITE)
    return _coded(".png", np.stack([levels] * 4, axis=-1), _FAST)


def write_layer(path: Path, colours: NDArray[np.uint8], hole: Holes) -> None:
    """Write colours (H, W, 3) as PNG, transparent outside the hole. Raises BadOutput."""
    alpha = hole.astype(np.uint8) * np.uint8(_WHITE)
    _write(path, _coded(".png", np.dstack([colours[..., ::-1], alpha]), _FAST))


_FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]


def _coded(suffix: str, picture: NDArray[Any], settings: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, np.ascontiguousarray(picture), settings)
    if not done:
        raise BadOutput("a small picture cannot be written.")
    return data.tobytes()


def _write(path: Path, data: bytes) -> None:
    with whole_file(path, lasting=False) as part:
        part.write_bytes(data)

"""Single pictures on disk: PNG, JPEG, TIFF <-> planes, and PNG written in one step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.io.colour import Planes
from cleanplate.io.info import FULL, RGB_MATRIX, Colour
from cleanplate.io.layout import Layout, layout
from cleanplate.io.place import Place
from cleanplate.io.refuse import reading, writing

TIFF = {".tif", ".tiff"}
JPEG = {".jpg", ".jpeg"}
SUFFIXES = {".png", *JPEG, *TIFF}

# Channels of the array -> planes, by layout name without its depth.
NAMES = {1: "gray", 3: "gbrp", 4: "gbrap"}


def load_planes(path: Path) -> tuple[Planes, Layout]:
    """Read a picture as planes: grey, or G, B, R, with alpha behind them where there is one.

    Returns uint8 or uint16 planes, samples as stored. Raises BadInput.
    """
    with reading(path):
        tiff = path.suffix.lower() in TIFF
        array = _load_tiff(path) if tiff else _load_coded(path)
    if array.ndim == 2:
        array = array[..., None]
    if array.dtype not in (np.uint8, np.uint16) or array.shape[2] not in NAMES:
        raise BadInput(
            f"{path} is {array.dtype} with {array.shape[2]} channels. "
            "Give 8 or 16 bits; grey, RGB, or RGB with alpha."
        )
    form = layout(NAMES[array.shape[2]] + ("" if array.dtype == np.uint8 else "16le"))
    order = (0,) if array.shape[2] == 1 else (1, 2, 0, 3)[: array.shape[2]]
    return tuple(np.ascontiguousarray(array[..., channel]) for channel in order), form


def save_planes(path: Path, planes: Planes, form: Layout) -> None:
    """Write planes as load_planes gives them, as PNG or TIFF by the suffix; raises OSError."""
    if form.planes == 1:
        array = planes[0]
    else:
        g, b, r, *alpha = planes
        array = np.stack([r, g, b, *alpha], axis=-1)
    if path.suffix.lower() in TIFF:
        photometric = "minisblack" if array.ndim == 2 else "rgb"
        extra = ["unassalpha"] if array.ndim == 3 and array.shape[2] == 4 else None
        tifffile.imwrite(path, array, photometric=photometric, extrasamples=extra)
    else:
        path.write_bytes(_coded_png(array))


def write_picture(path: str | Path, array: NDArray[Any]) -> None:
    """Write (H, W) grey or (H, W, 3) RGB, uint8 or uint16, as PNG; complete or not at all.

    Raises BadInput for other arrays, BadOutput where it cannot be written.
    """
    path = Path(path)
    good = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if not good or array.dtype not in (np.uint8, np.uint16) or 0 in array.shape:
        raise BadInput(f"picture is {array.dtype} {array.shape}. Give (H, W) or (H, W, 3), uint8.")
    place = Place(path)
    try:
        with writing(path):
            place.part.write_bytes(_coded_png(array))
        place.keep()
    finally:
        place.drop()


def colour_of_pictures() -> Colour:
    """Return the colour tags of pictures on disk: RGB of full range."""
    return Colour(range=FULL, matrix=RGB_MATRIX)


def _load_coded(path: Path) -> NDArray[Any]:
    """Read PNG or JPEG as RGB(A); a JPEG is turned upright as its camera says."""
    jpeg = path.suffix.lower() in JPEG
    flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH if jpeg else cv2.IMREAD_UNCHANGED
    data = np.frombuffer(path.read_bytes(), np.uint8)
    try:
        array = cv2.imdecode(data, flags) if data.size else None
    except cv2.error:
        array = None
    if array is None:
        raise BadInput(f"{path} is not a picture that can be read.")
    return array if array.ndim == 2 else array[..., [2, 1, 0, 3][: array.shape[2]]]


def _load_tiff(path: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = tifffile.imread(path)
    except OSError:
        raise
    except Exception:  # whatever the decoder stumbles over in a damaged or hostile file
        raise BadInput(f"{path} is not a TIFF that can be read.") from None
    if array.ndim not in (2, 3):
        raise BadInput(f"{path} holds an array of shape {array.shape}. Give one picture a file.")
    return array


def _coded_png(array: NDArray[Any]) -> bytes:
    """Encode RGB(A) or grey as PNG; a low level, for frames are many and disks are large."""
    if array.ndim == 3:
        array = array[..., [2, 1, 0, 3][: array.shape[2]]]
    good, data = cv2.imencode(".png", array, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not good:
        raise ValueError(f"cannot encode {array.dtype} {array.shape} as PNG")
    return bytes(data)

"""Single pictures on disk: PNG, JPEG, TIFF <-> planes, and PNG written in one step.

What a file says of itself is never taken on trust: its kind is told by its content, and its size is
checked before anything is decoded.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from cleanplate.errors import BadInput
from cleanplate.io.colour import Planes
from cleanplate.io.info import FULL, RGB_MATRIX, Colour
from cleanplate.io.layout import Layout, layout
from cleanplate.io.place import whole_file
from cleanplate.io.refuse import MOST_PIXELS, reading, refuse_huge

TIFF = {".tif", ".tiff"}
JPEG = {".jpg", ".jpeg"}
SUFFIXES = {".png", *JPEG, *TIFF}
FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM")  # Pillow's names, whatever the suffix

# Channels of the array -> planes, by layout name without its depth.
NAMES = {1: "gray", 3: "gbrp", 4: "gbrap"}
KINDS = "Give 8 or 16 bits; grey, RGB, or RGB with alpha"

TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2  # TIFF's photometric interpretations
# None, LZW, Deflate (twice), PackBits, LZMA, Zstandard: decoded to the size asked for and no
# further, while a JPEG inside has a size of its own that nobody checks.
COMPRESSIONS = {1, 5, 8, 32946, 32773, 34925, 50000}

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what it notices, we refuse


def load_planes(path: Path) -> tuple[Planes, Layout]:
    """Read a picture as planes: grey, or G, B, R, with alpha behind them where there is one.

    Returns uint8 or uint16 planes, samples as stored. Raises BadInput.
    """
    with reading(path):
        with path.open("rb") as file:
            tiff = file.read(4) in TIFF_MAGIC
        array = _load_tiff(path) if tiff else _load_coded(path)
    if array.ndim == 2:
        array = array[..., None]
    if array.dtype not in (np.uint8, np.uint16) or array.shape[2] not in NAMES:
        raise BadInput(f"{path} is {array.dtype} with {array.shape[2]} channels. {KINDS}.")
    form = layout(NAMES[array.shape[2]] + ("" if array.dtype == np.uint8 else "16le"))
    order = (0,) if array.shape[2] == 1 else (1, 2, 0, 3)[: array.shape[2]]
    return tuple(np.ascontiguousarray(array[..., channel]) for channel in order), form


def open_undecoded(path: Path) -> Image.Image:
    """Open a picture of one of FORMATS by its header alone.

    Raises BadInput for more pixels than are ever read, and whatever Pillow raises.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what matters is raised, and our own limit follows
        try:
            picture = Image.open(path, formats=FORMATS)
        except Image.DecompressionBombError:
            raise BadInput(
                f"{path} has more than {MOST_PIXELS} pixels. Give smaller pictures."
            ) from None
    try:
        refuse_huge(path, picture.width, picture.height)
    except BadInput:
        picture.close()
        raise
    return picture


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

    That it is on the disk is waited for by whoever writes a whole folder. Raises BadInput for other
    arrays, BadOutput where it cannot be written.
    """
    path = Path(path)
    good = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if not good or array.dtype not in (np.uint8, np.uint16) or 0 in array.shape:
        raise BadInput(f"picture is {array.dtype} {array.shape}. Give (H, W) or (H, W, 3), uint8.")
    with whole_file(path, lasting=False) as part:
        part.write_bytes(_coded_png(array))


def colour_of_pictures() -> Colour:
    """Return the colour tags of pictures on disk: RGB of full range."""
    return Colour(range=FULL, matrix=RGB_MATRIX)


def _load_coded(path: Path) -> NDArray[Any]:
    """Read PNG or JPEG as RGB(A); a JPEG is turned upright as its camera says."""
    kind = _kind(path)
    flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH if kind == "JPEG" else cv2.IMREAD_UNCHANGED
    array = _decoded(np.frombuffer(path.read_bytes(), np.uint8), flags) if kind else None
    if array is None:
        raise BadInput(f"{path} is not a picture that can be read. Give PNG, JPEG or TIFF.")
    return array if array.ndim == 2 else array[..., [2, 1, 0, 3][: array.shape[2]]]


def _kind(path: Path) -> str | None:
    """Return Pillow's name of the format, None for what is no picture."""
    try:
        with open_undecoded(path) as header:
            return "JPEG" if header.format == "MPO" else header.format
    except (BadInput, MemoryError):
        raise
    except Exception:  # whatever Pillow stumbles over in a damaged or hostile file
        return None


def _decoded(data: NDArray[np.uint8], flags: int) -> NDArray[Any] | None:
    """Decode with OpenCV, which keeps the 16 bits of PNG; what it notices is not printed."""
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        return cv2.imdecode(data, flags)
    except cv2.error:
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)


def _load_tiff(path: Path) -> NDArray[Any]:
    """Read the one picture of a TIFF as (H, W, C), upright, black = 0.

    Only its first page is looked at: what tifffile calls series may lie in other files.
    """
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            refuse_huge(path, page.imagewidth, page.imagelength)
            refuse_huge(path, page.tilewidth, page.tilelength)
            against = _against(page, _second(file))
            if against:
                raise BadInput(f"{path} {against}. {KINDS}; LZW, Deflate or no compression.")
            array = page.asarray().reshape(page.shaped)[:, 0]
            turn = page.tags.valueof(274, 1)
    except (BadInput, OSError, MemoryError):
        raise
    except Exception:  # whatever the decoder stumbles over in a damaged or hostile file
        raise BadInput(f"{path} is not a TIFF that can be read. Save it again.") from None
    array = np.moveaxis(array[..., 0], 0, -1) if page.planarconfig == 2 else array[0]
    return _upright(~array if page.photometric == WHITE_IS_ZERO else array, turn)


def _second(file: Any) -> Any:
    """Return the second page, None without; counting all of them would follow a hostile chain."""
    try:
        return file.pages[1]
    except IndexError:
        return None


def _against(page: Any, second: Any) -> str | None:
    """Say what keeps a page of a TIFF from being read, None if nothing does."""
    if page.imagedepth > 1 or page.tiledepth > 1 or (second is not None and not second.is_reduced):
        return "holds more than one picture"
    if page.compression not in COMPRESSIONS:
        return f"is compressed as {getattr(page.compression, 'name', page.compression)}"
    grey = page.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO) and page.samplesperpixel == 1
    rgb = page.photometric == RGB and page.samplesperpixel in (3, 4)
    if not grey and not rgb:
        kind = getattr(page.photometric, "name", page.photometric)
        return f"holds {page.samplesperpixel} samples a pixel of {kind}"
    if page.dtype not in (np.uint8, np.uint16) or page.bitspersample not in (8, 16):
        return f"has samples of {page.bitspersample} bits ({page.dtype})"
    return None


def _upright(array: NDArray[Any], turn: int) -> NDArray[Any]:
    """Turn (H, W, C) as TIFF's orientation tag (1 to 8) says: a view."""
    array = array.swapaxes(0, 1) if turn in (5, 6, 7, 8) else array
    array = array[:, ::-1] if turn in (2, 3, 6, 7) else array
    return array[::-1] if turn in (3, 4, 7, 8) else array


def _coded_png(array: NDArray[Any]) -> bytes:
    """Encode RGB(A) or grey as PNG; a low level, for frames are many and disks are large."""
    if array.ndim == 3:
        array = array[..., [2, 1, 0, 3][: array.shape[2]]]
    good, data = cv2.imencode(".png", array, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not good:
        raise ValueError(f"cannot encode {array.dtype} {array.shape} as PNG")
    return bytes(data)

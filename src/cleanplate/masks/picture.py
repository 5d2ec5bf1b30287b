"""One mask picture -> one hole: what counts as fill in grey, alpha, and palette pictures.

=====================  ============================================================================
picture                fill
=====================  ============================================================================
palette                every index but 0; with ``object_index`` exactly that index
alpha, not all opaque  alpha above half
anything else          grey above half; the grey of a coloured pixel is its brightest channel, so
                       that a hole painted in red counts as well
=====================  ============================================================================

A palette picture whose colours in use are all greys, pure black and pure white among them, is a
grey picture in disguise (this is how some programs save black and white) and is read as one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cleanplate.errors import BadInput
from cleanplate.io.images import open_undecoded
from cleanplate.video import Holes

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pnm")
HALF = 127  # of 255
SPECK = 16  # pixels; a smaller patch of a lossy mask must be clearly black or white to count


def is_picture(path: Path) -> bool:
    """Tell whether the file holds a picture of a known kind, by its content, not its name."""
    try:
        open_undecoded(path).close()
    except BadInput:  # too large, but a picture
        return True
    except Exception:  # whatever Pillow stumbles over in a damaged or hostile file
        return False
    return True


def read_picture(
    path: Path, object_index: int | None = None, *, warn: Callable[[str], object] = len
) -> Holes:
    """Read one mask picture as a (H, W) bool hole at its own size.

    warn: is told, in a sentence, of a picture whose greys all lie below half. Raises BadInput for
    a missing, damaged, or oversized file, for several pictures in one file, and for
    ``object_index`` on a picture without a palette.
    """
    with _loaded(path) as picture:
        return _hole(picture, path, object_index, warn)


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (H, W) uint8, the brightest channel of each pixel; raises BadInput.

    What lets more than half through says nothing: it is given as 128.
    """
    with _loaded(path) as picture:
        grey = _grey(picture.convert("RGB") if picture.mode in ("P", "PA") else picture)
        if not picture.has_transparency_data:
            return grey
        alpha = np.asarray(picture.convert("RGBA").getchannel("A"))
        return np.where(alpha > HALF, grey, np.uint8(HALF + 1))


def _loaded(path: Path) -> Image.Image:
    """Open and decode; raises BadInput."""
    with ExitStack() as opened:
        try:
            picture = opened.enter_context(open_undecoded(path))
            _refuse_several(picture, path)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what matters is raised
                picture.load()
        except BadInput:
            raise
        except FileNotFoundError:
            raise BadInput(
                f"mask {path} does not exist. Give a picture, a folder, or a video."
            ) from None
        except MemoryError:
            raise BadInput(f"mask picture {path.name} does not fit into memory.") from None
        except Exception as error:  # whatever Pillow stumbles over in a damaged or hostile file
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BadInput(
                f"mask picture {path.name} cannot be read ({reason}). Save it again as PNG."
            ) from error
        opened.pop_all()
    return picture


def threshold(grey: NDArray[np.uint8], *, lossy: bool) -> Holes:
    """Grey above half is fill; the noise of lossy compression does not become speckle.

    grey: (H, W) uint8. With ``lossy``, a patch of fewer than 16 pixels counts only if it is clearly
    different from its surroundings: above 3/4 for a patch of hole, below 1/4 for a gap in one.
    """
    hole = grey > HALF
    if lossy:
        hole &= ~_weak_specks(hole, grey)
        hole |= _weak_specks(~hole, 255 - grey)
    return hole


def _weak_specks(patches: Holes, grey: NDArray[np.uint8]) -> Holes:
    """(H, W) bool, the small patches none of whose pixels is brighter than three quarters."""
    count, labels, facts, _ = cv2.connectedComponentsWithStats(patches.astype(np.uint8))
    small = facts[:, cv2.CC_STAT_AREA] < SPECK
    small[0] = False  # label 0 is everything outside the patches
    if not small.any():
        return np.zeros_like(patches)
    strong = np.zeros(count, bool)
    strong[labels[grey > 191]] = True
    weak: Holes = (small & ~strong)[labels]
    return weak


def _refuse_several(picture: Image.Image, path: Path) -> None:
    count = getattr(picture, "n_frames", 1)
    if count > 1 and picture.format != "MPO":  # the others of a camera's MPO are previews
        raise BadInput(
            f"mask {path.name} holds {count} pictures in one file. "
            "Give one still picture, a folder of pictures, or a video."
        )


def _hole(
    picture: Image.Image, path: Path, object_index: int | None, warn: Callable[[str], object]
) -> Holes:
    if picture.mode in ("P", "PA"):
        indices = np.asarray(picture.getchannel("P") if picture.mode == "PA" else picture)
        if object_index is not None:
            return np.asarray(indices == object_index, bool)
        if not _grey_in_disguise(picture, indices):
            return np.asarray(indices != 0, bool)
        picture = picture.convert("RGB")
    if object_index is not None:
        raise BadInput(
            f"mask picture {path.name} has no palette, so it has no object {object_index}. "
            "Leave the object out, or give a palette PNG."
        )
    lossy = picture.format in ("JPEG", "MPO", "WEBP")
    if picture.has_transparency_data:
        alpha = np.asarray(picture.convert("RGBA").getchannel("A"))
        if (alpha < 255).any():
            return threshold(alpha, lossy=lossy)
    grey = _grey(picture)
    if 0 < grey.max() <= HALF:
        warn(
            f"The brightest grey of mask picture {path.name} is {grey.max()} of 255, and only grey "
            "above half is filled. Save the mask as black and white, or with a palette."
        )
    return threshold(grey, lossy=lossy)


def _grey_in_disguise(picture: Image.Image, indices: NDArray[np.uint8]) -> bool:
    palette = np.array(picture.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    used = np.flatnonzero(np.bincount(indices.ravel(), minlength=256))
    colours = palette[used[used < len(palette)]]
    greys = bool((colours == colours[:, :1]).all())
    return greys and bool((colours == 0).any()) and bool((colours == 255).any())


def _grey(picture: Image.Image) -> NDArray[np.uint8]:
    """(H, W) uint8, the brightest channel; deeper pictures are scaled to 8 bits."""
    if picture.mode[0] in "IF":
        deep = np.asarray(picture).astype(np.float64)
        span = 65535.0
        if picture.mode == "F":  # no convention: 0..1, 0..255 and 0..65535 are all in use
            peak = deep.max(initial=0.0)
            span = 1.0 if peak <= 1 else 255.0 if peak <= 255 else 65535.0
        return np.rint(np.clip(deep / span, 0, 1) * 255).astype(np.uint8)
    if picture.mode in ("1", "L"):
        return np.asarray(picture.convert("L"))
    return brightest(np.asarray(picture.convert("RGB")))


def brightest(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) -> (H, W), the brightest channel; much faster than ``max`` over a short axis."""
    return np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])

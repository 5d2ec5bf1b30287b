"""Key masks: the object as a person marked it on single frames, such as ``fix.png@25``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cleanplate.errors import BadInput
from cleanplate.io.refuse import reading
from cleanplate.masks.load import open_holes
from cleanplate.masks.source import MaskOptions
from cleanplate.video import Holes, whole

Keys = Mapping[int, Holes]  # frame, from 0 -> (H, W) bool; in the order of frames

_AT = re.compile(r"(.+)@([0-9]{1,9})", re.DOTALL)


def parse_key(text: str | Path) -> tuple[str, int]:
    """Read ``first.png`` (of frame 0), ``fix.png@25`` or ``box:x,y,width,height@25``.

    >>> parse_key("masks/fix.png@25"), parse_key("first.png")
    (('masks/fix.png', 25), ('first.png', 0))

    Raises BadInput for what cannot be looked for.
    """
    found = _AT.fullmatch(str(text))
    if found is None:
        return str(text), 0
    path = Path(str(text))
    with reading(path):
        if path.exists():  # a name may hold the sign itself
            return str(text), 0
    return found[1], int(found[2])


def read_keys(
    specs: Sequence[str | Path], *, size: tuple[int, int], options: MaskOptions
) -> tuple[Keys, list[str]]:
    """Read key masks for a video of ``size``, and sentences about what looks wrong with them.

    specs: at least one, as for ``parse_key``: single pictures or boxes. options: how they are read;
    they do not grow. Raises BadInput.
    """
    keys: dict[int, Holes] = {}
    warnings: list[str] = []
    for given in specs:
        spec, frame = parse_key(given)
        own = MaskOptions(options.invert, options.object_index)
        with open_holes(spec, size=size, options=own) as source:
            if not source.still:
                raise BadInput(
                    f"mask {spec} has many frames, and the object is followed from single ones. "
                    "Give a picture, such as first.png or fix.png@25."
                )
            hole = next(iter(source))
        if frame in keys:
            raise BadInput(f"there are two masks of frame {frame}. Give one a frame.")
        keys[frame] = hole
        warnings += [said for said in source.warnings if said not in warnings]
    return check_keys(keys, size=size), warnings


def check_keys(keys: Mapping[Any, Any], *, size: tuple[int, int]) -> Keys:
    """Return key masks in the order of their frames, or refuse with a sentence.

    keys: frame -> (H, W) bool of ``size``; an empty one says that the object is not there. Raises
    BadInput, also where all are empty.
    """
    for frame, hole in keys.items():
        if not whole(frame) or frame < 0:
            raise BadInput(f"a mask is of frame {frame!r}. Give a whole number from 0 up.")
        hole = np.asarray(hole)
        if hole.dtype != np.bool_ or hole.shape != size:
            raise BadInput(
                f"the mask of frame {frame} is {hole.dtype} of shape {hole.shape}. "
                f"Give bool, {size}, True = the object."
            )
    if not any(np.any(hole) for hole in keys.values()):
        raise BadInput("the mask is empty: there is nothing to follow. Mark the object.")
    return {int(frame): np.asarray(keys[frame], np.bool_) for frame in sorted(keys)}


def check_reach(keys: Iterable[int], frames: int) -> None:
    """Refuse masks of frames that the video does not have; raises BadInput."""
    last = max(keys)
    if last >= frames:
        raise BadInput(
            f"a mask is of frame {last}, and the video has {frames}, counted from 0. "
            f"Give a frame from 0 to {frames - 1}."
        )

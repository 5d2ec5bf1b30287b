"""Pictures last first, in memory that does not grow: no video can be decoded backwards."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleanplate.io.refuse import writing

_HELD = 64  # frames: so many are in memory, and more on the disk,
_KEPT_BYTES = 2_000_000_000  # where these are: a clip is read again in parts of so much


def read_back(
    read: Callable[[int, int | None], Iterator[NDArray[np.uint8]]],
    start: int,
    stop: int,
    size: tuple[int, int],
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield frames of a clip and their numbers, from before `stop` down to `start`; read in parts.

    read: gives the frames from one up to another. size: (height, width) of the pictures. Every part
    is decoded from the first frame of the clip on, so that parts are long.
    """
    long = max(_HELD, _KEPT_BYTES // (3 * size[0] * size[1]))
    while stop > start:
        begin = max(start, stop - long)
        part = backwards(read(begin, stop), held=_HELD)
        yield from zip(reversed(range(begin, stop)), part, strict=True)
        stop = begin


def backwards(pictures: Iterable[NDArray[np.uint8]], *, held: int) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures (h, w, 3) of one size from the last to the first.

    Until then all but the last `held` of them lie in the system's folder for temporary files.
    Raises BadOutput where they do not fit there.
    """
    latest: deque[NDArray[np.uint8]] = deque()
    written, place = 0, Path(tempfile.gettempdir())
    with tempfile.TemporaryFile(prefix="cleanplate-", dir=place, buffering=0) as file:
        for picture in pictures:
            latest.append(picture)
            if len(latest) > held:
                with writing(place):
                    np.ascontiguousarray(latest.popleft()).tofile(file)
                written += 1
        while latest:
            picture = latest.pop()
            yield picture
        for number in reversed(range(written)):
            file.seek(number * picture.nbytes)
            yield np.fromfile(file, np.uint8, picture.size).reshape(picture.shape)

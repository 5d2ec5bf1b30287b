"""Pictures last first, in memory that does not grow: no video can be decoded backwards."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleanplate.io.refuse import writing


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

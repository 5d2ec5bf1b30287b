"""The frames of a clip as a person sees and counts them: turned upright, none left out."""

from __future__ import annotations

from collections.abc import Iterator

from cleanplate.io import Reader
from cleanplate.video import Frames


def upright_frames(reader: Reader, start: int = 0) -> Iterator[Frames]:
    """Yield the frames of a clip from one on, as displayed, (H, W, 3) uint8 or uint16.

    A frame that is lost is given as the next one that is not, so that all keep their numbers.
    """
    number = start
    for count, picture in enumerate(reader):
        if count + reader.lost < number:
            continue
        frame = reader.upright(picture.rgb())
        while number <= count + reader.lost:
            yield frame
            number += 1

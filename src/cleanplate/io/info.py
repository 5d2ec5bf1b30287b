"""What a clip is as stored, and how its pictures are turned for display."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

RGB_MATRIX, UNSPECIFIED = 0, 2  # ISO/IEC 23091-4 codes, which FFmpeg uses as its own
LIMITED, FULL = 1, 2  # FFmpeg's codes of the colour range; 0 is unspecified
TOP_FIRST, BOTTOM_FIRST = 2, 3  # FFmpeg's codes of the field order, stored as it is shown
TOP_SHOWN_FIRST = (TOP_FIRST, 5)  # 5: stored last, shown first
_LARGE = 2160 * 3840 * 3 // 4  # pixels


def is_large(height: int, width: int) -> bool:
    """Tell whether frames of this size weigh so much that fewer of them are to be held."""
    return height * width >= _LARGE


@dataclass(frozen=True)
class Colour:
    """The colour tags of a clip as ISO/IEC 23091-4 codes; 2 (range: 0) means unspecified.

    range: 0 unspecified, 1 limited (16-235), 2 full.
    """

    range: int = 0
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED


@dataclass(frozen=True)
class VideoInfo:
    """What a clip is, as stored.

    size: (height, width) as coded, before rotation. rotation: degrees clockwise, one of 0, 90, 180,
    270, by which a player turns the coded picture to show it. mirrored: the player flips it left
    to right, after turning it. display_matrix: the nine stored numbers behind both, None without.
    pix_fmt: FFmpeg's name of what the decoder gives; planes: of what a Picture's planes hold, the
    same unless pix_fmt is packed. bits: of one sample. frame_rate: the average, frames a second.
    time_base: seconds a tick of the timestamps. frame_count: a hint, may be wrong; where it is no
    count but a guess from a duration and the rate, frame_count_guessed.
    sample_aspect: width over height of a pixel, None where unknown. field_order: FFmpeg's code, 0
    unknown, 1 progressive, above that interlaced. not_kept: names of what the pictures carry that
    no encoder here writes again. other_streams: audio, subtitles and so on, in words. metadata: of
    the container; stream_metadata: of the video stream.
    """

    size: tuple[int, int]
    pix_fmt: str
    planes: str
    bits: int
    rotation: int = 0
    mirrored: bool = False
    display_matrix: tuple[int, ...] | None = None
    frame_rate: Fraction | None = None
    time_base: Fraction | None = None
    frame_count: int | None = None
    frame_count_guessed: bool = False
    codec: str | None = None
    container: str | None = None
    colour: Colour = Colour()
    sample_aspect: Fraction | None = None
    field_order: int = 0
    not_kept: tuple[str, ...] = ()
    other_streams: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    stream_metadata: dict[str, str] = field(default_factory=dict)

    @property
    def is_large(self) -> bool:
        """Whether its frames weigh so much that fewer of them are to be held."""
        return is_large(*self.size)

    @property
    def displayed_size(self) -> tuple[int, int]:
        """(height, width) after rotation."""
        height, width = self.size
        return (width, height) if self.rotation in (90, 270) else (height, width)


def to_displayed(array: NDArray[Any], rotation: int, *, mirrored: bool = False) -> NDArray[Any]:
    """Turn (H, W) or (H, W, C) from coded to displayed orientation: a view.

    rotation: degrees clockwise, a multiple of 90. mirrored: flip left to right afterwards.

    >>> to_displayed(np.array([[1, 2]]), 90).tolist()
    [[1], [2]]
    """
    turned = np.rot90(array, -rotation // 90)
    return turned[:, ::-1] if mirrored else turned


def to_coded(array: NDArray[Any], rotation: int, *, mirrored: bool = False) -> NDArray[Any]:
    """Turn (H, W) or (H, W, C) from displayed to coded orientation: a view, undoes to_displayed.

    >>> to_coded(np.array([[1], [2]]), 90).tolist()
    [[1, 2]]
    """
    return np.rot90(array[:, ::-1] if mirrored else array, rotation // 90)


def turn_of(matrix: tuple[int, ...]) -> tuple[int, bool]:
    """Read (rotation clockwise in degrees, mirrored) from a display matrix of nine numbers.

    The matrix maps a coded point (x, y) to x' = a x + c y, y' = b x + d y with a, b, c, d at
    0, 1, 3, 4 (16.16 fixed point); angles that are no multiple of 90 go to the nearest one.
    """
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    mirrored = a * d - b * c < 0
    if mirrored:  # the flip comes last, so it negates the row of x'
        a, c = -a, -c
    angle = np.degrees(np.arctan2(b - c, a + d))
    return round(angle / 90) % 4 * 90, mirrored

"""From whatever marks the hole - picture, folder, video, box - to holes, and edits of them."""

from cleanplate.masks.check import MaskReport, check, check_file
from cleanplate.masks.edit import grow
from cleanplate.masks.load import HoleSource, MaskOptions, open_holes, read_holes
from cleanplate.masks.source import count_mismatch

__all__ = [
    "HoleSource",
    "MaskOptions",
    "MaskReport",
    "check",
    "check_file",
    "count_mismatch",
    "grow",
    "open_holes",
    "read_holes",
]

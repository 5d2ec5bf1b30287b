"""Give freed memory back to the system: long runs would otherwise seem to grow.

Both functions speak to glibc and do nothing where there is another C library.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_MMAP_THRESHOLD = -3  # of glibc's mallopt
_LARGE = 256 * 1024  # bytes


def keep_no_large_blocks() -> None:
    """Have every block from 256 kB taken from the system and given back when freed.

    By itself glibc raises that limit to 32 MB in the course of a run and keeps what is freed below
    it. This is a setting of the whole process, so the command sets it and the library does not.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def give_back() -> None:
    """Give back what lies freed between live blocks, some hundred megabytes after a window."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)

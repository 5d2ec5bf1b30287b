"""Memory: how much of it, in a user's words, and giving what is freed back to the system.

Long runs would otherwise seem to grow. What gives back speaks to glibc and does nothing where there
is another C library.
"""

from __future__ import annotations

import ctypes
import math
import re
from contextlib import suppress

from cleanplate.errors import BadInput

_M_MMAP_THRESHOLD = -3  # of glibc's mallopt
_LARGE = 256 * 1024  # bytes
_PREFIXES = "KMGT"
_AMOUNT = re.compile(r"([0-9]{1,15}(?:[.][0-9]{1,9})?) ?(?:([kKmMgGtT])(i?))?B?")


def bytes_of(given: int | str | None) -> int | None:
    """Read an amount of memory, such as 2G, 1.5 GB or 900MiB, or a number of bytes; None is none.

    Raises BadInput.

    >>> bytes_of("2G"), bytes_of("1.5KiB"), bytes_of(300)
    (2000000000, 1536, 300)
    """
    if given is None:
        return None
    text = str(given).strip()
    found = _AMOUNT.fullmatch(text)
    if found is None or not float(found[1]):
        raise BadInput(f"{text[:40]!r} is no amount of memory. Give one such as 2G or 900M.")
    power = _PREFIXES.index(found[2].upper()) + 1 if found[2] else 0
    unit: int = (1024 if found[3] else 1000) ** power
    return round(float(found[1]) * unit)


def in_words(size: int) -> str:
    """Say an amount of memory, rounded up, so that `bytes_of` reads no less from it.

    >>> in_words(1_234_000_000), in_words(900_000_001)
    ('1.3G', '901M')
    """
    if size < 10**9:
        return f"{math.ceil(size / 10**6)}M"
    return f"{math.ceil(size / 10**8) / 10:g}G"


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

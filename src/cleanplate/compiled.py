"""Compile a function; the machine code is kept for the next time where the system lets us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator: numba's `njit` with Python's lock released, and these options.

    The code is kept beside the module or in the user's folder of caches. Where neither can be
    written (a read-only installation without a home), every process compiles it anew.
    """

    def compile_it(function: Callable[..., Any]) -> Any:
        try:
            return njit(cache=True, nogil=True, **options)(function)
        except RuntimeError:
            return njit(nogil=True, **options)(function)

    return compile_it

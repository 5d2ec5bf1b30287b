"""Compile a function; the machine code is kept for the next time where the system lets us."""

from __future__ import annotations

import hashlib
import inspect
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FunctionType
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher

VECTORS = {"contract", "nsz"}  # for `fastmath`: lets products and sums be computed as one
UNUSABLE = (OSError, EOFError, pickle.UnpicklingError)  # a full disk, or a file that broke off
CONSTANTS = (bool, int, float, str, tuple)  # a global of these types becomes part of the code

_FunctionCache: Any = FunctionCache  # how much of it is typed differs between versions of numba


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator: numba's `njit` with Python's lock released, and these options.

    The code is kept beside the module or in the user's folder of caches. Where neither can be
    written (a read-only installation without a home, a full disk), every process compiles it anew.
    """

    def compile_it(function: Callable[..., Any]) -> Any:
        made = njit(nogil=True, **options)(function)
        with suppress(RuntimeError, *UNUSABLE):  # numba finds no place for it
            made._cache = _Kept(function)
        return made

    return compile_it


class _Kept(_FunctionCache):  # type: ignore[misc]
    """numba's cache of one function, but for two things that it lacks.

    What cannot be read or written is compiled anew, instead of ending the run. And code is out of
    date when what was compiled into it has changed, while numba looks at its own file alone.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the code for these types, None where it is not there or cannot be read."""
        with suppress(*UNUSABLE):
            return super().load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code for these types if there is room."""
        with suppress(*UNUSABLE):
            super().save_overload(sig, data)

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return (*super()._index_key(sig, codegen), _stamp(self._py_func))


def _stamp(function: Callable[..., Any]) -> str:
    """Return a hash of what a function is compiled from: source files, and constants by value.

    That is its own file, and those of all functions that it calls, directly or not, whether they
    are compiled themselves or stand for what an overload of numba's puts in their place.
    Raises OSError where a file cannot be read.
    """
    stamp, pending, seen = hashlib.sha256(), [function], {function}
    while pending:
        here: Any = pending.pop()
        stamp.update(Path(inspect.getfile(here)).read_bytes())
        for name in here.__code__.co_names:
            value = here.__globals__.get(name)
            if isinstance(value, CONSTANTS):
                stamp.update(repr((name, value)).encode())
            called = value.py_func if isinstance(value, Dispatcher) else value
            if isinstance(called, FunctionType) and called not in seen:
                seen.add(called)
                pending.append(called)
    return stamp.hexdigest()

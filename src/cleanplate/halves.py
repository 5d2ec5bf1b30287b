"""bfloat16 where there is no such type: arrays hold its bits as uint16.

Both functions are plain ones, and have a twin each below that compiled code calls in their place.
"""

from __future__ import annotations

from typing import Any

import numba.extending
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import overload

intrinsic: Any = numba.extending.intrinsic  # its type says nothing of the functions it makes


def widened(value: Any) -> Any:
    """Return a float32, or the bits of a bfloat16, as a float32."""
    bits = np.asarray(value)
    if bits.dtype == np.uint16:
        return (bits.astype(np.uint32) << 16).view(np.float32)[()]
    return value


def stored(value: Any, array: Any) -> Any:
    """Return a float32 as an array holds it: itself, or the bits of the nearest bfloat16.

    What is no number need not stay one.
    """
    if array.dtype == np.float32:
        return value
    bits = np.asarray(value, np.float32).view(np.uint32)
    to_even = 0x7FFF + ((bits >> 16) & 1)
    return ((bits + to_even) >> 16).astype(np.uint16)[()]


@intrinsic  # type: ignore[untyped-decorator]
def _float_of(_typing: Any, bits: Any) -> Any:
    def build(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.bitcast(values[0], context.get_value_type(types.float32))

    return types.float32(types.uint32), build


@intrinsic  # type: ignore[untyped-decorator]
def _bits_of(_typing: Any, value: Any) -> Any:
    def build(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.bitcast(values[0], cgutils.int32_t)

    return types.uint32(types.float32), build


@overload(widened, inline="always", strict=False)
def _widened(value: Any) -> Any:
    if value == types.float32:
        return lambda value: value
    return lambda value: _float_of(np.uint32(value) << np.uint32(16))


@overload(stored, inline="always", strict=False)
def _stored(value: Any, array: Any) -> Any:
    if array.dtype == types.float32:
        return lambda value, array: value

    def rounded(value: Any, array: Any) -> Any:
        bits = _bits_of(np.float32(value))
        to_even = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
        return np.uint16((bits + to_even) >> np.uint32(16))

    return rounded

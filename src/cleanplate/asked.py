"""What follows from what a fill is asked for, before a frame is seen: method, recipe, windows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cleanplate.devices import settled
from cleanplate.errors import BadInput
from cleanplate.io import Encoding, VideoInfo, encoder_bytes, plate_bytes
from cleanplate.methods import Method, load_method, runs_on
from cleanplate.store import recipe_of
from cleanplate.stream import length_of, needs_of
from cleanplate.windows import Footprint


def as_method(
    method: str | Method, more: Mapping[str, Any] | None = None, /, **named: Any
) -> Method:
    """Return the method itself, or the one of that name with the options that are not None.

    more: options beside those that are named; raises BadInput for one of these.
    """
    if isinstance(method, Method):
        return method
    refuse_named(named, more or {})
    return load_method(method, **{k: v for k, v in named.items() if v is not None}, **(more or {}))


def refuse_named(named: Mapping[str, Any], more: Mapping[str, Any]) -> None:
    """Refuse among more options one that is given by itself; raises BadInput."""
    for name in named.keys() & more.keys():
        raise BadInput(f"{name} is not among a method's own options. Give it by itself: {name}.")


def recipe_for(
    method: str | Method, more: Mapping[str, Any] | None = None, /, **named: Any
) -> bytes | None:
    """Return the recipe of `as_method`'s method, see `recipe_of`; one loaded already has none."""
    if isinstance(method, Method):
        return None
    return recipe_of(method, settled({**named, **(more or {})}, runs_on(method)))


def clip_needs(method: Method, info: VideoInfo, beside: int = 0) -> Footprint:
    """Return what filling a clip takes of memory; beside: bytes that its encoder keeps."""
    pixels = info.size[0] * info.size[1]
    return needs_of(method, pixels, deep=info.bits > 8, beside=beside)


def length_within(
    memory: int | None,
    method: Method,
    info: VideoInfo,
    out: str | Path,
    encoding: Encoding,
    plate: str | Path | None = None,
) -> int:
    """Return how many frames of a clip are filled together; memory: bytes for the whole process.

    out, encoding, plate: as `fill_file` is told them. Raises BadInput where memory is too little.
    """
    beside = encoder_bytes(out, info, encoding) + plate_bytes(plate, info) if memory else 0
    return length_of(method, clip_needs(method, info, beside), memory)

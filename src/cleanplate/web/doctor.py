"""Masks of a visitor's own, what looks wrong about masks, and what of that can be mended."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.foresight import FILLED, foreseen
from cleanplate.masks.check import check, check_edges, too_small
from cleanplate.masks.generous import Grow
from cleanplate.masks.load import open_holes
from cleanplate.masks.mend import mend, told_of
from cleanplate.masks.source import count_mismatch
from cleanplate.masks.write import write_folder, write_mask
from cleanplate.stream import Still, look
from cleanplate.video import Holes
from cleanplate.web.layers import Layers
from cleanplate.web.pictures import name_of, read_jpeg
from cleanplate.web.tell import Tell
from cleanplate.web.work import Facts

STILL = "mask.png"  # in the folder of a mask that is one picture
_OPTION = re.compile(r" \(--[a-z-]+\)")  # what findings name for those who use commands


def take_mask(given: Path, facts: Facts, out: Path, tell: Tell) -> dict[str, Any]:
    """Read a picture or a video of masks, white = fill, and write it into a new folder.

    One picture becomes STILL, a video a picture for every frame of the clip. Raises BadInput.
    """
    with open_holes(given, size=facts.size) as holes:
        if holes.still:
            hole = next(iter(holes))
            if not hole.any():
                raise BadInput("the mask is empty: nothing in it is white. Give another one.")
            out.mkdir()
            write_mask(hole, out / STILL)
        else:
            count = _write_all(holes, facts, out, tell)
            if count != facts.frames:
                raise count_mismatch(count, facts.frames)
        return {"still": holes.still, "warnings": _plain(holes.warnings)}


def _write_all(holes: Any, facts: Facts, out: Path, tell: Tell) -> int:
    """Write the masks of a video; return how many there are, up to one more than frames."""
    count = 0

    def named() -> Any:
        nonlocal count
        for count, hole in enumerate(holes, start=1):
            if count > facts.frames:
                return
            tell(count, facts.frames)
            yield facts.names[count - 1], hole

    write_folder(named(), out)
    return count


@dataclass(frozen=True)
class Pictures:
    """The small pictures of a clip, in a folder."""

    folder: Path

    def read(self, frame: int) -> NDArray[np.uint8]:
        """Return one, (h, w, 3)."""
        return read_jpeg(self.folder / name_of(frame))


def examine(shown: Path, facts: Facts, layers: Layers, growth: Grow, tell: Tell) -> dict[str, Any]:
    """Say in sentences what looks wrong about the mask of a clip, frames counted from 1.

    Beside that, how much of the hole other frames show, once it has grown as for a fill.
    """
    pictures, course = Pictures(shown), layers.followed is not None or layers.given is not None
    rounds = _Rounds(facts.frames, 3 if course else 2, min(facts.frames, FILLED), tell)
    holes = (layers.hole_at(number, facts.size, 0) for number in rounds.frames())
    findings = list(check(holes, size=facts.size, first=1).findings)
    if course:
        share = check_edges(
            (lambda n=number: pictures.read(n), layers.hole_at(number, facts.seen, 0))  # type: ignore[misc]
            for number in rounds.frames()
        )
        findings += too_small(share)
    grown = (layers.hole_at(number, facts.seen, growth) for number in rounds.frames())
    return {"findings": _plain(findings), "shown": _shown(pictures, grown, rounds.filled)}


class _Rounds:
    """Goes through the frames of a clip several times, and tells how far all of the work is.

    times: how often. fills: what comes after that, in frames as well.
    """

    def __init__(self, count: int, times: int, fills: int, tell: Tell) -> None:
        self._count, self._before, self._fills, self._tell = count, times * count, fills, tell
        self._done = 0

    def frames(self) -> Iterator[int]:
        """Yield their numbers, once."""
        for number in range(self._count):
            yield number
            self._done += 1
            self._tell(self._done, self._before + self._fills)

    def filled(self, share: float) -> None:
        """Take how much of what comes after is done, 0 to 1."""
        self._tell(self._before + int(share * self._fills), self._before + self._fills)


def _shown(
    pictures: Pictures, holes: Iterable[Holes], progress: Callable[[float], None]
) -> float | None:
    """Return the share of the holes that other frames show, 0 to 1; None where there is none."""
    line = ((Still(pictures.read(n)), hole, None) for n, hole in enumerate(holes))
    return foreseen(look(line), progress=progress).shown


def mended(layers: Layers, out: Path, tell: Tell) -> dict[str, Any]:
    """Write the object's mask in every frame into a new folder, mended where that is safe."""
    done, total = Counter[str](), len(layers.names)
    if layers.held is not None:
        out.mkdir()
        write_mask(next(mend([layers.object_at(0, layers.size)], done)), out / STILL)
    else:
        objects = (layers.object_at(frame, layers.size) for frame in range(total))
        write_folder(zip(layers.names, _told(mend(objects, done), total, tell), strict=True), out)
    return {"done": told_of(done)}


def _told(holes: Any, total: int, tell: Tell) -> Any:
    for count, hole in enumerate(holes, start=1):
        yield hole
        tell(count, total)


def _plain(findings: list[str]) -> list[str]:
    """Return findings without the options of commands."""
    return [_OPTION.sub("", finding) for finding in findings]

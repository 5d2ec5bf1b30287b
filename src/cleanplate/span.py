"""A part of a clip, told by its frames or its seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from cleanplate.errors import BadInput

_FRAME = re.compile(r"[0-9]{1,9}")
_SECONDS = re.compile(r"(?:(?:([0-9]{1,4}):)?([0-9]{1,4}):)?([0-9]{1,9}(?:[.][0-9]{1,9})?)(s?)")


@dataclass(frozen=True)
class Moment:
    """A frame by its number, from 0, or by its time in seconds; one of both."""

    frame: int | None = None
    seconds: Fraction | None = None

    def is_reached(self, number: int, seconds: Fraction | None) -> bool:
        """Tell whether a frame is at this moment or after; seconds: its time, where it has one."""
        if self.frame is not None:
            return number >= self.frame
        if seconds is None:
            raise BadInput("the clip does not say when its frames are shown. Give frame numbers.")
        return self.seconds is not None and seconds >= self.seconds


@dataclass(frozen=True)
class Span:
    """From a moment up to another, which is not part of it; None: from the start, to the end."""

    start: Moment | None = None
    stop: Moment | None = None

    def __post_init__(self) -> None:
        """Refuse one that ends before it begins."""
        for name in ("frame", "seconds"):
            first, last = (getattr(end, name, None) for end in (self.start, self.stop))
            if first is not None and last is not None and last <= first:
                raise BadInput(
                    f"the part to fill would begin at {first} and end at {last} ({name}). "
                    "Give an end after its beginning."
                )

    def holds(self, number: int, seconds: Fraction | None) -> bool:
        """Tell whether a frame lies in it; seconds: its time, where it has one."""
        started = self.start is None or self.start.is_reached(number, seconds)
        return started and not (self.stop is not None and self.stop.is_reached(number, seconds))


class Clock:
    """Counts from the first frame on, whose own time may be any: clips are cut out of others."""

    def __init__(self) -> None:
        self._start: Fraction | None = None

    def since_start(self, seconds: Fraction | None) -> Fraction | None:
        """Return the seconds since the first frame that it was asked for."""
        if seconds is None:
            return None
        if self._start is None:
            self._start = seconds
        return seconds - self._start


def moment_of(text: str) -> Moment:
    """Read a frame number, such as 250, or a time: 12.5s, 1:05 or 1:02:03.5; raises BadInput.

    >>> moment_of("250").frame, moment_of("1:05").seconds
    (250, Fraction(65, 1))
    """
    if _FRAME.fullmatch(text):
        return Moment(frame=int(text))
    found = _SECONDS.fullmatch(text)
    if found is None or not (found[2] or found[4] or "." in found[3]):
        raise BadInput(
            f"{text[:40]!r} is no moment of a clip. Give a frame, such as 250, or a time, such as "
            "12.5s, 1:05 or 1:02:03.5."
        )
    hours, minutes = (int(part or 0) for part in found.groups()[:2])
    return Moment(seconds=3600 * hours + 60 * minutes + Fraction(found[3]))

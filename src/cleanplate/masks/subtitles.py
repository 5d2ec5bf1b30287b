"""Find what comes and goes in lines: subtitles, captions, text that changes.

All pixels of a line of text appear in one frame and vanish in another, and stay as they are in
between; of the scene nothing does that together in the shape of a line, whether it moves or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.flow.estimate import grey
from cleanplate.io import Reader, open_video, refuse_same
from cleanplate.io.refuse import path_of
from cleanplate.masks.runs import TOLERANCE, Runs, Together
from cleanplate.masks.upright import upright_frames
from cleanplate.masks.write import check_folder, write_folder
from cleanplate.region import Region, bounding_box, eight_bits
from cleanplate.video import Frames, Holes

SHORTEST_SECONDS = Fraction(3, 5)  # that a line is shown
SHORTEST_FRAMES = 15  # the same where the rate is not known
LEAST_SHARE = 1e-4  # of the picture: pixels of a line
MOST_SHARE = 0.2  # of the picture: more that comes and goes together is a shot that stands still
HEIGHTS = (0.012, 0.15)  # of the picture: how high a line may be
LEAST_CHANGE = 30  # levels by which a line differs from what was and from what comes there, mean
TOGETHER = 0.2  # share of all that comes and goes with a line that is in lines
SUPPORT = 0.15  # of the band with most lines: others stand where hardly any does
STEEPER = 0.6  # slopes of a line, against those at its place before it comes or when it has gone
LONGER = 1.5  # than it is high
COVERED = 0.15  # share of its box that a line's pixels take
SPACE = (0.01, 0.06)  # of the picture's height and width: gaps that a line may have
RIM = 1  # pixels around what is quite still: soft edges mix with the scene
FADE = 12  # frames over which a line may come or go
SETTLED = 2  # frames after a line has come, and before it goes, in which it is quite still
SHADE = 32  # levels that count as one shade,
COMMON = 0.05  # and the share of a line that its own shades have at least
LIKE = 0.35  # correlation with the line from which on it is there

Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class Line:
    """A line of text. first, end: frames, the end not included. box: where. where: (h, w) bool of
    it. grey: (h, w) uint8, what it looks like.
    """

    first: int
    end: int
    box: Region
    where: Holes
    grey: Grey


@dataclass(frozen=True)
class Subtitles:
    """What was found. lines: of text. frames: of the clip. texted: of these, with any. warnings:
    what looks wrong.
    """

    lines: int
    frames: int
    texted: int
    warnings: list[str] = field(default_factory=list)


def find_subtitles(
    frames: Frames, *, band: tuple[float, float] = (0, 1), shortest: int = SHORTEST_FRAMES
) -> Holes:
    """Find lines of text that come and go; return their holes, (T, H, W).

    frames: (T, H, W, 3), uint8 or uint16, RGB. band: between which shares of the picture's height,
    from above, they are looked for. shortest: frames that a line is shown at least. Raises
    BadInput.
    """
    greys = [grey(eight_bits(frame)) for frame in frames]
    lines = _refined(_lines(greys, band, shortest), greys)
    holes = np.zeros(frames.shape[:3], np.bool_)
    for hole, drawn in zip(holes, _drawn(lines, len(frames), frames.shape[1:3]), strict=True):
        hole[:] = drawn
    return holes


def find_subtitles_file(
    video: str | Path,
    out: str | Path,
    *,
    band: tuple[float, float] = (0, 1),
    progress: Callable[[int, int | None], None] | None = None,
) -> Subtitles:
    """Find lines of text in a video as `find_subtitles` does, and write a mask for every frame.

    out: a new or empty folder, masks of the size of the video as it is displayed; where nothing is
    found it does not appear. The video is read twice. Memory grows by what a line looks like, some
    kilobytes. Raises BadInput, BadOutput.
    """
    video, out = path_of(video), path_of(out)
    refuse_same(video, out)
    _checked(band)
    check_folder(out)
    with open_video(video) as reader:
        size, total = reader.info.displayed_size, reader.info.frame_count
        rate = reader.info.frame_rate
        shortest = SHORTEST_FRAMES if not rate else max(3, int(rate * SHORTEST_SECONDS))
        counted = _Counted(reader, progress, total)
        lines = _lines(counted, band, shortest)
        numbers, problems = reader.numbers, list(reader.problems)
    frames = counted.count
    if lines:
        with open_video(video) as reader:
            lines = _refined(lines, _Counted(reader, progress, total, done=frames))
    if not lines:
        return Subtitles(0, frames, 0, problems)
    names = (f"{number:05d}" for number in numbers or range(frames))
    drawn = _drawn(lines, frames, size)
    write_folder(zip(names, drawn, strict=False), out)
    texted = {t for line in lines for t in range(line.first, line.end)}
    return Subtitles(len(lines), frames, len(texted), problems)


class _Counted:
    """The frames of a clip in grey, as they are displayed, counted."""

    def __init__(
        self,
        reader: Reader,
        progress: Callable[[int, int | None], None] | None,
        total: int | None,
        done: int = 0,
    ) -> None:
        self._reader, self._progress, self._done = reader, progress, done
        self._total = None if total is None else 2 * total
        self.count = 0

    def __iter__(self) -> Iterator[Grey]:
        for frame in upright_frames(self._reader):
            yield grey(eight_bits(frame))
            self.count += 1
            if self._progress:
                self._progress(self._done + self.count, self._total)


def _lines(greys: Iterable[Grey], band: tuple[float, float], shortest: int) -> list[Line]:
    """Return the lines of text in grey frames, in the order in which they end."""
    _checked(band)
    lines: list[Line] = []
    runs: Runs | None = None
    rows, whole = slice(0), (0, 0)
    for picture in greys:
        if runs is None:
            height, _ = whole = picture.shape
            rows = slice(round(band[0] * height), max(round(band[1] * height), 1))
            runs = Runs(shortest=shortest, least=max(20, round(LEAST_SHARE * picture.size)))
        for found in runs.add(np.ascontiguousarray(picture[rows])):
            lines.extend(_of(found, whole, rows.start))
    for found in runs.finish() if runs else ():
        lines.extend(_of(found, whole, rows.start))
    return lines


def _checked(band: tuple[float, float]) -> None:
    if not 0 <= band[0] < band[1] <= 1:
        raise BadInput(f"the band is {band}. Give two shares of the height, as in 0.6 and 1.")


def _of(found: Together, size: tuple[int, ...], top: int) -> list[Line]:
    """Return the lines among pixels that came and went together; top: the row where they begin."""
    if found.where.mean() > MOST_SHARE:
        return []
    gaps = [max(1, round(share * side)) for share, side in zip(SPACE, size[:2], strict=True)]
    still = cv2.morphologyEx(found.where.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2)))
    joined = cv2.morphologyEx(
        np.pad(still, ((gaps[0],) * 2, (gaps[1],) * 2)), cv2.MORPH_CLOSE, np.ones(gaps, np.uint8)
    )[gaps[0] : -gaps[0], gaps[1] : -gaps[1]]
    count, labels = cv2.connectedComponents(joined)
    lines, taken = [], 0
    for label in range(1, count):
        own = found.where & (labels == label)
        box = bounding_box(own, margin=0)
        if box is None or not (_is_line(own[box], size) and _changes(found, own)):
            continue
        region = _with_room(Region.spanning(*box), found.where.shape)
        soft = cv2.dilate(region.crop(own).astype(np.uint8), np.ones((3, 3)), iterations=RIM) > 0
        placed = replace(region, top=region.top + top, bottom=region.bottom + top)
        lines.append(Line(found.first, found.end, placed, soft, region.crop(found.grey).copy()))
        taken += int(own.sum())
    return lines if taken >= TOGETHER * found.where.sum() else []


def _with_room(box: Region, size: tuple[int, ...]) -> Region:
    """Return a line's box with room for its rim, and beside it for a letter."""
    high, letter = RIM + 1, box.bottom - box.top
    tall = box.grown(high, (size[0], size[1]))
    wide = box.grown(letter, (size[0], size[1]))
    return Region(tall.top, tall.bottom, wide.left, wide.right)


def _is_line(where: Holes, size: tuple[int, ...]) -> bool:
    """Tell whether the pixels of a box (h, w) look like a line in a picture of a size."""
    height, width = where.shape
    least, most = (share * size[0] for share in HEIGHTS)
    shaped = least <= height <= most and width >= LONGER * height
    return bool(
        shaped and where.mean() >= COVERED and where.sum() >= LEAST_SHARE * size[0] * size[1]
    )


def _changes(found: Together, own: Holes) -> bool:
    """Tell whether pixels came and went at a stroke: what drifts becomes another, if by little."""
    changes = [float(np.median(change[own])) for change in (found.came, found.went)]
    told = [change for change in changes if change] or [0.0]  # none at an end of the clip
    return sum(told) >= LEAST_CHANGE * len(told)


def _in_bands(lines: list[Line]) -> list[Line]:
    """Keep the lines that stand where others do."""

    def support(line: Line) -> int:
        beside = (
            other
            for other in lines
            if other.box.top < line.box.bottom and line.box.top < other.box.bottom
        )
        return sum(int(other.where.sum()) * (other.end - other.first) for other in beside)

    supports = [support(line) for line in lines]
    least = SUPPORT * max(supports, default=0)
    return [line for line, own in zip(lines, supports, strict=True) if own >= least]


def _refined(lines: list[Line], greys: Iterable[Grey]) -> list[Line]:
    """Look at the clip again: leave out what is no line, make others whole in place and time."""
    ordered = sorted(_in_bands(lines), key=lambda line: line.first)
    looks = [_Look(line) for line in ordered]
    begun = 0
    active: list[_Look] = []
    for t, picture in enumerate(greys):
        while begun < len(ordered) and ordered[begun].first - FADE <= t:
            active.append(looks[begun])
            begun += 1
        active = [look for look in active if t < look.line.end + FADE]
        for look in active:
            look.add(t, picture)
    return [look.whole() for look in looks if look.is_line()]


class _Look:
    """A second look at one line, frame after frame.

    What lies still until a line comes has the shape of that line, but not its slopes. And where two
    lines follow each other some pixels belong to both: they came with the one and went with the
    other, but are as still as the rest and of the same greys.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        self._like: dict[int, float] = {}
        self._inside: list[float] = []
        self._beside: list[float] = []
        self._others: list[Grey] = []
        self._low = np.full(line.grey.shape, 255, np.uint8)
        self._high = np.zeros(line.grey.shape, np.uint8)

    def add(self, t: int, picture: Grey) -> None:
        line, part = self.line, self.line.box.crop(picture)
        steep = float(np.abs(_slopes(line, part)).mean())
        before = max(line.first - FADE // 2, 0)
        if t in (before, line.end + FADE // 2) and not line.first <= t < line.end:
            self._beside.append(steep)
            self._others.append(part.copy())
        if t in (line.first + 1, (line.first + line.end) // 2, line.end - 2):
            self._inside.append(steep)
        if not line.first <= t < line.end:
            self._like[t] = _likeness(line, part)
        elif line.first + SETTLED <= t < line.end - SETTLED:
            self._low, self._high = np.minimum(self._low, part), np.maximum(self._high, part)

    def is_line(self) -> bool:
        """Tell whether it is steeper all the time than what was or comes at its place."""
        return min(self._inside) >= STEEPER * max(self._beside, default=0.0)

    def whole(self) -> Line:
        """Return the line with all of its pixels, and the frames in which it fades in and out."""
        line, first, end = self.line, self.line.first, self.line.end
        while self._like.get(first - 1, 0.0) > LIKE:
            first -= 1
        while self._like.get(end, 0.0) > LIKE:
            end += 1
        return replace(line, first=first, end=end, where=line.where | self._rest())

    def _rest(self) -> Holes:
        """Return what is as still as the line and of its shades, and was or will be another."""
        line = self.line
        shades = np.bincount(line.grey[line.where] // SHADE, minlength=256 // SHADE)
        usual = shades >= COMMON * line.where.sum()
        varied = self._high.astype(np.int16) - self._low  # negative if it never settled
        still = (varied >= 0) & (varied <= TOLERANCE) & usual[self._low // SHADE]
        changed = np.zeros_like(still)
        for other in self._others:
            changed |= cv2.absdiff(other, self._low) > LEAST_CHANGE
        reach = np.ones((1, 2 * len(still) + 1), np.uint8)
        near = cv2.dilate(line.where.astype(np.uint8), reach) > 0
        return np.asarray(still & changed & near)


def _likeness(line: Line, part: Grey) -> float:
    """Return how the slopes of a frame's part (h, w) correlate with those of a line there."""
    here, there = (_slopes(line, values) for values in (part, line.grey))
    power = float(np.sqrt((here**2).sum() * (there**2).sum()))
    return float((here * there).sum()) / max(power, 1e-6)


def _slopes(line: Line, part: Grey) -> NDArray[np.float32]:
    """(2, N), what changes across and down in the pixels of a line."""
    values = part.astype(np.float32)
    both = (cv2.Sobel(values, cv2.CV_32F, 1, 0), cv2.Sobel(values, cv2.CV_32F, 0, 1))
    return np.stack([np.asarray(slope)[line.where] for slope in both])


def _drawn(lines: list[Line], frames: int, size: tuple[int, ...]) -> Iterator[Holes]:
    """Yield the hole of every frame, (H, W)."""
    ordered, begun = sorted(lines, key=lambda line: line.first), 0
    active: list[Line] = []
    for t in range(frames):
        while begun < len(ordered) and ordered[begun].first <= t:
            active.append(ordered[begun])
            begun += 1
        active = [line for line in active if t < line.end]
        hole = np.zeros(size[:2], np.bool_)
        for line in active:
            part: Any = line.box.crop(hole)
            part |= line.where
        yield hole

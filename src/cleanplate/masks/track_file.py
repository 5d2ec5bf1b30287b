"""Follow an object through a video file: masks as pictures, or as the holes of a fill."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, islice
from pathlib import Path

from cleanplate.errors import BadInput
from cleanplate.io import open_video, refuse_same, whole_folder
from cleanplate.io.refuse import path_of
from cleanplate.masks.edit import grow
from cleanplate.masks.follow.legs import Course, Picture, Tracker, follow
from cleanplate.masks.follow.trail import Watch
from cleanplate.masks.generous import AUTO, SURE, Grow, check_growth
from cleanplate.masks.keys import Keys, check_reach, parse_key, read_keys
from cleanplate.masks.load import is_box
from cleanplate.masks.shadow_file import shadowed
from cleanplate.masks.source import HoleSource, MaskOptions
from cleanplate.masks.track import Progress, confidences, holes_of, marks_of, working_picture
from cleanplate.masks.upright import upright_frames
from cleanplate.masks.write import write_into
from cleanplate.video import Holes

Masks = str | Path | Sequence[str | Path]  # first.png, fix.png@25, box:20,20,240,120@0

UNSURE = 0.5  # confidence below which a frame is named
_MOST_NAMED = 5  # stretches of frames that a sentence names


@dataclass(frozen=True)
class TrackSummary:
    """What came of following an object.

    frames: of the video. size: (height, width) as displayed. keys: frames whose masks were given.
    confidence: of each frame, 0 to 1; 0 where the object was not followed to. unsure: frames whose
    confidence is below a half, though there is a mask. empty: frames without a mask. cuts: frames
    that start a new shot. seconds: the work took. warnings: what looks wrong. problems: frames
    that could not be decoded. output: its path.
    """

    frames: int
    size: tuple[int, int]
    keys: list[int]
    confidence: list[float]
    unsure: list[int]
    empty: list[int]
    cuts: list[int]
    seconds: float
    warnings: list[str]
    problems: list[str]
    output: str


@dataclass(frozen=True)
class _Given:
    """A video with an object that is to be followed; what can be refused by now is not there.

    numbers: of its frames, where they have some. total: how many it says that it has.
    """

    video: str | Path
    keys: Keys
    size: tuple[int, int]
    numbers: tuple[int, ...] | None
    total: int | None
    warnings: list[str]


@dataclass(frozen=True)
class _Followed:
    """Where an object went; unsure, empty: as of TrackSummary. findings: sentences about them."""

    course: Course
    unsure: list[int]
    empty: list[int]
    findings: list[str]
    problems: list[str]


def track_file(
    video: str | Path,
    masks: Masks,
    out: str | Path,
    *,
    grow: Grow = AUTO,
    mask_options: MaskOptions = MaskOptions(),  # noqa: B008 - frozen
    tracker: Tracker = follow,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> TrackSummary:
    """Follow an object through a video, and write its masks into a new folder, white = fill.

    video: a file or a frame folder. masks: a picture or a box, of frame 0, or of another one,
    counted from 0: ``fix.png@25``; or several such. out: a PNG for every frame, named by its
    number, as ``fill_file`` takes them. grow: pixels, or "auto": generously, see ``track``.
    tracker: which way it is followed, see ``load_tracker``. watch: called with the soft mask (h, w)
    of a frame, reduced and not grown, as it is found.
    Frames stream: memory does not grow with the clip, but for some kilobytes a mask. Raises
    BadInput and BadOutput.
    """
    began = time.perf_counter()
    check_growth(grow)
    for path in [path_of(video), *files_of(masks)]:
        refuse_same(path, path_of(out))
    given = _open(video, masks, mask_options)
    with whole_folder(path_of(out)) as folder:  # refused before the work, if it is to be
        done = _follow(given, tracker, progress, watch)
        names = [f"{number:05d}" for number in given.numbers or range(done.course.frames)]
        holes = holes_of(done.course, given.keys, grow)
        if mask_options.shadow:
            holes = shadowed(video, holes, 0 if grow == AUTO else int(grow))
        write_into(folder, zip(names, holes, strict=True))
    return TrackSummary(
        frames=done.course.frames,
        size=given.size,
        keys=list(given.keys),
        confidence=[round(trust, 3) for trust in confidences(done.course)],
        unsure=done.unsure,
        empty=done.empty,
        cuts=done.course.cuts,
        seconds=time.perf_counter() - began,
        warnings=given.warnings + done.findings,
        problems=done.problems,
        output=str(out),
    )


def open_tracked(
    video: str | Path,
    masks: Masks,
    *,
    options: MaskOptions,
    growth: Grow = AUTO,
    tracker: Tracker = follow,
    progress: Progress | None = None,
) -> HoleSource:
    """Follow an object through a video, and return its holes for a fill.

    As ``track_file``, but nothing is written: the masks are held, packed. It is followed when the
    holes are first asked for. growth: pixels; or "auto", and then they grow by ``options.grow`` as
    well. Raises BadInput.
    """
    check_growth(growth)
    given = _open(video, masks, options)
    more = options.grow if growth == AUTO else 0

    @cache
    def course() -> Course:
        done = _follow(given, tracker, progress)
        given.warnings.extend(done.findings)
        return done.course

    def read() -> Iterator[Holes]:
        return (grow(hole, more) for hole in holes_of(course(), given.keys, growth))

    return HoleSource(read, count=None, warnings=given.warnings)


def files_of(masks: Masks) -> list[Path]:
    """Return the files among key masks."""
    specs = [parse_key(given)[0] for given in _listed(masks)]
    return [Path(spec) for spec in specs if not is_box(spec)]


def _listed(masks: Masks) -> list[str | Path]:
    return [masks] if isinstance(masks, str | Path) else list(masks)


def _open(video: str | Path, masks: Masks, options: MaskOptions) -> _Given:
    """Read key masks of a video, and refuse those of frames that it does not have."""
    given = _listed(masks)
    if not given:
        raise BadInput("there is no mask. Give one of a frame, such as first.png or fix.png@25.")
    with open_video(video) as reader:
        size, numbers = reader.info.displayed_size, reader.numbers
        total = reader.info.frame_count
    keys, warnings = read_keys(given, size=size, options=options)
    if total is not None and max(keys) >= total:  # a header's count is only a hint
        with open_video(video) as reader:
            check_reach(keys, sum(1 for _ in upright_frames(reader)))
    return _Given(video, keys, size, numbers, total, warnings)


def _follow(
    given: _Given, tracker: Tracker, progress: Progress | None, watch: Watch | None = None
) -> _Followed:
    """Follow from key masks through a video, which is decoded as often as it is needed."""
    problems: list[str] = []

    def read(start: int, stop: int | None) -> Iterator[Picture]:
        return _pictures(given.video, start, stop, problems)

    def report(count: int, known: int | None) -> None:
        if progress:
            progress(count, known or given.total)

    course = tracker(read, marks_of(given.keys), progress=report, watch=watch)
    trail, all_frames = course.trail, range(course.frames)
    empty = [n for n in all_frames if trail.trust(n) < 1 and not (trail.soft(n) > SURE).any()]
    gone = set(empty)
    unsure = [n for n in all_frames if trail.trust(n) < UNSURE and n not in gone]
    findings = _findings(unsure, empty, course.cuts)
    return _Followed(course, unsure, empty, findings, problems)


def _pictures(
    video: str | Path, start: int, stop: int | None, problems: list[str]
) -> Iterator[Picture]:
    """Give a video's frames from one up to another, or the end, at the working size."""
    with open_video(video) as reader:
        count = None if stop is None else stop - start
        for frame in islice(upright_frames(reader, start), count):
            yield working_picture(frame)
        if stop is None:  # only who reads to the end knows all of them
            problems[:] = reader.problems


def _findings(unsure: list[int], empty: list[int], cuts: list[int]) -> list[str]:
    """Say in sentences where an object was lost, and where its masks may be wrong."""
    found = []
    if empty:
        why = ", for nothing is carried over a cut" if cuts else ""
        found.append(
            f"No mask was found in {stretches(empty)}{why}. Where the object is there, "
            f"give a mask of one of these frames as well, such as fix.png@{empty[0]}."
        )
    if unsure:
        found.append(
            f"The mask may be wrong in {stretches(unsure)}. Look there, and where it is, "
            f"give a right one, such as fix.png@{unsure[0]}."
        )
    return found


def stretches(numbers: list[int]) -> str:
    """Name frames in order, those in a row by the first and the last.

    >>> stretches([3, 4, 5, 9]), stretches([7])
    ('frames 3-5, 9', 'frame 7')
    """
    rows = []
    for _, group in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        row = [number for _, number in group]
        rows.append(f"{row[0]}-{row[-1]}" if len(row) > 1 else str(row[0]))
    more = f" and {len(rows) - _MOST_NAMED} more stretches" if len(rows) > _MOST_NAMED else ""
    return f"frame{'s' if len(numbers) > 1 else ''} {', '.join(rows[:_MOST_NAMED])}{more}"

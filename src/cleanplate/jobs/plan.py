"""What a fill would do, told before anything runs: shots, windows, crops, time and memory.

The clip is looked through once. What happens later is decided by the same code: `stream.cut`,
`stream.stretches` and `stream.region_of`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cleanplate.asked import as_method, clip_needs
from cleanplate.errors import BadInput
from cleanplate.io import Encoding, encoder_bytes, fetched, open_video
from cleanplate.io.near import near_of
from cleanplate.jobs.sample import Sample
from cleanplate.masks import MaskOptions
from cleanplate.masks.follow import Tracker
from cleanplate.masks.follow import follow as follow_object
from cleanplate.masks.generous import AUTO, Grow
from cleanplate.masks.track_file import Masks
from cleanplate.matched import FULL, bordered, check_holes, paired
from cleanplate.memory import bytes_of
from cleanplate.methods import FITTED, Method, load_method
from cleanplate.overlap import Overlap
from cleanplate.packed import Packed
from cleanplate.pipeline import Progress, holes_for
from cleanplate.region import Region, reduce_hole, reduce_picture, working_size
from cleanplate.span import Span
from cleanplate.stream import Shown, Still, cut, fill_window, length_of, look, region_of, stretches
from cleanplate.threads import ahead
from cleanplate.video import UNSEEN
from cleanplate.windows import Window

SMALL = 24_000  # pixels of the pictures by which it is told what of a hole other frames show
RUN = 4  # windows in a row that are looked into; in a long clip ever fewer such runs


@dataclass(frozen=True)
class Stretch:
    """Frames of a window that are looked at together.

    first, frames: which of the clip. filled: how many have a hole; the others are context. crop:
    the box of the picture, as it is stored, that is worked on.
    """

    first: int
    frames: int
    filled: int
    crop: Region


@dataclass(frozen=True)
class PlannedWindow:
    """Frames that are filled together.

    first, frames: which of the clip. lead: how many of them the window before fills as well.
    """

    first: int
    frames: int
    lead: int
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class Plan:
    """What a fill would do.

    frames: of the clip. size: (height, width) as displayed. shots: their first frames.
    filled_frames: those with a hole. hole_share: mean share of the picture. seen: the share of the
    hole that other frames show, estimated on small pictures; None without a hole. seconds: that it
    will take, estimated by a few frames filled on trial; None where that cannot be told. bytes: of
    memory, at most, for the whole process on a CPU. warnings, problems: as of a Summary.
    """

    frames: int
    size: tuple[int, int]
    shots: tuple[int, ...]
    windows: tuple[PlannedWindow, ...]
    filled_frames: int
    hole_share: float
    seen: float | None
    seconds: float | None
    bytes: int
    warnings: list[str]
    problems: list[str]


def plan_file(
    video: str | Path,
    mask: Masks,
    out: str | Path,
    *,
    track: bool = False,
    growth: Grow = AUTO,
    tracker: Tracker = follow_object,
    method: str | Method = "flow",
    tune: str = "removal",
    mask_options: MaskOptions = MaskOptions(grow=4),  # noqa: B008 - frozen
    encoding: Encoding = Encoding(),  # noqa: B008 - frozen
    span: Span = Span(),  # noqa: B008 - frozen
    memory: int | str | None = None,
    weights: Any = None,
    device: str = "auto",
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Plan:
    """Tell what `fill_file` with the same arguments would do; `out` is not touched.

    With `track` the object is followed for it, and `seconds` tells of that as well.
    Raises BadInput and BadOutput where that would, as far as it can be known.
    """
    named = {"tune": tune, "weights": weights, "device": device, "seed": seed}
    room, out = as_method(method, options, **named), near_of(out)
    with fetched(video, mask) as (video, mask), open_video(video) as reader:
        info, survey = reader.info, _Survey(room)
        needs = clip_needs(room, info, encoder_bytes(out, info, encoding))
        length = length_of(room, needs, bytes_of(memory))
        size, total = info.displayed_size, info.frame_count
        done = None if progress is None else (lambda count: progress(count, total))
        began, follow = time.perf_counter(), growth if track else None
        with (
            holes_for(video, mask, reader, mask_options, follow, progress, tracker) as holes,
            closing(ahead(iter(holes))) as masks,
        ):
            opening = time.perf_counter() - began
            check_holes(reader, holes)
            line = bordered(look(paired(reader, holes, masks, span)), reader, span)
            survey.run(line, length, done)
        if survey.frames == survey.full:
            raise BadInput(FULL)
        seconds = None
        if method not in FITTED:
            crops = [(part.frames, part.crop) for w in survey.windows for part in w.stretches]
            filling = survey.sample.filling_seconds(room, crops)
            writing = survey.sample.writing_seconds(survey.frames, reader, out, encoding)
            seconds = opening + survey.seconds + filling + writing
    return Plan(
        frames=survey.frames,
        size=size,
        shots=tuple(survey.shots),
        windows=tuple(survey.windows),
        filled_frames=survey.filled,
        hole_share=survey.pixels / (survey.frames * size[0] * size[1]),
        seen=survey.seen(),
        seconds=seconds,
        bytes=needs.of(max(window.frames for window in survey.windows)),
        warnings=holes.warnings,
        problems=list(reader.problems),
    )


class _Survey:
    """A clip looked through once; holds one window of holes and small pictures, and a sample.

    frames, filled, full: how many there are, have a hole, are nothing but hole. pixels: of holes.
    seconds: that reading took, and finding the cuts.
    """

    def __init__(self, method: Method) -> None:
        self.frames = self.filled = self.full = self.pixels = 0
        self.seconds = 0.0
        self.shots: list[int] = []
        self.windows: list[PlannedWindow] = []
        self.sample = Sample()
        self._method, self._rough = method, load_method("flow", tune="removal")
        self._shown = self._hidden = 0  # pixels of small holes, weighted
        self._overlap = Overlap()

    def run(self, line: Iterable[Shown], length: int, progress: Any) -> None:
        """Look through a clip; length: of windows. progress: called with the frames so far."""
        began, besides = time.perf_counter(), 0.0
        for window in cut(self._small(line), length):
            self.windows.append(_planned(window, self._method))
            if progress:
                progress(self.frames)
            looked = time.perf_counter()
            self._estimate(window, len(self.windows) - 1)
            besides += time.perf_counter() - looked
        self.seconds = time.perf_counter() - began - besides

    def seen(self) -> float | None:
        """Return the share of the hole that other frames show."""
        all_pixels = self._shown + self._hidden
        return self._shown / all_pixels if all_pixels else None

    def _small(self, line: Iterable[Shown]) -> Iterator[Shown]:
        """Count frames, and give them on with small pictures; their small holes lie beside."""
        for number, shown in enumerate(line):
            hole = shown.more[1].mask()
            count = int(hole.sum())
            self.frames += 1
            self.filled += count > 0
            self.full += count == hole.size
            self.pixels += count
            if shown.starts_shot or not number:
                self.shots.append(number)
            self.sample.see(shown)
            size = working_size(hole.shape, SMALL)
            small = Still(reduce_picture(shown.picture.rgb(), size))
            yield replace(shown, picture=small, more=Packed.of(reduce_hole(shown.hole, size)))

    def _estimate(self, window: Window[Shown], number: int) -> None:
        """Fill a window's small pictures, and count what they borrowed."""
        run = number // RUN
        times = 2 ** max(0, run.bit_length() - 1)
        if run % times:
            self._overlap = Overlap()  # nothing is carried on from this one
            return
        small = replace(window, items=[replace(item, marked=item.more) for item in window.items])
        before = self._overlap.held()
        patches = fill_window(small, before, self._rough, None)
        self._overlap.add(patches, window.weights(), len(patches) - window.tail)
        if window.lead and not before:
            return  # it lacks what would have been carried on to it
        for patch in patches:
            hidden = int((patch.source == UNSEEN).sum())
            self._hidden += times * hidden
            self._shown += times * (len(patch.source) - hidden)


def _planned(window: Window[Shown], method: Method) -> PlannedWindow:
    """Say which frames of a window are looked at together, and where."""
    parts = []
    for near in stretches(window, method):
        items = window.items[near]
        filled = sum(item.marked.any() for item in items)
        region = region_of(items, method)
        parts.append(Stretch(window.first + near.start, len(items), filled, region))
    return PlannedWindow(window.first, len(window.items), window.lead, tuple(parts))

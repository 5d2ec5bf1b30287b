"""flow_file(): the optical flow of a video, completed in its hole, as fields and as pictures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.flow.behind import Clip, find_motion
from cleanplate.flow.completion import Complete, load_completion
from cleanplate.flow.draw import check_largest, flow_picture, usual_length
from cleanplate.flow.estimate import Estimate, load_estimator
from cleanplate.flow.files import read_flow, write_flow
from cleanplate.flow.resize import resize_flow
from cleanplate.io import Reader, open_video, refuse_same, whole_folder, write_picture
from cleanplate.io.place import write_text
from cleanplate.io.refuse import path_of, writing
from cleanplate.masks import HoleSource, MaskOptions, open_holes
from cleanplate.masks.load import is_box
from cleanplate.masks.shadow_file import with_shadow
from cleanplate.matched import FULL, check_holes, paired
from cleanplate.memory import give_back
from cleanplate.methods.flow_guided.rounds import guide
from cleanplate.pipeline import Progress
from cleanplate.region import reduce_hole, reduced_picture, working_size
from cleanplate.stream import look
from cleanplate.threads import ahead, each_frame
from cleanplate.video import Flow, Holes, whole
from cleanplate.windows import Window, footprint, window_length, windows

MOST_PIXELS = 854 * 480  # of the pictures that flow is found on
SHADES = 1.0  # pixels: a clip that moves less is drawn by this scale, or its noise would glow
FORWARD, BACKWARD, PICTURES = "forward", "backward", "pictures"
CONVENTION = (
    "forward/00004.flo leads from frame 4 to frame 5, backward/00005.flo from frame 5 to frame 4: "
    "what is at (x, y) in the frame of that number is at (x + dx, y + dy) in the other; pixels of "
    "the video as it is displayed, x to the right, y down, frames from 0."
)
_WEIGHT = 4  # how much more a frame weighs here than in a fill: the flow of whole pictures is held


@dataclass(frozen=True)
class FlowSummary:
    """What flow was written.

    frames: of the video. size: (height, width) as displayed. flows: pairs of neighbours that have
    flow, both ways. cuts: frames that start a new shot: no flow leads across. largest: pixels a
    frame that the pictures show in full colour. seconds: the work took. warnings: what looks
    wrong. problems: frames that could not be decoded. output: its path.
    """

    frames: int
    size: tuple[int, int]
    flows: int
    cuts: list[int]
    largest: float
    seconds: float
    warnings: list[str]
    problems: list[str]
    output: str


def flow_file(
    video: str | Path,
    out: str | Path,
    *,
    mask: str | Path | None = None,
    mask_options: MaskOptions = MaskOptions(grow=4),  # noqa: B008 - frozen
    estimator: str = "dis",
    weights: str | Path | None = None,
    completion: str = "auto",
    completion_weights: str | Path | None = None,
    completion_pixels: int | None = None,
    completion_device: str = "auto",
    device: str = "auto",
    most_pixels: int = MOST_PIXELS,
    largest: float | None = None,
    progress: Progress | None = None,
) -> FlowSummary:
    """Write the optical flow between all neighbours of a video into a new folder.

    video: a file or a frame folder. out: `forward/00000.flo` and on (from each frame to the next),
    `backward/00001.flo` and on (to the one before), in pixels of the video; the same as pictures
    in `pictures/`; and `flow.json`, which says so. Across a cut there is no flow and no file. The
    folder appears when it is complete, or not at all. mask: as for `fill_file`; what lies under it
    is not read, and the flow there is completed as for a fill. estimator: a name in ESTIMATORS;
    weights, device: of its network. completion: a name in COMPLETIONS; completion_weights,
    completion_pixels, completion_device: see `load_completion`. most_pixels: flow is found on
    pictures of at most so many pixels and enlarged. largest: length in pixels that is drawn in full
    colour; one for the whole clip by default, which hardly any vector exceeds. Frames stream:
    memory does not grow with the clip. Raises BadInput, BadOutput.
    """
    began = time.perf_counter()
    _check(video, mask, out, most_pixels=most_pixels, largest=largest)
    find = _finder(
        load_estimator(estimator, weights=weights, device=device),
        load_completion(
            completion,
            weights=completion_weights,
            pixels=completion_pixels,
            device=completion_device,
        ),
    )
    with open_video(video) as reader:
        size, total = reader.info.displayed_size, reader.info.frame_count
        done = None if progress is None else (lambda count: progress(count, total))
        seen, folder = _Seen(), Path(out)
        with (
            _open_holes(video, mask, reader, mask_options) as holes,
            whole_folder(folder) as part,
            closing(ahead(holes)) as masks,
        ):
            check_holes(reader, holes)
            shown = _shown(reader, holes, masks, working_size(size, most_pixels), seen)
            written = _write(flows(shown, find, done), part, size)
            if seen.frames == seen.full_frames:
                raise BadInput(FULL)
            if not written.numbers:
                raise BadInput(
                    f"{video} has no two neighbouring frames in one shot, so nothing flows. "
                    "Give a longer video."
                )
            scale = largest or max(written.longest, SHADES)
            _draw(written, part, scale)
            summary = FlowSummary(
                frames=seen.frames,
                size=size,
                flows=len(written.numbers),
                cuts=seen.cuts,
                largest=scale,
                seconds=time.perf_counter() - began,
                warnings=holes.warnings,
                problems=list(reader.problems),
                output=str(out),
            )
            about = {"convention": CONVENTION, **asdict(summary)}
            write_text(part / "flow.json", json.dumps(about, indent=2))
    return summary


def _check(
    video: str | Path,
    mask: str | Path | None,
    out: str | Path,
    *,
    most_pixels: int,
    largest: float | None,
) -> None:
    """Refuse what can be known before anything is opened; raises BadInput and BadOutput."""
    if not whole(most_pixels) or most_pixels < 1:
        raise BadInput(f"most_pixels is {most_pixels!r}. Give a whole number above 0.")
    if largest is not None:
        check_largest(largest)
    drawn = [] if mask is None or is_box(mask) else [mask]
    for source in (video, *drawn):
        refuse_same(path_of(source), path_of(out))


def _open_holes(
    video: str | Path, mask: str | Path | None, reader: Reader, options: MaskOptions
) -> HoleSource:
    """Open the mask of a video; without one no frame has a hole."""
    size = reader.info.displayed_size
    if mask is None:
        nothing = np.zeros(size, np.bool_)
        return HoleSource(lambda: repeat(nothing), count=None, still=True)
    holes = open_holes(mask, size=size, numbers=reader.numbers, options=options)
    return with_shadow(video, holes, options)


@dataclass
class _Seen:
    """What went by: how many frames, how many all hole, and where new shots started."""

    frames: int = 0
    full_frames: int = 0
    cuts: list[int] = field(default_factory=list)


class Shown(NamedTuple):
    """A frame as it is displayed, reduced: picture (h, w, 3) uint8, hole (h, w)."""

    picture: NDArray[np.uint8]
    hole: NDArray[np.bool_]
    starts_shot: bool


def _shown(
    reader: Reader,
    holes: HoleSource,
    masks: Iterator[Holes],
    size: tuple[int, int],
    seen: _Seen,
) -> Iterator[Shown]:
    """Yield the frames of a video at a size (height, width), and note what went by."""
    for shown in look(paired(reader, holes, masks)):
        picture = np.ascontiguousarray(reader.upright(shown.picture.rgb()))
        hole = np.ascontiguousarray(reader.upright(shown.hole))
        if shown.starts_shot:
            seen.cuts.append(seen.frames)
        seen.frames += 1
        seen.full_frames += bool(hole.all())
        yield Shown(reduced_picture(picture, size), reduce_hole(hole, size), shown.starts_shot)


Find = Callable[[NDArray[np.uint8], Holes], tuple[Flow, Flow]]


def _finder(estimate: Estimate, complete: Complete) -> Find:
    """Return what finds the flow of frames (T, h, w, 3), and completes it in their holes."""

    def find(frames: NDArray[np.uint8], holes: Holes) -> tuple[Flow, Flow]:
        if not holes.any():
            return estimate(list(frames))
        clip = Clip(frames, holes)
        how: Any = {"estimate": estimate, "complete": complete}
        guess = guide(clip, find_motion(clip, None, **how))
        motion = find_motion(clip, guess, **how)
        return motion.forward, motion.backward

    return find


class Pair(NamedTuple):
    """The flow between frame `first` of the clip and the next, (h, w, 2) each."""

    first: int
    forward: NDArray[np.float32]
    backward: NDArray[np.float32]

    def own(self) -> Pair:
        """Return a copy: whoever keeps it does not keep the memory of a whole window."""
        return Pair(self.first, self.forward.copy(), self.backward.copy())


def flows(
    shown: Iterable[Shown], find: Find, progress: Callable[[int], None] | None = None
) -> Iterator[Pair]:
    """Yield the flow between all neighbours of a shot, in order, holding one window of frames."""
    stream = iter(shown)
    start = next(stream, None)
    if start is None:
        return
    length = window_length(footprint(_WEIGHT * start.hole.size))

    def again() -> Iterator[Shown]:
        yield start
        yield from stream

    held: list[Pair] = []
    for window in windows(again(), lambda item: item.starts_shot, length=length):
        found = _of_window(window, held, find)
        ready = len(found) - max(window.tail - 1, 0)
        if progress:
            progress(window.first + len(window.items) - window.tail)
        window.items.clear()
        yield from (pair.own() for pair in found[:ready])
        held = [pair.own() for pair in found[ready:]]
        del found  # or it would be held while the next window is gathered
        give_back()


def _of_window(window: Window[Shown], before: list[Pair], find: Find) -> list[Pair]:
    """Return the flow of a window's pairs; before: of the first of them, by the window before.

    Without holes both windows find the same, so it is found once; else one fades into the other.
    """
    holes = np.stack([item.hole for item in window.items])
    known = 0 if holes.any() else len(before)
    frames = np.stack([item.picture for item in window.items[known:]])
    forward, backward = find(frames, holes[known:])
    both = zip(forward, backward, strict=True)
    found = [Pair(window.first + known + t, *flow) for t, flow in enumerate(both)]
    if known:
        return before + found
    for t, old in enumerate(before):
        share = np.float32((t + 1) / (len(before) + 1))
        for new, had in ((forward[t], old.forward), (backward[t], old.backward)):
            new *= share
            new += (1 - share) * had
    return found


@dataclass
class _Written:
    """Which pairs were written, by their first frames, and how long their flow usually gets."""

    numbers: list[int] = field(default_factory=list)
    longest: float = 0.0


def _write(pairs: Iterable[Pair], part: Path, size: tuple[int, int]) -> _Written:
    """Write flow as it comes, for pictures of a size (height, width)."""
    written = _Written()
    with writing(part):
        for name in (FORWARD, BACKWARD):
            (part / name).mkdir()
    for first, forward, backward in pairs:
        for name, number, flow in ((FORWARD, first, forward), (BACKWARD, first + 1, backward)):
            large = resize_flow(flow, size)
            write_flow(part / name / f"{number:05d}.flo", large)
            written.longest = max(written.longest, usual_length(large))
        written.numbers.append(first)
    return written


def _draw(written: _Written, part: Path, largest: float) -> None:
    """Draw what was written, all by one scale."""
    for name, step in ((FORWARD, 0), (BACKWARD, 1)):
        fields, pictures = part / name, part / PICTURES / name
        with writing(part):
            pictures.mkdir(parents=True)
        names = [f"{first + step:05d}" for first in written.numbers]
        each_frame(partial(_draw_one, fields, pictures, names, largest), len(names))


def _draw_one(fields: Path, pictures: Path, names: list[str], largest: float, index: int) -> None:
    flow = read_flow(fields / f"{names[index]}.flo")
    write_picture(pictures / f"{names[index]}.png", flow_picture(flow, largest=largest))

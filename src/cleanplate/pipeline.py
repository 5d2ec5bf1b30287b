"""The whole story on one screen: what is given -> holes -> a line of frames -> what comes back."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.alignment import alignment_pictures
from cleanplate.asked import as_method, length_within, recipe_for
from cleanplate.errors import BadInput, BadOutput
from cleanplate.gaze import attention_pictures
from cleanplate.io import (
    Encoding,
    Reader,
    Writer,
    copy_file,
    deliver,
    fetched,
    is_pipe,
    obstacle,
    open_video,
    open_writer,
    plate_writer,
    shown_as,
    stand_in,
    sweep,
    unfilled,
)
from cleanplate.io.groups import CannotCopy
from cleanplate.io.splice import open_spliced
from cleanplate.masks import HoleSource, MaskOptions, open_holes
from cleanplate.masks import grow as grow_holes
from cleanplate.masks.follow import Tracker
from cleanplate.masks.follow import follow as follow_object
from cleanplate.masks.generous import AUTO, Grow
from cleanplate.masks.load import is_box
from cleanplate.masks.shadow_file import with_shadow
from cleanplate.masks.track_file import Masks, files_of, open_tracked
from cleanplate.matched import (
    FULL,
    bordered,
    check_holes,
    is_empty,
    paired,
    refuse_clashes,
    touched_frames,
)
from cleanplate.memory import bytes_of
from cleanplate.methods import Fitting, Method, aligning, attentive, trusting
from cleanplate.provenance import Seen, Watch, provenance_pictures
from cleanplate.sheets import together
from cleanplate.span import Span
from cleanplate.store import store_beside
from cleanplate.stream import Shown, Still, fills, length_of, look, needs_of
from cleanplate.summary import Summary, Tally
from cleanplate.threads import ahead, behind
from cleanplate.trust import validity_pictures
from cleanplate.video import KNOWN, Filled, Frames, Holes, Origin, Patch, check_pair

COPIED = "No frame has a hole: the video is copied as it is."

Touched = Callable[[list[Fraction]], list[bool]]  # given when frames are shown, in seconds
Progress = Callable[[int, int | None], None]  # frames done, frames in all if known


def fill(
    frames: Frames,
    holes: Holes,
    *,
    method: str | Method = "flow",
    tune: str = "fidelity",
    grow: int = 0,
    provenance: bool = False,
    weights: Any = None,
    device: str = "auto",
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Any:
    """Fill the holes of a clip and return its frames, of the same shape and type.

    frames: (T, H, W, 3) RGB, uint8, or uint16 spanning the full 16 bits. holes: (T, H, W) or, for
    all frames, (H, W) bool, True = fill here. method: a name in METHODS, or what `load_method`
    returned (then `tune`, `weights`, `device`, `options` and `seed` are its own). tune: "fidelity"
    stays close to the truth, "removal" looks sharp. grow: pixels by which the holes are grown
    first. options: others that the method has, such as {"precision": "bf16"}. provenance: return
    Filled, which has it beside the frames. progress: called with the number of frames done and in
    all. Only hole pixels change. Raises BadInput.

    >>> still = np.full((4, 48, 64, 3), 90, np.uint8)
    >>> hole = np.zeros((48, 64), bool); hole[20:30, 20:30] = True
    >>> bool((fill(still, hole) == still).all())
    True
    """
    frames, holes = check_pair(frames, holes)
    holes = grow_holes(holes, grow) if grow != 0 else holes
    named = {"tune": tune, "weights": weights, "device": device, "seed": seed}
    room = as_method(method, options, **named)
    result = frames.copy()
    origins = []
    done = None if progress is None else (lambda count: progress(count, len(frames)))
    shown = look((Still(frame), hole, None) for frame, hole in zip(frames, holes, strict=True))
    length = length_of(room, needs_of(room, holes[0].size, deep=frames.dtype == np.uint16))
    for t, (_, patch) in enumerate(fills(shown, room, done, length=length)):
        result[t][holes[t]] = patch.colours
        if provenance:
            origins.append(Origin(patch.source, patch.inconsistency))
    return Filled(result, holes.copy(), origins) if provenance else result


def fill_file(
    video: str | Path,
    mask: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    track: bool = False,
    growth: Grow = AUTO,
    tracker: Tracker = follow_object,
    method: str | Method = "flow",
    tune: str = "removal",
    mask_options: MaskOptions = MaskOptions(grow=4),  # noqa: B008 - frozen
    encoding: Encoding = Encoding(),  # noqa: B008 - frozen
    provenance: str | Path | None = None,
    attention: str | Path | None = None,
    validity: str | Path | None = None,
    features: str | Path | None = None,
    plate: str | Path | None = None,
    span: Span = Span(),  # noqa: B008 - frozen
    memory: int | str | None = None,
    copy_untouched: bool = False,
    weights: Any = None,
    device: str = "auto",
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> Summary:
    """Fill the holes of a video file or frame folder; everything else comes back as it was.

    video, out: any file or folder of pictures that `cleanplate.io` reads and writes; `out` appears
    when it is complete, or not at all; "-" is stdin and stdout, yuv4mpeg2. mask: a picture, a
    folder, a video or "box:x,y,w,h". Each of the three may be an address, such as "s3://...": what
    lies there is fetched first, and `out` is sent last. track: the mask is of one frame, such as
    "first.png@0", or several are, and the object is followed. growth: of what is followed, pixels,
    in place of `mask_options.grow`; or "auto": generously, then by those. tracker: see
    `load_tracker`. provenance: a new folder for pictures of where every pixel came from. attention:
    one for pictures of what the holes of some frames attend to, by a method that has attention.
    validity: one for pictures of the flow between some frames and where it is trusted, by a method
    that follows flow. features: one for how some frames see others, by one that aligns them.
    plate: where the fill is written by itself, with alpha: a new folder of PNG of 16 bits, .mov
    (ProRes 4444) or .mkv (FFV1). span: the part of the clip that is filled; the rest comes back as
    it was. memory: bytes, or such as "2G", that the whole process keeps to, on a CPU: by shorter
    windows, or it is refused. copy_untouched: groups of pictures without a hole are copied and not
    encoded again, where that can be; else a warning says why not. watch: called with every frame as
    it was and as it is filled, by a thread of its own.
    The other arguments are those of `fill`. Frames stream: memory does not grow with the clip. What
    is finished is kept beside `out` until that is complete: after an interruption the same call
    goes on from there, unless `method` is one that was loaded already. Raises BadInput, BadOutput.
    """
    asked, began = out, time.perf_counter()
    named = {"tune": tune, "weights": weights, "device": device, "seed": seed}
    room = as_method(method, options, **named)
    recipe = None if is_pipe(out) else recipe_for(method, options, **named)
    gaze_of = None if attention is None else attentive(room).gaze
    motion_of = None if validity is None else trusting(room).motion
    alignment_of = None if features is None else aligning(room).alignment
    with (
        stand_in(out, video, mask) as out,
        fetched(video, mask) as (video, mask),
        open_video(video) as reader,
    ):
        size, total = reader.info.displayed_size, reader.info.frame_count
        done = None if progress is None else (lambda count: progress(count, total))
        most, follow = bytes_of(memory), growth if track else None
        length = length_within(most, room, reader.info, out, encoding, plate)

        def touched(holes: HoleSource) -> Touched | None:
            told = partial(touched_frames, holes=holes, span=span)
            return told if copy_untouched else None

        with (
            store_beside(Path(out), recipe) as kept,
            holes_for(video, mask, reader, mask_options, follow, progress, tracker) as holes,
            _writer(out, reader, encoding, touched(holes)) as writer,
            provenance_pictures(provenance) as draw,
            attention_pictures(attention, gaze_of, reader.upright) as attend,
            validity_pictures(validity, motion_of, reader.upright) as trust,
            alignment_pictures(features, alignment_of, reader.upright) as align,
            plate_writer(plate, reader) as lay,
            ExitStack() as last,
        ):
            if kept and isinstance(room, Fitting):
                room.keep_in(kept.fits)
            folders = {"provenance": provenance, "attention": attention}
            folders |= {"validity": validity, "features": features, "plate": plate}
            drawn = files_of(mask) if track else [Path(str(mask))] * (not is_box(str(mask)))
            refuse_clashes(video, drawn, out, **folders)
            for folder in folders.values():
                if folder is not None:
                    sweep(Path(folder))
            check_holes(reader, holes)
            # An object is followed when its holes are first asked for, here: all is opened by now.
            masks = last.enter_context(closing(ahead(iter(holes))))
            line = bordered(look(paired(reader, holes, masks, span)), reader, span)
            tally, as_it_is = Tally(), is_empty(holes) and not obstacle(reader, out, encoding)
            look_on = together(attend, trust, align)
            filling = fills(line, room, done, look_on, kept, length)

            def put(filled: tuple[Shown, Patch]) -> None:
                shown, patch = filled
                picture, hole = shown.more[0], shown.more[1].mask()
                rgb, not_read = picture.rgb(), shown.hole
                source = patch.source[hole[not_read]]
                before = rgb.copy() if draw or watch else rgb
                rgb.reshape(-1, 3)[np.flatnonzero(not_read)] = patch.colours
                for show in filter(None, (draw, watch)):
                    show(_seen(reader, tally.frames, (before, rgb), hole, source))
                if lay:
                    lay(picture, rgb, hole)
                tally.add(hole, source, shown.starts_shot)
                if hole.any() and writer.copies(picture):
                    raise BadOutput(f"{mask} has changed since it was looked through. Begin again.")
                if not as_it_is:
                    writer.write(picture.pasted(rgb, hole))

            with closing(filling), behind(put) as hand_over:
                # No name here holds a frame while the next window is gathered.
                deque(map(hand_over, filling), maxlen=0)
            if tally.frames == tally.full_frames:
                raise BadInput(FULL)
            copied = not tally.hole_pixels and copy_file(reader, out, encoding)
            if not copied:
                if as_it_is:  # it breaks off, which only its end has shown
                    _write_again(video, writer)
                writer.finish()
            deliver(out, asked)
    return tally.summary(
        size=size,
        seconds=time.perf_counter() - began,
        warnings=holes.warnings
        + ([COPIED] if copied else writer.warnings)  # what a thrown-away result could not keep
        + ([] if copied or tally.hole_pixels else [unfilled(reader, out, encoding)]),
        problems=list(reader.problems),
        output="stdout" if is_pipe(out) else shown_as(asked),
        resumed_frames=kept.found if kept else 0,
    )


def _writer(out: str | Path, reader: Reader, encoding: Encoding, touched: Touched | None) -> Writer:
    """Open what the result is written by; touched: frames that are, where others are copied."""
    if touched is None:
        return open_writer(out, like=reader, encoding=encoding)
    try:
        return open_spliced(Path(out), reader, encoding, touched)
    except CannotCopy as why:
        writer = open_writer(out, like=reader, encoding=encoding)
        writer.warnings.append(f"untouched parts are encoded as well, not copied: {why}")
        return writer


def _seen(
    reader: Reader,
    number: int,
    pictures: tuple[Frames, Frames],
    hole: NDArray[np.bool_],
    sources: NDArray[np.int32],
) -> Seen:
    """Return a frame before and after as it is displayed; sources: (N,), of its hole's pixels."""
    source = np.full(hole.shape, KNOWN, np.int32)
    source[hole] = sources
    before, after = (reader.upright(picture) for picture in pictures)
    return Seen(number, before, after, reader.upright(hole), reader.upright(source))


def holes_for(
    video: str | Path,
    mask: Masks,
    reader: Reader,
    options: MaskOptions,
    follow: Grow | None,
    progress: Progress | None,
    tracker: Tracker,
) -> HoleSource:
    """Open the mask of a video; follow: how what is followed from masks of frames is to grow."""
    if follow is not None:
        tracked = open_tracked(
            video, mask, options=options, growth=follow, tracker=tracker, progress=progress
        )
        return with_shadow(video, tracked, options)
    if not isinstance(mask, str | Path):
        raise BadInput("several masks are given. Give one, or have the object followed: track.")
    size = reader.info.displayed_size
    holes = open_holes(mask, size=size, numbers=reader.numbers, options=options)
    return with_shadow(video, holes, options)


def _write_again(video: str | Path, writer: Writer) -> None:
    """Decode the video once more, and write every picture as it is."""
    with open_video(video) as reader:
        for picture in reader:
            writer.write(picture)

"""Between the video library's frames and our pictures, sample for sample."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.sidedata.sidedata import SideDataContainer
from av.sidedata.sidedata import Type as SideType
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.io.info import FULL, TOP_SHOWN_FIRST, Colour
from cleanplate.io.layout import FULL_RANGE, Layout, door, layout
from cleanplate.io.picture import Picture

# What a frame holds besides its samples that an encoder can write again.
CARRIED = {SideType.A53_CC, SideType.S12M_TIMECODE, SideType.AFD}


def colour_of(frame: av.VideoFrame) -> Colour:
    """Return the colour tags of a decoded frame."""
    name = frame.format.name
    tagged = int(frame.color_range) != 0
    # Grey is full unless it says otherwise; said in the output, where it may become Y'CbCr.
    full = name in FULL_RANGE or (not tagged and name.startswith(("gray", "mono", "ya")))
    return Colour(
        FULL if full else int(frame.color_range),
        int(frame.color_primaries),
        int(frame.color_trc),
        int(frame.colorspace),
    )


def side_data(frame: av.VideoFrame) -> dict[SideType, Any]:
    """Return what a frame holds besides its samples, by kind; kinds unknown to us are left out.

    A frame's own container of them would refer back to it: so many frames would stay in memory
    until Python looks for such circles.
    """
    parts: dict[SideType, Any] = {}
    try:
        found: Any = SideDataContainer(frame)  # type: ignore[call-arg]
    except ValueError:  # the same, and then the library gives none of them
        return parts
    for index in range(len(found)):
        with suppress(ValueError):  # a kind newer than the library's list of them
            parts[found[index].type] = found[index]
    return parts


def picture_of(frame: av.VideoFrame, *, pts: int | None, time_base: Fraction | None) -> Picture:
    """Return a decoded frame as a Picture that owns its samples."""
    colour = colour_of(frame)
    target = door(frame.format.name)
    if FULL_RANGE.get(frame.format.name, frame.format.name) != target:
        frame, colour = _through_the_door(frame, target, colour)
    form = layout(target)
    carried = frame.interlaced_frame or bool(CARRIED & side_data(frame).keys())
    return Picture(
        tuple(view.copy() for view in _views(frame, form)),
        form,
        colour=colour,
        pts=pts,
        time_base=time_base,
        duration=int(frame.duration or 0),
        carrier=frame if carried else None,
    )


def frame_of(picture: Picture, pix_fmt: str) -> av.VideoFrame:
    """Return a new frame that holds the picture's samples; pix_fmt must have the same planes."""
    height, width = picture.size
    if picture.carrier is not None and picture.carrier.format.name == pix_fmt:
        frame = _emptied(picture.carrier)
    else:
        frame = av.VideoFrame(width, height, pix_fmt)
    for view, plane in zip(_views(frame, picture.layout), picture.planes, strict=False):
        view[...] = plane
    colour = picture.colour
    frame.color_range, frame.color_primaries = colour.range, colour.primaries
    frame.color_trc, frame.colorspace = colour.transfer, colour.matrix
    frame.pts, frame.time_base = picture.pts, picture.time_base or Fraction(1, 25)
    frame.duration = picture.duration
    frame.pict_type = 0  # else the encoder would repeat the source's choice of key frames
    return frame


def top_first(frame: av.VideoFrame) -> bool:
    """Tell whether the frame itself says that its upper field is shown first."""
    return _filtered(frame, "select", "eq(interlace_type,TOPFIRST)") is not None


def marked(frame: av.VideoFrame, field_order: int) -> av.VideoFrame:
    """Return the frame, its samples shared, flagged with FFmpeg's code of the field order."""
    mode = "tff" if field_order in TOP_SHOWN_FIRST else "bff"
    kept = frame.time_base
    done = _filtered(frame, "setfield", mode)
    if done is None:  # not met: that filter gives back every frame
        return frame
    done.pts, done.time_base = frame.pts, kept
    return done


def _through_the_door(
    frame: av.VideoFrame, target: str, colour: Colour
) -> tuple[av.VideoFrame, Colour]:
    """Lay out packed samples in planes: the same range on both sides, so that none changes."""
    alike = ColorRange.JPEG if frame.format.is_rgb or colour.range == FULL else ColorRange.MPEG
    same = {"src_color_range": alike, "dst_color_range": alike, "threads": 1}
    return frame.reformat(format=target, **same), colour


def _views(frame: av.VideoFrame, form: Layout) -> list[NDArray[Any]]:
    """View the planes of a frame as (h, w) arrays, honouring the line size."""
    dtype = np.dtype(np.uint8 if form.itemsize == 1 else "<u2")
    shapes = form.shapes((frame.height, frame.width))
    views = []
    for plane, (height, width) in zip(frame.planes, shapes, strict=True):
        step = plane.line_size // form.itemsize
        if step < width:
            raise BadInput("the clip stores its pictures in a way that cannot be read.")
        flat: NDArray[Any] = np.frombuffer(plane, dtype, count=step * height)  # type: ignore[call-overload]
        views.append(flat.reshape(height, step)[:, :width])
    return views


def _emptied(carrier: av.VideoFrame) -> av.VideoFrame:
    """Return a new frame that carries the same captions and flags, its samples to be written.

    The library copies them only when it converts; claiming another range makes it convert. The
    conversion is done on the decoder's thread count of one and its samples are thrown away.
    """
    other = ColorRange.MPEG if int(carrier.color_range) == FULL else ColorRange.JPEG
    here = ColorRange.JPEG if other == ColorRange.MPEG else ColorRange.MPEG
    return carrier.reformat(src_color_range=here, dst_color_range=other, threads=1)


def _filtered(frame: av.VideoFrame, name: str, options: str) -> av.VideoFrame | None:
    """Push one frame through one filter; None where nothing comes out.

    Frames do not give away which field is first; the library's filters read it and set it.
    """
    graph: Any = Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base or Fraction(1, 25),
    )
    graph.link_nodes(source, graph.add(name, options), graph.add("buffersink")).configure()
    source.push(frame)
    source.push(None)
    try:
        out: av.VideoFrame = graph.pull()
    except (av.error.EOFError, av.error.BlockingIOError):
        return None
    return out

"""Groups of pictures without a hole are copied: their packets, and what is decoded from them."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, pairwise

import av
import numpy as np
import pytest

import cleanplate as cp
from cleanplate.io import avc
from cleanplate.io import groups as groups_module
from cleanplate.io.file_reader import open_container
from cleanplate.io.groups import groups_of
from cleanplate.span import Moment, Span
from made_clips import av_planes, moving_planes, packets, times
from made_fills import SPEC, Painter, mask_picture, plane_holes

GROUP, COUNT = 6, 30  # frames of a group, and in all
X264 = {"g": str(GROUP), "sc_threshold": "0", "x264-params": "scenecut=0"}
SIZE = (48, 64)


def source_of(make, name, **told):
    told = {"count": COUNT, "planes": moving_planes, "options": X264, **told}
    return make(name, **told)


def masks(folder, touched):
    """A mask for each frame, with a hole in those."""
    for number in range(COUNT):
        hole = np.zeros(SIZE, bool)
        hole[17:28, 21:38] = number in touched
        mask_picture(folder / f"{number:02d}.png", hole)
    return folder


def fill(source, mask, out, **told):
    return cp.fill_file(source, mask, out, method=Painter(), mask_options=cp.MaskOptions(), **told)


def assert_spliced(source, out, touched, pix_fmt="yuv420p", loss=12):
    """Copied groups are the same packets and pictures; others are filled, and alike elsewhere."""
    before, after = av_planes(source), av_planes(out)
    assert len(before) == len(after)
    assert times(source) == times(out)
    inside = np.zeros(SIZE, bool)
    inside[17:28, 21:38] = True
    holes = plane_holes(inside, pix_fmt)
    for number, (mine, its) in enumerate(zip(before, after, strict=True)):
        if number // GROUP in {frame // GROUP for frame in touched}:
            if number in touched:
                assert abs(mine[0][inside].astype(int) - its[0][inside]).mean() > 5
            for one, two, hole in zip(mine, its, holes, strict=True):
                assert abs(one[~hole].astype(int) - two[~hole]).mean() < loss
        else:
            assert all(np.array_equal(one, two) for one, two in zip(mine, its, strict=True))


@pytest.mark.parametrize("name", ["in.mp4", "in.mkv", "in.mov"])
@pytest.mark.parametrize("bframes", ["0", "3"])
@pytest.mark.parametrize("touched", [{8}, {0, 29}, {13, 14, 19}, set(range(6, 12))])
def test_groups_without_a_hole_are_copied(make, tmp_path, name, bframes, touched):
    source = source_of(make, name, options={**X264, "bf": bframes}, audio=True)
    out = tmp_path / f"out{source.suffix}"
    summary = fill(source, masks(tmp_path / "masks", touched), out, copy_untouched=True)
    assert summary.warnings == []
    assert_spliced(source, out, touched)
    assert packets(source, "audio") == packets(out, "audio")
    groups = {frame // GROUP for frame in touched}
    had, has = packets(source, "video"), packets(out, "video")
    for number in range(COUNT // GROUP):
        part = slice(GROUP * number, GROUP * (number + 1))
        assert ([p[0] for p in had[part]] == [p[0] for p in has[part]]) == (number not in groups)


def test_times_of_decoding_go_on(make, tmp_path):
    source = source_of(make, "in.mp4", options={**X264, "bf": "3"})
    fill(source, masks(tmp_path / "masks", {8, 20}), tmp_path / "out.mp4", copy_untouched=True)
    with av.open(str(tmp_path / "out.mp4")) as container:
        parts = [p for p in container.demux(video=0) if p.size]
        stamps = [(p.dts, p.pts) for p in parts]
        keys = [number for number, p in enumerate(parts) if p.is_keyframe]
    assert all(one[0] < two[0] for one, two in pairwise(stamps))
    assert all(dts <= pts for dts, pts in stamps)
    assert keys == list(range(0, COUNT, GROUP))


@pytest.mark.parametrize(
    ("pix_fmt", "profile"),
    [
        ("yuv420p", "baseline"),
        ("yuv420p", "main"),
        ("yuv420p", "high"),
        ("yuv420p10le", "high10"),
        ("yuv422p", "high422"),
    ],
)
def test_every_profile(make, tmp_path, pix_fmt, profile):
    options = {**X264, "profile": profile}
    source = source_of(make, "in.mp4", pix_fmt=pix_fmt, options=options)
    out = tmp_path / "out.mp4"
    assert not fill(source, masks(tmp_path / "m", {8}), out, copy_untouched=True).warnings
    assert_spliced(source, out, {8}, pix_fmt, loss=12 if "10" not in pix_fmt else 48)


def test_times_of_any_kind(make, tmp_path):
    """A variable rate, and a start that is not 0."""
    pts = (np.cumsum([1, 2, 1, 3, 1, 1] * 5) + 20).tolist()
    options = {**X264, "bf": "2"}
    source = source_of(make, "in.mp4", pts=pts, time_base=Fraction(1, 60), options=options)
    fill(source, masks(tmp_path / "m", {8}), tmp_path / "out.mp4", copy_untouched=True)
    assert_spliced(source, tmp_path / "out.mp4", {8})


@pytest.mark.parametrize("damaged", [{2}, {0}, {4}, {2, 3}])
def test_a_group_that_cannot_be_decoded_is_copied_in_its_place(make, tmp_path, damaged):
    """None of its pictures arrives, and the packets after it have later times all the same."""
    source = source_of(make, "in.mp4", audio=True)
    content = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        parts = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    for number, (start, size) in enumerate(parts):
        if number // GROUP in damaged:
            at = start
            while at < start + size:  # unit after unit: its length and kind stay
                long = int.from_bytes(content[at : at + 4])
                content[at + 5 : at + 4 + long] = bytes(long - 1)
                at += 4 + long
    source.write_bytes(content)
    mask, out = masks(tmp_path / "m", {6, 7, 8, 9, 10, 11, 19}), tmp_path / "out.mp4"
    summary = fill(source, mask, out, copy_untouched=True)
    assert not summary.warnings
    assert summary.problems
    has = [p[0] for p in packets(out, "video")]
    lost = [p[0] for n, p in enumerate(packets(source, "video")) if n // GROUP in damaged - {3}]
    assert [data for data in has if data in lost] == lost


def test_a_clip_whose_packets_break_off_is_encoded(make, tmp_path, monkeypatch):
    class Torn:
        """A container that fails in the midst of its packets."""

        def __init__(self, held):
            self._held = held

        def __getattr__(self, name):
            return getattr(self._held, name)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._held.close()

        def demux(self, stream):
            yield from islice(self._held.demux(stream), 7)
            raise av.error.InvalidDataError(1, "torn")

    monkeypatch.setattr(groups_module, "open_container", lambda f: Torn(open_container(f)))
    source, out = source_of(make, "in.mp4"), tmp_path / "out.mp4"
    summary = fill(source, masks(tmp_path / "m", {8}), out, copy_untouched=True)
    assert "not all of its packets can be read" in summary.warnings[0]
    assert len(av_planes(out)) == COUNT


def test_vp9(make, tmp_path):
    options = {"g": str(GROUP), "keyint_min": str(GROUP), "crf": "30", "b": "0"}
    source = source_of(make, "in.webm", codec="libvpx-vp9", options=options)
    out = tmp_path / "out.webm"
    assert not fill(source, masks(tmp_path / "m", {8}), out, copy_untouched=True).warnings
    assert_spliced(source, out, {8})


def test_a_span_touches_no_more_than_it_holds(make, tmp_path):
    source, out = source_of(make, "in.mp4"), tmp_path / "out.mp4"

    span = Span(Moment(frame=7), Moment(seconds=Fraction(10, 25)))
    fill(source, SPEC, out, span=span, copy_untouched=True)
    assert_spliced(source, out, {7, 8, 9})


@pytest.mark.parametrize(
    ("name", "told", "more", "why"),
    [
        ("in.mkv", {"codec": "ffv1", "options": {}}, {}, "ffv1 is not among h264, vp9"),
        ("in.mp4", {}, {"encoding": cp.Encoding(codec="h265")}, "another codec is asked for"),
        ("in.mp4", {}, {"encoding": cp.Encoding(lossless=True)}, "lossless"),
        ("in.mp4", {"pix_fmt": "yuv444p"}, {}, "4:4:4"),
        ("in.mp4", {"options": {"g": "300"}}, {}, "every group of its pictures has a hole"),
    ],
)
def test_what_cannot_be_copied_is_encoded_and_told(make, tmp_path, name, told, more, why):
    source = source_of(make, name, **told)
    out = tmp_path / f"out{source.suffix}"
    summary = fill(source, masks(tmp_path / "m", {8}), out, copy_untouched=True, **more)
    assert sum(why in warning for warning in summary.warnings) == 1
    assert len(av_planes(out)) == COUNT


def test_other_containers_and_folders(make, tmp_path):
    source = source_of(make, "in.mp4")
    mask = masks(tmp_path / "m", {8})
    assert not fill(source, mask, tmp_path / "out.mkv", copy_untouched=True).warnings
    assert_spliced_times(source, tmp_path / "out.mkv")
    for name, why in (("out.webm", "cannot hold"), ("out", "not both files")):
        told = fill(source, mask, tmp_path / name, copy_untouched=True).warnings
        assert any(why in warning for warning in told)


def assert_spliced_times(source, out):
    before, after = av_planes(source), av_planes(out)
    alike = [
        all(np.array_equal(one, two) for one, two in zip(mine, its, strict=True))
        for mine, its in zip(before, after, strict=True)
    ]
    assert [t for t, same in enumerate(alike) if not same] == list(range(GROUP, 2 * GROUP))


def test_groups_are_found(make):
    groups = groups_of(source_of(make, "in.mp4", options={**X264, "bf": "3"}))
    assert [len(part.shown) for part in groups.parts] == [GROUP] * (COUNT // GROUP)
    assert groups.times() == [Fraction(t, 25) for t in range(COUNT)]
    assert groups.taken == {0}


def test_open_groups_are_not_parted(make):
    """Where pictures shown before a key picture need it, only an IDR begins a group."""
    options = {**X264, "bf": "2", "x264-params": "scenecut=0:open-gop=1:keyint=6:min-keyint=6"}
    groups = groups_of(source_of(make, "in.mp4", options=options))
    assert len(groups.parts) == 1


def test_headers_are_read_and_written(make):
    with av.open(str(source_of(make, "in.mp4"))) as container:
        data = container.streams.video[0].codec_context.extradata
    header = avc.header_of(data)
    assert header.written() == data
    both = avc.header_of(header.joined(header).written())
    assert both.sps == header.sps * 2
    assert both.pps == header.pps * 2
    assert avc.header_of(data[:9]) is None
    assert avc.header_of(b"") is None
    units = list(avc.units_behind_start_codes(b"\0\0\0\1\x65abc\0\0\1\x41d"))
    assert units == [b"\x65abc", b"\x41d"]
    packed = avc.with_lengths(b"\0\0\1\x65abc\0\0\1\x41d", 4)
    assert list(avc.units_by_length(packed, 4)) == units
    with pytest.raises(ValueError, match="do not fit"):
        list(avc.units_by_length(packed[:-1], 4))

"""Whatever is not a picture comes back as it was: times, sound, subtitles, tags."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from cleanplate.io import open_video, open_writer, read_video, to_coded, to_displayed
from made_clips import packets, times

VFR = [0, 40, 80, 200, 210, 333, 1000, 1001, 1500, 2750]  # thousandths of a second
SUBTITLE = b"1,0,Default,,0,0,0,,hello"


def copied(source, target):
    with open_video(source) as reader, open_writer(target, reader) as writer:
        for picture in reader:
            writer.write(picture)
        writer.finish()
        return writer.warnings


@pytest.mark.parametrize("name", ["in.mp4", "in.mkv"])
@pytest.mark.parametrize("out", ["out.mp4", "out.mkv"])
@pytest.mark.parametrize("start", [0, 500])
def test_variable_times_are_exact(make, tmp_path, name, out, start):
    ticks = [start + tick for tick in VFR]
    source = make(name, pts=ticks, time_base=Fraction(1, 1000), options={"bf": "2"})
    assert copied(source, tmp_path / out) == []
    assert times(source) == [Fraction(tick, 1000) for tick in ticks]
    assert times(tmp_path / out) == times(source)


def test_broadcast_rates_are_exact_in_mp4_and_a_warning_in_mkv(make, tmp_path):
    source = make("in.mp4", time_base=Fraction(1001, 30000), count=10)
    assert copied(source, tmp_path / "out.mp4") == []
    assert times(tmp_path / "out.mp4") == [Fraction(i * 1001, 30000) for i in range(10)]
    (warning,) = copied(source, tmp_path / "out.mkv")
    assert "9 of 10 frame times were rounded" in warning
    for had, got in zip(times(source), times(tmp_path / "out.mkv"), strict=True):
        assert abs(had - got) <= Fraction(1, 2000)


@pytest.mark.parametrize("out", ["out.mp4", "out.mkv", "out.mov"])
def test_audio_packets_are_the_same_bytes(make, tmp_path, out):
    source = make("in.mp4", audio=True)
    assert copied(source, tmp_path / out) == []
    had, got = packets(source, "audio"), packets(tmp_path / out, "audio")
    assert len(had) > 15
    assert [data for data, _ in had] == [data for data, _ in got]
    video = times(tmp_path / out)[0] - times(source)[0]
    for (_, before), (_, after) in zip(had, got, strict=True):
        assert abs(after - before - video) <= Fraction(1, 1000)


@pytest.mark.parametrize("bf", ["0", "3"])
def test_sound_that_begins_before_the_pictures_moves_no_picture_in_mkv(make, tmp_path, bf):
    source = make("in.mp4", audio=True, options={"qp": "0", "bf": bf})
    assert packets(source, "audio")[0][1] < 0  # as encoders of AAC begin
    assert copied(source, tmp_path / "out.mkv") == []
    assert times(tmp_path / "out.mkv") == times(source)
    had, got = packets(source, "audio"), packets(tmp_path / "out.mkv", "audio")
    assert [data for data, _ in had] == [data for data, _ in got]
    assert all(abs(a - b) <= Fraction(1, 1000) for (_, a), (_, b) in zip(had, got, strict=True))


def test_sound_long_before_the_pictures_is_told(make, tmp_path):
    source = make("in.mov", audio=True, audio_start=-48000)
    (warning,) = copied(source, tmp_path / "out.mkv")
    assert "all times, those of the pictures too, are moved on by as much" in warning


@pytest.mark.parametrize("out", ["out.mp4", "out.mkv"])
def test_a_late_sound_stays_late(make, tmp_path, out):
    source = make("in.mp4", audio=True, audio_start=9600)
    copied(source, tmp_path / out)
    shift = times(tmp_path / out)[0] - times(source)[0]
    had, got = packets(source, "audio")[0][1], packets(tmp_path / out, "audio")[0][1]
    assert had > Fraction(17, 100)
    assert abs(got - had - shift) <= Fraction(1, 1000)


def with_extras(container, stream):
    container.metadata.update({"title": "A day", "artist": "Nobody"})
    stream.metadata["title"] = "main"
    container.add_attachment("a.ttf", "font/ttf", bytes(range(200)))
    container.set_chapters(
        [{"id": 1, "start": 0, "end": 200, "time_base": Fraction(1, 1000), "metadata": {}}]
    )


def subtitled(make, tmp_path, name="sub.mkv"):
    """A clip with an attachment, a chapter, and subtitles remuxed into it."""
    plain = make("plain.mkv", setup=with_extras, audio=True)
    path = tmp_path / name
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        target.metadata.update(source.metadata)
        target.set_chapters(source.chapters())
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        streams[0].metadata.update(source.streams[0].metadata)
        words = target.add_mux_stream("ass", time_base=Fraction(1, 1000))
        words.metadata["language"] = "fre"
        packet = av.Packet(SUBTITLE)
        packet.stream, packet.time_base = words, Fraction(1, 1000)
        packet.pts = packet.dts = 120
        packet.duration = 100
        target.mux(packet)
        for packet in source.demux(*(s for s in source.streams if s.type != "attachment")):
            if packet.size:
                packet.stream = streams[packet.stream_index]
                target.mux(packet)
    return path


def test_subtitles_attachments_chapters_metadata_are_kept(make, tmp_path):
    source = subtitled(make, tmp_path)
    assert copied(source, tmp_path / "out.mkv") == []
    assert packets(source, "subtitle") == [(SUBTITLE, Fraction(12, 100))]
    assert packets(tmp_path / "out.mkv", "subtitle") == packets(source, "subtitle")
    assert packets(tmp_path / "out.mkv", "audio") == packets(source, "audio")
    with av.open(str(tmp_path / "out.mkv")) as container:
        (font,) = [s for s in container.streams if s.type == "attachment"]
        assert (font.name, font.mimetype, font.data) == ("a.ttf", "font/ttf", bytes(range(200)))
        (words,) = container.streams.subtitles
        assert words.language == "fre"
        assert container.metadata["title"] == "A day"
        assert container.streams.video[0].metadata["title"] == "main"
        assert [c["end"] * c["time_base"] for c in container.chapters()] == [Fraction(1, 5)]


def test_what_webm_cannot_hold_is_named(make, tmp_path):
    warnings = copied(subtitled(make, tmp_path), tmp_path / "out.webm")
    assert any("audio stream 1 (aac) cannot be kept in .webm: left out" in w for w in warnings)
    assert any("subtitle stream" in w and "(ass)" in w for w in warnings)
    assert any("attachment stream" in w for w in warnings)


@pytest.mark.parametrize("out", ["out.mp4", "out.mkv", "out.mov"])
def test_metadata_of_any_name_is_kept(make, tmp_path, out):
    def setup(container, stream):
        container.metadata.update({"title": "A day", "camera_serial": "4711"})

    source = make("in.mkv", setup=setup)
    copied(source, tmp_path / out)
    with av.open(str(tmp_path / out)) as container:
        found = {name.lower(): value for name, value in container.metadata.items()}
    assert found["title"] == "A day"
    assert found["camera_serial"] == "4711"


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("out", ["out.mp4", "out.mkv"])
def test_rotation_is_kept(make, tmp_path, degrees, mirrored, out):
    def setup(_, stream):
        stream.set_display_rotation(-degrees, hflip=mirrored)

    source = make("in.mp4", setup=setup, count=3)
    copied(source, tmp_path / out)
    for path in (source, tmp_path / out):
        with open_video(path) as reader:
            assert (reader.info.rotation, reader.info.mirrored) == (degrees, mirrored)
            assert reader.info.size == (48, 64)
            assert reader.info.displayed_size == ((48, 64) if degrees == 180 else (64, 48))


def test_rotation_is_clockwise():
    # FFmpeg's documentation: its angle is counter-clockwise, so -90 shows a quarter turn right
    picture = np.arange(6).reshape(2, 3)
    assert to_displayed(picture, 90).tolist() == [[3, 0], [4, 1], [5, 2]]
    assert to_displayed(picture, 90, mirrored=True).tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 3)])
def test_turning_back_is_the_identity(rotation, mirrored, shape):
    coded = np.arange(np.prod(shape)).reshape(shape)
    there = to_displayed(coded, rotation, mirrored=mirrored)
    np.testing.assert_array_equal(to_coded(there, rotation, mirrored=mirrored), coded)


@pytest.mark.parametrize("out", ["out.mp4", "out.mkv", "out.webm", "out.mov"])
def test_colour_tags_and_pixel_shape_are_kept(make, tmp_path, out):
    def setup(_, stream):
        context = stream.codec_context
        context.color_range, context.color_primaries = 1, 9
        context.color_trc, context.colorspace = 16, 9
        context.sample_aspect_ratio = Fraction(4, 3)

    source = make("in.mp4", pix_fmt="yuv420p10le", setup=setup, count=3)
    warnings = " ".join(copied(source, tmp_path / out))
    webm = out == "out.webm"  # the VP9 encoder of the wheels has 8 bits only
    assert ("libsvtav1 is used" in warnings, "pixel shape 4/3" in warnings) == (webm, webm)
    with open_video(source) as before, open_video(tmp_path / out) as after:
        colour = after.info.colour
        assert (colour.range, colour.primaries, colour.transfer, colour.matrix) == (1, 9, 16, 9)
        assert after.info.colour == before.info.colour
        assert webm or after.info.sample_aspect == Fraction(4, 3)
        assert (after.info.pix_fmt, after.info.bits) == ("yuv420p10le", 10)


@pytest.mark.parametrize("out", ["out.mp4", "out.mkv", "out.mov"])
def test_a_limited_range_alone_is_kept(make, tmp_path, out):
    def setup(_, stream):
        stream.codec_context.color_range = 1

    source = make("in.mkv", pix_fmt="yuv420p10le", codec="ffv1", options={"g": "1"}, setup=setup)
    assert copied(source, tmp_path / out) == []
    with open_video(source) as before, open_video(tmp_path / out) as after:
        assert before.info.colour.range == 1
        assert after.info.codec == "h264"
        assert after.info.colour == before.info.colour


def test_unspecified_colour_stays_unspecified(make, tmp_path):
    source = make("in.mp4", count=3)
    copied(source, tmp_path / "out.mp4")
    with open_video(tmp_path / "out.mp4") as reader:
        assert reader.info.colour.matrix == reader.info.colour.primaries == 2


def test_interlaced_pictures_stay_marked(make, tmp_path):
    def setup(_, stream):
        stream.codec_context.flags |= av.codec.context.Flags.interlaced_dct
        stream.codec_context.field_order = 2

    source = make("in.mkv", size=(64, 64), setup=setup, options={"qp": "0", "x264-params": "tff=1"})
    with open_video(source) as reader:
        assert reader.info.field_order > 1
    assert copied(source, tmp_path / "out.mkv") == []
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert all(frame.interlaced_frame for frame in container.decode(video=0))
    (warning,) = copied(source, tmp_path / "out.webm")
    assert "interlaced" in warning


def test_frame_count_and_rate_are_kept(make, tmp_path):
    source = make("in.mp4", count=12, options={"bf": "3"})
    copied(source, tmp_path / "out.mp4")
    with open_video(source) as before, open_video(tmp_path / "out.mp4") as after:
        assert after.info.frame_rate == before.info.frame_rate == 25
        assert after.info.frame_count == 12
        assert len(list(after)) == 12
        assert after.problems == []


def with_cover(make, tmp_path):
    """A clip with a cover picture: a second video stream of one packet."""
    plain, path = make("plain.mp4", audio=True), tmp_path / "in.mp4"
    picture = av.CodecContext.create("mjpeg", "w")
    picture.width, picture.height, picture.pix_fmt = 32, 32, "yuvj420p"
    picture.time_base = Fraction(1, 25)
    (cover,) = [*picture.encode(av.VideoFrame(32, 32, "yuvj420p")), *picture.encode(None)]
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        added = target.add_mux_stream("mjpeg", width=32, height=32, time_base=Fraction(1, 25))
        added.disposition = av.stream.Disposition.attached_pic
        cover.stream = added
        target.mux(cover)
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                target.mux(packet)
    return path, bytes(cover)


def test_a_cover_picture_is_kept(make, tmp_path):
    source, cover = with_cover(make, tmp_path)
    assert copied(source, tmp_path / "out.mp4") == []
    with av.open(str(tmp_path / "out.mp4")) as container:
        found = [s for s in container.streams.video if s.disposition & 1024]
        assert [bytes(p) for p in container.demux(*found) if p.size] == [cover]
    assert times(tmp_path / "out.mp4") == times(source)


def test_grey_keeps_its_brightness(make, tmp_path):
    with av.open(str(tmp_path / "in.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "gray"
        frame = av.VideoFrame.from_ndarray(np.full((48, 64), 100, np.uint8), "gray")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    copied(tmp_path / "in.mkv", tmp_path / "out.mp4")
    for name in ("in.mkv", "out.mp4"):
        assert np.abs(read_video(tmp_path / name).frames.astype(int) - 100).max() <= 1


def test_transparency_is_kept_or_named(make, tmp_path):
    with av.open(str(tmp_path / "in.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuva420p"
        frame = av.VideoFrame(64, 48, "yuva420p")
        for index, plane in enumerate(frame.planes):
            plane.update(bytes([40 * index + 20]) * plane.buffer_size)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    copied(tmp_path / "in.mkv", tmp_path / "out.mkv")
    with open_video(tmp_path / "out.mkv") as reader:
        assert {int(v) for v in np.unique(next(reader).planes[3])} == {140}
    assert any("transparency" in w for w in copied(tmp_path / "in.mkv", tmp_path / "out.mp4"))

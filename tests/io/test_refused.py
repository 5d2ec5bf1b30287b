"""Bad files, bad places, bad wishes: one clear line, and nothing half-written."""

from __future__ import annotations

import os
import resource
import signal
from fractions import Fraction

import av
import numpy as np
import pytest
from av.audio.resampler import AudioResampler
from av.codec.context import Flags
from av.stream import Disposition

import cleanplate as cp
from cleanplate.errors import BadInput, BadOutput
from cleanplate.io import Encoding, Picture, open_video, open_writer, read_video, write_video
from cleanplate.masks.check import check_file
from made_clips import av_planes, tone
from made_fills import Painter, mask_picture, masks


def one_line(raised):
    text = str(raised.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def copy(source, target, encoding=None, *, stop=None, finish=True):
    with (
        open_video(source) as reader,
        open_writer(target, reader, encoding or Encoding()) as writer,
    ):
        for index, picture in enumerate(reader):
            if index == 5 and stop is not None:
                raise stop
            writer.write(picture)
        if finish:
            writer.finish()


def sound_alone(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="mono")
        for piece in tone(0.2):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


def test_missing_input(tmp_path):
    with pytest.raises(BadInput) as raised:
        open_video(tmp_path / "no.mp4")
    assert "does not exist" in one_line(raised)


@pytest.mark.parametrize("name", ["x.mp4", "x.txt", "x.mkv", "x.png"])
def test_text_is_no_video(tmp_path, name):
    (tmp_path / name).write_text("these are words\n" * 200)
    with pytest.raises(BadInput) as raised:
        open_video(tmp_path / name)
    assert str(tmp_path / name) in one_line(raised)


def test_an_empty_file(tmp_path):
    (tmp_path / "x.mp4").touch()
    with pytest.raises(BadInput) as raised:
        open_video(tmp_path / "x.mp4")
    assert "is empty" in one_line(raised)


def test_sound_without_pictures(tmp_path):
    sound_alone(tmp_path / "x.m4a")
    with pytest.raises(BadInput) as raised:
        open_video(tmp_path / "x.m4a")
    assert "no video stream (it holds audio)" in one_line(raised)


def test_a_cover_picture_is_no_video(tmp_path):
    with av.open(str(tmp_path / "x.mp3"), "w") as container:
        sound = container.add_stream("libmp3lame", rate=48000, layout="mono")
        cover = container.add_stream("png", rate=25)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "rgb24"
        cover.disposition = Disposition.attached_pic
        container.start_encoding()
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
        picture.pts = 0
        container.mux(cover.encode(picture))
        for piece in tone(0.1):
            container.mux(sound.encode(piece))
        container.mux(sound.encode(None))
    with pytest.raises(BadInput) as raised:
        open_video(tmp_path / "x.mp3")
    assert "no video stream (it holds audio, cover picture)" in one_line(raised)


def test_a_second_video_stream_is_copied_and_told(make, tmp_path):
    def second(container, stream):
        other = container.add_stream("libx264", rate=25)
        other.height, other.width, other.pix_fmt = 32, 32, "yuv420p"

    source = make("in.mkv", count=3, setup=second)
    with open_video(source) as reader, open_writer(tmp_path / "out.mkv", reader) as writer:
        for picture in reader:
            writer.write(picture)
        writer.finish()
    assert any("video stream 1 (h264) is copied as it is" in told for told in writer.warnings)


def test_a_header_without_frames(make, tmp_path):
    source = make("in.mkv", count=3)
    data = source.read_bytes()
    (tmp_path / "x.mkv").write_bytes(data[: data.index(b"\x1f\x43\xb6\x75")])  # the first cluster
    with pytest.raises(BadInput) as raised:
        open_video(tmp_path / "x.mkv")
    assert "ends before its first picture" in one_line(raised)


LISTS = {
    "x.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
    "list.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{}\n#EXT-X-ENDLIST\n",
    "x.ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "near.mp4": "ffconcat version 1.0\nfile in.mp4\n",
    "x.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=video 5000 RTP/AVP 96\n",
    "x.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    "<Period><AdaptationSet><Representation><BaseURL>{}</BaseURL></Representation>"
    "</AdaptationSet></Period></MPD>",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_other_files_opens_none_of_them(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "in.mp4")  # who opens this waits for ever
    (tmp_path / name).write_text(LISTS[name].format(tmp_path / "in.mp4"))
    with pytest.raises(BadInput) as raised:
        open_video(name)
    assert "Give a video file" in one_line(raised)


@pytest.mark.timeout(20)
def test_a_pipe_is_no_input_for_it_is_read_more_than_once(tmp_path):
    os.mkfifo(tmp_path / "in.mp4")
    for path in (tmp_path / "in.mp4", "/dev/null"):
        with pytest.raises(BadInput) as raised:
            open_video(path)
        assert "a pipe or a device" in one_line(raised)


@pytest.mark.parametrize("given", [None, 5, b"in.mp4", ["in.mp4"], np.zeros((3, 4))], ids=str)
def test_what_is_no_path(given):
    with pytest.raises(BadInput) as raised:
        open_video(given)
    assert f"{type(given).__name__} was given for a path" in one_line(raised)
    with pytest.raises(BadInput, match="was given for a path"):
        write_video(given, np.zeros((1, 16, 16, 3), np.uint8))


def test_unbelievable_sizes(make, tmp_path):
    source = make("in.mkv", count=2, codec="ffv1", options={})
    data = source.read_bytes()
    width = data.index(b"\xb0\x81\x40")  # PixelWidth, one byte: 64
    (tmp_path / "x.mkv").write_bytes(data[:width] + b"\xb0\x82\x7d\x00" + data[width + 3 :])
    with pytest.raises(BadInput) as raised:
        open_video(tmp_path / "x.mkv")
    one_line(raised)


def test_a_folder_without_pictures(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(BadInput) as raised:
        open_video(tmp_path)
    assert "holds no pictures" in one_line(raised)


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv"])
def test_a_clip_that_breaks_off_gives_what_it_has(make, tmp_path, name):
    source = make("in" + name[3:], count=30, setup=index_in_front)
    whole = source.read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) * 6 // 10])
    with open_video(tmp_path / name) as reader:
        pictures = list(reader)
        (problem,) = reader.problems
    count = len(pictures)
    assert 12 <= count <= 20
    assert f"the clip breaks off: frames {count}-29 of about 30 could not be decoded" in problem
    for picture, planes in zip(pictures[:-1], av_planes(source), strict=False):
        np.testing.assert_array_equal(picture.planes[0], planes[0])


def index_in_front(container, stream):
    if container.format.name == "mp4":
        container.container_options["movflags"] = "faststart"


@pytest.mark.parametrize("spared", [0, 900])
def test_damage_in_the_middle_is_passed_over(make, tmp_path, spared):
    source = make("in.mkv", count=30, options={"qp": "0", "bf": "0", "g": "10"})
    packet = bytes_of(source, 12)
    data = bytearray(source.read_bytes())
    at = data.index(packet)
    data[at + spared : at + len(packet)] = bytes(len(packet) - spared)
    (tmp_path / "x.mkv").write_bytes(data)
    with open_video(tmp_path / "x.mkv") as reader:
        pictures = list(reader)
    assert len(pictures) == (29 if spared == 0 else 30)
    (problem,) = reader.problems
    said = "could not be decoded" if spared == 0 else "damaged"
    assert problem.startswith("frame 12 of about 30") and said in problem
    np.testing.assert_array_equal(pictures[-1].planes[0], av_planes(source)[-1][0])


def bytes_of(path, index):
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(video=0)][index]


def test_a_whole_clip_has_no_problems(make):
    with open_video(make("in.mp4", count=20, options={"bf": "3"})) as reader:
        assert len(list(reader)) == 20
        assert reader.problems == []


JUMPS = [0, 40, 80, 400, 440, 480, 520, 800, 840, 880, 1200, 1240]  # thousandths of a second


def long_sound(container, stream):
    """Silence of eight seconds, many times as long as the pictures."""
    name = {"webm": "libopus", "nut": "flac"}.get(container.format.name, "aac")
    sound = container.add_stream(name, rate=48000, layout="mono")
    container.start_encoding()
    resampler = AudioResampler(sound.format.name, "mono", 48000, sound.frame_size or 1024)
    for piece in tone(8):
        for frame in resampler.resample(piece):
            container.mux(sound.encode(frame))
    container.mux(sound.encode(None))


@pytest.mark.parametrize(
    "kind", [{"setup": long_sound}, {"pts": JUMPS}, {"pts": [20000 + 40 * i for i in range(12)]}]
)
@pytest.mark.parametrize(
    "name, codec",
    [
        ("in.mkv", "libx264"),
        ("in.webm", "libvpx-vp9"),
        ("in.nut", "ffv1"),
        ("in.flv", "libx264"),
        ("in.ts", "libx264"),
        ("in.mp4", "libx264"),
    ],
)
def test_a_whole_clip_does_not_break_off_for_its_duration(make, name, codec, kind):
    kind = {"time_base": Fraction(1, 1000), "pts": [40 * i for i in range(12)]} | kind
    options = {"g": "12"} if codec == "ffv1" else {"crf": "20"}
    with open_video(make(name, codec=codec, options=options, **kind)) as reader:
        assert len(list(reader)) == 12
        assert reader.problems == []
        assert reader.info.frame_count_guessed == (name != "in.mp4")


@pytest.mark.parametrize("name", ["in.mkv", "in.mp4"])
@pytest.mark.parametrize("count", [11, 13])
def test_a_guessed_count_hides_no_wrong_number_of_masks(make, tmp_path, name, count):
    source = make(name, pts=JUMPS, time_base=Fraction(1, 1000))
    folder = masks(tmp_path / "masks", count)
    with pytest.raises(BadInput) as raised:
        cp.fill_file(source, folder, tmp_path / f"out{source.suffix}", method=Painter())
    assert f"mask has {count} frames, the video has 12" in one_line(raised)
    with pytest.raises(BadInput, match=f"mask has {count} frames, the video has 12"):
        check_file(source, folder)
    assert not (tmp_path / f"out{source.suffix}").exists()


def test_a_guessed_count_is_no_finding_and_keeps_no_copy_away(make, tmp_path):
    source = make("in.mkv", pts=JUMPS, time_base=Fraction(1, 1000))
    assert check_file(source, masks(tmp_path / "masks", 12)).findings == []
    empty = mask_picture(tmp_path / "empty.png", np.zeros((48, 64), bool))
    cp.fill_file(source, empty, tmp_path / "out.mkv", method=Painter())
    assert (tmp_path / "out.mkv").read_bytes() == source.read_bytes()


def test_a_last_frame_may_last(make, tmp_path):
    with av.open(str(tmp_path / "in.mkv"), "w") as container:
        stream = container.add_stream("ffv1")  # no rate: nothing says how long frames last
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.framerate = Fraction(0)
        stream.codec_context.flags |= Flags.frame_duration
        for tick in range(5):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts, frame.time_base = 40 * tick, Fraction(1, 1000)
            frame.duration = 40 if tick < 4 else 5000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_video(tmp_path / "in.mkv") as reader:
        assert len(list(reader)) == 5
        assert reader.problems == []


def test_a_late_clip_that_breaks_off_counts_from_its_start(make, tmp_path):
    ticks = [20000 + 40 * i for i in range(30)]
    source = make(
        "in.mkv", pts=ticks, time_base=Fraction(1, 1000), codec="ffv1", options={"g": "1"}
    )
    whole = source.read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 6 // 10])
    with open_video(tmp_path / "cut.mkv") as reader:
        count = len(list(reader))
    assert 12 <= count <= 20
    assert reader.problems == [
        f"the clip breaks off: frames {count}-29 of about 30 could not be decoded"
    ]


def test_the_input_is_not_the_output(make, tmp_path):
    source = make("in.mp4")
    before = source.read_bytes()
    (tmp_path / "soft.mp4").symlink_to(source)
    os.link(source, tmp_path / "hard.mp4")
    for name in ("in.mp4", "soft.mp4", "hard.mp4"):
        with pytest.raises(BadOutput) as raised:
            copy(source, tmp_path / name)
        assert "is the input itself" in one_line(raised)
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    "target, encoding, said",
    [
        ("out.xyz", None, "no known extension"),
        ("out.mp4", Encoding(codec="nonsense"), "no encoder"),
        ("out.mp4", Encoding(codec="aac"), "not video"),
        ("out.webm", Encoding(codec="h264"), "webm"),
        ("out.mp4", Encoding(preset="sideways"), "no preset sideways. Choose one of: ultrafast"),
        ("out.mkv", Encoding(codec="ffv1", crf=3), "ffv1 has no option crf"),
        ("out.mkv", Encoding(codec="mpeg4", lossless=True), "cannot be lossless"),
        ("out.mp4", Encoding(crf=99), "libx264 takes no crf=99. Give a number from 0 (best) to 51"),
        ("out.mkv", Encoding(crf=1e9), "0 (best) to 51"),
        ("out.mp4", Encoding(crf=-5), "0 (best) to 51"),
        ("out.mp4", Encoding(crf=float("nan")), "0 (best) to 51"),
        ("out.mp4", Encoding(codec="h265", crf=52), "0 (best) to 51"),
        (
            "out.webm",
            Encoding(crf=64),
            "libvpx-vp9 takes no crf=64. Give a number from 0 (best) to 63",
        ),
        ("out.mov", Encoding(codec="av1"), "mov cannot hold libsvtav1. Choose another codec"),
        ("out.mp4", Encoding(codec="av1", crf=-1), "libsvtav1 takes no crf=-1"),
        (
            "out.webm",
            Encoding(preset="fast"),
            "has no preset fast (cpu-used=fast). Give a whole number",
        ),
        ("none/out.mp4", None, "does not exist"),
        ("in.mp4/out.mp4", None, "not a folder"),
    ],
)
def test_wishes_that_cannot_be_met(make, tmp_path, target, encoding, said):
    source = make("in.mp4", count=3)
    with pytest.raises(BadOutput) as raised:
        copy(source, tmp_path / target, encoding)
    assert said in one_line(raised)
    assert [p.name for p in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize("name", ["codec", "preset"])
def test_an_empty_wish_is_none(name):
    with pytest.raises(BadInput) as raised:
        Encoding(**{name: ""})
    assert one_line(raised) == f"{name} is ''. Give a name, or leave it out."


def test_what_no_encoder_takes_is_refused_with_a_way_out(make, tmp_path):
    source = make("in.mkv", size=(49, 63), codec="ffv1", options={"g": "1"}, count=3)
    with pytest.raises(BadOutput) as raised:
        copy(source, tmp_path / "out.mov", Encoding(lossless=True))
    text = one_line(raised)
    assert "libx264 does not take yuv420p of 63x49" in text
    assert "Give .mkv, or another codec" in text
    assert [p.name for p in tmp_path.iterdir()] == ["in.mkv"]


def test_pictures_before_the_start_do_not_go_into_mkv(make, tmp_path):
    source = make("in.mp4", count=3)
    with open_video(source) as reader, open_writer(tmp_path / "out.mkv", reader) as writer:
        first = next(reader)
        with pytest.raises(BadOutput) as raised:
            writer.write(Picture(first.planes, first.layout, pts=-1, time_base=first.time_base))
    assert "before 0, which .mkv cannot hold. Give .mp4." in one_line(raised)


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), ValueError("ours")])
@pytest.mark.parametrize("target", ["out.mp4", "out.mkv", "frames"])
def test_an_interruption_leaves_nothing(make, tmp_path, stop, target):
    source = make("in.mp4", audio=True)
    with pytest.raises(type(stop)):
        copy(source, tmp_path / target, stop=stop)
    assert [p.name for p in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize("target", ["out.mp4", "frames"])
def test_an_older_result_stays_until_the_new_one_is_complete(make, tmp_path, target):
    source = make("in.mp4")
    if target == "out.mp4":
        (tmp_path / target).write_bytes(b"older")
    copy(source, tmp_path / target, finish=False)
    assert not (tmp_path / target).exists() or (tmp_path / target).read_bytes() == b"older"
    copy(source, tmp_path / target)
    assert len(read_video(tmp_path / target).frames) == 10
    assert {p.name for p in tmp_path.iterdir()} == {"in.mp4", target}


@pytest.fixture
def small_disk():
    """No file may grow past 20 kB, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize("target", ["out.mp4", "out.mkv"])
def test_a_full_disk(make, tmp_path, small_disk, target):
    source = make("in.mkv", count=3)
    with pytest.raises(BadOutput) as raised:
        copy_rolled(source, tmp_path / target, count=200)
    assert "larger than the disk allows" in one_line(raised)
    assert [p.name for p in tmp_path.iterdir()] == ["in.mkv"]


def copy_rolled(source, target, count):
    """Write the first picture over and over, moved on each time so that it costs bits."""
    with open_video(source) as reader, open_writer(target, reader) as writer:
        first = next(reader)
        for index in range(count):
            planes = tuple(np.roll(plane, index, 1) for plane in first.planes)
            writer.write(Picture(planes, first.layout, pts=index * 40, time_base=first.time_base))
        writer.finish()


def test_nothing_written_is_no_result(make, tmp_path):
    with (
        pytest.raises(BadOutput) as raised,
        open_video(make("in.mp4")) as reader,
        open_writer(tmp_path / "out.mp4", reader) as writer,
    ):
        writer.finish()
    assert "no frame" in one_line(raised)


def test_arrays_that_are_no_clip(tmp_path):
    with pytest.raises(BadInput) as raised:
        write_video(tmp_path / "out.mp4", np.zeros((3, 48, 64), np.uint8))
    assert "(T, H, W, 3)" in one_line(raised)


def test_pictures_that_an_encoder_comes_to_harm_with(tmp_path):
    """Narrow pictures make x265 write beyond its memory, which ends the process now or later."""
    narrow = np.zeros((3, 32, 48, 3), np.uint8)
    with pytest.raises(BadOutput, match=r"of 48x32 \(at least 64 pixels wide\)"):
        write_video(tmp_path / "out.mp4", narrow, encoding=Encoding(codec="h265"))
    write_video(tmp_path / "out.mp4", np.zeros((3, 32, 64, 3), np.uint8), encoding=Encoding("h265"))

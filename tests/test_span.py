"""Parts of clips: how they are told, what lies in them, and that only they are filled."""

from __future__ import annotations

import shutil
from fractions import Fraction

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.cli import main
from cleanplate.span import Moment, Span, moment_of
from made_clips import av_planes
from made_fills import LOSSLESS, SPEC, Painter


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0", Moment(frame=0)),
        ("250", Moment(frame=250)),
        ("0s", Moment(seconds=Fraction(0))),
        ("12.5s", Moment(seconds=Fraction(25, 2))),
        ("12.5", Moment(seconds=Fraction(25, 2))),
        ("1:05", Moment(seconds=Fraction(65))),
        ("1:02:03.5", Moment(seconds=3723 + Fraction(1, 2))),
    ],
)
def test_moments(text, moment):
    assert moment_of(text) == moment


@pytest.mark.parametrize("text", ["", "s", "-3", "1:", ":5", "1e3", "12,5", "1:2:3:4", "٣", "3.s"])
def test_what_is_no_moment(text):
    with pytest.raises(cp.BadInput, match="is no moment of a clip"):
        moment_of(text)


@pytest.mark.parametrize(
    ("start", "stop", "inside"),
    [
        (None, None, range(10)),
        ("3", None, range(3, 10)),
        (None, "3", range(3)),
        ("2", "2s", range(2, 10)),
        ("0.12s", "0.24s", range(3, 6)),
        ("0.13s", "7", range(4, 7)),
    ],
)
def test_what_lies_in_a_span(start, stop, inside):
    span = Span(*(text and moment_of(text) for text in (start, stop)))
    found = [n for n in range(10) if span.holds(n, Fraction(n, 25))]
    assert found == list(inside)


@pytest.mark.parametrize(("start", "stop"), [("2", "2"), ("5", "3"), ("1:00", "59s")])
def test_a_span_that_ends_before_it_begins(start, stop):
    with pytest.raises(cp.BadInput, match="Give an end after its beginning"):
        Span(moment_of(start), moment_of(stop))


def test_seconds_count_from_the_first_frame(make, tmp_path):
    pts = [1000 + 40 * n for n in range(10)]
    source = make("in.mkv", pts=pts, time_base=Fraction(1, 1000), codec="ffv1", options={})
    told = {"method": Painter(level=200), "span": Span(None, moment_of("0.2s"))}
    assert cp.fill_file(source, SPEC, tmp_path / "out.mkv", **told).filled_frames == 5


def test_what_lies_under_a_mask_beside_the_span_is_not_read(pan, tmp_path):
    """Not by the flow either, which would find the frame before the span the nearest."""
    frames, results = pan(12, (3, 0)), []
    for level in (0, 255):
        marked = frames.copy()
        marked[:4, 50:70, 60:90] = level
        cp.write_video(tmp_path / "in", marked)
        span = Span(moment_of("4"))
        cp.fill_file(tmp_path / "in", "box:60,50,30,20", tmp_path / f"out{level}", span=span)
        results.append(cp.read_video(tmp_path / f"out{level}").frames)
        shutil.rmtree(tmp_path / "in")
    np.testing.assert_array_equal(results[0][4:], results[1][4:])


def test_a_clip_without_times_has_no_seconds():
    assert Span(moment_of("3")).holds(3, None)
    with pytest.raises(cp.BadInput, match="Give frame numbers"):
        Span(moment_of("3s")).holds(3, None)


def test_only_the_span_is_filled(make, tmp_path):
    source = make("in.mkv", count=12, codec="ffv1", options={})
    span = Span(moment_of("3"), moment_of("0.32s"))
    out = tmp_path / "out.mkv"
    told = {"method": Painter(level=200), "span": span, "encoding": LOSSLESS}
    assert cp.fill_file(source, SPEC, out, **told).filled_frames == 5
    for number, (before, after) in enumerate(zip(av_planes(source), av_planes(out), strict=True)):
        same = all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
        assert same is (number not in range(3, 8))


def test_the_command_takes_spans(make, tmp_path, capsys):
    source = str(make("in.mp4", count=12))
    out = str(tmp_path / "out.mp4")
    assert main(["fill", source, SPEC, "-o", out, "--from", "2", "--to", "0.2s"]) == 0
    assert "Filled 3 of 12 frames" in capsys.readouterr().out
    assert main(["fill", source, SPEC, "-o", out, "--from", "soon"]) == 2
    assert "'soon' is no moment of a clip" in capsys.readouterr().err
    assert main(["fill", source, SPEC, "-o", out, "--from", "50"]) == 0
    assert "No frame has a hole" in capsys.readouterr().err

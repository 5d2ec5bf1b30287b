"""What a plan says is what the fill then does."""

from __future__ import annotations

import json

import numpy as np
import pytest

import cleanplate as cp
from cleanplate import stream
from cleanplate.cli import main
from cleanplate.io import write_video
from cleanplate.jobs import plan as planning
from cleanplate.region import Region
from cleanplate.span import Moment, Span
from cleanplate.windows import SHORTEST
from made_fills import SPEC, Painter, dot, everything, mask_picture

LENGTH, CUT, COUNT = 10, 17, 40


@pytest.fixture(autouse=True)
def short_windows(monkeypatch):
    monkeypatch.setattr(stream, "window_length", lambda *_: LENGTH)


class Recorder(Painter):
    """Notes the shapes that it is given."""

    def __init__(self):
        super().__init__()
        self.shapes = []

    def fill(self, frames, holes, **told):
        self.shapes.append(frames.shape[:3])
        return super().fill(frames, holes, **told)


@pytest.fixture
def clip(pan, tmp_path):
    """Two shots; a hole in the middle of the first, and from the 30th frame on."""
    frames = np.concatenate(
        [
            pan(CUT, (4, 0), size=(200, 240)),
            pan(COUNT - CUT, (0, 5), name="astronaut", size=(200, 240)),
        ]
    )
    write_video(tmp_path / "in.mp4", frames)
    for number in range(COUNT):
        hole = np.zeros(frames.shape[1:3], bool)
        if 4 <= number < 8 or number >= 30:
            hole[20:34, 30:50] = True
        mask_picture(tmp_path / "masks" / f"{number:02d}.png", hole)
    return tmp_path / "in.mp4", tmp_path / "masks"


@pytest.mark.parametrize("span", [Span(), Span(Moment(frame=6), Moment(frame=33))])
def test_the_fill_does_what_was_planned(clip, tmp_path, span, monkeypatch):
    monkeypatch.setattr(planning.Sample, "filling_seconds", lambda *_: 0.0)  # it fills as well
    method = Recorder()
    plan = cp.plan_file(*clip, tmp_path / "out.mp4", method=method, span=span)
    assert method.shapes == []
    summary = cp.fill_file(*clip, tmp_path / "out.mp4", method=method, span=span)
    parts = [part for window in plan.windows for part in window.stretches]
    crops = [(p.crop.bottom - p.crop.top, p.crop.right - p.crop.left) for p in parts]
    shapes = [(part.frames, *crop) for part, crop in zip(parts, crops, strict=True)]
    assert shapes == method.shapes
    assert len(shapes) > 2
    assert plan.frames == summary.frames == COUNT
    assert plan.size == summary.size
    assert plan.filled_frames == summary.filled_frames
    assert plan.hole_share == summary.hole_share
    assert len(plan.shots) == summary.shots
    assert CUT in plan.shots
    # A window ends at a cut; the next one of a shot begins with frames of the one before.
    ends = [window.first + window.frames for window in plan.windows]
    assert ends[-1] == COUNT
    for end, after in zip(ends, plan.windows[1:], strict=False):
        assert after.first + after.lead == end
        if span == Span():  # the ends of another one part windows as well
            assert (after.lead == 0) == (after.first in plan.shots)
    assert CUT in ends


def test_a_plan_estimates_what_is_seen(clip, pan, tmp_path):
    plan = cp.plan_file(*clip, tmp_path / "out.mp4")
    summary = cp.fill_file(*clip, tmp_path / "out.mp4")
    assert abs(plan.seen - summary.borrowed) < 0.15
    assert plan.seconds > 0
    still = pan(12, (0, 0), size=(60, 80))
    write_video(tmp_path / "still.mp4", still)
    plan = cp.plan_file(tmp_path / "still.mp4", "box:30,20,20,14", tmp_path / "out.mp4")
    assert plan.seen < 0.1


def test_nothing_is_written(clip, tmp_path):
    before = everything(tmp_path)
    cp.plan_file(*clip, tmp_path / "out.mp4")
    cp.plan_file(*clip, tmp_path / "out")
    assert everything(tmp_path) == before


def test_a_clip_without_a_hole(make, tmp_path):
    empty = mask_picture(tmp_path / "empty.png", np.zeros_like(dot()))
    plan = cp.plan_file(make("in.mp4"), empty, tmp_path / "out.mp4")
    assert plan.seen is None
    assert plan.filled_frames == 0
    assert all(window.stretches == () for window in plan.windows)


def test_what_the_fill_would_refuse_is_refused(make, tmp_path):
    source = make("in.mp4")
    full = mask_picture(tmp_path / "full.png", np.ones_like(dot()))
    for mask, out, said in [
        (full, "out.mp4", "covers the whole picture"),
        (tmp_path / "none.png", "out.mp4", "does not exist"),
        (SPEC, "out.xyz", "no known extension"),
    ]:
        with pytest.raises(cp.CleanplateError, match=said):
            cp.plan_file(source, mask, tmp_path / out)


def test_a_fit_takes_as_long_as_one_allows(make, tmp_path):
    pytest.importorskip("torch")
    plan = cp.plan_file(make("in.mp4"), SPEC, tmp_path / "out.mp4", method="internal")
    assert plan.seconds is None


def test_the_command(clip, tmp_path, capsys):
    video, masks = map(str, clip)
    out = str(tmp_path / "out.mp4")
    assert main(["fill", video, masks, "-o", out, "--plan"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{video}: {COUNT} frames of 240x200 in 2 shots.\n14 of them have")
    assert "\nwindow 1: frames 0-9: " in told
    assert "Memory: at most about" in told
    assert main(["fill", video, masks, "-o", out, "--plan", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["frames"] == COUNT
    crop = plan["windows"][0]["stretches"][0]["crop"]
    assert Region(**crop).top == 0
    assert not (tmp_path / "out.mp4").exists()


def test_a_folder_with_a_dot_in_its_name(make, tmp_path):
    source, out = make("in.mp4"), tmp_path / "frames.v2"
    out.mkdir()
    assert cp.plan_file(source, SPEC, out, method=Painter()).frames == 10
    assert list(out.iterdir()) == []
    cp.fill_file(source, SPEC, out, method=Painter())
    assert len(list(out.iterdir())) == 10


def test_a_memory_sets_the_windows(make, tmp_path, monkeypatch):
    monkeypatch.undo()
    source = make("in.mp4", count=60)
    method, out = Painter(), tmp_path / "out.mp4"
    most = cp.plan_file(source, SPEC, out, method=method)
    assert len(most.windows) == 1
    least = cp.plan_file(source, SPEC, out, method=method, memory="342M")
    assert least.bytes <= 342_000_000
    lengths = {window.frames for window in least.windows}
    assert SHORTEST <= max(lengths) < 30
    method.lengths.clear()
    cp.fill_file(source, SPEC, out, method=method, memory="342M")
    assert max(method.lengths) == max(lengths)
    for call in (cp.fill_file, cp.plan_file):
        with pytest.raises(cp.BadInput, match=r"200M is too little .* filled in \d+M or more"):
            call(source, SPEC, tmp_path / "none.mp4", method=method, memory="200M")
    assert not (tmp_path / "none.mp4").exists()

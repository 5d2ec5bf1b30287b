"""Shots side by side: the bytes of one process, and nothing filled twice."""

from __future__ import annotations

import json

import numpy as np
import pytest

import cleanplate as cp
from cleanplate import asked
from cleanplate.jobs import chains
from cleanplate.jobs.batch import fill_batch
from cleanplate.jobs.chains import fill_side_by_side
from cleanplate.store import Store, folder_of
from cleanplate.stream import Still, cut, fills, keep_share, look
from made_fills import SIZE, SPEC, Painter, boxed, everything

PHOTOGRAPHS = ("coffee", "astronaut", "chelsea")


@pytest.fixture
def shots(pan, tmp_path):
    """A clip of three shots."""
    frames = [pan(7, (2, 1), name=name, size=SIZE) for name in PHOTOGRAPHS]
    cp.write_video(tmp_path / "in.mp4", np.concatenate(frames))
    return tmp_path / "in.mp4"


class Windows:
    """A store in memory, which is given each window once."""

    recipe = b"any"

    def __init__(self):
        self.all = {}

    def find(self, key, *, shared):
        return self.all.get(key)

    def keep(self, key, patches):
        assert key not in self.all
        self.all[key] = patches


@pytest.mark.parametrize(
    ("lengths", "length", "count"),
    [([1], 5, 1), ([6, 1, 9], 5, 2), ([20, 3], 7, 3), ([4, 4, 4, 4], 12, 2)],
)
def test_shares_come_to_all_windows(lengths, length, count):
    """However shots and windows lie, each is filled by one process and found at the end."""
    hole = boxed()
    levels = [60 * number for number, long in enumerate(lengths) for _ in range(long)]
    pictures = [np.full((*SIZE, 3), level, np.uint8) for level in levels]
    line = lambda: look((Still(each), hole, None) for each in pictures)  # noqa: E731
    wanted = [patch.colours for _, patch in fills(line(), Painter(), None, length=length)]
    kept = Windows()
    for number in range(count):
        keep_share(line(), Painter(), kept, length, number=number, count=count)
    assert len(kept.all) == len(list(cut(line(), length)))
    idle = Painter()
    found = [patch.colours for _, patch in fills(line(), idle, None, None, kept, length)]
    assert idle.lengths == []
    np.testing.assert_array_equal(found, wanted)


def test_processes_make_the_same_bytes(shots, tmp_path):
    summary = cp.fill_file(shots, SPEC, tmp_path / "one.mp4")
    assert summary.shots == len(PHOTOGRAPHS)
    both = fill_side_by_side(shots, SPEC, tmp_path / "two.mp4", processes=2)
    assert (tmp_path / "two.mp4").read_bytes() == (tmp_path / "one.mp4").read_bytes()
    assert both.resumed_frames == both.frames == summary.frames  # all was there
    assert set(everything(tmp_path)) == {"in.mp4", "one.mp4", "two.mp4"}


def test_memory_is_shared_and_lengths_agree(shots, tmp_path, monkeypatch):
    """Windows get shorter, and are found all the same."""
    monkeypatch.setattr(chains, "side_by_side", lambda works, _: [work() for work in works])
    told = {"processes": 2, "memory": "1G", "encoding": cp.Encoding(crf=30)}
    summary = fill_side_by_side(shots, SPEC, tmp_path / "out.mp4", **told)
    assert summary.resumed_frames == summary.frames
    with pytest.raises(cp.BadInput, match="a memory of 1M is too little"):
        fill_side_by_side(shots, SPEC, tmp_path / "none.mp4", processes=2, memory="2M")
    assert set(everything(tmp_path)) == {"in.mp4", "out.mp4"}


def test_what_cannot_be_shared_is_filled_by_one(shots, tmp_path, monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(chains, "side_by_side", never)
    fill_side_by_side(shots, SPEC, tmp_path / "a.mp4", processes=2, method=Painter())
    fill_side_by_side(shots, SPEC, tmp_path / "b.mp4", processes=1)
    with pytest.raises(cp.BadInput):
        fill_side_by_side(shots, SPEC, tmp_path / "c.mp4", processes=2, attention=tmp_path / "d")


def test_what_is_refused_is_refused_once_and_leaves_nothing(shots, tmp_path):
    with pytest.raises(cp.BadInput, match="does not exist"):
        fill_side_by_side(shots, "none.png", tmp_path / "out.mp4", processes=2)
    assert set(everything(tmp_path)) == {"in.mp4"}


def test_a_stop_keeps_what_is_finished(shots, tmp_path, monkeypatch):
    def stopped(works, _):
        works[0]()
        raise KeyboardInterrupt

    monkeypatch.setattr(chains, "side_by_side", stopped)
    out = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        fill_side_by_side(shots, SPEC, out, processes=2)
    assert Store(folder_of(out), b"").any()
    assert cp.fill_file(shots, SPEC, out).resumed_frames == 14  # the first and the third shot


def test_a_batch_of_one_clip_shares_its_shots(shots, tmp_path):
    (tmp_path / "clips.jsonl").write_text(json.dumps({"video": "in.mp4", "mask": SPEC}))
    fill_batch(tmp_path / "clips.jsonl", tmp_path / "one")
    (done,) = fill_batch(tmp_path / "clips.jsonl", tmp_path / "two", processes=2)
    assert done.error is None
    assert done.summary["resumed_frames"] == done.summary["frames"]
    one, two = (tmp_path / name / "in.mp4" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_shares_are_kept_under_the_names_that_the_fill_looks_for(shots, tmp_path, monkeypatch):
    """... also where "auto" becomes a GPU, which is only known once a method is loaded."""
    loaded = []
    monkeypatch.setattr(chains, "side_by_side", lambda works, _: [work() for work in works])
    monkeypatch.setattr(asked, "runs_on", lambda method: ("auto", "cpu"))
    monkeypatch.setattr(asked, "settled", lambda told, devices: {**told, "device": bool(loaded)})
    plain = asked.load_method

    def load(*given, **told):
        loaded.append(plain(*given, **told))
        return loaded[-1]

    monkeypatch.setattr(asked, "load_method", load)
    summary = fill_side_by_side(shots, SPEC, tmp_path / "out.mp4", processes=2)
    assert summary.resumed_frames == summary.frames

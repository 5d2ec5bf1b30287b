from __future__ import annotations

from threading import Thread

import numpy as np
import pytest
from desk_line import FOLLOWED, NAMES, SIZE, lost_by, marked, opened

from cleanplate.errors import BadInput
from cleanplate.masks.write import write_folder
from cleanplate.web.layers import Layers
from cleanplate.web.state import state_of
from cleanplate.web.work import Asked


@pytest.fixture
def clip(desk, line, room):
    return opened(desk, line, room)


def test_what_is_being_done_is_not_begun_again(desk, line, room, clip):
    marked(desk, room, clip, 0)
    job = desk.follow(room, clip, "usual")
    with pytest.raises(BadInput, match="done already"):
        desk.follow(room, clip, "usual")
    line.ends(job)
    desk.follow(room, clip, "usual")


def test_a_visitor_waits_for_so_many_jobs(desk, line, room, clip):
    marked(desk, room, clip, 0, 1, 2)
    for kind in ("static", "subtitles"):
        desk.find(room, clip, kind)
    desk.follow(room, clip, "usual")
    with pytest.raises(BadInput, match="3 of your jobs are not done yet"):
        desk.fill(room, clip, Asked())
    assert len(line.jobs) == 4  # with the one that opened it


def test_a_quick_look_takes_the_place_of_the_last_one_and_fills_stay(desk, line, room, clip):
    marked(desk, room, clip, 0, 1, 2)
    for begin in (
        lambda: desk.try_out(room, clip, 0, Asked()),
        lambda: desk.fill(room, clip, Asked()),
    ):
        first = begin()
        first.out.mkdir(exist_ok=True)
        line.ends(first, {})
        second = begin()
        assert second.out != first.out
        assert first.out.exists() == (first.id in room.jobs) == (first.kind == "fill")
        line.ends(second, {})


def test_what_fails_is_called_as_the_visitor_does_and_leaves_nothing(desk, line, room, clip):
    marked(desk, room, clip, 0, 1, 2)
    job = desk.fill(room, clip, Asked())
    (job.out / "half").touch()
    line.ends(job, message=f"{clip.source} broke in {job.out}.")
    assert job.message == f"park.mp4 broke in park.mp4/{job.out.name}."
    assert not job.out.exists()


def test_a_clip_that_cannot_be_opened_is_gone(desk, line, room):
    made = room.add("park.mp4", ".mp4")
    made.source.write_bytes(b"no film")
    job = desk.open(room, made)
    line.ends(job, message=f"{made.source} is not a video.")
    assert job.message == "park.mp4 is not a video."
    assert room.clips == {} and not made.folder.exists()


def test_masks_that_were_followed_go_when_others_come(desk, line, room, clip):
    marked(desk, room, clip, 1)
    outs = []
    for _ in range(2):
        line.ends(desk.follow(room, clip, "usual"), FOLLOWED)
        outs.append(clip.layers.followed)
        outs[-1].mkdir()
        assert clip.told["follow"]["keys"] == sorted(clip.layers.keys.values())
    line.ends(desk.follow(room, clip, "usual"), FOLLOWED)
    assert [out.exists() for out in outs] == [False, False]
    assert clip.layers.followed not in outs


def test_what_is_marked_is_held_or_forgotten(desk, room, clip):
    marked(desk, room, clip, 0, 2)
    with pytest.raises(BadInput, match="nothing is marked in this frame"):
        desk.hold(room, clip, 1)
    desk.hold(room, clip, 2)
    assert clip.layers.held == 2 and clip.layers.everywhere
    desk.forget(room, clip, "2")
    assert clip.layers.held is None and list(clip.layers.keys) == [0]
    desk.forget(room, clip, "object")
    assert clip.layers == Layers(SIZE, NAMES)
    for nothing in ("2", "7", "-1", "", "everything"):
        with pytest.raises(BadInput, match="no such mask"):
            desk.forget(room, clip, nothing)


def test_nothing_is_done_with_a_clip_before_it_is_open(desk, room):
    made = room.add("park.mp4", ".mp4")
    desk.open(room, made)
    for begin in (lambda *who: desk.follow(*who, "usual"), lambda *who: desk.fill(*who, Asked())):
        with pytest.raises(BadInput, match="not open yet"):
            begin(room, made)


def test_what_takes_hours_waits_in_another_line_than_the_usual_way(desk, line, room, clip):
    desk.finder = type(
        "", (), {"tracking": lambda self, way: {"name": "flow"}, "ways": ("usual", "sam2")}
    )()
    marked(desk, room, clip, 0)
    usual = desk.follow(room, clip, "usual")
    line.ends(usual, message="stopped")
    slow = desk.follow(room, clip, "sam2")
    assert (usual.lane, slow.lane) == ("minutes", "hours")


def shaded(desk, line, room, clip, frames=3):
    """Have the shadow of what is marked found."""
    job = desk.find(room, clip, "shadow")
    if frames:
        write_folder(((name, np.ones(SIZE, bool)) for name in NAMES), job.work.args[-1])
    line.ends(job, {"frames": frames})
    return job


def shadow_of(room, line):
    (told,) = state_of(room, line)["clips"]
    return told["shadow"]


def test_a_shadow_is_of_the_object_that_casts_it(desk, line, room, clip):
    marked(desk, room, clip, 0)
    with pytest.raises(BadInput, match="followed first"):
        desk.find(room, clip, "shadow")
    marked(desk, room, clip, 1, 2)
    shaded(desk, line, room, clip)
    assert clip.layers.shadow.is_dir()
    assert shadow_of(room, line) == {"frames": 3, "lost": False}
    marked(desk, room, clip, 1)
    assert clip.layers.shadow is None
    assert shadow_of(room, line) == {"frames": 0, "lost": True}
    shaded(desk, line, room, clip, frames=0)
    assert shadow_of(room, line) == {"frames": 0, "lost": False}
    marked(desk, room, clip, 1)
    assert shadow_of(room, line) is None
    desk.hold(room, clip, 1)
    assert shadow_of(room, line) is None
    assert not [*clip.folder.glob("shadow-*")]  # nor is what was found before left behind


def test_a_shadow_does_not_come_back_with_the_object(desk, line, room, clip):
    marked(desk, room, clip, 1)
    line.ends(desk.follow(room, clip, "usual"), FOLLOWED)
    shaded(desk, line, room, clip)
    marked(desk, room, clip, 2)
    desk.forget(room, clip, "2")
    assert clip.layers.shadow is None
    assert shadow_of(room, line) == {"frames": 0, "lost": True}


def test_a_shadow_that_is_left_in_is_told_no_more(desk, line, room, clip):
    marked(desk, room, clip, 0, 1, 2)
    shaded(desk, line, room, clip)
    desk.forget(room, clip, "shadow")
    assert clip.layers.shadow is None and shadow_of(room, line) is None


@pytest.mark.parametrize(
    "how", ["left in", "the object is gone", "marked anew", "held", "another mask"]
)
def test_a_shadow_that_is_lost_is_removed_once_nothing_reads_it(desk, line, room, clip, how):
    marked(desk, room, clip, 0, 1, 2)
    shaded(desk, line, room, clip)
    shadow, lose = clip.layers.shadow, lost_by(desk, line, room, clip)[how]
    fill = desk.fill(room, clip, Asked())
    lose()
    assert clip.layers.shadow is None and shadow.is_dir()  # the fill may still read it
    line.ends(fill, {})
    assert not shadow.exists()
    desk.forget(room, clip, "object")
    marked(desk, room, clip, 0, 1, 2)
    shaded(desk, line, room, clip)
    shadow = clip.layers.shadow
    lose()
    assert not shadow.exists()


def test_a_shadow_that_is_there_stays_whatever_ends(desk, line, room, clip):
    marked(desk, room, clip, 0, 1, 2)
    shaded(desk, line, room, clip)
    line.ends(desk.examine(room, clip, "auto"), {"findings": [], "shown": 1.0})
    line.ends(desk.find(room, clip, "static"))
    assert clip.layers.shadow.is_dir()


def test_a_shadow_of_what_changed_meanwhile_is_not_taken(desk, line, room, clip):
    marked(desk, room, clip, 0, 1, 2)
    job = desk.find(room, clip, "shadow")
    write_folder(((name, np.ones(SIZE, bool)) for name in NAMES), job.work.args[-1])
    marked(desk, room, clip, 1)
    line.ends(job, {"frames": 3})
    assert clip.layers.shadow is None
    assert shadow_of(room, line) == {"frames": 0, "lost": True}


def test_a_shadow_found_meanwhile_does_not_undo_a_check_nor_a_mending(desk, line, room, clip):
    marked(desk, room, clip, 0, 1, 2)
    check, mend = desk.examine(room, clip, "auto"), desk.mend(room, clip)
    shaded(desk, line, room, clip)
    line.ends(check, {"findings": ["specks"], "shown": 0.5})
    (told,) = state_of(room, line)["clips"]
    checked = {"findings": ["specks"], "shown": None, "growth": "auto"}
    assert told["check"] == checked  # what is shown was of another hole
    done = {"done": ["1 speck removed."]}
    line.ends(mend, done)
    assert done["done"] == ["1 speck removed."] and "mended" in str(clip.layers.keys[0])


def test_a_mending_of_what_changed_meanwhile_says_so(desk, line, room, clip):
    marked(desk, room, clip, 0, 1, 2)
    mend, done = desk.mend(room, clip), {"done": ["1 speck removed."]}
    marked(desk, room, clip, 1)
    line.ends(mend, done)
    assert "changed meanwhile" in done["done"][0]
    assert "mended" not in str(clip.layers.keys[0])


def test_a_mending_that_ends_while_somebody_points_overwrites_nothing(desk, line, room, clip):
    marked(desk, room, clip, 0, 1, 2)
    mend, done = desk.mend(room, clip), {"done": ["1 speck removed."]}
    ending = Thread(target=line.ends, args=(mend, done))
    with clip._lock:  # as long as a mask that was pointed at is being put in its place
        ending.start()
        ending.join(0.3)
        marked(desk, room, clip, 1)
        mine = clip.layers.keys
    ending.join()
    assert clip.layers.keys == mine and "changed meanwhile" in done["done"][0]

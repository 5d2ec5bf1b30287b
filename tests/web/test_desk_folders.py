"""Folders of masks: there as long as anything reads them, and no longer."""

from __future__ import annotations

import shutil
from threading import Thread

import pytest
from desk_line import FOLLOWED, Line, begun_from_mended, desk_in, lost_by, marked, opened

from cleanplate.web.work import Asked


@pytest.fixture
def line():
    return Line()


@pytest.fixture
def desk(tmp_path, line):
    return desk_in(tmp_path, line)


@pytest.fixture
def room(desk):
    return desk.rooms.of(desk.rooms.enter())


@pytest.fixture
def clip(desk, line, room):
    return opened(desk, line, room)


def test_what_was_mended_stays_marked_when_it_is_followed_again(desk, line, room, clip):
    begun_from_mended(desk, line, room, clip)
    line.ends(desk.follow(room, clip, "usual"), FOLLOWED)
    assert clip.layers.keys[1].exists() and "mended" in str(clip.layers.keys[1])


@pytest.mark.parametrize("how", ["held", "the object is gone", "another mask"])
def test_masks_that_are_lost_are_removed_once_nothing_reads_them(desk, line, room, clip, how):
    mended = begun_from_mended(desk, line, room, clip)
    lose = lost_by(desk, line, room, clip)
    fill = desk.fill(room, clip, Asked())
    lose[how]()
    assert mended.is_dir()
    line.ends(fill, {})
    assert mended.is_dir() == (how == "held")  # the mask of that frame is still in there
    lose["another mask"]()
    assert not mended.exists()


def test_the_last_of_jobs_that_end_at_once_leaves_nothing_behind(desk, line, room, clip):
    mended = begun_from_mended(desk, line, room, clip)
    jobs = [desk.fill(room, clip, Asked()), desk.examine(room, clip, "auto")]
    desk.forget(room, clip, "object")
    for job in jobs:
        assert mended.is_dir()
        job.at_end(job, {})  # and neither has said yet that it has ended
    assert not mended.exists()


def test_what_a_fill_has_taken_stays_until_it_is_among_the_jobs(
    desk, line, room, clip, monkeypatch
):
    mended, put = begun_from_mended(desk, line, room, clip), desk._put
    follow = desk.follow(room, clip, "usual")
    ending = Thread(target=line.ends, args=(follow, FOLLOWED))

    def late(*given):
        ending.start()
        ending.join(0.3)
        return put(*given)

    marked(desk, room, clip, 1)  # nothing that is marked lies in there
    monkeypatch.setattr(desk, "_put", late)
    fill = desk.fill(room, clip, Asked())
    ending.join()
    assert clip.layers.followed != mended and mended.is_dir()
    line.ends(fill, {})
    assert not mended.exists()


def test_nobody_waits_while_folders_are_removed(desk, line, room, clip, monkeypatch):
    begun_from_mended(desk, line, room, clip)
    waits, remove = [], shutil.rmtree

    def removing(folder, **how):
        for lock in (room.lock, clip._lock):
            trying = Thread(target=lambda lock=lock: waits.append(not lock.acquire(timeout=0)))
            trying.start()
            trying.join()
        remove(folder, **how)

    monkeypatch.setattr("cleanplate.web.rooms.shutil.rmtree", removing)
    desk.forget(room, clip, "object")
    assert waits == [False, False]

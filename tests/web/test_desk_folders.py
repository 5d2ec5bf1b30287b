"""Folders of masks: there as long as anything reads them, and no longer."""

from __future__ import annotations

import shutil
from threading import Thread

import pytest
from desk_line import FOLLOWED, begun_from_mended, lost_by, marked, opened

from cleanplate.web.work import Asked


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


@pytest.mark.parametrize("kind", ["follow", "shadow", "mend", "check", "try"])
def test_what_a_job_has_taken_stays_until_it_has_ended(desk, line, room, clip, monkeypatch, kind):
    mended, put = begun_from_mended(desk, line, room, clip), desk._put
    begin = {
        "follow": lambda: desk.follow(room, clip, "usual"),
        "shadow": lambda: desk.find(room, clip, "shadow"),
        "mend": lambda: desk.mend(room, clip),
        "check": lambda: desk.examine(room, clip, "auto"),
        "try": lambda: desk.try_out(room, clip, 0, Asked()),
    }[kind]
    losing = Thread(target=desk.forget, args=(room, clip, "object"))

    def late(*given):
        losing.start()
        losing.join(0.3)
        return put(*given)

    monkeypatch.setattr(desk, "_put", late)
    job = begin()
    losing.join()
    assert clip.layers.followed is None and mended.is_dir()
    line.ends(job)
    assert not mended.exists()


@pytest.mark.parametrize("why", ["nothing to mend", "changed meanwhile", "stopped at its end"])
def test_a_mending_that_is_not_taken_leaves_nothing(desk, line, room, clip, why):
    mended = begun_from_mended(desk, line, room, clip)
    job = desk.mend(room, clip)
    desk.fill(room, clip, Asked())  # nothing that may be read is removed while it runs
    folder = job.work.args[-1]
    folder.mkdir()
    (folder / "00000.png").touch()
    if why == "changed meanwhile":
        marked(desk, room, clip, 2)
    ends = {"nothing to mend": {"done": []}, "changed meanwhile": {"done": ["1 hole closed."]}}
    line.ends(job, ends.get(why))
    assert mended.is_dir() and not folder.exists()


@pytest.mark.parametrize("kind", ["static", "subtitles"])
def test_what_was_found_when_it_was_stopped_leaves_nothing(desk, line, room, clip, kind):
    job = desk.find(room, clip, kind)
    out = job.work.args[-1]
    out.touch() if kind == "static" else out.mkdir()
    line.ends(job)
    assert not out.exists()


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

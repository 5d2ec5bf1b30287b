from __future__ import annotations

import os
from pathlib import Path

import pytest

from cleanplate.errors import BadInput
from cleanplate.web.limits import Limits
from cleanplate.web.queue import Job
from cleanplate.web.rooms import NotThere, Rooms


class Line:
    """Stands for the line of jobs: remembers what was stopped."""

    def __init__(self):
        self.stopped = []

    def stop(self, job):
        self.stopped.append(job)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def rooms(tmp_path, clock):
    return Rooms(tmp_path, Line(), Limits(visitors=3, keep_seconds=60), clock)


def enter(rooms):
    return rooms.of(rooms.enter())


def furnish(room):
    """Give a room a clip, whose source is there."""
    clip = room.add("park.mp4", ".mp4")
    clip.source.write_bytes(b"film")
    room.clips[clip.id] = clip
    return clip


def test_a_visitor_is_known_by_a_long_secret_and_by_nothing_else(rooms):
    secrets = {rooms.enter() for _ in range(3)}
    assert len(secrets) == 3
    assert all(len(secret) >= 40 for secret in secrets)
    assert len({rooms.of(secret).folder for secret in secrets}) == 3
    for wrong in (None, "", next(iter(secrets))[:-1], "../"):
        assert rooms.of(wrong) is None


def test_folders_tell_nothing_and_nobody_else_reads_them(rooms):
    secret = rooms.enter()
    folder = rooms.of(secret).folder
    assert secret not in str(folder)
    assert folder.stat().st_mode & 0o077 == 0


def test_what_is_in_one_room_is_not_in_another(rooms):
    one, other = enter(rooms), enter(rooms)
    clip = furnish(one)
    job = Job("open", clip.id, work=None, at_end=None)
    one.jobs[job.id] = job
    assert one.clip(clip.id) is clip and one.job(job.id) is job
    for look in (lambda: other.clip(clip.id), lambda: other.job(job.id), lambda: one.clip("..")):
        with pytest.raises(NotThere):
            look()


def test_names_are_never_paths(rooms):
    room = enter(rooms)
    clip = room.add("../../etc/passwd", ".mp4")
    assert clip.source.parent.parent == room.folder
    assert clip.source.name == "source.mp4"


def test_who_is_gone_for_long_leaves_nothing(rooms, clock):
    gone, here = enter(rooms), rooms.enter()
    furnish(gone)
    clock.now = 50
    rooms.of(here)
    clock.now = 70
    rooms.tidy()
    assert not gone.folder.exists()
    assert rooms.of(here).folder.exists()


def test_who_waits_for_a_job_is_not_gone(rooms, clock):
    room = enter(rooms)
    job = Job("fill", furnish(room).id, work=None, at_end=None)
    room.jobs[job.id] = job
    clock.now = 1000
    rooms.tidy()
    assert room.folder.exists()
    job.state = "done"
    rooms.tidy()
    assert not room.folder.exists()


def test_where_all_rooms_are_taken_an_empty_one_is_given_away(rooms, clock):
    first = enter(rooms)
    furnish(first)
    for clock.now in (1, 2):
        enter(rooms)
    clock.now = 3
    furnish(enter(rooms))
    assert first.folder.exists()  # it holds a clip
    furnish(enter(rooms))
    with pytest.raises(BadInput, match="too many people"):
        rooms.enter()


def test_a_clip_goes_with_its_jobs_and_files(rooms):
    room = enter(rooms)
    kept, gone = furnish(room), furnish(room)
    jobs = [Job("try", clip.id, work=None, at_end=None) for clip in (kept, gone)]
    room.jobs.update({job.id: job for job in jobs})
    rooms.remove_clip(room, gone)
    assert list(room.clips.values()) == [kept]
    assert list(room.jobs.values()) == [jobs[0]]
    assert rooms._queue.stopped == [jobs[1]]
    assert not gone.folder.exists() and kept.source.exists()


def test_what_a_room_holds_is_counted(rooms):
    room = enter(rooms)
    before = room.bytes()
    furnish(room)
    assert room.bytes() >= before + 4


def test_a_folder_that_vanishes_while_it_is_counted_is_no_error(rooms, monkeypatch):
    room = enter(rooms)
    (room.folder / "live").mkdir()
    (room.folder / "kept").write_bytes(b"four")
    look = os.scandir

    def late(path):
        if Path(path).name == "live":
            Path(path).rmdir()
        return look(path)

    monkeypatch.setattr("os.scandir", late)
    assert room.bytes() == 4
    assert not (room.folder / "live").exists()

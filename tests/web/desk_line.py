"""The desk of a page, a room with a clip that lies there, and no line behind it."""

from __future__ import annotations

import numpy as np

from cleanplate.masks.write import write_folder
from cleanplate.web.desk import Desk
from cleanplate.web.finder import Finder
from cleanplate.web.limits import Limits
from cleanplate.web.rooms import Rooms
from cleanplate.web.work import Facts

SIZE, NAMES = (8, 12), ("00000", "00001", "00002")
FOLLOWED = {"confidence": [1.0] * 3, "unsure": [], "empty": [], "cuts": []}


class Line:
    """Stands for the line of jobs: a test says what comes of each."""

    def __init__(self):
        self.jobs = []

    def put(self, job):
        self.jobs.append(job)

    def stop(self, job):
        job.stop.set()

    def place(self, job):
        return self.jobs.index(job)

    def ends(self, job, result=None, message=""):
        job.message = message
        job.at_end(job, result)
        job.state = "done" if result is not None else "failed"


def desk_in(folder, line):
    limits = Limits(jobs=3, clips=2)
    return Desk(Rooms(folder, line, limits), line, limits, None, Finder())


def opened(desk, line, room):
    made = room.add("park.mp4", ".mp4")
    made.source.write_bytes(b"film")
    desk.open(room, made)
    line.ends(line.jobs[-1], Facts(3, SIZE, SIZE, 25.0, NAMES, ()))
    return made


def marked(desk, room, clip, *frames):
    for frame in frames:
        desk.mark(room, clip, frame, np.ones(SIZE, bool))


def begun_from_mended(desk, line, room, clip):
    """Have an object followed from a frame, and mended; return the folder of its masks."""
    marked(desk, room, clip, 1)
    line.ends(desk.follow(room, clip, "usual"), FOLLOWED)
    job = desk.mend(room, clip)
    folder = job.work.args[-1]
    write_folder(((name, np.ones(SIZE, bool)) for name in NAMES), folder)
    line.ends(job, {"done": ["1 speck removed."]})
    assert clip.layers.followed == folder
    return folder


def lost_by(desk, line, room, clip):
    """Ways to lose a shadow, by name."""
    taken = lambda: line.ends(  # noqa: E731
        desk.take_mask(room, clip, 0, clip.folder / "sent"), {"still": False}
    )
    return {
        "left in": lambda: desk.forget(room, clip, "shadow"),
        "the object is gone": lambda: desk.forget(room, clip, "object"),
        "marked anew": lambda: marked(desk, room, clip, 1),
        "held": lambda: desk.hold(room, clip, 1),
        "another mask": taken,
    }

"""Visitors, and what each of them has here: a room of their own, which nobody else can enter."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import Any

from cleanplate.errors import BadInput, CleanplateError
from cleanplate.web.layers import Layers
from cleanplate.web.limits import Limits
from cleanplate.web.queue import ENDED, Job, Queue
from cleanplate.web.work import Facts

_LOSABLE = ("followed", "given", "mended", "shadow")  # folders of masks, by what their names begin
GONE = "this is not there (any more). Load the page again."


class NotThere(CleanplateError):
    """There is no such thing in this visitor's room."""


@dataclass(eq=False)
class Clip:
    """A clip of a visitor.

    name: what the visitor calls it, to be shown and never to be used as a path. source: where it
    lies. folder: of all that is made of it. facts, layers: once it is opened. version: changes
    with its masks. told: by what was done, its latest findings.
    """

    id: str
    name: str
    source: Path
    folder: Path
    facts: Facts | None = None
    layers: Layers | None = None
    version: int = 0
    told: dict[str, Any] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def opened(self) -> tuple[Facts, Layers]:
        """Return what it is and its masks; raises BadInput before it is opened."""
        if self.facts is None or self.layers is None:
            raise BadInput("this clip is not open yet. Wait a moment.")
        return self.facts, self.layers

    def change(self, how: Callable[[Layers], Layers]) -> None:
        """Have other masks made of those that there are; raises BadInput before it is opened."""
        with self._lock:
            self.layers, self.version = how(self.opened()[1]), self.version + 1

    def change_still(self, of: Layers, how: Callable[[Layers], Layers]) -> Layers | None:
        """Have other masks made if the object is still as it was; return them, None if it is not.

        of: what it was. Whoever points at it meanwhile waits, so that nothing is overwritten.
        """
        with self._lock:
            if self.opened()[1].thing != of.thing:
                return None
            self.change(how)
            return self.layers

    def lost(self) -> list[Path]:
        """Return folders of masks that are among its masks no more: nothing brings them back."""
        with self._lock:
            kept = self.layers.folders if self.layers else set()
            made = [folder for kind in _LOSABLE for folder in self.folder.glob(f"{kind}-*")]
            return [folder for folder in made if folder not in kept]


@dataclass(eq=False)
class Room:
    """What a visitor has: clips and jobs by id, in a folder. used: when the visitor was here.

    lock: held while a job is begun, from when it takes a clip's masks until it is among the jobs.
    """

    folder: Path
    clips: dict[str, Clip] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    used: float = 0.0
    lock: RLock = field(default_factory=RLock)

    def clip(self, name: str) -> Clip:
        """Return the clip of an id; raises NotThere."""
        if name not in self.clips:
            raise NotThere(GONE)
        return self.clips[name]

    def job(self, name: str) -> Job:
        """Return the job of an id; raises NotThere."""
        if name not in self.jobs:
            raise NotThere(GONE)
        return self.jobs[name]

    def busy(self) -> list[Job]:
        """Return the jobs that are waiting or running."""
        return [job for job in list(self.jobs.values()) if job.state not in ENDED]

    def tidy(self, clip: Clip, *, after: Job | None = None) -> None:
        """Remove masks of a clip that it has lost, once nothing is done that may read them.

        after: a job that reads nothing any more, though it has not ended yet.
        """
        with self.lock:
            if after is not None:
                after.reads = False
            read = any(job.clip == clip.id and job.reads for job in self.busy())
            lost = [] if read else clip.lost()
        for folder in lost:
            shutil.rmtree(folder, ignore_errors=True)

    def bytes(self) -> int:
        """Return how much lies in it."""
        held = 0
        for folder, _, names in os.walk(self.folder):  # goes on where one was just removed
            for name in names:
                with suppress(FileNotFoundError):
                    held += Path(folder, name).lstat().st_size
        return held

    def add(self, name: str, suffix: str) -> Clip:
        """Make the place of a new clip; its source is to be written there."""
        identity = secrets.token_hex(8)
        folder = self.folder / identity
        folder.mkdir(parents=True)
        return Clip(identity, name, folder / f"source{suffix}", folder)


class Rooms:
    """All visitors; known by a secret that only their browser has."""

    def __init__(
        self,
        root: Path,
        queue: Queue,
        limits: Limits,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._root, self._queue, self._limits, self._clock = root, queue, limits, clock
        self.keep_seconds = limits.keep_seconds
        self._rooms: dict[str, Room] = {}
        self._lock = RLock()

    def of(self, secret: str | None) -> Room | None:
        """Return the room of a visitor who is known."""
        with self._lock:
            room = self._rooms.get(secret or "")
            if room is not None:
                room.used = self._clock()
            return room

    def enter(self) -> str:
        """Give a new visitor a room; return the secret that it is known by. Raises BadInput."""
        self.tidy()
        with self._lock:
            if len(self._rooms) >= self._limits.visitors:
                self._leave_unused()
            if len(self._rooms) >= self._limits.visitors:
                raise BadInput("too many people are using this page. Come back later.")
            secret = secrets.token_urlsafe(32)
            folder = self._root / secrets.token_hex(16)
            folder.mkdir(mode=0o700)
            self._rooms[secret] = Room(folder, used=self._clock())
            return secret

    def tidy(self) -> None:
        """Remove what belongs to visitors who have been gone for long."""
        with self._lock:
            since = self._clock() - self.keep_seconds
            for secret, room in list(self._rooms.items()):
                if room.used < since and not room.busy():
                    self._remove(secret)

    def remove_clip(self, room: Room, clip: Clip) -> None:
        """Remove a clip with all that was made of it."""
        with room.lock:
            jobs = [job for job in room.jobs.values() if job.clip == clip.id]
        for job in jobs:
            self._queue.stop(job)
            room.jobs.pop(job.id, None)
        self.remove_files(room, clip)

    def remove_files(self, room: Room, clip: Clip) -> None:
        """Remove a clip, but not what is told of its jobs."""
        room.clips.pop(clip.id, None)
        shutil.rmtree(clip.folder, ignore_errors=True)

    def _leave_unused(self) -> None:
        """Forget the visitor without a clip who has been gone longest."""
        empty = [(room.used, secret) for secret, room in self._rooms.items() if not room.clips]
        if empty:
            self._remove(min(empty)[1])

    def _remove(self, secret: str) -> None:
        shutil.rmtree(self._rooms.pop(secret).folder, ignore_errors=True)

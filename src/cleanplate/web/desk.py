"""What a visitor can have done, in a room of their own; of the web it knows nothing."""

from __future__ import annotations

import secrets
import shutil
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleanplate.errors import BadInput
from cleanplate.io.encode import CONTAINERS
from cleanplate.masks.generous import Grow
from cleanplate.masks.select import Box, Point
from cleanplate.masks.ways import FURTHEST, near
from cleanplate.masks.write import write_mask
from cleanplate.video import Holes
from cleanplate.web import doctor, work
from cleanplate.web.finder import SAM2, USUAL, Finder
from cleanplate.web.layers import FOUND, Layers
from cleanplate.web.limits import Limits
from cleanplate.web.made import clearing, discard, new
from cleanplate.web.pictures import name_of, read_jpeg
from cleanplate.web.point import point
from cleanplate.web.queue import Job, Queue
from cleanplate.web.rooms import Clip, Room, Rooms

_CHANGED = "The mask was changed meanwhile, and nothing was mended: check it again."
_AT_ONCE = 2  # objects that are cut out of pictures at a time


class Desk:
    """Takes what visitors ask for: at once, or as a job in the line. Refuses with BadInput."""

    def __init__(
        self, rooms: Rooms, queue: Queue, limits: Limits, memory: str | None, finder: Finder
    ) -> None:
        self.rooms, self.queue, self.limits, self.finder = rooms, queue, limits, finder
        self._memory = memory
        self._cutting = BoundedSemaphore(_AT_ONCE)

    def space(self, room: Room, coming: int = 0) -> int:
        """Return how many bytes a new clip may have, of which so many are coming.

        Raises BadInput for more clips than a visitor may have, and for more than fits.
        """
        if len(room.clips) >= self.limits.clips:
            raise BadInput(f"you have {len(room.clips)} clips here. Remove one first.")
        return self.left(room, coming)

    def left(self, room: Room, coming: int = 0) -> int:
        """Return how many bytes a file may have, of which so many come. Raises BadInput."""
        left = min(shutil.disk_usage(room.folder).free, self.limits.room - room.bytes())
        if left <= coming:
            raise BadInput("there is no space left for it. Remove a clip first.")
        return min(left, self.limits.upload)

    def open(self, room: Room, clip: Clip) -> Job:
        """Take a clip whose source is there, and have it opened."""

        def opened(job: Job, facts: work.Facts | None) -> None:
            if facts is None:
                self.rooms.remove_files(room, clip)
            else:
                clip.facts, clip.layers = facts, Layers(facts.size, facts.names)

        doing = partial(work.open_clip, clip.source, clip.folder / "frames", self.limits)
        room.clips[clip.id] = clip
        try:
            return self._put(room, clip, Job("open", clip.id, doing, opened))
        except BadInput:
            self.rooms.remove_clip(room, clip)
            raise

    def frame(self, clip: Clip, frame: int) -> Path:
        """Return the small picture of a frame."""
        return clip.folder / "frames" / name_of(frame)

    def point(
        self,
        room: Room,
        clip: Clip,
        frame: int,
        *,
        box: Box | None,
        inside: list[Point],
        outside: list[Point],
        fresh: bool,
        way: str,
    ) -> None:
        """Mark the object in a frame by a box or clicks; fresh: whatever was marked there."""
        facts, layers = clip.opened()
        check_frame(frame, facts)
        picture = read_jpeg(self.frame(clip, frame))
        before = np.zeros(facts.seen, np.bool_) if fresh else layers.object_at(frame, facts.seen)
        clicks = {"inside": inside, "outside": outside}
        selector, alone = self.finder.selector(way), box is None and before.any()
        with self._cutting:
            others = [] if alone or way == SAM2 else self._near(clip, frame)
            found = point(picture, before, box=box, **clicks, others=others, selector=selector)
        self.mark(room, clip, frame, found)

    def _near(self, clip: Clip, frame: int) -> list[NDArray[np.uint8]]:
        """Return frames near one, as `select` takes them."""
        numbers = range(
            max(0, frame - FURTHEST), min(clip.opened()[0].frames, frame + FURTHEST + 1)
        )
        stretch = [read_jpeg(self.frame(clip, number)) for number in numbers]
        return near(stretch, frame - numbers.start)

    def mark(self, room: Room, clip: Clip, frame: int, hole: Holes) -> None:
        """Take a mask (h, w) as the object in a frame."""
        facts, _ = clip.opened()
        check_frame(frame, facts)
        folder = clip.folder / "keys"
        folder.mkdir(exist_ok=True)
        path = folder / f"{frame:05d}-{secrets.token_hex(4)}.png"
        write_mask(hole, path)
        clip.change(lambda now: now.with_object(keys={**now.keys, frame: path}))
        room.tidy(clip)

    def forget(self, room: Room, clip: Clip, what: str) -> None:
        """Take away a mask: of a frame by its number, "object", or what was found."""
        if what in FOUND:
            clip.told.pop(what, None)
            clip.change(lambda now: now.with_found(what, None))
        elif what == "object":
            nothing = {"followed": None, "given": None, "trust": (), "held": None}
            clip.change(lambda now: now.with_object(keys={}, **nothing))
        elif what.isascii() and what.isdigit() and len(what) < 10:
            clip.change(lambda now: now.without_key(int(what)))
        else:
            raise BadInput("there is no such mask.")
        room.tidy(clip)

    def hold(self, room: Room, clip: Clip, frame: int) -> None:
        """Use the mask of a frame in every frame, instead of following the object."""
        if frame not in clip.opened()[1].keys:
            raise BadInput("nothing is marked in this frame. Mark what is to go first.")
        still = {"held": frame, "followed": None, "given": None, "trust": ()}
        clip.change(lambda now: now.with_object(**still))
        room.tidy(clip)

    def follow(self, room: Room, clip: Clip, way: str) -> Job:
        """Have the object followed through the clip, from all frames in which it is marked."""
        with room.lock:
            _, layers = clip.opened()
            if not layers.keys:
                raise BadInput("nothing is marked yet. Draw a box around what is to go.")
            out, live = new(clip, "followed"), clip.folder / "live"

            def followed(job: Job, found: dict[str, Any] | None) -> None:
                shutil.rmtree(live, ignore_errors=True)
                if found is None:
                    discard(out)
                    return
                clip.told["follow"] = {**found, "keys": sorted(layers.keys.values())}
                trust = tuple(found["confidence"])
                course = {"followed": out, "given": None, "trust": trust, "held": None}
                clip.change(lambda now: now.with_object(**course))

            given = self.finder.tracking(way)
            doing = partial(work.follow, clip.source, layers, live, out, tracking=given)
            job = Job("follow", clip.id, doing, followed, long=way != USUAL)
            return self._put(room, clip, job)

    def find(self, room: Room, clip: Clip, kind: str) -> Job:
        """Have found what stands still, lines of text, or the object's shadow: one of FOUND."""
        with room.lock:
            facts, layers = clip.opened()
            if kind == "shadow" and not layers.casts:
                raise BadInput(
                    "a shadow is told by how its object moves. Have the object followed first."
                )
            out = new(clip, kind, ".png" if kind == "static" else "")
            how = {
                "static": partial(work.find_static, clip.source, out),
                "subtitles": partial(work.find_subtitles, clip.source, out),
                "shadow": partial(work.find_shadow, clip.folder / "frames", facts, layers, out),
            }

            def done(job: Job, found: dict[str, Any] | None) -> None:
                if found is None:
                    discard(out)
                    return
                if kind == "shadow":
                    if out.exists():
                        clip.change_still(layers, lambda now: now.with_found(kind, out))
                    clip.told[kind] = {**found, "of": layers.thing}
                    return
                clip.told[kind] = found
                if out.exists():
                    clip.change(lambda now: now.with_found(kind, out))

            return self._put(room, clip, Job(kind, clip.id, how[kind], done))

    def take_mask(self, room: Room, clip: Clip, frame: int, given: Path) -> Job:
        """Have a mask read that a visitor sent: of one frame, or a video of masks of all."""
        facts, _ = clip.opened()
        out = new(clip, "given")

        def taken(job: Job, found: dict[str, Any] | None) -> None:
            given.unlink(missing_ok=True)
            job.message = job.message.replace(f"mask {given.name}", "the file")
            if found is None:
                discard(out)
            elif found["still"]:
                path = out / doctor.STILL
                clip.change(lambda now: now.with_object(keys={**now.keys, frame: path}))
            else:
                clip.change(lambda now: now.with_given(out))

        doing = partial(doctor.take_mask, given, facts, out)
        return self._put(room, clip, Job("mask", clip.id, doing, taken))

    def examine(self, room: Room, clip: Clip, growth: Grow) -> Job:
        """Have the mask looked at: what seems wrong is told, and what is seen beneath it, grown."""
        with room.lock:
            facts, layers = _masked(clip)

            def told(job: Job, found: dict[str, Any] | None) -> None:
                if found is not None:
                    clip.told["check"] = {**found, "of": layers, "growth": growth}

            doing = partial(doctor.examine, clip.folder / "frames", facts, layers, growth)
            return self._put(room, clip, Job("check", clip.id, doing, told))

    def mend(self, room: Room, clip: Clip) -> Job:
        """Have the object's mask mended where that is safe."""
        with room.lock:
            _, layers = _masked(clip)
            out = new(clip, "mended")

            def done(job: Job, found: dict[str, Any] | None) -> None:
                if found is None or not found["done"]:
                    discard(out)
                    return
                now = clip.change_still(layers, lambda now: now.mended(out, doctor.STILL))
                if now is None:
                    found["done"] = [_CHANGED]
                    discard(out)
                elif "follow" in clip.told:  # what was followed is what was marked, mended
                    clip.told["follow"]["keys"] = sorted(now.keys.values())

            return self._put(
                room, clip, Job("mend", clip.id, partial(doctor.mended, layers, out), done)
            )

    def try_out(self, room: Room, clip: Clip, frame: int, asked: work.Asked) -> Job:
        """Have a few frames around one filled, small."""
        out, shown = new(clip, "try"), clip.folder / "frames"
        with room.lock:
            facts, layers = _masked(clip)
            check_frame(frame, facts)
            doing = partial(work.try_out, shown, facts, layers, frame, asked, out)
            return self._put(room, clip, Job("try", clip.id, doing, clearing(out), out))

    def fill(self, room: Room, clip: Clip, asked: work.Asked) -> Job:
        """Have the clip filled."""
        _masked(clip)  # refused now, if it is to be
        self.check_room(room)
        out = new(clip, "fill")
        known = clip.source.suffix.lower() in CONTAINERS
        suffix = ".mkv" if asked.lossless else clip.source.suffix.lower() if known else ".mp4"
        with room.lock:
            facts, layers = _masked(clip)
            given = (clip.source, facts, layers, asked, out, suffix)
            doing = partial(work.fill_clip, *given, memory=self._memory)
            if asked.method == work.UNBLEND:
                layers.still_at(facts.seen, asked.growth)  # refused now, if it is to be
                doing = partial(work.see_through, *given)
            out.mkdir()
            return self._put(room, clip, Job("fill", clip.id, doing, clearing(out), out))

    def check_room(self, room: Room) -> None:
        """Refuse to make more where a visitor's space is used up."""
        if room.bytes() > self.limits.room:
            raise BadInput("there is no space left for the result. Remove a clip first.")

    def _put(self, room: Room, clip: Clip, job: Job) -> Job:
        at_end = job.at_end

        def ended(job: Job, result: Any) -> None:
            for path in (clip.source, clip.folder):  # what fails is called as the visitor does
                job.message = job.message.replace(str(path), clip.name)
            try:
                at_end(job, result)
            finally:
                room.tidy(clip, after=job)
            if clip.id not in room.clips:  # it was removed while this was still writing
                shutil.rmtree(clip.folder, ignore_errors=True)

        job.at_end = ended
        with room.lock:
            busy = room.busy()
            if len(busy) >= self.limits.jobs:
                raise BadInput(f"{len(busy)} of your jobs are not done yet. Wait, or stop one.")
            if any(other.kind == job.kind and other.clip == job.clip for other in busy):
                raise BadInput("this is being done already. Wait, or stop it first.")
            _drop_earlier(room, job)
            room.jobs[job.id] = job
        self.queue.put(job)
        return job


def _drop_earlier(room: Room, job: Job) -> None:
    """Forget what an earlier job of the same kind came to; results of fills stay."""
    if job.kind == "fill":
        return
    for other in [*room.jobs.values()]:
        if other.kind == job.kind and other.clip == job.clip:
            del room.jobs[other.id]
            if other.out is not None:
                shutil.rmtree(other.out, ignore_errors=True)


def _masked(clip: Clip) -> tuple[work.Facts, Layers]:
    """Return what a clip is and its masks, where these are enough for a fill."""
    facts, layers = clip.opened()
    if not layers.everywhere:
        raise BadInput("the mask is of single frames alone. Have the object followed first.")
    return facts, layers


def check_frame(frame: int, facts: work.Facts) -> None:
    """Refuse a frame that a clip does not have."""
    if not 0 <= frame < facts.frames:
        raise BadInput(f"there is no frame {frame}. Give one from 0 to {facts.frames - 1}.")

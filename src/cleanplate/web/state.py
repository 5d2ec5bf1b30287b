"""What a page shows of a visitor's room, as JSON."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cleanplate.web.layers import Layers
from cleanplate.web.queue import Job, Queue
from cleanplate.web.rooms import Clip, Room

SHOWN = ("try", "fill")  # jobs whose pictures are looked at


def state_of(room: Room, queue: Queue) -> dict[str, Any]:
    """Return clips and jobs in the order in which they came."""
    return {
        "clips": [_clip(clip) for clip in list(room.clips.values())],
        "jobs": [_job(job, queue) for job in list(room.jobs.values())],
    }


def _clip(clip: Clip) -> dict[str, Any]:
    facts, layers = clip.facts, clip.layers
    told: dict[str, Any] = {"id": clip.id, "name": clip.name, "version": clip.version}
    if facts is None or layers is None:
        return {**told, "open": False}
    follow = dict(clip.told.get("follow", {}))
    keys = follow.pop("keys", [])
    return {
        **told,
        "open": True,
        "frames": facts.frames,
        "size": facts.size,
        "seen": facts.seen,
        "rate": facts.rate,
        "problems": facts.problems,
        "keys": sorted(layers.keys),
        "followed": follow if layers.followed else None,
        "changed": bool(layers.followed) and keys != sorted(layers.keys.values()),
        "held": layers.held,
        "given": layers.given is not None,
        "check": _checked(clip),
        "static": clip.told.get("static") if layers.static else None,
        "subtitles": clip.told.get("subtitles") if layers.subtitles else None,
        "shadow": _shadow(clip, layers),
        "casts": layers.casts,
        "everywhere": layers.everywhere,
    }


def _shadow(clip: Clip, layers: Layers) -> dict[str, Any] | None:
    """Return in how many frames the object's shadow is known; None where it was not looked for.

    lost: that it was another object's.
    """
    found = clip.told.get("shadow")
    if found is None:
        return None
    if layers.shadow is not None:
        return {"frames": found["frames"], "lost": False}
    if found["frames"]:
        return {"frames": 0, "lost": True} if layers.casts else None
    return {"frames": 0, "lost": False} if found["of"] == layers.thing else None


def _checked(clip: Clip) -> dict[str, Any] | None:
    """Return what was found wrong with the mask, if it has not changed since but for a shadow.

    growth: the one for which it is told what other frames show.
    """
    found = clip.told.get("check")
    now = clip.opened()[1]
    if found is None or replace(found["of"], shadow=None) != replace(now, shadow=None):
        return None
    shown = found["shown"] if found["of"] == now else None
    return {"findings": found["findings"], "shown": shown, "growth": found["growth"]}


def _job(job: Job, queue: Queue) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": job.id,
        "kind": job.kind,
        "clip": job.clip,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "at": job.at,
        "seconds": round(job.seconds, 1),
        "seconds_left": job.seconds_left,
        "message": job.message,
        "result": job.result if job.kind != "open" else None,
    }
    if job.state == "waiting":
        told["place"] = queue.place(job)
    if job.kind == "fill" and job.out is not None and job.state == "done":
        told["files"] = [part for part in ("video", "masks", "plate") if file_of(job.out, part)]
    return told


def file_of(out: Path, part: str) -> Path | None:
    """Return where a result lies, by its name on the page; None where there is none."""
    patterns = {"video": "clean.*", "masks": "masks.zip", "plate": "plate.mov"}
    return next(iter(out.glob(patterns[part])), None) if part in patterns else None

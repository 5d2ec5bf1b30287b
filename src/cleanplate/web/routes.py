"""What the page asks the server for, by address."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from cleanplate.errors import CleanplateError
from cleanplate.video import Holes
from cleanplate.web.ask import (
    asked_of,
    box_of,
    frame_of,
    growth_of,
    margin_of,
    points_of,
    way_of,
)
from cleanplate.web.assets import TYPES, asset
from cleanplate.web.desk import Desk, check_frame
from cleanplate.web.layers import FOUND
from cleanplate.web.pictures import mask_png, name_of
from cleanplate.web.point import painted
from cleanplate.web.queue import Job
from cleanplate.web.receive import (
    announced,
    receive_asked,
    receive_bytes,
    receive_file,
    too_large,
)
from cleanplate.web.rooms import Clip, NotThere, Room
from cleanplate.web.shelf import FILES, Shelf
from cleanplate.web.state import SHOWN, file_of, state_of

_LASTING = {"Cache-Control": "private, max-age=86400, immutable"}  # what never changes
_LONGEST_NAME = 120


def room_of(request: Request) -> Room:
    """Return the room of whoever asks."""
    room: Room = request.state.room
    return room


def clip_of(request: Request) -> Clip:
    """Return the clip that is asked for; raises NotThere."""
    return room_of(request).clip(request.path_params["clip"])


class Routes:
    """Every address of the server, and what answers it."""

    def __init__(self, desk: Desk, shelf: Shelf | None) -> None:
        self._desk, self._shelf = desk, shelf

    def all(self) -> list[Route]:
        """Return the table of addresses."""
        clip, frame = "/api/clips/{clip}", "{frame:int}"
        return [
            Route("/assets/{name}", self.asset),
            Route("/api/state", self.state),
            Route("/api/clips", self.upload, methods=["POST"]),
            Route("/api/shelf", self.shelf),
            Route("/api/shelf", self.take, methods=["POST"]),
            Route(clip, self.remove, methods=["DELETE"]),
            Route(f"{clip}/frames/{frame}", self.frame),
            Route(f"{clip}/masks/{frame}/{{part}}", self.mask),
            Route(f"{clip}/point/{frame}", self.point, methods=["POST"]),
            Route(f"{clip}/paint/{frame}", self.paint, methods=["PUT"]),
            Route(f"{clip}/mask/{frame}", self.own_mask, methods=["POST"]),
            Route(f"{clip}/forget/{{what}}", self.forget, methods=["POST"]),
            Route(f"{clip}/hold/{frame}", self.hold, methods=["POST"]),
            Route(f"{clip}/jobs/{{kind}}", self.start, methods=["POST"]),
            Route("/api/jobs/{job}/stop", self.stop, methods=["POST"]),
            Route(f"/api/jobs/{{job}}/{{layer}}/{frame}", self.shown),
            Route("/api/jobs/{job}/{part}", self.download),
        ]

    async def asset(self, request: Request) -> Response:
        """Give a file of the page."""
        name = request.path_params["name"]
        if name not in TYPES:
            raise NotThere("there is no such file.")
        return Response(asset(name), media_type=TYPES[name])

    async def state(self, request: Request) -> Response:
        """Tell what there is, and what is being done."""
        limits = self._desk.limits
        told = state_of(room_of(request), self._desk.queue)
        told["limits"] = {"upload": limits.upload, "frames": limits.frames}
        told["ways"] = self._desk.finder.ways
        return JSONResponse(told)

    async def shelf(self, request: Request) -> Response:
        """Name the clips that the operator has laid out."""
        names = await run_in_threadpool(self._shelf.names) if self._shelf else []
        return JSONResponse({"names": names})

    async def upload(self, request: Request) -> Response:
        """Take a clip that a visitor sends."""
        room, limit = room_of(request), self._desk.limits.upload
        if announced(request) > limit:
            raise too_large(limit)
        most = await run_in_threadpool(self._desk.space, room, announced(request))
        name = _shown_name(request.query_params.get("name", ""))
        suffix = Path(name).suffix.lower()
        clip = room.add(name, suffix if suffix in FILES else ".video")
        try:
            await receive_file(request, clip.source, most)
        except BaseException as error:
            shutil.rmtree(clip.folder, ignore_errors=True)
            if isinstance(error, ClientDisconnect):
                return Response(status_code=400)
            raise
        return await self._begun(room, clip)

    async def take(self, request: Request) -> Response:
        """Open a clip that the operator has laid out."""
        name = (await receive_asked(request)).get("name")
        if self._shelf is None or not isinstance(name, str):
            raise NotThere("there is no folder of clips here.")
        room = room_of(request)
        path = await run_in_threadpool(self._shelf.path, name)
        await run_in_threadpool(self._desk.space, room)
        clip = room.add(_shown_name(name), "")
        clip.source = path
        return await self._begun(room, clip)

    async def _begun(self, room: Room, clip: Clip) -> Response:
        job = await run_in_threadpool(self._desk.open, room, clip)
        return JSONResponse({"clip": clip.id, "job": job.id})

    async def remove(self, request: Request) -> Response:
        """Remove a clip with all that was made of it."""
        clip = clip_of(request)
        await run_in_threadpool(self._desk.rooms.remove_clip, room_of(request), clip)
        return JSONResponse({})

    async def frame(self, request: Request) -> Response:
        """Give the small picture of a frame."""
        path = self._desk.frame(clip_of(request), request.path_params["frame"])
        return await _picture(path, "image/jpeg")

    async def mask(self, request: Request) -> Response:
        """Give a mask of a frame: of the object, as it is being followed, of the rest, of all."""
        clip, frame = clip_of(request), request.path_params["frame"]
        part = request.path_params["part"]
        if part == "live":
            return await _coming(clip.folder / "live" / name_of(frame, ".png"), "image/png")
        facts, layers = clip.opened()
        masks: dict[str, Callable[[int, tuple[int, int]], Holes]] = {
            "object": layers.object_at,
            "rest": layers.rest_at,
            "hole": partial(layers.hole_at, growth=growth_of(request.query_params.get("growth"))),
        }
        if part not in masks or frame >= facts.frames:
            raise NotThere("there is no such mask.")
        try:
            data = await run_in_threadpool(lambda: mask_png(masks[part](frame, facts.seen)))
        except CleanplateError:
            if clip.layers is layers:
                raise
            return Response(status_code=204)  # it was lost meanwhile: the page asks for the next
        return Response(data, media_type="image/png", headers=_LASTING)

    async def point(self, request: Request) -> Response:
        """Mark the object by a box or clicks."""
        clip, frame = clip_of(request), request.path_params["frame"]
        asked = await receive_asked(request)
        await run_in_threadpool(
            self._desk.point,
            room_of(request),
            clip,
            frame,
            box=box_of(asked.get("box")),
            inside=points_of(asked.get("inside", [])),
            outside=points_of(asked.get("outside", [])),
            fresh=asked.get("fresh") is True,
            way=way_of(asked),
        )
        return JSONResponse({"version": clip.version})

    async def paint(self, request: Request) -> Response:
        """Take a mask that was painted."""
        clip, frame = clip_of(request), request.path_params["frame"]
        facts, _ = clip.opened()
        bits = await receive_bytes(request, facts.seen[0] * facts.seen[1] // 8 + 1)
        hole = painted(bits, facts.seen)
        await run_in_threadpool(self._desk.mark, room_of(request), clip, frame, hole)
        return JSONResponse({"version": clip.version})

    async def own_mask(self, request: Request) -> Response:
        """Take a mask that a visitor sends: a picture, for one frame, or a video."""
        clip, frame = clip_of(request), request.path_params["frame"]
        check_frame(frame, clip.opened()[0])
        limit, coming = self._desk.limits.upload, announced(request)
        if coming > limit:
            raise too_large(limit)
        most = await run_in_threadpool(self._desk.left, room_of(request), coming)
        given = clip.folder / f"sent-{token_hex(4)}"
        try:
            await receive_file(request, given, most)
            taken = (room_of(request), clip, frame, given)
            job = await run_in_threadpool(self._desk.take_mask, *taken)
        except BaseException as error:
            given.unlink(missing_ok=True)
            if isinstance(error, ClientDisconnect):
                return Response(status_code=400)
            raise
        return JSONResponse({"job": job.id})

    async def forget(self, request: Request) -> Response:
        """Take a mask away."""
        clip, what = clip_of(request), request.path_params["what"]
        await run_in_threadpool(self._desk.forget, room_of(request), clip, what)
        return JSONResponse({"version": clip.version})

    async def hold(self, request: Request) -> Response:
        """Use the mask of a frame in every frame."""
        clip, frame = clip_of(request), request.path_params["frame"]
        await run_in_threadpool(self._desk.hold, room_of(request), clip, frame)
        return JSONResponse({"version": clip.version})

    async def start(self, request: Request) -> Response:
        """Begin a job."""
        clip, room, desk = clip_of(request), room_of(request), self._desk
        kind = request.path_params["kind"]
        asked = await receive_asked(request)
        begin: Callable[[Room, Clip], Job]
        if kind == "follow":
            begin = partial(desk.follow, way=way_of(asked))
        elif kind in FOUND:
            begin = partial(desk.find, kind=kind)
        elif kind == "check":
            begin = partial(desk.examine, growth=margin_of(asked))
        elif kind == "mend":
            begin = desk.mend
        elif kind == "try":
            frame = frame_of(asked.get("frame"))
            begin = partial(desk.try_out, frame=frame, asked=asked_of(asked))
        elif kind == "fill":
            begin = partial(desk.fill, asked=asked_of(asked))
        else:
            raise NotThere("there is no such work.")
        job = await run_in_threadpool(begin, room, clip)
        return JSONResponse({"job": job.id})

    async def stop(self, request: Request) -> Response:
        """End a job."""
        job = room_of(request).job(request.path_params["job"])
        await run_in_threadpool(self._desk.queue.stop, job)
        return JSONResponse({})

    async def shown(self, request: Request) -> Response:
        """Give a frame as it was filled, or where its pixels came from."""
        job = room_of(request).job(request.path_params["job"])
        frame, layer = request.path_params["frame"], request.path_params["layer"]
        if job.kind not in SHOWN or job.out is None or layer not in ("after", "origin"):
            raise NotThere("there is nothing to be seen.")
        folder = job.out if job.kind == "try" else job.out / layer
        suffix, kind = (".png", "image/png") if layer == "origin" else (".jpg", "image/jpeg")
        give = _coming if job.state == "running" else _picture
        return await give(folder / name_of(frame, suffix), kind)

    async def download(self, request: Request) -> Response:
        """Give a result as a file: video, masks or plate."""
        room = room_of(request)
        job = room.job(request.path_params["job"])
        whole = job.kind == "fill" and job.state == "done" and job.out is not None
        path = file_of(job.out, request.path_params["part"]) if whole and job.out else None
        if path is None:
            raise NotThere("there is no such result.")
        stem = Path(room.clip(job.clip).name).stem or "clip"
        said = quote(f"{stem}-{path.name}", safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{said}"}
        return FileResponse(path, media_type="application/octet-stream", headers=headers)


def refused(request: Request, refusal: Exception) -> Response:
    """Say a refusal in one sentence."""
    status = 404 if isinstance(refusal, NotThere) else 400
    return JSONResponse({"message": str(refusal)}, status)


REFUSALS: dict[Any, Any] = {CleanplateError: refused}


async def _picture(path: Path, kind: str) -> Response:
    """Give a small picture; raises NotThere."""
    data = await run_in_threadpool(_read, path)
    if data is None:
        raise NotThere("this picture is not there (yet).")
    return Response(data, media_type=kind, headers=_LASTING)


async def _coming(path: Path, kind: str) -> Response:
    """Give a picture that is about to be there, or say that there is none: no error of anybody."""
    data = await run_in_threadpool(_read, path)
    return Response(status_code=204) if data is None else Response(data, media_type=kind)


def _read(path: Path) -> bytes | None:
    """Read a file that may be taken away at any time; None where there is none."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def _shown_name(given: str) -> str:
    """Return what a visitor calls a clip, as one short line that is shown and nothing else."""
    line = "".join(sign for sign in given if sign.isprintable()).strip()
    return Path(line.replace("\\", "/")).name.lstrip(".")[-_LONGEST_NAME:] or "clip"

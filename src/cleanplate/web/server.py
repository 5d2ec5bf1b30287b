"""The server: rooms, the line of jobs, addresses and the guard, put together and run."""

from __future__ import annotations

import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from cleanplate.errors import BadInput
from cleanplate.io.locks import temporary_folder
from cleanplate.web.desk import Desk
from cleanplate.web.finder import Finder
from cleanplate.web.guard import LOOPBACK, Guard
from cleanplate.web.limits import Limits
from cleanplate.web.queue import Queue
from cleanplate.web.rooms import Rooms
from cleanplate.web.routes import REFUSALS, Routes
from cleanplate.web.shelf import Shelf
from cleanplate.web.worker import Worker

_TIDY_SECONDS = 600  # how often visitors who are gone are looked for
_LEAST_TOKEN = 12  # characters


@dataclass(frozen=True)
class Settings:
    """How the page is served.

    host, port: where; port 0 takes one that is free. token: what everybody needs to know, made up
    if None where others than this machine can come. folder: of clips that are offered to all.
    memory: what a fill may take, such as "2G". sam2: the folder of its weights, for those who want
    objects cut out and followed by it.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    token: str | None = None
    folder: Path | None = None
    memory: str | None = None
    sam2: Path | None = None
    limits: Limits = Limits()  # noqa: RUF009 - frozen


def serve(settings: Settings, *, ready: Callable[[str], None]) -> None:
    """Serve the page until the process is asked to end; nothing is left behind then.

    ready: is told the address. Raises BadInput.
    """
    with listening(settings) as (server, address):
        ready(address)
        server.run()


@contextmanager
def listening(
    settings: Settings, *, hire: Callable[[Path], Worker] = Worker
) -> Iterator[tuple[Serving, str]]:
    """Give a server that is bound and can be run, and its address.

    hire: starts a process that waits for work, and may use a folder. Raises BadInput.
    """
    local = settings.host in LOOPBACK
    token = checked_token(settings.token, local=local)
    finder = Finder(settings.sam2)
    shelf = None if settings.folder is None else Shelf(settings.folder)
    with _bound(settings.host, settings.port) as door, temporary_folder(".web") as root:
        port = door.getsockname()[1]
        queue = Queue(partial(hire, root))
        try:
            rooms = Rooms(root, queue, settings.limits)
            desk = Desk(rooms, queue, settings.limits, settings.memory, finder)
            guard = Middleware(
                Guard, rooms=rooms, port=port, token=token, hosts=LOOPBACK if local else None
            )
            app = Starlette(
                routes=Routes(desk, shelf).all(),
                middleware=[guard],
                exception_handlers=REFUSALS,
                lifespan=_tidied(rooms),
            )
            app.router.redirect_slashes = False  # an address is ours, or it is none
            yield Serving(app, door), _address(settings.host, port, token)
        finally:
            queue.close()


class Serving:
    """A server on a socket that is open already."""

    def __init__(self, app: Starlette, door: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            ws="none",
        )
        self._server, self._door = uvicorn.Server(config), door

    def run(self) -> None:
        """Answer until the process is asked to end."""
        self._server.run(sockets=[self._door])

    def end(self) -> None:
        """Have it end soon, from another thread."""
        self._server.should_exit = True


def checked_token(given: str | None, *, local: bool) -> str | None:
    """Return the token that is needed, if any is; raises BadInput for one easily guessed."""
    if given is None:
        return None if local else secrets.token_urlsafe(24)
    if len(given) < _LEAST_TOKEN:
        raise BadInput(f"the token is short. Give at least {_LEAST_TOKEN} characters, or none.")
    return given


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """Open the socket; raises BadInput where it cannot be."""
    try:
        kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        door = socket.socket(kind, socket.SOCK_STREAM)
    except OSError as error:
        raise BadInput(f"{host} is no address of this machine ({error.strerror}).") from None
    with door:
        with suppress(OSError):
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(address)
            door.listen()
        except OSError as error:
            raise BadInput(
                f"{host}, port {port} cannot be used ({error.strerror}). Give another --port."
            ) from None
        yield door


def _address(host: str, port: int, token: str | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/" + (f"?token={token}" if token else "")


def _tidied(rooms: Rooms) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """Return what looks for visitors who are gone while the server runs."""

    async def look() -> None:
        while True:
            await anyio.sleep(_TIDY_SECONDS)
            await anyio.to_thread.run_sync(rooms.tidy)

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(look)
            yield
            tasks.cancel_scope.cancel()

    return life

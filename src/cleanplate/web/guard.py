"""Who may ask the server for anything, and what every answer tells the browser to keep to."""

from __future__ import annotations

import asyncio
import hmac
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cleanplate.errors import BadInput
from cleanplate.web.assets import asset
from cleanplate.web.rooms import Rooms

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OURS = "x-cleanplate"  # a header that pages of others cannot send without being asked about it
_WRONG_SECONDS = 0.5  # that a wrong token waits for its answer
_LONGEST = 4096  # bytes of what the door is sent

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """Lets in who knows the token, if there is one, and tells visitors apart by a cookie.

    port: of the server, so that two on one machine do not share cookies. hosts: names that the
    server is asked under, None for any: a foreign page cannot reach it under a name of its own.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        rooms: Rooms,
        port: int,
        token: str | None = None,
        hosts: tuple[str, ...] | None = None,
    ) -> None:
        self._app, self._rooms, self._token, self._hosts = app, rooms, token, hosts
        self._key, self._visitor = f"cleanplate-key-{port}", f"cleanplate-visitor-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on with the visitor's room."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        request = Request(scope, receive)
        answer = await self._refusal(request)
        if answer is None and request.url.path == "/":
            answer = self._welcome(request)
        elif answer is None:
            room = self._rooms.of(request.cookies.get(self._visitor))
            if room is None and request.url.path.startswith("/api/"):
                answer = _said("this page does not know you (any more). Load it again.", 401)
            scope.setdefault("state", {})["room"] = room
        await (answer or self._app)(scope, receive, sent)

    async def _refusal(self, request: Request) -> Response | None:
        """Return why a request is not answered, or what leads to where it is."""
        if self._hosts is not None and request.url.hostname not in self._hosts:
            return _said("this page is to be asked for as 127.0.0.1 or localhost.", 403)
        if request.url.path == "/enter":
            return await self._enter(request)
        if not self._knows(request.cookies.get(self._key)):
            given = request.query_params.get("token")
            if request.url.path == "/" and given is not None:
                return await self._checked(given)
            if request.url.path.startswith("/api/"):
                return _said("the token is missing. Load the page again.", 403)
            if not request.url.path.startswith("/assets/"):
                return HTMLResponse(asset("door.html"), 403)
        if request.method not in ("GET", "HEAD") and OURS not in request.headers:
            return _said("this was not asked for by the page itself.", 403)
        return None

    def _knows(self, given: str | None) -> bool:
        if self._token is None:
            return True
        return hmac.compare_digest((given or "").encode(), self._token.encode())

    async def _enter(self, request: Request) -> Response:
        """Take the token from the form at the door."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST:
                return _said("that is no token.", 403)
        given = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0]
        return await self._checked(given.strip())

    async def _checked(self, given: str) -> Response:
        if not self._knows(given):
            await asyncio.sleep(_WRONG_SECONDS)
            return HTMLResponse(asset("door.html"), 403)
        answer = RedirectResponse("/", 303)
        if self._token is not None:
            _keep(answer, self._key, self._token, None)
        return answer

    def _welcome(self, request: Request) -> Response:
        """Give the page, and to who is new a room."""
        secret = request.cookies.get(self._visitor, "")
        try:
            secret = secret if self._rooms.of(secret) else self._rooms.enter()
        except BadInput as full:
            return PlainTextResponse(str(full), 503)
        answer = HTMLResponse(asset("page.html"))
        _keep(answer, self._visitor, secret, round(self._rooms.keep_seconds))
        return answer


def _keep(answer: Response, name: str, value: str, seconds: int | None) -> None:
    """Have the browser keep a secret that no script and no other page can read.

    seconds: for how long; None: until it is closed.
    """
    answer.set_cookie(name, value, max_age=seconds, path="/", httponly=True, samesite="strict")


def _said(sentence: str, status: int) -> Response:
    return JSONResponse({"message": sentence}, status)

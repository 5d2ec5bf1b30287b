"""Someone who asks a server of ``cleanplate web`` for things, and notes how long answers take."""

from __future__ import annotations

import json
import time
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

_EVERY = 0.5  # seconds between two looks at how far a job is
_LONGEST = 900  # seconds that a job may wait and take
_PATIENCE = 120  # seconds for an answer
_ENDED = ("done", "failed", "stopped")


class Failed(Exception):
    """The server did not give what a visitor needs."""


class Caller:
    """A visitor with a cookie of its own. took: kinds of requests, and seconds to their answers."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
        self.took: list[tuple[str, float]] = []

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Return the status and what is answered."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        headers = {"X-Cleanplate": "1", "Content-Type": "application/octet-stream"}
        request = Request(self._address + path, data, headers, method=method)
        try:
            with self._opener.open(request, timeout=_PATIENCE) as answer:
                return answer.status, answer.read()
        except HTTPError as refusal:
            return refusal.code, refusal.read()

    def told(self, kind: str, method: str, path: str, body: Any = None) -> bytes:
        """Return what is answered, and note how long it took; raises Failed for a refusal."""
        began = time.perf_counter()
        status, data = self.ask(method, path, body)
        self.took.append((kind, time.perf_counter() - began))
        if status != 200:
            raise Failed(f"{method} {path}: {status} {data[:200]!r}")
        return data

    def json(self, kind: str, method: str, path: str, body: Any = None) -> Any:
        """Return what JSON says; raises Failed."""
        return json.loads(self.told(kind, method, path, body))

    def state(self) -> Any:
        """Return what there is, and what is being done."""
        return self.json("state", "GET", "/api/state")

    def wait(self, job: str) -> None:
        """Wait until a job is done; raises Failed where it does not come to that."""
        until = time.monotonic() + _LONGEST
        while time.monotonic() < until:
            (found,) = [one for one in self.state()["jobs"] if one["id"] == job]
            if found["state"] == "done":
                return
            if found["state"] in _ENDED:
                raise Failed(f"{found['kind']} {found['state']}: {found['message']}")
            time.sleep(_EVERY)
        raise Failed(f"a job was not done after {_LONGEST} seconds")

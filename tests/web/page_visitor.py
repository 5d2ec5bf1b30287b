"""Someone who asks a server of the page for things, without a browser and without its manners."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote, urlsplit

from cleanplate.web.worker import Stopped


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        return json.loads(self.body)


class Visitor:
    """Keeps cookies; gives paths to the server as they are."""

    def __init__(self, address: str, *, enters: bool = True) -> None:
        self.address = urlsplit(address)
        self.cookies: dict[str, str] = {}
        if enters:
            assert self.ask("GET", "/").status == 200

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"X-Cleanplate": "1", "Cookie": cookies}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        if isinstance(body, dict):
            body = json.dumps(body)
        line = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=20)
        try:
            line.request(method, path, body, sent)
            came = line.getresponse()
            data, found = came.read(), {name.lower(): value for name, value in came.getheaders()}
        finally:
            line.close()
        for morsel in SimpleCookie(found.get("set-cookie", "")).values():
            self.cookies[morsel.key] = morsel.value
        return Answer(came.status, found, data)

    def state(self) -> Any:
        return self.ask("GET", "/api/state").told

    def send(self, name: str, data: Any) -> Answer:
        return self.ask("POST", f"/api/clips?name={quote(name, safe='')}", data)

    def wait(self, seconds: float = 40) -> Any:
        """Wait until nothing is being done; return what there is then."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            told = self.state()
            if all(job["state"] not in ("waiting", "running") for job in told["jobs"]):
                return told
            time.sleep(0.1)
        raise AssertionError(f"still busy after {seconds} s: {told['jobs']}")

    def open(self, name: str, data: bytes) -> Any:
        """Send a clip, and return it once it is open."""
        sent = self.send(name, data)
        assert sent.status == 200, sent.told
        return next(c for c in self.wait()["clips"] if c["id"] == sent.told["clip"])


class Here:
    """Does work in the server's own process, for tests of what is around it."""

    def __init__(self, root: Any = None) -> None:
        self.ended = False

    def run(self, work: Any, tell: Any, stop: Any) -> Any:
        def told(*far: Any) -> None:
            if stop.is_set():
                raise Stopped
            tell(*far)

        return work(told)

    def lives(self) -> bool:
        return True

    def end(self) -> None:
        self.ended = True

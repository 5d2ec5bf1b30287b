"""What a visitor waits for keeps nobody else waiting."""

from __future__ import annotations

import asyncio

import pytest
from page_visitor import Visitor

from cleanplate.errors import BadInput
from cleanplate.web.desk import Desk
from cleanplate.web.queue import Queue

BEGUN = {
    "follow": Desk.follow,
    "static": Desk.find,
    "subtitles": Desk.find,
    "shadow": Desk.find,
    "check": Desk.examine,
    "mend": Desk.mend,
    "try": Desk.try_out,
    "fill": Desk.fill,
}


@pytest.fixture
def places(monkeypatch):
    """Refuse what is asked of a class; places(owner, name) returns where it was, one by one."""

    def watch(owner, name):
        seen = []

        def refuse(*_given, **_how):
            try:
                asyncio.get_running_loop()
                seen.append("where all visitors are served")
            except RuntimeError:
                seen.append("beside")
            raise BadInput("it is not done here.")

        monkeypatch.setattr(owner, name, refuse)
        return seen

    return watch


def test_jobs_are_begun_beside_the_place_where_all_are_served(serve, clip, places):
    visitor = Visitor(serve())
    address = f"/api/clips/{visitor.open('park.mp4', clip)['id']}"
    for kind, begun in BEGUN.items():
        seen = places(Desk, begun.__name__)
        body = {"frame": 0} if kind == "try" else {}
        assert visitor.ask("POST", f"{address}/jobs/{kind}", body).status == 400
        assert seen == ["beside"], kind
    seen = places(Desk, "take_mask")
    assert visitor.ask("POST", f"{address}/mask/0", b"white").status == 400
    assert seen == ["beside"]
    seen = places(Desk, "open")
    assert visitor.send("lake.mp4", clip).status == 400
    assert seen == ["beside"]


def test_a_job_is_stopped_beside_the_place_where_all_are_served(serve, clip, places):
    visitor = Visitor(serve())
    visitor.open("park.mp4", clip)
    (job,) = visitor.state()["jobs"]
    seen = places(Queue, "stop")
    assert visitor.ask("POST", f"/api/jobs/{job['id']}/stop").status == 400
    assert seen == ["beside"]

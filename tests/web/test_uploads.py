from __future__ import annotations

import http.client
import time

import cv2
import numpy as np
import pytest
from page_visitor import Visitor

from cleanplate.web.limits import Limits

PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile {}\n"


def temporary_files(tmp_path):
    return [p for p in (tmp_path / "temporary").rglob("*") if p.is_file()]


def chunks(size):
    """A body whose length is not announced."""
    for _ in range(size // 1000):
        yield b"x" * 1000


def test_a_clip_is_opened(serve, clip):
    visitor = Visitor(serve())
    opened = visitor.open("scene.mp4", clip)
    assert opened["name"] == "scene.mp4"
    assert opened["frames"] == 12 and opened["size"] == opened["seen"] == [96, 128]
    picture = visitor.ask("GET", f"/api/clips/{opened['id']}/frames/11")
    assert picture.headers["content-type"] == "image/jpeg"
    shown = cv2.imdecode(np.frombuffer(picture.body, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (96, 128, 3)
    assert visitor.ask("GET", f"/api/clips/{opened['id']}/frames/12").status == 404


@pytest.mark.parametrize("announced", [True, False])
def test_what_is_too_large_is_refused_and_leaves_nothing(serve, tmp_path, announced):
    visitor = Visitor(serve(limits=Limits(upload=50_000)))
    body = b"x" * 60_000 if announced else chunks(60_000)
    try:
        answer = visitor.send("large.mp4", body)
        assert answer.status == 400
        assert "the most that is taken here" in answer.told["message"]
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server does not wait for the rest
    assert visitor.state()["clips"] == []
    assert temporary_files(tmp_path) == []


def test_an_empty_file_is_refused(serve, tmp_path):
    visitor = Visitor(serve())
    assert "empty" in visitor.send("nothing.mp4", b"").told["message"]
    assert temporary_files(tmp_path) == []


def test_who_hangs_up_half_way_leaves_nothing(serve, tmp_path, clip):
    visitor = Visitor(serve())
    line = http.client.HTTPConnection(visitor.address.hostname, visitor.address.port)
    line.putrequest("POST", "/api/clips?name=x.mp4")
    for name, value in visitor.cookies.items():
        line.putheader("Cookie", f"{name}={value}")
    line.putheader("X-Cleanplate", "1")
    line.putheader("Content-Length", str(len(clip)))
    line.endheaders()
    line.send(clip[: len(clip) // 2])
    assert becomes(lambda: len(temporary_files(tmp_path)) == 1)
    line.close()
    assert becomes(lambda: temporary_files(tmp_path) == [])


def becomes(true, *, seconds=30):
    """Wait until something is true; say whether it has become so."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


@pytest.mark.parametrize("kind", ["text", "playlist", "concat", "page", "picture of a film"])
def test_what_is_mislabelled_opens_nothing_and_tells_no_path(serve, tmp_path, kind, clip):
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(clip)
    data = {
        "text": b"dear diary",
        "playlist": PLAYLIST.format(secret).encode(),
        "concat": CONCAT.format(secret).encode(),
        "page": b"<html><script>alert(1)</script></html>",
        "picture of a film": clip[:600],
    }[kind]
    visitor = Visitor(serve())
    assert visitor.send("film.mp4", data).status == 200
    told = visitor.wait()
    (job,) = told["jobs"]
    assert job["state"] == "failed"
    assert job["message"].startswith("film.mp4 ")
    assert str(tmp_path) not in str(told)
    assert told["clips"] == []
    assert [path for path in temporary_files(tmp_path) if path != secret] == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<img src=x onerror=alert(1)>.mp4", "<img src=x onerror=alert(1)>.mp4"),
        ("../../../etc/passwd", "passwd"),
        ("C:\\films\\park.mp4", "park.mp4"),
        ("a\r\nSet-Cookie: x=1\0.mp4", "aSet-Cookie: x=1.mp4"),
        ("", "clip"),
        ("..", "clip"),
        ("парк.mp4", "парк.mp4"),
        ("x" * 500 + ".mp4", "x" * 116 + ".mp4"),
    ],
)
def test_a_name_is_shown_and_never_a_path(serve, tmp_path, clip, name, shown):
    visitor = Visitor(serve())
    opened = visitor.open(name, clip)
    assert opened["name"] == shown
    stems = {path.stem for path in temporary_files(tmp_path)}
    assert stems == {"source", *(f"{n:05d}" for n in range(12))}


@pytest.mark.parametrize(
    ("limits", "said"),
    [(Limits(frames=11), "more than 11 frames"), (Limits(pixels=96 * 128 - 1), "more pixels")],
)
def test_what_is_too_long_or_too_fine_is_refused(serve, clip, limits, said):
    visitor = Visitor(serve(limits=limits))
    visitor.send("scene.mp4", clip)
    (job,) = visitor.wait()["jobs"]
    assert job["state"] == "failed" and said in job["message"]


def test_a_visitor_has_so_many_clips_and_so_much_space(serve, clip):
    visitor = Visitor(serve(limits=Limits(clips=2, room=10 * len(clip))))
    first = visitor.open("one.mp4", clip)
    visitor.open("two.mp4", clip)
    assert "Remove one first" in visitor.send("three.mp4", clip).told["message"]
    assert visitor.ask("DELETE", f"/api/clips/{first['id']}").status == 200
    assert "no space left" in visitor.send("large.mp4", clip * 20).told["message"]
    assert visitor.send("three.mp4", clip).status == 200


def test_a_clip_of_the_operators_is_taken_by_name_and_stays_where_it_is(serve, clip, tmp_path):
    (tmp_path / "laid").mkdir()
    (tmp_path / "laid" / "park.mp4").write_bytes(clip)
    visitor = Visitor(serve(folder=tmp_path / "laid"))
    assert visitor.ask("GET", "/api/shelf").told == {"names": ["park.mp4"]}
    for name in ("../secret.mp4", "", None, 7, ["park.mp4"], "/etc/passwd"):
        assert visitor.ask("POST", "/api/shelf", {"name": name}).status in (400, 404)
    assert visitor.ask("POST", "/api/shelf", {"name": "park.mp4"}).status == 200
    (opened,) = visitor.wait()["clips"]
    assert opened["open"]
    visitor.ask("DELETE", f"/api/clips/{opened['id']}")
    assert (tmp_path / "laid" / "park.mp4").read_bytes() == clip

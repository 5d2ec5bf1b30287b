from __future__ import annotations

import numpy as np
import pytest
from page_visitor import Visitor

import cleanplate as cp

SIZE = (120, 160)


@pytest.fixture(scope="module")
def faint(pan, tmp_path_factory):
    """30 frames of a camera that moves under a half-transparent logo: (bytes, truth, hole)."""
    truth = pan(30, (3.3, 1.7))
    hole = np.zeros(SIZE, bool)
    hole[12:36, 100:140] = True
    frames = truth.copy()
    frames[:, hole] = np.rint(0.5 * truth[:, hole] + 0.5 * np.array([250, 240, 230]))
    path = tmp_path_factory.mktemp("faint") / "faint.mkv"
    cp.write_video(path, frames, encoding=cp.Encoding(lossless=True))
    return path.read_bytes(), truth, hole


def begin(visitor, base, kind, **asked):
    return visitor.ask("POST", f"{base}/jobs/{kind}", asked)


def ended(visitor, kind):
    (job,) = (job for job in visitor.wait(60)["jobs"] if job["kind"] == kind)
    assert job["state"] == "done", job["message"]
    return job


@pytest.mark.timeout(180)
def test_a_faint_logo_is_found_and_seen_through(serve, faint, tmp_path):
    data, truth, hole = faint
    visitor = Visitor(serve())
    base = f"/api/clips/{visitor.open('faint.mkv', data)['id']}"
    assert begin(visitor, base, "static").status == 200
    assert ended(visitor, "static")["result"]["patches"] == 1
    (told,) = visitor.state()["clips"]
    assert told["everywhere"] and told["static"]["patches"] == 1 and not told["keys"]
    assert begin(visitor, base, "try", frame=4, method="unblend").status == 200
    assert ended(visitor, "try")["result"] == {"first": 0, "frames": 24}
    asked = {"method": "unblend", "lossless": True}
    refused = begin(visitor, base, "fill", **asked, plate=True)
    assert "no plate" in refused.told["message"]
    assert begin(visitor, base, "fill", **asked).status == 200
    job = ended(visitor, "fill")
    assert job["result"]["restored"] > 0.9 and job["files"] == ["video", "masks"]
    assert visitor.ask("GET", f"/api/jobs/{job['id']}/after/29").status == 200
    (tmp_path / "clean.mkv").write_bytes(visitor.ask("GET", f"/api/jobs/{job['id']}/video").body)
    off = cp.read_video(tmp_path / "clean.mkv").frames[:, hole].astype(float) - truth[:, hole]
    assert 10 * np.log10(255**2 / np.mean(off**2)) > 35


def test_what_is_seen_through_never_moves(serve, faint):
    visitor = Visitor(serve())
    clip = visitor.open("faint.mkv", faint[0])
    base = f"/api/clips/{clip['id']}"
    visitor.ask("POST", f"{base}/point/0", {"box": [100, 12, 40, 24]})
    visitor.ask("POST", f"{base}/hold/0", {})
    visitor.ask("POST", f"{base}/point/3", {"box": [100, 12, 40, 24]})
    answer = begin(visitor, base, "fill", method="unblend")
    assert "must never move" in answer.told["message"]


def test_where_there_is_nothing_nothing_is_found(serve, clip):
    visitor = Visitor(serve())
    base = f"/api/clips/{visitor.open('scene.mp4', clip)['id']}"
    assert begin(visitor, base, "subtitles").status == 200
    assert ended(visitor, "subtitles")["result"]["lines"] == 0
    (told,) = visitor.state()["clips"]
    assert told["subtitles"] is None and not told["everywhere"]

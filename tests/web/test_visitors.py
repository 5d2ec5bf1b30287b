from __future__ import annotations

import io
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from page_visitor import Visitor

import cleanplate as cp
from cleanplate.errors import BadInput
from cleanplate.web.layers import Layers

SIZE, COUNT, SHIFT = (32, 48), 3, 6
PAST = ("..", "%2e%2e", "..%2f..", "....//", "%00", "source.mp4", "frames", "00000.jpg")


def film(number, folder):
    """A clip of one visitor: stripes of a colour of its own that move, a square in front."""
    colour = np.array([40 + 9 * number, 230 - 9 * number, (37 * number) % 200 + 30])
    rng = np.random.default_rng(number)
    wall = np.repeat(rng.uniform(0.6, 1, SIZE[1] + COUNT * SHIFT), 3).reshape(1, -1, 3) * colour
    truth = np.stack([np.tile(wall[:, SHIFT * t : SHIFT * t + SIZE[1]], (SIZE[0], 1, 1))
                      for t in range(COUNT)])  # fmt: skip
    frames = np.rint(truth).astype(np.uint8)
    frames[:, 10:22, 20:26] = 255 - colour.astype(np.uint8)
    path = folder / f"{number}.mkv"
    cp.write_video(path, frames, encoding=cp.Encoding(lossless=True))
    hole = np.zeros(SIZE, bool)
    hole[10:22, 20:26] = True
    return path.read_bytes(), frames, truth, hole


def removes(visitor, number, data, hole):
    """Open a clip, paint, hold, fill; return its id, the job's, and the result's bytes."""
    clip = visitor.open(f"clip {number}.mkv", data)["id"]
    base = f"/api/clips/{clip}"
    assert visitor.ask("PUT", f"{base}/paint/2", np.packbits(hole).tobytes()).status == 200
    assert visitor.ask("POST", f"{base}/hold/2", {}).status == 200
    asked = {"growth": 0, "lossless": True, "tune": "fidelity"}
    begun = visitor.ask("POST", f"{base}/jobs/fill", asked)
    assert begun.status == 200, begun.told
    job = next(j for j in visitor.wait(100)["jobs"] if j["id"] == begun.told["job"])
    assert job["state"] == "done", job["message"]
    return clip, job["id"], visitor.ask("GET", f"/api/jobs/{job['id']}/video")


@pytest.mark.timeout(240)
def test_twenty_visitors_at_once_get_their_own_results_and_no_one_elses(serve, tmp_path):
    address, people = serve(), 20
    films = [film(number, tmp_path) for number in range(people)]
    visitors = [Visitor(address) for _ in films]

    def whole(number):
        data, _, _, hole = films[number]
        return removes(visitors[number], number, data, hole)

    with ThreadPoolExecutor(people) as all_at_once:
        came = list(all_at_once.map(whole, range(people)))
    for number, (_, _, answer) in enumerate(came):
        _, frames, _, hole = films[number]
        path = tmp_path / "came.mkv"
        path.write_bytes(answer.body)
        clean = cp.read_video(path).frames
        assert (clean[:, ~hole] == frames[:, ~hole]).all()
        far = [np.abs(clean[:, hole] - other[2][:, hole]).mean() for other in films]
        assert np.argmin(far) == number
        assert f"clip%20{number}-clean.mkv" in answer.headers["content-disposition"]
        state = visitors[number].state()
        assert [clip["name"] for clip in state["clips"]] == [f"clip {number}.mkv"]
    for number, visitor in enumerate(visitors):
        clip, job, _ = came[(number + 1) % people]
        for path in ("frames/0", "masks/0/object", "masks/0/live"):
            assert visitor.ask("GET", f"/api/clips/{clip}/{path}").status == 404
        for path in ("video", "masks", "after/0", "origin/0"):
            assert visitor.ask("GET", f"/api/jobs/{job}/{path}").status == 404
        assert visitor.ask("POST", f"/api/jobs/{job}/stop", {}).status == 404
        assert visitor.ask("DELETE", f"/api/clips/{clip}").status == 404


def test_paths_lead_nowhere_but_to_ones_own(serve, clip):
    visitor = Visitor(serve())
    mine = visitor.open("scene.mp4", clip)["id"]
    for odd in PAST:
        for path in (f"/api/clips/{odd}/frames/0", f"/api/clips/{mine}/{odd}", f"/assets/{odd}",
                     f"/api/clips/{mine}/frames/{odd}", f"/api/clips/{mine}/../../{odd}",
                     f"/api/jobs/{odd}/video", f"/api/clips/{mine}/frames/0/{odd}",
                     f"/{odd}", f"/api/clips/{mine}/masks/0/{odd}"):  # fmt: skip
            answer = visitor.ask("GET", path)
            assert answer.status in (400, 404), path
            assert clip[:32] not in answer.body
    job = visitor.state()["jobs"][0]["id"]
    for path in (f"{job}/video", f"{job}/after/0", f"{job}/{PAST[0]}/0"):  # it made no result
        assert visitor.ask("GET", f"/api/jobs/{path}").status == 404


def test_masks_come_with_the_result_one_for_each_frame(serve, tmp_path):
    data, _, _, hole = film(3, tmp_path)
    visitor = Visitor(serve())
    clip, job, _ = removes(visitor, 3, data, hole)
    came = visitor.ask("GET", f"/api/jobs/{job}/masks")
    with zipfile.ZipFile(io.BytesIO(came.body)) as packed:
        assert packed.namelist() == [f"{n:05d}.png" for n in range(COUNT)]
        for name in packed.namelist():
            mask = cv2.imdecode(np.frombuffer(packed.read(name), np.uint8), cv2.IMREAD_GRAYSCALE)
            assert ((mask > 0) == hole).all()
    assert visitor.ask("GET", f"/api/jobs/{job}/plate").status == 404  # it was not asked for
    for layer, channels in (("after", 3), ("origin", 4)):
        shown = visitor.ask("GET", f"/api/jobs/{job}/{layer}/{COUNT - 1}").body
        picture = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture.shape == (*SIZE, channels)
        if channels == 4:
            assert ((picture[..., 3] > 0) == hole).all()
    assert visitor.ask("GET", f"/api/clips/{clip}/masks/0/hole?growth=0").status == 200


def test_an_object_is_pointed_at_corrected_and_followed(serve, scene, clip):
    frames, _, holes = scene
    visitor = Visitor(serve())
    base = f"/api/clips/{visitor.open('scene.mp4', clip)['id']}"
    box = [12, 30, 36, 36]
    assert visitor.ask("POST", f"{base}/point/0", {"box": box}).status == 200
    assert visitor.ask("POST", f"{base}/jobs/fill", {}).told["message"].endswith("followed first.")
    assert visitor.ask("POST", f"{base}/jobs/follow", {}).status == 200
    (told,) = visitor.wait()["clips"]
    assert told["keys"] == [0] and told["everywhere"] and not told["changed"]
    assert len(told["followed"]["confidence"]) == len(frames)
    for frame in (0, 5, 11):
        shown = visitor.ask("GET", f"{base}/masks/{frame}/object").body
        mask = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_UNCHANGED)[..., 3] > 0
        assert (mask & holes[frame]).sum() > 0.7 * (mask | holes[frame]).sum()
    assert visitor.ask("POST", f"{base}/point/7", {"inside": [[51, 48]]}).status == 200
    (told,) = visitor.state()["clips"]
    assert told["keys"] == [0, 7] and told["changed"]
    assert visitor.ask("POST", f"{base}/jobs/try", {"frame": 5}).status == 200
    tried = visitor.wait()["jobs"][-1]
    assert tried["state"] == "done" and tried["result"] == {
        "first": 0,
        "frames": len(frames),
    }
    assert visitor.ask("GET", f"/api/jobs/{tried['id']}/after/5").status == 200
    for what in ("7", "object"):
        assert visitor.ask("POST", f"{base}/forget/{what}", {}).status == 200
    (told,) = visitor.state()["clips"]
    assert told["keys"] == [] and not told["everywhere"]


def test_a_clip_that_is_removed_while_it_is_filled_leaves_nothing(serve, tmp_path):
    data, _, _, hole = film(3, tmp_path)
    visitor = Visitor(serve())
    base = f"/api/clips/{visitor.open('gone.mkv', data)['id']}"
    visitor.ask("PUT", f"{base}/paint/0", np.packbits(hole).tobytes())
    visitor.ask("POST", f"{base}/hold/0", {})
    assert visitor.ask("POST", f"{base}/jobs/fill", {}).status == 200
    assert visitor.ask("DELETE", base).status == 200
    told = visitor.state()
    assert told["clips"] == told["jobs"] == []
    assert visitor.ask("GET", f"{base}/frames/0").status == 404
    (room,) = (path for path in (tmp_path / "temporary").glob("*.web/*") if len(path.name) == 32)
    for _ in range(300):
        if not list(room.iterdir()):
            return
        time.sleep(0.02)
    raise AssertionError(f"left: {list(room.iterdir())}")


def test_what_cannot_be_asked_is_refused_with_a_sentence(serve, clip):
    visitor = Visitor(serve())
    base = f"/api/clips/{visitor.open('scene.mp4', clip)['id']}"
    for path, asked, said in (
        ("point/0", {}, "nothing points at the object"),
        ("point/99", {"box": [1, 1, 9, 9]}, "there is no frame 99"),
        ("point/0", {"box": [900, 1, 9, 9]}, "beside the picture"),
        ("point/0", b"[1, 2]", "no object of JSON"),
        ("point/0", b"{" * 3000, "no object of JSON"),
        ("point/0", b" " * 200_000, "more than 100000 bytes"),
        ("hold/3", {}, "nothing is marked in this frame"),
        ("forget/3", {}, "no such mask"),
        ("forget/" + 5000 * "9", {}, "no such mask"),
        ("forget/³", {}, "no such mask"),
        ("jobs/follow", {}, "nothing is marked yet"),
        ("jobs/try", {"frame": 0}, "followed first"),
        ("jobs/fill", {"method": "sttn"}, "Choose one of"),
        ("jobs/paint", {}, "no such work"),
    ):
        path = path.replace("³", "%C2%B3")
        answer = visitor.ask("POST", f"{base}/{path}", asked)
        assert answer.status in (400, 404) and said in answer.told["message"], path
    answer = visitor.ask("PUT", f"{base}/paint/0", b"too few")
    assert "not one bit for each pixel" in answer.told["message"]


def test_a_mask_that_is_lost_while_it_is_shown_is_nobodys_error(serve, clip, monkeypatch):
    visitor = Visitor(serve())
    base = f"/api/clips/{visitor.open('scene.mp4', clip)['id']}"
    painted = []

    def lost(layers, frame, size):
        if not painted:  # others mark another object meanwhile
            painted.append(visitor.ask("PUT", f"{base}/paint/0", bytes(size[0] * size[1] // 8)))
        raise BadInput("the mask does not exist.")

    monkeypatch.setattr(Layers, "rest_at", lost)
    answers = [visitor.ask("GET", f"{base}/masks/0/rest").status for _ in range(2)]
    assert answers == [204, 400] and painted[0].status == 200

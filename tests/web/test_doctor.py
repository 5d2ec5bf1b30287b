from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from page_visitor import Visitor

import cleanplate as cp
from cleanplate.masks.write import write_folder
from cleanplate.web.doctor import STILL, examine, mended, take_mask
from cleanplate.web.layers import Layers
from cleanplate.web.limits import Limits
from cleanplate.web.work import open_clip

SIZE = (96, 128)


def quiet(*_):
    pass


def png(hole):
    return cv2.imencode(".png", hole.astype(np.uint8) * 255)[1].tobytes()


@pytest.fixture(scope="module")
def masks(scene, tmp_path_factory):
    """The scene's holes as a video."""
    path = tmp_path_factory.mktemp("masks") / "masks.mkv"
    white = np.repeat(scene[2][..., None], 3, axis=-1).astype(np.uint8) * 255
    cp.write_video(path, white, encoding=cp.Encoding(lossless=True))
    return path


@pytest.fixture
def layers(scene, tmp_path):
    """The scene's holes as masks that were given, of which the sixth is missing."""
    holes = scene[2].copy()
    holes[5] = False
    names = tuple(f"{n:05d}" for n in range(12))
    write_folder(zip(names, holes, strict=True), tmp_path / "given")
    return Layers(SIZE, names, given=tmp_path / "given")


@pytest.fixture
def facts(clip, tmp_path):
    (tmp_path / "scene.mp4").write_bytes(clip)
    return open_clip(tmp_path / "scene.mp4", tmp_path / "frames", Limits(), quiet)


def test_a_picture_is_a_mask_of_one_frame(facts, scene, tmp_path):
    (tmp_path / "mask").write_bytes(png(scene[2][3]))
    told = take_mask(tmp_path / "mask", facts, tmp_path / "out", quiet)
    assert told == {"still": True, "warnings": []}
    assert (cv2.imread(str(tmp_path / "out" / STILL), 0) > 0).tolist() == scene[2][3].tolist()


def test_a_video_is_a_mask_of_every_frame(facts, scene, masks, tmp_path):
    assert not take_mask(masks, facts, tmp_path / "out", quiet)["still"]
    read = cp.read_holes(tmp_path / "out", like=scene[0])
    assert (read == scene[2]).mean() > 0.99


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (png(np.zeros(SIZE)), "empty"),
        (b"GIF89a nothing", "neither a picture nor a video"),
    ],
)
def test_what_is_no_mask_is_refused(facts, tmp_path, given, said):
    (tmp_path / "mask").write_bytes(given)
    with pytest.raises(cp.BadInput, match=said):
        take_mask(tmp_path / "mask", facts, tmp_path / "out", quiet)
    assert not (tmp_path / "out").exists()


def test_a_video_of_another_length_is_refused(facts, masks, tmp_path):
    for frames in (9, 14):
        other = replace(facts, frames=frames, names=facts.names[:frames] + ("x",) * (frames - 12))
        with pytest.raises(cp.BadInput, match="Give one still mask"):
            take_mask(masks, other, tmp_path / f"{frames}", quiet)


def test_a_missed_frame_is_told_as_the_page_counts_and_mended(facts, layers, scene, tmp_path):
    (said,) = examine(tmp_path / "frames", facts, layers, 0, quiet)["findings"]
    assert "frame 6:" in said and "--" not in said
    assert mended(layers, tmp_path / "mended", quiet)["done"] == [
        "1 mask filled in from the frames before and after."
    ]
    better = layers.mended(tmp_path / "mended", STILL)
    assert examine(tmp_path / "frames", facts, better, 0, quiet)["findings"] == []
    assert (better.object_at(5, SIZE) & scene[2][5]).sum() == scene[2][5].sum()


def test_what_other_frames_show_is_of_the_hole_as_it_will_be_filled(facts, layers, tmp_path):
    some, less, nothing = (
        examine(tmp_path / "frames", facts, layers, growth, quiet)["shown"]
        for growth in (2, 40, 64)
    )
    assert some > less > 0.9 > nothing


@pytest.mark.parametrize("held", [False, True])
def test_how_far_a_check_is_is_told_to_its_end(facts, layers, tmp_path, held):
    if held:
        masks = sorted((tmp_path / "given").iterdir())
        layers = replace(layers, given=None, keys={0: masks[0]}, held=0)
    told = []
    given = (tmp_path / "frames", facts, layers, 4)
    examine(*given, lambda done, total: told.append((done, total)))
    rounds = 2 if held else 3  # the mask, what goes on beside it, and what other frames show,
    total = (rounds + 1) * facts.frames  # which is filled then
    assert told == sorted(told) and {total for _, total in told} == {total}
    assert told[-1][0] == total
    assert [done for done, _ in told].count(total) == 1  # nothing comes after that


def test_a_mask_that_is_held_is_mended_as_one(layers, scene, tmp_path):
    hole = scene[2][0].copy()
    hole[5, 5] = hole[80, 100] = True
    (tmp_path / "key.png").write_bytes(png(hole))
    held = replace(layers, given=None, keys={2: tmp_path / "key.png"}, held=2)
    assert "specks" in mended(held, tmp_path / "mended", quiet)["done"][0]
    better = held.mended(tmp_path / "mended", STILL).object_at(7, SIZE)
    assert (better == scene[2][0]).all()


@pytest.mark.timeout(180)
def test_a_mask_is_sent_checked_and_mended(serve, clip, scene, masks):
    visitor = Visitor(serve())
    base = f"/api/clips/{visitor.open('scene.mp4', clip)['id']}"

    def done(answer):
        assert answer.status == 200, answer.told
        told = visitor.wait()
        job = next(job for job in told["jobs"] if job["id"] == answer.told["job"])
        return job, told["clips"][0]

    job, told = done(visitor.ask("POST", f"{base}/mask/3", png(scene[2][3])))
    assert job["state"] == "done" and told["keys"] == [3] and not told["everywhere"]
    job, told = done(visitor.ask("POST", f"{base}/mask/3", masks.read_bytes()))
    assert job["state"] == "done" and told["given"] and told["everywhere"] and not told["keys"]
    job, told = done(visitor.ask("POST", f"{base}/jobs/check", {}))
    assert told["check"]["findings"] == [] and told["check"]["shown"] > 0.9
    job, told = done(visitor.ask("POST", f"{base}/mask/5", png(np.eye(96, 128) > 0)))
    assert told["keys"] == [5] and told["check"] is None
    job, told = done(visitor.ask("POST", f"{base}/jobs/check", {}))
    assert "frame 6" in told["check"]["findings"][0]
    job, told = done(visitor.ask("POST", f"{base}/jobs/mend", {}))
    assert job["result"]["done"] and told["check"] is None
    job, told = done(visitor.ask("POST", f"{base}/mask/0", b"no mask at all"))
    assert job["state"] == "failed" and "sent-" not in job["message"]
    assert visitor.ask("POST", f"{base}/mask/12", png(scene[2][3])).status == 400
    assert visitor.ask("POST", f"{base}/mask/1", b"").status == 400

"""The whole way on clips of real size, in a real browser."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

import cleanplate as cp
from cleanplate.datasets.synthetic import crossing_object, moving_photograph
from cleanplate.report.demo import _photograph
from cleanplate.web.worker import Worker

PATIENT = 120_000  # milliseconds, for what a busy machine computes


def psnr(one, other):
    return -10 * np.log10(np.mean((one.astype(float) - other) ** 2) / 255**2)


def open_clip(page, path, frames):
    cp.write_video(path, frames, encoding=cp.Encoding(crf=10))
    page.locator("#file").set_input_files(str(path))
    page.locator("#work").wait_for(timeout=PATIENT)


def draw_box(page, hole, frame=0):
    """Draw a box around a hole (H, W) of a frame."""
    page.locator("#frame").fill(str(frame))
    rows, columns = np.nonzero(hole)
    seen = page.locator("#view").bounding_box()
    scale = seen["width"] / hole.shape[1], seen["height"] / hole.shape[0]
    left, right = (seen["x"] + x * scale[0] for x in (columns.min() - 3, columns.max() + 4))
    top, bottom = (seen["y"] + y * scale[1] for y in (rows.min() - 3, rows.max() + 4))
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=5)
    page.mouse.up()
    page.locator("#marked", has_text=f"Marked in frame {frame + 1}").wait_for(timeout=PATIENT)


def taken_away(page, path):
    """Follow what is marked, look, have it removed, move the divider; return the frames."""
    page.get_by_role("button", name="Follow it through the clip").click()
    followed = page.locator("#followed", has_text=re.compile("through the clip|Look there"))
    followed.wait_for(timeout=PATIENT)
    page.get_by_role("button", name="Quick look").click()
    page.locator("#divider").wait_for(timeout=PATIENT)
    page.get_by_role("button", name="Remove it", exact=True).click()
    link = page.get_by_role("link", name="Download the video")
    link.wait_for(timeout=PATIENT)
    page.locator("#divider").focus()
    page.keyboard.press("End")
    with page.expect_download() as coming:
        link.click()
    coming.value.save_as(path)
    return cp.read_video(path).frames


@pytest.mark.timeout(600)
def test_a_car_is_gone_from_a_shared_clip(serve, open_page, shared_data, tmp_path):
    davis = shared_data / "DAVIS"
    pictures = sorted((davis / "JPEGImages" / "480p" / "car-shadow").glob("*.jpg"))[:16]
    frames = np.stack([cv2.imread(str(path))[..., ::-1] for path in pictures])
    marks = [
        davis / "Annotations" / "480p" / "car-shadow" / f"{path.stem}.png" for path in pictures
    ]
    car = np.stack([cv2.imread(str(path)).max(axis=2) > 0 for path in marks])
    page = open_page(serve(hire=Worker))
    open_clip(page, tmp_path / "car.mp4", frames)
    draw_box(page, car[0])
    clean = taken_away(page, tmp_path / "clean.mp4")
    assert clean.shape == frames.shape
    changed = np.abs(clean.astype(int) - frames).max(axis=3) > 20
    assert changed[car].mean() > 0.7
    far = ~np.stack([cp.grow(hole, 60) for hole in car])
    assert psnr(clean[far], frames[far]) > 35


@pytest.mark.timeout(600)
def test_the_demonstration_is_closer_to_its_truth_than_telea(serve, open_page, tmp_path):
    truth = moving_photograph(_photograph(), size=(270, 480), count=30)
    frames, holes = crossing_object(truth)
    page = open_page(serve(hire=Worker))
    open_clip(page, tmp_path / "scene.mp4", frames)
    draw_box(page, holes[12], frame=12)
    clean = taken_away(page, tmp_path / "clean.mp4")
    telea = cp.fill(frames, cp.grow(holes, 4), method="telea")
    assert psnr(clean[holes], truth[holes]) > psnr(telea[holes], truth[holes]) + 3

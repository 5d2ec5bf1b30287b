"""How a place is lit beside other frames, and its slow twin."""

from __future__ import annotations

import cv2
import numpy as np

from cleanplate.masks.lit import AWAY, followed_by, light_of, look_at
from cleanplate.region import Region, whole_of
from made_shadows import SIZE, ground

NOTHING = np.zeros(SIZE, bool)
DARK = (slice(50, 80), slice(60, 110))


def looks_of(pictures, thing=NOTHING):
    looks = []
    for picture in pictures:
        if looks:
            looks[-1] = followed_by(looks[-1], picture)
        looks.append(look_at(picture, thing))
    return looks


def panned(count=20, step=0):
    wide = ground()
    pictures = [wide[:, step * t : step * t + SIZE[1]].copy() for t in range(count)]
    return [np.rint(picture).astype(np.uint8) for picture in pictures]


def slow_twin(pictures, at):
    """Step of light by grey levels, of a camera that stands, with plain loops over the frames."""
    logs = [np.log(cv2.GaussianBlur(p.astype(float), (0, 0), 1.2) + 8) for p in pictures]
    others = [at + side * away for away in AWAY for side in (-1, 1)]
    steps = [logs[at] - logs[o] for o in others if 0 <= o < len(pictures)]
    weights = pictures[at].astype(float) + 1
    steps = [(step * weights).sum(2) / weights.sum(2) for step in steps]
    steps = [step - np.median(step) for step in steps]
    return np.sort(np.stack(steps), axis=0)[int(0.25 * (len(steps) - 1))]


def test_a_standing_camera_gives_what_the_slow_twin_does():
    pictures = panned()
    pictures[10][DARK] = pictures[10][DARK] * 0.7
    light = light_of(looks_of(pictures), 10, whole_of(SIZE))
    inside = slice(4, -4), slice(4, -4)
    assert np.abs(light.step - slow_twin(pictures, 10))[inside].max() < 0.01
    assert np.median(light.step[DARK]) < -0.28
    assert light.seen[inside].min() == 5


def test_what_is_dark_in_one_frame_is_told_under_a_camera_that_moves():
    pictures = panned(step=2)
    pictures[10][DARK] = pictures[10][DARK] * 0.7
    light = light_of(looks_of(pictures), 10, whole_of(SIZE))
    assert np.median(light.step[DARK]) < -0.25
    assert np.median(np.abs(light.step[:40, 40:150])) < 0.02
    assert np.median(light.most[DARK]) < -0.2


def test_exposure_is_no_shadow():
    pictures = panned()
    pictures[10] = np.rint(pictures[10] * 0.8).astype(np.uint8)
    light = light_of(looks_of(pictures), 10, whole_of(SIZE))
    assert np.abs(light.step[5:-5, 5:-5]).max() < 0.06


def test_a_part_is_told_as_the_whole_is():
    pictures = panned(step=1)
    pictures[10][DARK] = pictures[10][DARK] * 0.7
    looks, part = looks_of(pictures), Region(20, 110, 30, 160)
    whole, alone = (light_of(looks, 10, box).step for box in (whole_of(SIZE), part))
    assert np.median(np.abs(part.crop(whole) - alone)) < 0.01


def test_alone_a_frame_tells_nothing():
    light = light_of(looks_of(panned(1)), 0, whole_of(SIZE))
    assert not light.seen.any()
    assert not light.step.any()


def test_what_an_object_covers_elsewhere_is_not_looked_at():
    thing = NOTHING.copy()
    thing[DARK] = True
    light = light_of(looks_of(panned(), thing), 10, whole_of(SIZE))
    assert not light.seen[DARK].any()

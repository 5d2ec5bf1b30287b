"""Shadows are found where other frames tell them, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cleanplate as cp
from cleanplate.masks import shadow as at_work
from cleanplate.masks.lit import FURTHEST, Light
from made_shadows import SIZE, shadowed_clip


@pytest.mark.parametrize("strength", [0.25, 0.5])
def test_a_shadow_that_walks_along_is_found(strength):
    frames, holes, shadow = shadowed_clip(strength)
    wider = cp.grow_shadow(frames, holes)
    assert (wider & holes == holes).all()
    assert (wider & shadow).sum() > 0.9 * shadow.sum()
    assert not (wider & ~holes & ~cp.grow(shadow, 6)).any()


def test_without_a_shadow_nothing_is_added():
    frames, holes, _ = shadowed_clip(0)
    assert (cp.grow_shadow(frames, holes) == holes).all()


def test_what_lies_still_on_the_ground_tells_nothing():
    frames, holes, _ = shadowed_clip(0.5, step=-1)
    assert (cp.grow_shadow(frames, holes) == holes).all()


def test_a_few_frames_tell_nothing():
    frames, holes, _ = shadowed_clip(0.5, count=4)
    assert (cp.grow_shadow(frames, holes) == holes).all()


def test_more_than_an_object_casts_is_no_shadow():
    frames, holes, _ = shadowed_clip(0.5, tall=48)
    assert (cp.grow_shadow(frames, holes) == holes).all()


def test_what_takes_one_colour_alone_is_no_shadow():
    frames, holes, _ = shadowed_clip(0)
    _, _, shadow = shadowed_clip(0.5)
    frames[shadow] = frames[shadow] * np.array([0.35, 1, 1])
    assert (cp.grow_shadow(frames, holes) == holes).all()


def test_what_is_wholly_black_may_be_a_shadow():
    dark, thing = np.zeros((2, 20, 20), bool)
    dark[10:14, 5:15], thing[5:10, 5:15] = True, True
    step = np.where(dark, np.float32(-2), np.float32(0))
    light = Light(step, np.dstack([step] * 3), step, dark.astype(np.int64))
    black = np.zeros((20, 20, 3), np.uint8)
    assert (at_work._cast(dark, thing, black, light, surely=0.1) == dark).all()


def test_nothing_is_told_over_a_cut():
    first, second = shadowed_clip(0.5), shadowed_clip(0.5, seed=4)
    second = (255 - second[0], *second[1:])
    both = [np.concatenate(parts) for parts in zip(first, second, strict=True)]
    apart = [cp.grow_shadow(frames, holes) for frames, holes, _ in (first, second)]
    assert (cp.grow_shadow(both[0], both[1]) == np.concatenate(apart)).all()


def test_deep_frames_give_the_same():
    frames, holes, _ = shadowed_clip(0.5, count=14)
    deep = frames.astype(np.uint16) * 257
    assert (cp.grow_shadow(frames, holes) == cp.grow_shadow(deep, holes)).all()


def test_frames_that_wait_are_few():
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield np.full((*SIZE, 3), 90, np.uint8), np.zeros(SIZE, bool)

    line = at_work.with_shadows(endless())
    for given_back in range(1, 2 * FURTHEST + 20):
        next(line)
        assert taken - given_back < FURTHEST + 5


def test_a_shadow_grows_as_it_is_told():
    frames, holes, _ = shadowed_clip(0.5)
    line = list(zip(frames, holes, strict=True))
    plain, wider = (np.stack(list(at_work.with_shadows(line, n))) for n in (0, 3))
    assert (plain == cp.grow_shadow(frames, holes)).all()
    assert (
        wider == np.stack([cp.grow(p & ~h, 3) | h for p, h in zip(plain, holes, strict=True)])
    ).all()


@settings(max_examples=15, deadline=None)
@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    count=st.integers(1, 7),
    seed=st.integers(0, 99),
)
def test_nothing_is_ever_taken_away(size, count, seed):
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (count, *size, 3), np.uint8)
    holes = rng.random((count, *size)) < rng.choice([0, 0.02, 0.5, 1])
    wider = cp.grow_shadow(frames, holes)
    assert wider.shape == holes.shape
    assert (wider | holes == wider).all()
    assert (wider & ~holes).sum() <= 1.5 * holes.sum() * 4  # a reduced hole is no smaller

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp
from cleanplate import rims
from cleanplate.form import Form
from cleanplate.rims import tell
from cleanplate.veil import _traced_blends

SIZE = (96, 128)
PLATE = (slice(30, 62), slice(40, 84))
RGB = Form([(0, 0)] * 3, 1.0, 255)


def waves(count, *, seed=0, size=SIZE):
    """(count, H, W, 3) float: waves that run each its own way, so that nothing can be traced."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    time = np.arange(count)[:, None, None]
    water = np.zeros((count, *size))
    for _ in range(40):
        across, down = rng.normal(0, 0.25, 2)
        phase, pace = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 2.5)
        water += np.sin(across * x + down * y + pace * time + phase)
    shade = 105 + 0.2 * y + 4.5 * water
    return shade[..., None] * (0.8, 1.0, 1.1) + rng.normal(0, 1, (count, *size, 3))


def plate():
    """Opacity (H, W), soft at its rim, and colours (H, W, 3): a plate with a darker middle."""
    alpha, colour = np.zeros(SIZE), np.full((*SIZE, 3), (240, 240, 220), float)
    alpha[PLATE] = 1
    colour[40:52, 52:72] = (30, 60, 160)
    soft = (
        alpha + np.roll(alpha, 1, 0) + np.roll(alpha, 1, 1) + np.roll(alpha, (1, 1), (0, 1))
    ) / 4
    return soft, colour


def laid_over(frames, opacity):
    """opacity: one for all, or (T, 1, 1, 1)."""
    alpha, colour = plate()
    share = opacity * alpha[..., None]
    return np.clip(np.rint(frames * (1 - share) + colour * share), 0, 255).astype(np.uint8)


def hole():
    return cp.grow(plate()[0] > 0, 4)


def psnr(one, other, where):
    return 10 * np.log10(255**2 / ((one[:, where].astype(float) - other[:, where]) ** 2).mean())


def told(seen):
    return tell([[frame[..., c] for c in (1, 2, 0)] for frame in seen], hole(), RGB)


def clean(seen, blends):
    result = seen.copy()
    for frame in result:
        for blend, channel in zip(blends, (1, 2, 0), strict=True):
            frame[..., channel] = blend.behind(frame[..., channel], 255)
    return result


@pytest.mark.parametrize("opacity", [0.25, 0.5, 0.7])
def test_what_cannot_be_traced_comes_back(opacity):
    frames = waves(60)
    seen = laid_over(frames, opacity)
    got = told(seen)
    assert got.sure
    inside = plate()[0] > 0
    assert psnr(clean(seen, got.blends), frames, inside) > 36
    solid = plate()[0] == 1
    assert np.median(got.blends[0].opacity[solid]) == pytest.approx(opacity, abs=0.04)


def test_unblend_relies_on_it_where_the_trace_is_refused():
    frames = waves(60, seed=3)
    seen = laid_over(frames, 0.5)
    inside = plate()[0] > 0
    restored = psnr(cp.unblend(seen, cp.grow(inside, 2)), frames, inside)
    assert restored > 36
    assert restored > psnr(cp.fill(seen, cp.grow(inside, 2)), frames, inside) + 10


def test_where_the_brightness_cannot_be_traced_no_colour_is():
    seen, inside = laid_over(waves(60), 0.5), cp.grow(plate()[0] > 0, 2)
    planes = [[frame[..., c] for c in (1, 2, 0)] for frame in seen]
    traced = _traced_blends([planes], told(seen).blends[0], (inside, hole()), RGB)
    assert not any(blend.clear.any() for blend in traced)


def test_what_is_opaque_is_not_clear():
    got = told(laid_over(waves(60), 1.0))
    assert not got.blends[0].clear[plate()[0] == 1].any()


@pytest.mark.parametrize("share", [0.5, 0.92])
def test_an_overlay_that_is_not_always_there_is_not_sure(share):
    there = (np.arange(60) < 60 * share)[:, None, None, None]
    assert not told(laid_over(waves(60), 0.5 * there)).sure


def smooth():
    """A picture (H, W, 3) without an edge."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (110 + 40 * np.sin(x / 30) + 30 * np.cos(y / 25))[..., None] * (1, 0.9, 0.8)


def noise(count, deviation):
    return np.random.default_rng(2).normal(0, deviation, (count, *SIZE, 3))


def passing(frames):
    """A bright block that goes through the overlay, in front of nothing else that moves."""
    frames = frames.copy()
    for t, frame in enumerate(frames):
        frame[36:56, 2 * t : 2 * t + 16] = 200
    return frames


def lights(values):
    return values[:, None, None, None]


def levelled(frames):
    return np.clip(np.rint(frames), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "seen",
    [
        laid_over(np.random.default_rng(1).uniform(40, 200, (*SIZE, 3)) + noise(40, 2), 0.5),
        levelled(laid_over(smooth()[None].repeat(40, 0), 0.5) + noise(40, 2.5)),
        levelled(laid_over(smooth()[None], 0.5) * lights(np.linspace(1, 0.6, 40))),
        levelled(laid_over(smooth()[None], 0.5) * lights(1 + 0.1 * np.sin(np.arange(40)))),
        laid_over(passing(smooth()[None].repeat(60, 0)), 0.5),
    ],
    ids=["still", "grain on top", "fade on top", "flicker on top", "one thing moves"],
)
def test_a_scene_that_stands_still_is_not_sure(seen):
    """What varies there is not what lies behind, or not everywhere."""
    assert not told(seen).sure


def test_too_opaque_is_not_clear_where_little_shows_through():
    frames = 105 + 2.5 * (waves(60) - 105)
    for opacity in (0.94, 0.97):
        blend = told(laid_over(frames, opacity)).blends[0]
        assert blend.clear[plate()[0] == 1].mean() < 0.1


def test_a_large_one_is_told_at_a_smaller_size(monkeypatch):
    seen = laid_over(waves(60), 0.5)
    planes = [[frame[..., 1], frame[::2, ::2, 2]] for frame in seen]
    form = Form([(0, 0), (1, 1)], 1.0, 255)
    whole = tell(planes, hole(), form)
    monkeypatch.setattr(rims, "_MOST_PIXELS", hole().sum() / 3.5)
    smaller = tell(planes, hole(), form)
    assert smaller.sure
    middle = np.zeros(SIZE, bool)
    middle[34:38, 44:80] = True  # away from rims
    parts = middle, middle[::2, ::2]
    for one, other, part in zip(smaller.blends, whole.blends, parts, strict=True):
        assert one.clear.shape == other.clear.shape
        np.testing.assert_allclose(one.gain[part], other.gain[part], rtol=0.15)
        assert one.clear[part].mean() > 0.8


def test_nothing_beside_it_tells_nothing():
    frames = [[frame[..., 0]] for frame in laid_over(waves(8), 0.5)]
    got = tell(frames, np.ones(SIZE, bool), RGB)
    assert not got.sure
    assert not got.blends[0].clear.any()


def test_smaller_chroma_planes_are_told_as_well():
    frames = waves(60, seed=5)
    seen, form = laid_over(frames, 0.5), Form([(0, 0), (1, 1)], 1.0, 255)
    got = tell([[f[..., 1], f[::2, ::2, 2]] for f in seen], hole(), form)
    small = np.stack([got.blends[1].behind(f[::2, ::2, 2], 255) for f in seen])
    solid = (plate()[0] == 1)[::2, ::2]
    assert got.blends[1].clear[solid].all()
    assert psnr(small, frames[:, ::2, ::2, 2], solid) > 34


def test_levels_of_more_bits_are_the_same_levels():
    seen = laid_over(waves(30), 0.5)
    few = tell([[f[..., 1]] for f in seen], hole(), RGB).blends[0]
    deep = tell([[f[..., 1] * np.uint16(4)] for f in seen], hole(), RGB._replace(level=4.0))
    np.testing.assert_allclose(deep.blends[0].gain, few.gain, rtol=1e-3)
    np.testing.assert_allclose(deep.blends[0].offset, 4 * few.offset, rtol=1e-2, atol=0.5)

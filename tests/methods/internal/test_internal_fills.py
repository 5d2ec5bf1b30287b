"""Filling by internal learning, through the front door."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.video import PAINTED

torch = pytest.importorskip("torch")

QUICK = {"prior": "none", "config": "tiny", "steps": 6, "judged_every": 3, "size": (32, 48)}


def given(pan, count=4, size=(48, 72)):
    frames = pan(count, (2, 0), size=size)
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, size[0] // 3 : size[0] // 2, size[1] // 3 : size[1] // 2] = True
    return frames, holes


def fill(frames, holes, **options):
    more = {name: options.pop(name) for name in ("seed", "provenance") if name in options}
    return cp.fill(frames, holes, method="internal", options={**QUICK, **options}, **more)


@pytest.mark.parametrize("more", [{}, {"ambiguity": 0.1, "stabilisation": 0.2}], ids=str)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_nothing_under_a_hole_is_ever_read(pan, more, precision):
    frames, holes = given(pan)
    poisoned = frames.copy()
    poisoned[holes] = np.random.default_rng(3).integers(0, 256, (holes.sum(), 3), np.uint8)
    one, two = (fill(each, holes, precision=precision, **more) for each in (frames, poisoned))
    np.testing.assert_array_equal(one, np.where(holes[..., None], one, frames))
    np.testing.assert_array_equal(one[holes], two[holes])


def test_the_seed_decides_the_pixels_and_nothing_else_does(pan):
    frames, holes = given(pan)
    one = fill(frames, holes, seed=1)
    torch.manual_seed(77)
    before = torch.get_rng_state()
    np.testing.assert_array_equal(one, fill(frames, holes, seed=1))
    assert torch.equal(before, torch.get_rng_state())
    assert (one != fill(frames, holes, seed=2)).any()


def test_a_fit_brings_the_hole_closer_to_what_was_there(pan):
    frames, holes = given(pan)
    frames = (frames // 4 + 150).astype(np.uint8)
    near, far = (
        np.abs(fill(frames, holes, steps=steps, config="small")[holes].astype(float)
               - frames[holes]).mean()
        for steps in (40, 1)
    )  # fmt: skip
    assert near < far / 2


def test_a_fill_that_was_stopped_goes_on(pan, tmp_path, monkeypatch):
    from cleanplate.methods.internal.lesson import Lesson

    frames, holes = given(pan)
    options = {"steps": 12, "progressive": False, "checkpoints": tmp_path / "fits"}
    wanted = fill(frames, holes, steps=12, progressive=False)
    losses, asked = Lesson.losses, []

    def stopping(self, network, step):
        asked.append(step)
        if len(asked) == 8:
            raise KeyboardInterrupt
        return losses(self, network, step)

    monkeypatch.setattr(Lesson, "losses", stopping)
    with pytest.raises(KeyboardInterrupt):
        fill(frames, holes, **options)
    np.testing.assert_array_equal(fill(frames, holes, **options), wanted)
    assert asked[8:] == [6, 7, 8, 9, 10, 11]
    fill(frames, holes, **{**options, "steps": 9})  # another fit does not meet it
    assert asked[14:] == list(range(9))


def test_everything_is_painted_by_the_network(pan):
    frames, holes = given(pan)
    filled = fill(frames, holes, provenance=True)
    assert (filled.provenance.source[holes] == PAINTED).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"prior": "sttn"}, "prior 'sttn' is unknown"),
        ({"rehearsals": 0}, "rehearsals is 0"),
        ({"config": "huge"}, "config 'huge' is unknown"),
        ({"kind": "deep"}, "kind 'deep' is unknown"),
        ({"size": (2, 40)}, "size is .2, 40.. Give a height and a width"),
        ({"size": 40}, "size is '40'. Give a list"),
        ({"batch": 0}, "batch is 0"),
        ({"near": 0.5}, "near is 0.5. Give a number from 1 up"),
        ({"ambiguity": -1}, "ambiguity is -1"),
        ({"progressive": 1}, "progressive is '1'. Give true or false"),
        ({"held": 1}, "held is '1'. Give true or false"),
        ({"order": "backward"}, "order 'backward' is unknown"),
        ({"matching": "best"}, "matching 'best' is unknown"),
        ({"transforms": "mine"}, "transforms 'mine' is unknown"),
        ({"precision": "fp8"}, "precision 'fp8' is unknown"),
        ({"checkpoints": 5}, "checkpoints is 5. Give the path"),
    ],
)
def test_options_that_mean_nothing_are_refused(wrong, said):
    with pytest.raises(cp.BadInput, match=said):
        cp.load_method("internal", **wrong)


def test_shots_are_fitted_apart(pan):
    frames, holes = given(pan)
    other = pan(4, (0, 2), name="astronaut", size=frames.shape[1:3])
    both = np.concatenate([frames, other])
    apart = np.concatenate([fill(shot, holes) for shot in (frames, other)])
    np.testing.assert_array_equal(fill(both, np.concatenate([holes, holes])), apart)


def test_large_pictures_are_fitted_small_and_keep_their_size(pan):
    frames, holes = given(pan, count=2, size=(120, 160))
    clean = fill(frames, holes, size=(16, 24))
    np.testing.assert_array_equal(clean[~holes], frames[~holes])
    assert (clean[holes] != frames[holes]).any()


def test_what_is_held_follows_the_fit():
    """Rehearsals are kept of every frame; a network from nothing keeps none, and no finer steps."""
    drafted, alone = (cp.load_method("internal", prior=prior) for prior in ("flow", "none"))
    small, large = 240 * 432, 480 * 864
    assert drafted.held_each(small) > alone.held_each(small) == 0
    assert drafted.held_each(large) > drafted.held_each(small)
    coarse = cp.load_method("internal", progressive=False)
    assert coarse.held_each(large) == coarse.held_each(small)
    assert cp.load_method("internal", config="official").held_bytes > drafted.held_bytes

"""From coarse to fine: pictures larger than the working size are refined in parts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cleanplate as cp
from cleanplate.region import Region

torch = pytest.importorskip("torch")

from cleanplate.canvas import Clip  # noqa: E402 - after what may be missing
from cleanplate.methods.internal.ladder import Ladder, factors_of  # noqa: E402
from cleanplate.methods.internal.network import Config, Network  # noqa: E402
from cleanplate.methods.internal.refining import Refining  # noqa: E402
from cleanplate.methods.internal.rehearsal import DOUBTS  # noqa: E402
from cleanplate.methods.internal.view import Cover, View  # noqa: E402

CPU, BASE, LARGE = torch.device("cpu"), (24, 32), (96, 128)
QUICK = {"config": "tiny", "steps": 9, "judged_every": 2, "size": BASE, "rehearsals": 2}


def clip(dtype=np.uint8, size=LARGE):
    frames = np.random.default_rng(0).integers(40, 216, (3, *size, 3)).astype(dtype)
    holes = np.zeros((3, *size), bool)
    holes[:, size[0] // 2 : size[0] // 2 + 14, size[1] // 3 : size[1] // 3 + 20] = True
    return frames * (257 if dtype == np.uint16 else 1), holes


def fill(frames, holes, **options):
    seed = options.pop("seed", 0)
    return cp.fill(frames, holes, method="internal", seed=seed, options={**QUICK, **options})


def network(spoiled=True):
    torch.manual_seed(3)
    made = Network(Config(width=2, start="even", doubts=DOUBTS))
    if spoiled:
        for part in (made.coarse[-1], made.fine[-1]):
            torch.nn.init.normal_(part.conv.weight, std=0.3)
    return made


def view(size=LARGE, coarse=0.25):
    frames, holes = clip(size=size)
    return View(frames[0], Cover.of(holes[0]), np.full((*BASE, 3), coarse, np.float32))


# ---- its parts


@settings(max_examples=30, deadline=None)
@given(st.integers(24, 3000), st.integers(24, 4000))
def test_steps_halve_up_to_the_picture_itself(height, width):
    factors = factors_of((height, width), BASE)
    assert factors == [1 << n for n in reversed(range(len(factors)))]
    if factors:  # what is coarsest is enlarged about twofold as well
        ratio = np.sqrt(height * width / (BASE[0] * BASE[1])) / factors[0]
        assert 1.4 < ratio < 2.9


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_part_is_the_same_part_of_the_whole(data):
    size = data.draw(st.tuples(st.integers(31, 60), st.integers(31, 60)))
    ladder = Ladder(size, [2, 1], BASE, CPU)
    step = data.draw(st.integers(0, 1))
    seen, factor = view(size), ladder.factors[step]
    whole = seen.part(Region(0, ladder.sizes[step][0], 0, ladder.sizes[step][1]), factor)
    row, column = (data.draw(st.integers(0, side - 1)) for side in ladder.sizes[step])
    place = ladder.around(step, row, column)
    np.testing.assert_allclose(seen.part(place, factor), place.crop(whole), atol=1e-6)
    assert (place.bottom - place.top, place.right - place.left) == ladder.patches[step]


def test_what_is_seen_small_is_what_a_clip_shows():
    frames, holes = clip()
    seen = view().part(Region(0, 24, 0, 32), 4)
    small = Clip(frames, holes, BASE)
    np.testing.assert_allclose(seen[..., :3], small.picture(0), atol=1e-5)
    np.testing.assert_array_equal(seen[..., 3] > 0, small.hole(0))


def test_networks_that_correct_nothing_enlarge_what_is_coarse():
    ladder = Ladder(LARGE, [2, 1], BASE, CPU)
    ladder.networks = [network(spoiled=False)] * 2
    np.testing.assert_allclose(ladder.whole(view(coarse=0.25)), 0.25, atol=1e-6)


def test_a_part_and_the_whole_agree_on_what_lies_below():
    """Where one part covers a whole step there is no seam, and both ways are the same."""
    size = (48, 64)
    ladder = Ladder(size, [2, 1], (48, 64), CPU)
    ladder.networks, given_ = [network()], view(size)
    small = ladder.whole(given_)
    ladder.networks.append(network())
    seen = ladder.seen(given_, Region(0, 48, 0, 64), 1)
    hidden = seen[..., 3] > 0
    wanted = cv2.resize(small, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(seen[hidden][:, :3], wanted[hidden], atol=1e-5)


def test_seams_are_blended():
    """A correction that is the same in every part has no seams at all."""
    ladder = Ladder(LARGE, [1], BASE, CPU)
    ladder.networks = [network()]
    ladder._change = lambda network, seen: np.full((*seen.shape[:2], 3), 0.5, np.float32)
    seen = view(coarse=0.25)
    total = ladder.whole(seen)
    hidden = seen.cover.box.crop(total)
    np.testing.assert_allclose(hidden, 0.75, atol=1e-6)


# ---- through the front door


@pytest.mark.parametrize("prior", ["none", "flow"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_only_the_hole_changes_and_nothing_under_it_is_read(prior, dtype):
    frames, holes = clip(dtype)
    poisoned = frames.copy()
    poisoned[holes] = np.random.default_rng(3).integers(0, 255, (holes.sum(), 3))
    one, two = (fill(each, holes, prior=prior) for each in (frames, poisoned))
    np.testing.assert_array_equal(one[~holes], frames[~holes])
    np.testing.assert_array_equal(one[holes], two[holes])
    np.testing.assert_array_equal(one, fill(frames, holes, prior=prior))


@pytest.mark.parametrize("prior", ["none", "flow"])
def test_every_step_is_fitted_and_paints(prior, monkeypatch):
    seen = []
    losses = Refining.losses

    def counted(self, network, step):
        seen.append(self.step)
        return losses(self, network, step)

    monkeypatch.setattr(Refining, "losses", counted)
    frames, holes = clip()
    fill(frames, holes, prior=prior, held=False)
    assert seen == [0] * 3 + [1] * 4
    seen.clear()
    fill(frames, holes, prior=prior, held=False, progressive=False)
    assert not seen


def test_a_finer_step_adds_what_the_coarse_one_cannot_paint():
    """Stripes as wide as two pixels are gone at the working size, and come back."""
    frames = np.zeros((4, *LARGE, 3), np.uint8)
    frames[:, :, (np.arange(LARGE[1]) // 2) % 2 == 0] = 200
    _, holes = clip()
    holes = np.concatenate([holes, holes[:1]])
    more = {"prior": "none", "config": "small", "steps": 160, "judged_every": 40}
    off = [
        np.abs(fill(frames, holes, progressive=fine, **more)[holes].astype(float) - frames[holes])
        for fine in (True, False)
    ]
    assert off[0].mean() < 0.8 * off[1].mean()


@pytest.mark.parametrize("prior", ["none", "flow"])
def test_a_fill_stopped_between_steps_goes_on_there(prior, tmp_path, monkeypatch):
    frames, holes = clip()
    wanted = fill(frames, holes, prior=prior, held=False)
    losses, asked = Refining.losses, []

    def stopping(self, network, step):
        asked.append((self.step, step))
        if len(asked) == 6:
            raise KeyboardInterrupt
        return losses(self, network, step)

    monkeypatch.setattr(Refining, "losses", stopping)
    with pytest.raises(KeyboardInterrupt):
        fill(frames, holes, prior=prior, held=False, checkpoints=tmp_path)
    assert asked[-1] == (1, 2)
    got = fill(frames, holes, prior=prior, held=False, checkpoints=tmp_path)
    np.testing.assert_array_equal(got, wanted)
    assert asked[6:] == [(1, 2), (1, 3)]


@pytest.mark.parametrize("size", [(37, 53), (50, 61), (49, 130)])
def test_any_size_will_do(size):
    frames, holes = clip(size=size)
    for prior in ("none", "flow"):
        clean = fill(frames, holes, prior=prior, size=(16, 24))
        np.testing.assert_array_equal(clean[~holes], frames[~holes])

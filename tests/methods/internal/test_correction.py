"""A fill that begins with the flow's: rehearsed on known pixels, corrected where it is doubted."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.video import KNOWN, PAINTED, UNSEEN, Filled, Provenance

torch = pytest.importorskip("torch")

from cleanplate.losses import masked_l2  # noqa: E402
from cleanplate.methods.internal.correction import (  # noqa: E402
    Correction,
    change_of,
    corrected,
    inputs,
)
from cleanplate.methods.internal.fit import fit  # noqa: E402
from cleanplate.methods.internal.inference import Method  # noqa: E402
from cleanplate.methods.internal.network import Config, Network  # noqa: E402
from cleanplate.methods.internal.options import Options  # noqa: E402
from cleanplate.methods.internal.plan import Plan  # noqa: E402
from cleanplate.methods.internal.rehearsal import (  # noqa: E402
    DOUBTS,
    Draft,
    doubts_of,
    rehearse,
)

CPU = torch.device("cpu")
SIZE = (32, 48)
QUICK = {"config": "tiny", "steps": 4, "judged_every": 2, "rehearsals": 2}


def clip(count=3):
    frames = np.random.default_rng(0).integers(40, 216, (count, *SIZE, 3), np.uint8)
    holes = np.zeros((count, *SIZE), bool)
    holes[:, 12:18, 18:28] = True
    return frames, holes


def dark(frames, holes):
    """A method that fills every hole too dark, and is unsure of its left column."""
    filled = frames.copy()
    filled[holes] = 30
    source = np.where(holes, np.int32(0), np.int32(KNOWN))
    source[:, :, 18][holes[:, :, 18]] = UNSEEN
    return Filled.of(filled, holes, Provenance(source, np.zeros(holes.shape, np.float16)))


def rehearsals(fill=dark, count=3, clip=clip):
    frames, holes = clip()
    return rehearse(fill, frames, holes, count=count, size=SIZE, seed=0, near=5.0,
                    progress=lambda share: None)  # fmt: skip


def network(**options):
    torch.manual_seed(0)
    return Network(Config(width=4, start="even", doubts=DOUBTS, **options))


def teacher(**told):
    frames, holes = clip()
    truth = np.where(holes[..., None], 0, frames / 127.5 - 1).astype(np.float32)
    return Correction(truth, rehearsals(), Options(**told), CPU)


def test_doubts_are_what_the_provenance_says():
    frames, holes = clip()
    filled = dark(frames, holes)
    filled.provenance.inconsistency[1, 14, 20:23] = (1, 4, 99)
    filled.provenance.source[2, 15, 21] = 0
    filled = Filled.of(filled.frames, holes, filled.provenance)
    doubts = doubts_of(filled, holes)
    assert not doubts[~holes].any()
    assert (doubts[:, 12:18, 18, 0] == 255).all()
    assert not doubts[:, 12:18, 19:28, 0].any()
    assert doubts[1, 14, 20:23, 1].tolist() == [64, 255, 255]
    assert doubts[0, 14, 20, 2] == 0 < doubts[1, 14, 20, 2] < doubts[2, 15, 21, 2]


def test_rehearsals_hide_known_pixels_beside_the_holes():
    frames, holes = clip()
    seen = []

    def fill(shown, hidden):
        assert (hidden & holes == holes).all()
        assert not shown[hidden].any()
        np.testing.assert_array_equal(shown[~hidden], frames[~hidden])
        seen.append(hidden)
        return dark(shown, hidden)

    made = rehearsals(fill)
    assert len(made) == len(seen) == 3
    for (draft, known), hidden in zip(made, seen, strict=True):
        np.testing.assert_array_equal(draft.holes, hidden)
        np.testing.assert_array_equal(known, hidden & ~holes)
        assert known.any()
        assert (draft.pictures[known] == 30).all()
        np.testing.assert_array_equal(draft.pictures[~hidden], frames[~hidden])


def test_nothing_can_be_rehearsed_where_everything_is_a_hole():
    def lost():
        frames, holes = clip()
        return frames, np.ones_like(holes)

    assert rehearsals(clip=lost) == []


@pytest.mark.parametrize("kind", ["base", "stacked", "coarse-to-fine"])
def test_a_network_begins_by_correcting_nothing_and_never_changes_known_pixels(kind):
    net, (draft, _) = network(kind=kind), rehearsals()[0]
    seen = inputs(draft, 0)[None]
    with torch.no_grad():
        for picture in corrected(net, seen, CPU):
            np.testing.assert_array_equal(picture[0].permute(1, 2, 0), seen[0, ..., :3])
        for layer in (net.coarse[-1], *([net.fine[-1]] if net.fine else [])):
            torch.nn.init.normal_(layer.conv.weight)
        last = corrected(net, seen, CPU)[-1][0].permute(1, 2, 0).numpy()
    hidden = draft.holes[0]
    assert (last != seen[0, ..., :3])[hidden].mean() > 0.9
    np.testing.assert_array_equal(last[~hidden], seen[0, ..., :3][~hidden])


@pytest.mark.parametrize("tune", ["fidelity", "removal"])
def test_what_is_always_wrong_is_learned(tune):
    made, net = teacher(tune=tune, batch=4), network()
    with torch.no_grad():
        before = made.judge(net)
    fit(net, made, Plan(steps=40, learning_rate=5e-3, judged_every=20))
    with torch.no_grad():
        assert made.judge(net) < 0.7 * before
        frames, holes = clip()
        draft = Draft.of(dark(frames, holes), holes, SIZE)
        for t in range(len(holes)):
            change = 127.5 * change_of(net, draft, t, CPU)
            assert change[holes[t]].mean() > 40
            assert not change[~holes[t]].any()


def test_what_is_held_out_is_not_learned_from():
    made, net = teacher(), network()
    assert not (made.told[1] & made.held).any()
    assert made.held.any()
    losses = [made.losses(net, step)["total"].item() for step in range(3)]
    made.truth[made.held] = 9
    made.truth[clip()[1]] = 9
    assert losses == [made.losses(net, step)["total"].item() for step in range(3)]


def test_what_helps_in_one_place_and_harms_in_another_is_not_believed():
    made, net = teacher(), network()
    with torch.no_grad():
        for layer in (net.coarse[-1], net.fine[-1]):
            torch.nn.init.normal_(layer.conv.weight)

    def right(share):
        """Make of the first rehearsal one whose truth is so much of what is changed."""
        draft, known = made.rehearsals[0]
        for t in range(3):
            change = change_of(net, draft, t, CPU)
            made.truth[t][known[t]] = (inputs(draft, t)[..., :3] + share * change)[known[t]]

    with torch.no_grad():
        made.rehearsals = made.rehearsals[:1]
        right(0.5)
        assert made.beliefs(net)[0] == pytest.approx(0.5, abs=0.01)
        right(-1)
        assert made.beliefs(net)[0] == 0


def test_the_mean_square_in_a_mask_equals_its_slow_twin():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(2, 2, 3, 4, 5)).astype(np.float32)
    mask = (rng.random((2, 1, 4, 5)) < 0.4).astype(np.float32)
    off = [
        (one[n, c, y, x] - two[n, c, y, x]) ** 2
        for n, c, y, x in np.ndindex(one.shape)
        if mask[n, 0, y, x]
    ]
    found = masked_l2(*(torch.from_numpy(each) for each in (one, two, mask)))
    assert found.item() == pytest.approx(np.mean(off), rel=1e-5)


# ---- through the front door


def film(pan, size=(48, 72), count=4):
    frames = pan(count, (2, 0), size=size)
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, size[0] // 3 : size[0] // 2, size[1] // 3 : size[1] // 2] = True
    return frames, holes


def fill(frames, holes, tune="fidelity", **options):
    return cp.fill(
        frames, holes, method="internal", tune=tune, options={**QUICK, **options}, provenance=True
    )


@pytest.mark.parametrize("tune", ["fidelity", "removal"])
def test_nothing_under_a_hole_is_ever_read(pan, tune):
    frames, holes = film(pan)
    poisoned = frames.copy()
    poisoned[holes] = np.random.default_rng(3).integers(0, 256, (holes.sum(), 3), np.uint8)
    one, two = (fill(each, holes, tune) for each in (frames, poisoned))
    np.testing.assert_array_equal(one.frames[holes], two.frames[holes])
    np.testing.assert_array_equal(one.frames[~holes], frames[~holes])
    np.testing.assert_array_equal(one.provenance.source, two.provenance.source)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_without_a_better_judgement_the_fill_is_the_flow_s(pan, dtype, monkeypatch):
    judgements = iter([1.0, 0.995, 0.991])
    monkeypatch.setattr(Correction, "judge", lambda self, network: next(judgements))
    frames, holes = film(pan, size=(160, 240))  # what lies around the hole is not all of it
    frames = frames.astype(dtype) * (np.iinfo(dtype).max // 255)
    np.testing.assert_array_equal(fill(frames, holes).frames, cp.fill(frames, holes))


def test_a_removal_keeps_what_the_flow_is_sure_of():
    frames, holes = clip()

    class Dark:
        longest_window = 90

        def fill(self, frames, holes, *, prior=None, progress=None, in_place=False):
            return dark(frames, holes)

    options = Options(tune="removal", learning_rate=0.05, warmup=0, held=False, **QUICK)
    filled = Method(options, draft=Dark(), device="cpu").fill(frames, holes)
    unsure = np.zeros_like(holes)
    unsure[:, 12:18, 18] = True
    assert (filled.frames[holes & ~unsure] == 30).all()
    assert (filled.provenance.source[unsure] == PAINTED).all()
    assert (filled.provenance.source[holes & ~unsure] == 0).all()


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (37, 53)])
def test_any_size_will_do(size):
    frames = np.random.default_rng(1).integers(0, 256, (2, *size, 3), np.uint8)
    for share in (0, 0.3, 1.1):
        holes = np.random.default_rng(5).random(frames.shape[:3]) < share
        clean = fill(frames, holes).frames
        np.testing.assert_array_equal(clean[~holes], frames[~holes])

"""Training of the network that decides what to trust."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp

torch = pytest.importorskip("torch")

from cleanplate.convert import check  # noqa: E402
from cleanplate.datasets.folders import open_dataset  # noqa: E402
from cleanplate.methods.flow_guided.fusion import LEVELS  # noqa: E402
from cleanplate.methods.flow_guided.fusion_network import (  # noqa: E402
    CANDIDATES,
    CHANNELS,
    HOLE,
    SMOOTH,
    VARIANCES,
    Config,
    Network,
)
from cleanplate.methods.flow_guided.fusion_samples import (  # noqa: E402
    Picture,
    cropped,
    look,
    turned_about,
)
from cleanplate.methods.flow_guided.inference import Options  # noqa: E402
from cleanplate.methods.flow_guided.train_fusion import (  # noqa: E402
    CONFIGS,
    FusionBatch,
    TrainConfig,
    lesson,
    log_error,
    losses,
    samples,
)
from cleanplate.weights import load_weights  # noqa: E402
from made_training import clips, one_core  # noqa: E402, F401 - fixtures

pytestmark = pytest.mark.usefixtures("one_core")

FAST = {"training": {"log_every": 1, "save_every": 2, "batch": 1, "crops": 2}}


def state_of(path):
    return load_weights(path, method="fusion").state


def test_a_run_by_name_and_a_fill_by_what_comes_out(clips, tmp_path, pan):  # noqa: F811
    done = cp.train(
        "fusion", data=clips, out=tmp_path / "one", steps=3, config="tiny", settings=FAST
    )
    assert set(done.losses) == {"error", "decibels"}
    assert check(done.weights)["method"] == "fusion"
    assert sorted((tmp_path / "one" / "made").iterdir()) != []
    frames, holes = pan(4, (2, 0)), np.zeros((4, 120, 160), bool)
    holes[:, 40:60, 60:80] = True
    options = {"fusion": "learned", "fusion_weights": done.weights}
    assert cp.fill(frames, holes, tune="fidelity", options=options).shape == frames.shape
    cp.train("fusion", data=clips, out=tmp_path / "two", steps=2, config="tiny", settings=FAST)
    again = cp.train("fusion", data=clips, out=tmp_path / "two", steps=3, resume=True)
    one, two = state_of(done.weights), state_of(again.weights)
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_kept_stretch_is_what_would_be_made_again(clips, tmp_path):  # noqa: F811
    dataset = open_dataset(clips).clips
    new, kept = (samples(CONFIGS["tiny"], dataset) for _ in range(2))
    kept.folder = tmp_path / "made"
    first, second, third = new[1], kept[1], kept[1]
    assert len(list(kept.folder.iterdir())) == 1
    for other in (second, third):
        np.testing.assert_array_equal(first.given, other.given)
        np.testing.assert_array_equal(first.wanted, other.wanted)
    assert (first.given[:, HOLE] > 0).any()


def test_what_is_wanted_leads_to_the_truth_and_does_not_show(pan):
    """Whatever lies under the hole, the network is given the same."""
    truth, holes = pan(5, (3, 1), size=(48, 64)), np.zeros((5, 48, 64), bool)
    holes[:, 16:32, 20:40] = True
    pictures = look(truth, holes, Options(tune="fidelity"))
    other = np.where(holes[..., None], 255 - truth, truth)
    poisoned = look(other, holes, Options(tune="fidelity"))
    assert len(pictures) == 5
    for one, two in zip(pictures, poisoned, strict=True):
        np.testing.assert_array_equal(one.given, two.given)
        inside = one.given[..., HOLE] > 0
        assert inside.sum() == 16 * 20
        apart = LEVELS * (one.wanted.astype(np.float32) - two.wanted)[inside]
        assert (np.abs(one.wanted[~inside]) == 0).all()
    expected = (2.0 * truth[4][holes[4]] - 255).astype(np.float32)
    np.testing.assert_allclose(apart, expected, atol=0.5)


def picture(size=(20, 30)):
    rng = np.random.default_rng(0)
    given = rng.normal(size=(*size, CHANNELS)).astype(np.float16)
    given[..., HOLE] = 0
    given[4:12, 6:18, HOLE] = 1
    wanted = given[..., CANDIDATES[0]] * given[..., HOLE : HOLE + 1]
    return Picture(given, wanted)


@pytest.mark.parametrize("crop", [8, 16, 40])
def test_crops_have_their_size_and_some_hole(crop):
    for seed in range(20):
        given, wanted = cropped([picture()], crop, np.random.default_rng(seed))
        assert given.shape == (crop, crop, CHANNELS)
        assert wanted.shape == (crop, crop, 3)
        assert (given[..., HOLE] > 0).any()


def test_what_is_turned_about_still_fits_together():
    """What is wanted is the first candidate here, which may have become the second."""
    ways = set()
    for seed in range(40):
        given, wanted = turned_about(picture(), np.random.default_rng(seed))
        hole = given[..., HOLE : HOLE + 1]
        fits = [bool((given[..., candidate] * hole == wanted).all()) for candidate in CANDIDATES]
        assert fits in ([True, False, False, False], [False, True, False, False])
        ways.add((tuple(fits), tuple(np.argwhere(hole[..., 0])[0])))
    assert len(ways) == 8


def test_past_and_future_change_places_with_their_variances():
    seen = set()
    for seed in range(20):
        before, after = picture().given, turned_about(picture(), np.random.default_rng(seed)).given
        was, now = (
            {x[..., c].tobytes() for c in range(*VARIANCES.indices(CHANNELS))}
            for x in (before, after)
        )
        if np.array_equal(before[..., HOLE], after[..., HOLE]):
            assert was == now
            seen.add(np.array_equal(before[..., VARIANCES], after[..., VARIANCES]))
    assert seen == {True, False}


def batch():
    torch.manual_seed(0)
    given = torch.randn(1, 2, CHANNELS, 16, 24)
    given[:, :, HOLE] = 0
    given[:, :, HOLE, 4:12, 6:18] = 1
    return FusionBatch(given, given[:, :, SMOOTH].clone(), ("made",))


def test_it_learns_what_to_trust():
    """Here it is always the smooth fill."""
    torch.manual_seed(0)
    network = Network(Config.tiny())
    learner = lesson(CONFIGS["tiny"], network, torch.device("cpu")).learners["network"]
    shown = []
    for _ in range(80):
        (turn,) = losses(network, batch())
        learner.optimiser.zero_grad()
        turn.total.backward()
        for group in learner.optimiser.param_groups:
            group["lr"] = 2e-2
        learner.optimiser.step()
        shown.append(turn.losses["decibels"].item())
    assert abs(shown[0]) < 3
    assert shown[-1] > shown[0] + 10


def test_the_error_is_that_of_each_hole_by_itself():
    apart, hole = torch.zeros(2, 3, 8, 8), torch.zeros(2, 1, 8, 8)
    hole[:, :, 2:4, 2:6] = 1
    apart[0, :, 2:4, 2:6], apart[1, 0, 2:4, 2:6] = 10 / LEVELS, 6 / LEVELS
    apart[:, :, 6] = 9  # outside, where nothing counts
    expected = (np.log(100 + 4) + np.log(36 / 3 + 4)) / 2
    assert log_error(apart, hole).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "values",
    [{"crop": 20}, {"stretches": 0}, {"size": (0, 9)}, {"completion": "best"}, {"frames": 1}],
)
def test_settings_that_mean_nothing(values):
    with pytest.raises(cp.BadInput, match=r"Give|Choose"):
        TrainConfig(**values)

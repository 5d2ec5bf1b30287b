"""Completion of flow by a network."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cleanplate import states  # noqa: E402
from cleanplate.convert import check  # noqa: E402
from cleanplate.errors import BadInput  # noqa: E402
from cleanplate.flow import completion, learned  # noqa: E402
from cleanplate.flow.camera import CameraMotion, camera_motion  # noqa: E402
from cleanplate.flow.complete import Effort, complete_flow  # noqa: E402
from cleanplate.flow.completion_network import CHANNELS, Config, Network  # noqa: E402
from cleanplate.methods.flow_guided import Options  # noqa: E402
from cleanplate.weights import save_weights  # noqa: E402

COUNT, SIZE = 7, (45, 62)


@pytest.fixture(scope="module")
def network():
    """A tiny one that has not learned, with weights that make a difference."""
    torch.manual_seed(0)
    network = Network(Config.tiny()).eval().requires_grad_(False)
    torch.nn.init.normal_(network.out.weight, std=0.2)
    return network


def given(size=SIZE, count=COUNT):
    """Flow with rubbish in its hole, and where that is; the third pair has no hole."""
    rng = np.random.default_rng(0)
    height, width = size
    flow = rng.normal(0, 1, (2, count, *size, 2)).astype(np.float32) + np.float32(1)
    lost = np.zeros((2, count, *size), bool)
    lost[:, :, height // 4 : 1 + height // 2, width // 3 : 1 + width // 2] = True
    lost[:, 2:3] = False
    flow[lost] = 1e3
    return flow, (lost[0], lost[1])


def complete(network, flow, lost, under=1e3):
    forward, backward = flow.copy()
    forward[lost[0]] = backward[lost[1]] = under
    camera = camera_motion(forward, lost[0]), camera_motion(backward, lost[1])
    return learned.complete_by_learning(forward, backward, camera, lost, network, effort=Effort())


@pytest.mark.parametrize("size", [SIZE, (8, 16), (1, 1), (3, 130)])
def test_only_the_doubtful_is_changed_and_always_alike(network, size):
    flow, lost = given(size)
    done = complete(network, flow, lost)
    again = complete(network, flow, lost, under=-7)
    for first, second, before, where in zip(done, again, flow, lost, strict=True):
        np.testing.assert_array_equal(first, second)  # what lay under the hole is not read
        np.testing.assert_allclose(first[~where], before[~where], atol=1e-5)
        assert np.isfinite(first).all()
        assert np.abs(first[where]).max() < 100


def test_a_network_that_has_not_learned_keeps_to_the_smooth_guess():
    """And what came from nowhere adds nothing to it."""
    network = Network(Config.tiny()).eval()
    channels = torch.randn(2, CHANNELS, 16, 24)
    channels[:, 2:4], channels[:, 5:7] = 0, 0
    assert not network(channels).any()


def test_the_network_sees_any_size(network):
    for size in ((1, 1), (5, 9), (16, 24)):
        assert network(torch.zeros(1, CHANNELS, *size)).shape == (1, 2, *size)


def test_the_harmonic_completion_is_corrected_by_what_the_network_says():
    """Where all it says is 1, the correction is the scale, at full size."""
    network = Network(Config.tiny()).eval().requires_grad_(False)
    network.out.bias[:4] = 1.0  # what is added across, at each quarter of a pixel of its own
    size, count = (64, 64), 3
    flow = np.zeros((2, count, *size, 2), np.float32)
    lost = np.zeros((2, count, *size), bool)
    lost[:, :, 16:48, 16:48] = True
    still = CameraMotion(np.stack([np.eye(3, dtype=np.float32)] * count), size)
    done = learned.complete_by_learning(
        *flow, (still, still), (lost[0], lost[1]), network, effort=Effort()
    )
    for each in done:
        np.testing.assert_allclose(each[:, 20:44, 20:44, 0], 2 * 0.5, atol=1e-5)
        assert not each[..., 1].any()


def test_the_channels_are_what_the_network_expects():
    flow, lost = given()
    camera = camera_motion(flow[0], lost[0]), camera_motion(flow[1], lost[1])
    smooth = []

    def look(residuals, *_):
        smooth.extend(each.copy() for each in residuals)

    complete_flow(*flow.copy(), camera, lost, effort=Effort(), improve=look)
    both = learned.guesses((smooth[0], smooth[1]), camera, lost)
    whole = (slice(0, SIZE[0]), slice(0, SIZE[1]))
    for way, known in enumerate(both):
        t, scale = 3, known.scale(3)
        channels = known.channels(t, whole)
        assert channels.shape == (CHANNELS, *SIZE)
        moved = np.moveaxis(channels, 0, -1) * scale
        np.testing.assert_allclose(moved[..., :2], smooth[way][t], atol=1e-5)
        before = t - known.towards
        np.testing.assert_allclose(moved[..., 10:12], smooth[way][before], atol=1e-5)
        np.testing.assert_array_equal(channels[8], lost[way][t])
        for start, carried in ((2, known.past), (5, known.future)):
            np.testing.assert_allclose(
                moved[..., start : start + 2], carried.flow[t] - smooth[way][t], atol=1e-5
            )
            came = carried.steps[t] > 0
            np.testing.assert_array_equal(channels[start + 2] > 0, came)
            assert came.any()
            assert not moved[..., start : start + 2][~came].any()
        box = (slice(3, 30), slice(10, 50))
        np.testing.assert_array_equal(known.channels(t, box), channels[:, box[0], box[1]])


def test_what_is_far_from_the_hole_is_not_looked_at(network):
    flow, lost = given((60, 400))
    far = flow.copy()
    for way in (0, 1):
        far[way, :, 8:52, :20] += np.float32(0.5) * (-1) ** np.arange(20)[:, None]
    camera = camera_motion(flow[0], lost[0]), camera_motion(flow[1], lost[1])
    done = [
        learned.complete_by_learning(*each.copy(), camera, lost, network, effort=Effort())
        for each in (flow, far)
    ]
    for first, second, where in zip(*done, lost, strict=True):
        difference = np.abs(first - second)[where]
        assert difference.max() < 0.2  # by the scale alone


@pytest.mark.parametrize(
    "values", [{"widths": (4,)}, {"widths": (4, 0)}, {"head": 0}, {"widths": (4, 2.5)}]
)
def test_configs_that_mean_nothing(values):
    with pytest.raises(BadInput, match="Give"):
        Config(**values)


def test_it_is_loaded_by_name(network, tmp_path, monkeypatch):
    path = tmp_path / "completion.safetensors"
    save_weights(path, network.state_dict(), method="completion", config=network.config)
    flow, lost = given()
    camera = camera_motion(flow[0], lost[0]), camera_motion(flow[1], lost[1])
    monkeypatch.setattr(completion, "SHIPPED", path)
    for chosen in (path, str(path), None):
        complete_it = completion.load_completion("learned", weights=chosen)
        done = complete_it(*flow.copy(), camera, lost, effort=Effort())
        for ours, theirs in zip(done, complete(network, flow, lost), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert completion.load_completion("smooth") is complete_flow


@pytest.mark.parametrize(
    ("name", "weights", "said"),
    [
        ("rough", None, "completion 'rough' is unknown"),
        (["smooth"], None, "is unknown"),
        ("smooth", "a.safetensors", "smooth has no weights"),
        ("learned", 7, "int was given for a path"),
        ("learned", "no.safetensors", "are not there"),
    ],
)
def test_what_cannot_be_loaded(name, weights, said):
    with pytest.raises(BadInput, match=said) as refusal:
        completion.load_completion(name, weights=weights)
    assert "\n" not in str(refusal.value)


def test_what_comes_with_the_package_is_whole_and_small():
    about = check(completion.SHIPPED)
    assert about["method"] == "completion"
    assert about["licence"] == "Apache-2.0"
    assert completion.SHIPPED.stat().st_size < 8 << 20
    assert completion.SHIPPED.with_suffix(".md").is_file()


@pytest.mark.parametrize("missing", [None, "torch", "safetensors", "weights"])
def test_by_itself_it_is_learned_where_it_can_be(network, tmp_path, monkeypatch, missing):
    path = tmp_path / "completion.safetensors"
    if missing != "weights":
        save_weights(path, network.state_dict(), method="completion", config=network.config)
    monkeypatch.setattr(completion, "SHIPPED", path)
    find = states.find_spec
    monkeypatch.setattr(states, "find_spec", lambda name: name != missing and find(name))
    chosen = completion.load_completion("auto")
    assert (chosen is complete_flow) is (missing is not None)
    if missing is None:
        assert chosen.func is learned.complete_by_learning


@pytest.mark.parametrize(
    ("told", "usual"),
    [
        ({"tune": "removal"}, "smooth"),
        ({"tune": "fidelity"}, "auto"),
        ({"tune": "removal", "completion_weights": "w.safetensors"}, "auto"),
        ({"tune": "removal", "completion": "learned"}, "learned"),
        ({"tune": "fidelity", "completion": "smooth"}, "smooth"),
    ],
)
def test_removal_takes_the_time_only_if_it_is_asked_to(told, usual):
    assert Options(**told).usual_completion() == usual


def test_without_weights_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(completion, "SHIPPED", tmp_path / "none.safetensors")
    with pytest.raises(BadInput, match="none come with this package"):
        completion.load_completion("learned")


def test_flows_without_a_hole_cost_nothing(network, monkeypatch):
    asked = []
    ask = network.forward
    monkeypatch.setattr(network, "forward", lambda x: asked.append(len(x)) or ask(x))
    flow, lost = given()
    complete(network, flow, lost)
    assert sum(asked) == 2 * (COUNT - 1)
    asked.clear()
    nowhere = np.zeros_like(lost[0])
    complete(network, flow, (nowhere, nowhere))
    assert not asked

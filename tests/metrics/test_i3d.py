from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import golden_rule
from cleanplate.errors import BadInput

torch = pytest.importorskip("torch")

from cleanplate.metrics.i3d import I3D, Pool, Unit, features, load_i3d  # noqa: E402

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def official():
    """Keys and shapes of the official file."""
    return json.loads((GOLDEN / "i3d.json").read_text())


@pytest.fixture(scope="module")
def state(official):
    values = {key: golden_rule.entry(key, shape) for key, shape in official["shapes"].items()}
    return {key: torch.from_numpy(np.asarray(value)) for key, value in values.items()}


@pytest.fixture(scope="module")
def network(state):
    network = I3D()
    network.load_state_dict(state)
    return network.eval()


def test_keys_and_shapes_are_the_official_ones(official):
    own = {key: list(value.shape) for key, value in I3D().state_dict().items()}
    assert own == official["shapes"]
    assert sum(p.numel() for p in I3D().parameters()) == official["parameters"] == 12_697_264


@pytest.mark.parametrize(
    "seed, shape, name",
    [(0, (1, 10, 3, 64, 96), "a_features"), (1, (1, 9, 3, 60, 106), "b_features")],
)
def test_golden_features(network, seed, shape, name):
    clips = torch.from_numpy(golden_rule.uniform(seed, shape)).transpose(1, 2)
    with torch.inference_mode():
        found = network.features(clips)
    assert golden_rule.max_error(found, np.load(GOLDEN / "i3d.npz")[name]) < 1e-4


def test_golden_logits(network):
    clips = torch.from_numpy(golden_rule.uniform(2, (1, 3, 16, 224, 224)))
    with torch.inference_mode():
        found = network(clips)
    assert golden_rule.max_error(found, np.load(GOLDEN / "i3d.npz")["logits"]) < 1e-4


def test_features_of_frames_are_those_of_zero_to_one(network):
    frames = np.random.default_rng(0).integers(0, 256, (3, 33, 40, 3), dtype=np.uint8)
    clips = torch.from_numpy(frames / np.float32(255)).permute(3, 0, 1, 2)[None]
    with torch.inference_mode():
        wanted = network.features(clips)[0]
    found = features(frames, network)
    assert found.shape == (1024,)
    assert found.dtype == np.float64
    assert np.abs(found - wanted.numpy()).max() < 1e-6
    assert np.abs(features(frames.astype(np.uint16) * 257, network) - found).max() < 1e-6
    assert features(frames[:1, :1, :1], network).shape == (1024,)
    for wrong in (frames[0], frames.astype(np.float32)):
        with pytest.raises(BadInput, match="Give"):
            features(wrong, network)


@pytest.mark.parametrize("length", range(1, 9))
@pytest.mark.parametrize("size, stride", [(1, 1), (3, 1), (2, 2), (3, 2), (7, 2)])
def test_sides_are_divided_and_rounded_up(length, size, stride):
    """And the smaller half of the zeros lies in front: a slow twin in one dimension."""
    wanted = -(-length // stride)
    missing = max((wanted - 1) * stride + size - length, 0)
    x = np.arange(1.0, length + 1)
    padded = np.pad(x, (missing // 2, missing - missing // 2))
    clip = torch.from_numpy(x).reshape(1, 1, length, 1, 1)
    pooled = Pool((size, 1, 1), (stride, 1, 1))(clip).flatten().tolist()
    assert pooled == [padded[i * stride : i * stride + size].max() for i in range(wanted)]


def test_a_unit_normalises_with_its_own_epsilon():
    unit = Unit(1, 1, 1).eval()
    torch.nn.init.ones_(unit.conv3d.weight)
    unit.bn.running_var.fill_(0.003)
    with torch.inference_mode():
        assert unit(torch.full((1, 1, 1, 1, 1), 2.0)).item() == pytest.approx(2 / 0.004**0.5)
        assert unit(torch.full((1, 1, 1, 1, 1), -2.0)).item() == 0


def test_a_file_is_loaded_and_another_network_refused(state, tmp_path):
    counts = [key for key in state if key.endswith("num_batches_tracked")]
    torch.save({key: state[key] for key in state.keys() - set(counts)}, tmp_path / "old.pt")
    network = load_i3d(tmp_path / "old.pt")  # as it was saved before these counts were kept
    assert not network.training
    assert all(torch.equal(value, state[key]) for key, value in network.state_dict().items())
    torch.save({key: value for key, value in state.items() if "5c" not in key}, tmp_path / "no.pt")
    with pytest.raises(BadInput, match=r"no\.pt do not fit I3D: 'Mixed_5c.* is missing") as refusal:
        load_i3d(tmp_path / "no.pt")
    assert "\n" not in str(refusal.value)
    with pytest.raises(BadInput, match=r"one file, 2 were given. Give rgb_imagenet\.pt"):
        load_i3d([tmp_path / "old.pt", tmp_path / "no.pt"])

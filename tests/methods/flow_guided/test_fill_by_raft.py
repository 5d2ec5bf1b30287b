"""A fill whose flow a network finds."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp

torch = pytest.importorskip("torch")

from cleanplate.flow import raft  # noqa: E402
from cleanplate.weights import save_weights  # noqa: E402


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Of a tiny network that has not learned and sees everything move far."""
    torch.manual_seed(0)
    network = raft.Network(raft.Config.tiny())
    network.update_block.flow_head.conv2.bias.data[:] = torch.tensor([0.2, 0.0])
    path = tmp_path_factory.mktemp("weights") / "raft.safetensors"
    save_weights(path, network.state_dict(), method="raft", config=network.config)
    return path


@pytest.mark.parametrize("tune", ["removal", "fidelity"])
def test_the_fill_follows_its_flow(weights, pan, tune):
    frames = pan(5, (3, 0))
    holes = np.zeros(frames.shape[:3], bool)
    holes[2, 40:60, 60:80] = True
    options = {"flow": "raft", "flow_weights": weights, "flow_device": "cpu"}
    filled = cp.fill(frames, holes, tune=tune, options=options)
    assert (filled[~holes] == frames[~holes]).all()

    def error(clip):
        return np.abs(clip.astype(int) - frames)[holes].mean()

    assert error(filled) > 3 * error(cp.fill(frames, holes, tune=tune))  # the flow is wrong
    again = cp.fill(frames, holes, tune=tune, options={**options, "flow_weights": str(weights)})
    np.testing.assert_array_equal(filled, again)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"flow": "raft"}, "the estimator raft needs weights"),
        ({"flow": "hs"}, "estimator 'hs' is unknown"),
        ({"flow": ["dis"]}, "is unknown"),
        ({"flow": "raft", "flow_weights": 7}, "int was given for a path"),
        ({"flow": "raft", "flow_weights": "no.safetensors"}, "are not there"),
        ({"flow_weights": "raft.safetensors"}, "dis has no weights"),
        ({"flow_device": "tpu"}, "device 'tpu' is unknown"),
    ],
)
def test_options_that_mean_nothing(options, said):
    with pytest.raises(cp.BadInput, match=said) as refusal:
        cp.load_method("flow", **options)
    assert "\n" not in str(refusal.value)

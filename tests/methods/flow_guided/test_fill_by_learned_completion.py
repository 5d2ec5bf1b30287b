"""A fill whose flow a network completes."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp

torch = pytest.importorskip("torch")

from cleanplate.convert import check  # noqa: E402
from cleanplate.flow.completion_network import Config, Network  # noqa: E402
from cleanplate.weights import save_weights  # noqa: E402


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Of a tiny network that has not learned and sees everything move far."""
    network = Network(Config.tiny())
    network.out.bias.data[0] = 8
    path = tmp_path_factory.mktemp("weights") / "completion.safetensors"
    save_weights(path, network.state_dict(), method="completion", config=network.config)
    return path


@pytest.mark.parametrize("tune", ["removal", "fidelity"])
def test_the_fill_follows_its_flow(weights, pan, tune):
    frames = pan(5, (3, 0))
    holes = np.zeros(frames.shape[:3], bool)
    holes[2, 40:60, 60:80] = True
    options = {"completion": "learned", "completion_weights": weights}
    filled = cp.fill(frames, holes, tune=tune, options=options)
    assert (filled[~holes] == frames[~holes]).all()
    smooth = cp.fill(frames, holes, tune=tune, options={"completion": "smooth"})
    assert (filled != smooth)[holes].any()
    usual = cp.fill(frames, holes, tune=tune)
    itself = cp.fill(frames, holes, tune=tune, options={"completion": "learned"})
    np.testing.assert_array_equal(usual, smooth if tune == "removal" else itself)
    np.testing.assert_array_equal(filled, cp.fill(frames, holes, tune=tune, options=options))


def test_its_weights_can_be_checked(weights):
    found = check(weights)
    assert (found["method"], found["config"]["head"]) == ("completion", 4)


def test_options_are_refused_when_the_method_is_loaded():
    with pytest.raises(cp.BadInput, match="completion 'rough' is unknown"):
        cp.load_method("flow", completion="rough")

"""The published propagation, chosen by an option of the flow-guided method."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.methods import load_method
from cleanplate.methods.flow_guided import inference
from cleanplate.methods.flow_guided.published import Rules
from cleanplate.video import KNOWN, UNSEEN
from cleanplate.weights import save_weights

PUBLISHED = {"propagation": "published"}


def hidden(frames, rows=slice(20, 32), columns=slice(24, 40)):
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, rows, columns] = True
    return holes


@pytest.mark.parametrize("tune", ["fidelity", "removal"])
def test_a_pan_gives_its_pixels_back(pan, tune):
    frames = pan(12, (4, 0), size=(48, 96))
    holes = hidden(frames)
    filled = cp.fill(frames, holes, tune=tune, options=PUBLISHED, provenance=True)
    source, inconsistency = filled.provenance.source, filled.provenance.inconsistency
    assert (source[~holes] == KNOWN).all()
    assert (source[holes] >= 0).mean() > 0.9
    assert np.abs(filled.frames.astype(int) - frames)[source >= 0].mean() < 1
    assert (inconsistency[source < 0] == 0).all()
    assert 0 < inconsistency[source >= 0].mean() < 0.5


def test_the_options_reach_it(pan, monkeypatch):
    frames, asked = pan(3, (2, 0), size=(40, 50)), []
    holes = hidden(frames)
    plain = inference.propagate

    def propagate(*given, **options):
        asked.append(options["rules"])
        return plain(*given, **options)

    monkeypatch.setattr(inference, "propagate", propagate)
    cp.fill(frames, holes, options={**PUBLISHED, "epsilon": 2, "merge": "weighted"})
    cp.fill(frames, holes, options=PUBLISHED)
    cp.fill(frames, holes, options={"propagation": "traced"})
    assert asked == [Rules(2.0, "weighted"), Rules(5.0, "nearer")]


def test_an_image_network_paints_what_no_frame_shows(pan, tmp_path):
    torch = pytest.importorskip("torch")
    from cleanplate.methods.flow_guided.deepfill import Config, Network

    torch.manual_seed(0)
    network, weights = Network(Config.tiny()), tmp_path / "deepfill.safetensors"
    save_weights(weights, network.state_dict(), method="deepfill", config=network.config)
    frames = pan(3, (0, 0), size=(48, 64))
    holes = hidden(frames)
    filled = cp.fill(frames, holes, options={**PUBLISHED, "image": weights}, provenance=True)
    smooth = cp.fill(frames, holes, options=PUBLISHED)
    assert (filled.provenance.source[holes] == UNSEEN).all()
    assert not np.array_equal(filled.frames[holes], smooth[holes])


def test_what_an_early_window_shows_or_invents_stays(pan):
    """Windows hand on what they filled; only the first invents, on both of its ends."""
    frames = pan(1, (0, 0), size=(48, 64)).repeat(30, axis=0)
    frames[:] = np.clip(frames + np.random.default_rng(0).integers(-9, 10, frames.shape), 0, 255)
    holes = hidden(frames)
    holes[1:, 2:8, 4:12] = True  # shown by the first frame alone
    method = load_method("flow", **PUBLISHED, tune="removal")
    method.longest_window = 12
    filled = cp.fill(frames, holes, method=method, provenance=True)
    steps = np.abs(np.diff(filled.frames.astype(int), axis=0))
    assert steps[6:, 20:32, 24:40].max() <= 1
    assert (filled.provenance.source[1:, 3:7, 5:11] == 0).all()
    assert steps[:, 3:7, 5:11].max() <= 1


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"propagation": "dreamt"}, "propagation 'dreamt' is unknown. Choose one of: traced, publ"),
        ({"propagation": 5}, "propagation 5 is unknown"),
        ({**PUBLISHED, "merge": "mean"}, "merge 'mean' is unknown. Choose one of: nearer, weight"),
        ({**PUBLISHED, "merge": np.array(["nearer", "mean"])}, "merge .* is unknown"),
        ({**PUBLISHED, "epsilon": 0}, r"epsilon is 0\.0. Give a number of pixels above 0"),
        ({**PUBLISHED, "epsilon": "five"}, "epsilon is 'five'. Give a number"),
        ({**PUBLISHED, "epsilon": True}, "epsilon is 'True'. Give a number"),
        ({**PUBLISHED, "image": 3}, "image is 3. Give the path of a weights file"),
        ({**PUBLISHED, "image": "no.pth"}, r"no\.pth are not"),
        ({"epsilon": 4}, "epsilon means nothing to the propagation 'traced'. Leave it out, or"),
        ({"merge": "weighted"}, "merge means nothing to the propagation 'traced'"),
        ({"image": "w.safetensors"}, "image means nothing to the propagation 'traced'"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(wrong, said):
    with pytest.raises(cp.BadInput, match=said):
        load_method("flow", **wrong)

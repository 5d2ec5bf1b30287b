"""The flow-completion network computes what the official ones compute."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import golden_rule
from cleanplate.errors import BadInput

torch = pytest.importorskip("torch")

from cleanplate.flow.dfc_network import Config, Network  # noqa: E402

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = {
    f"{prefix}_{backbone}": Config(backbone=backbone, stage=stage)
    for backbone in ("resnet50", "resnet101")
    for prefix, stage in (("stage1", "first"), ("refine", "refinement"))
}
OFFICIAL = json.loads((GOLDEN / "dfcnet.json").read_text())["state_dicts"]
by_case = pytest.mark.parametrize("name", CASES)


def window(directions):
    """Normal flow of 4 pixels, and a box that moves 2 pixels a flow."""
    count = 11 * directions
    flows = golden_rule.normal(0, (count, 2, 64, 104), 4.0)
    masks = np.zeros((count, 1, 64, 104), np.float32)
    for i in range(count):
        masks[i, :, 16:48, 20 + 2 * i : 60 + 2 * i] = 1
    return torch.from_numpy(np.concatenate([flows, masks], axis=1).reshape(1, -1, 64, 104))


def taps(tensor):
    flat = tensor.detach().numpy().reshape(-1)
    return flat[np.linspace(0, flat.size - 1, min(flat.size, 256)).astype(np.int64)]


def filled(network):
    """A network with the weights of the golden vectors."""
    shapes = {key: value.shape for key, value in network.state_dict().items()}
    state = {key: torch.from_numpy(golden_rule.entry(key, shape)) for key, shape in shapes.items()}
    network.load_state_dict(state)
    return network


@by_case
def test_golden(name):
    network, found = filled(Network(CASES[name])), np.load(GOLDEN / "dfcnet.npz")
    seen = {}
    for layer in ("maxpool", "layer1", "layer2", "layer3", "layer4"):
        getattr(network, layer).register_forward_hook(
            lambda m, i, out, layer=layer: seen.update({layer: taps(out)})
        )
    with torch.inference_mode():
        flow = network(window(2 if name.startswith("refine") else 1))
    for layer, values in seen.items():
        assert golden_rule.max_error(values, found[f"{name}_tap_{layer}"]) < 1e-4, layer
    assert len(seen) == 5
    assert golden_rule.max_error(flow, found[name]) < 1e-4


@by_case
def test_keys_and_sizes_are_the_official_ones(name):
    with torch.device("meta"):
        network = Network(CASES[name])
    state = network.state_dict()
    assert {key: list(value.shape) for key, value in state.items()} == OFFICIAL[name]["shapes"]
    assert sum(p.numel() for p in network.parameters()) == OFFICIAL[name]["parameters"]


@pytest.mark.parametrize("free", [False, True])
def test_what_learns(free):
    with torch.device("meta"):
        network = Network(Config(backbone="resnet50", free_shortcuts=free))
    learning = sum(p.numel() for p in network.parameters() if p.requires_grad)
    shortcuts = 2 * (256 + 512 + 1024 + 2048)
    assert learning == OFFICIAL["stage1_resnet50"]["requires_grad"] - (0 if free else shortcuts)


def test_batch_normalisation_never_looks_at_a_batch():
    torch.manual_seed(0)
    network = filled(Network(Config.tiny())).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    x = torch.randn(2, 33, 24, 32)
    out = network(x)
    torch.testing.assert_close(out[:1], network.eval()(x[:1]))
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize("backbone", ["resnet50", "resnet101"])
def test_an_even_start_lets_flow_through(backbone):
    """... by about as much as goes in; officially next to nothing comes out."""
    spreads = {}
    for start in ("official", "even"):
        torch.manual_seed(0)
        network = Network(Config(backbone=backbone, width=8, start=start))
        with torch.inference_mode():
            spreads[start] = network(4 * torch.randn(1, 33, 48, 64)).std().item()
    assert 0.5 < spreads["even"] < 50
    assert spreads["official"] < 0.25


@pytest.mark.parametrize("backbone", ["resnet50", "resnet101"])
@pytest.mark.parametrize("size", [(4, 4), (23, 37)])
def test_any_size(backbone, size):
    network = Network(Config(backbone=backbone, stage="refinement", width=2))
    with torch.inference_mode():
        assert network(torch.zeros(1, 66, *size)).shape == (1, 4, *size)


@pytest.mark.parametrize(
    "wrong",
    [
        {"backbone": "vgg"},
        {"stage": "third"},
        {"pairing": "both"},
        {"width": 0},
        {"start": "late"},
    ],
)
def test_configs_that_mean_nothing(wrong):
    with pytest.raises(BadInput, match=f"{next(iter(wrong))} is .* (Choose one of|Give)"):
        Config(**wrong)

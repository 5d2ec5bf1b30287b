"""The networks of internal learning compute what the official ones compute."""

from __future__ import annotations

import numpy as np
import pytest

import golden_rule

torch = pytest.importorskip("torch")

from internal_state import features, official, pictures, wanted  # noqa: E402

from cleanplate.errors import BadInput  # noqa: E402
from cleanplate.losses import contextual, cosine_distances, nearest_cosine  # noqa: E402
from cleanplate.methods.internal.network import (  # noqa: E402
    Config,
    Network,
    reflected,
    same_padding,
)

CASES = [
    ("base", 1, "base"), ("stacked", 1, "stack"), ("coarse-to-fine", 1, "refine"),
    ("coarse-to-fine", 2, "refine_gain2"),
]  # fmt: skip


def taps(tensor, count=256):
    flat = tensor.detach().numpy().reshape(-1)
    return flat[np.linspace(0, flat.size - 1, min(flat.size, count)).astype(np.int64)]


@pytest.mark.parametrize(("kind", "gain", "name"), CASES)
def test_golden_pictures(kind, gain, name):
    network, seen = official(kind, gain=gain), {}
    for number, layer in enumerate(network.coarse):
        layer.register_forward_hook(lambda m, i, out, n=number: seen.update({n: taps(out)}))
    with torch.inference_mode():
        painted = network(*pictures())
    assert len(painted) == (1 if kind == "base" else 2)
    for number, values in seen.items() if gain == 2 else ():
        found = wanted()[f"{name}_tap_coarse_net.{number}"]
        assert golden_rule.max_error(values, found) < 1e-4, number
    for number, picture in enumerate(painted, start=1):
        assert golden_rule.max_error(picture, wanted()[f"{name}_x{number}"]) < 1e-4


@pytest.mark.parametrize(
    ("kind", "parameters"), [("base", 1629951), ("stacked", 2895390), ("coarse-to-fine", 4051278)]
)
def test_as_many_parameters_as_the_official_networks(kind, parameters):
    network = Network(Config(kind=kind))
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def test_golden_contextual_loss():
    ours, theirs = features()
    found = wanted()
    assert float(contextual(ours, theirs)) == pytest.approx(float(found["contextual_loss"]), 1e-5)
    distances = taps(cosine_distances(ours, theirs))
    assert golden_rule.max_error(distances, found["cosine_distance_tap"]) < 1e-5


def slow_distances(ours, theirs):
    """1 - cosine of every pair, one at a time."""
    mean = theirs.mean(axis=(0, 2, 3))
    count = ours.shape[2] * ours.shape[3]
    out = np.zeros((len(ours), count, count))
    for n, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        for i, p in enumerate(a.reshape(len(mean), -1).T - mean):
            for j, q in enumerate(b.reshape(len(mean), -1).T - mean):
                out[n, i, j] = 1 - p @ q / np.linalg.norm(p) / np.linalg.norm(q)
    return out


def test_losses_of_features_equal_their_slow_twins():
    ours, theirs = features()
    distances = slow_distances(ours.double().numpy(), theirs.double().numpy())
    losses, nearest = [], []
    for each in distances:
        weights = [np.exp((1 - row / (row.min() + 1e-5)) * 2) for row in each]
        shares = np.array([row / row.sum() for row in weights])
        losses.append(-np.log(shares.max(axis=0).mean()))
        nearest += [row.min() for row in each]
    assert float(contextual(ours, theirs)) == pytest.approx(np.mean(losses), rel=1e-5)
    assert float(nearest_cosine(ours, theirs)) == pytest.approx(np.mean(nearest), rel=1e-5)


@pytest.mark.parametrize("config", [Config.tiny(), Config(**{**vars(Config.paper()), "width": 2})])
@pytest.mark.parametrize("size", [(4, 4), (4, 8), (12, 40)])
def test_any_size_of_whole_units(config, size):
    frames, masks = torch.rand(2, 3, *size), torch.ones(2, 1, *size)
    network = Network(config)
    for picture in network(frames * 0, masks):
        assert picture.shape == frames.shape
        assert picture.abs().max() <= 1
    assert network.features(frames).shape == (2, 8, size[0] // 4, size[1] // 4)


@pytest.mark.parametrize(("start", "least"), [("official", 0.0), ("even", 0.02)])
def test_an_even_start_lets_pictures_through(start, least):
    torch.manual_seed(0)
    network, sizes = Network(Config(width=8, start=start)), []
    for layer in (*network.coarse, *network.fine):
        layer.register_forward_hook(lambda m, i, out: sizes.append(float(out.square().mean())))
    with torch.inference_mode():
        network(torch.rand(1, 3, 32, 48) * 2 - 1, torch.zeros(1, 1, 32, 48))
    assert min(sizes) ** 0.5 > least
    assert (min(sizes) ** 0.5 < 1e-3) == (start == "official")


def test_padding_by_reflection_is_that_of_numpy():
    x = torch.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    for by in (0, 1, 2, 7, 16):
        edges = ((0, 0), (0, 0), (by, by), (by, by))
        assert np.array_equal(reflected(x, by), np.pad(x.numpy(), edges, mode="reflect"))


@pytest.mark.parametrize("side", range(1, 12))
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_padding_gives_a_result_for_every_stride(side, stride):
    before, after = same_padding(side, stride, 2)
    assert 0 <= after - before <= 1
    assert (before + side + after - 3) // stride + 1 == -(-side // stride)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "deep"}, "kind 'deep' is unknown. Choose one of: base, stacked, coarse-to-fine"),
        ({"padding": "ones"}, "padding 'ones' is unknown"),
        ({"enlargement": "cubic"}, "enlargement 'cubic' is unknown"),
        ({"branches": "mine"}, "branches 'mine' is unknown"),
        ({"width": 3}, "width is 3. Give an even number"),
        ({"width": 0}, "width is 0"),
        ({"last": 5}, "last is 5"),
        ({"start": "cold"}, "start 'cold' is unknown"),
    ],
)
def test_what_cannot_be_built_is_refused(wrong, said):
    with pytest.raises(BadInput, match=said):
        Config(**wrong)

"""RAFT: its official keys, its lookup and its enlargement against plain loops, flow of any size."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.errors import BadInput

torch = pytest.importorskip("torch")

from cleanplate.flow import raft  # noqa: E402
from cleanplate.flow.correlation import Correlation  # noqa: E402
from cleanplate.flow.raft import Config, Network, enlarged, learned_flow  # noqa: E402


@pytest.fixture(scope="module")
def network():
    """A tiny network whose steps are large enough to show."""
    torch.manual_seed(0)
    made = Network(Config.tiny()).eval().requires_grad_(False)
    made.update_block.flow_head.conv2.weight.mul_(20)
    return made


def pictures(count, size=(128, 136), grey=False, seed=0):
    shape = size if grey else (*size, 3)
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, shape, np.uint8) for _ in range(count)]


# ---- the network as published


def test_the_published_network():
    network = Network()
    assert sum(value.numel() for value in network.parameters()) == 5_257_536
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert len(shapes) == 179
    for key, shape in {
        "fnet.conv1.weight": (64, 3, 7, 7),
        "fnet.layer2.0.conv1.weight": (96, 64, 3, 3),
        "fnet.layer3.0.downsample.0.weight": (128, 96, 1, 1),
        "fnet.conv2.weight": (256, 128, 1, 1),
        "cnet.norm1.running_mean": (64,),
        "cnet.layer2.0.norm3.weight": (96,),
        "cnet.layer2.0.downsample.1.weight": (96,),
        "cnet.layer1.1.norm2.num_batches_tracked": (),
        "update_block.encoder.convc1.weight": (256, 324, 1, 1),
        "update_block.encoder.convc2.weight": (192, 256, 3, 3),
        "update_block.encoder.convf1.weight": (128, 2, 7, 7),
        "update_block.encoder.convf2.weight": (64, 128, 3, 3),
        "update_block.encoder.conv.weight": (126, 256, 3, 3),
        "update_block.gru.convz1.weight": (128, 384, 1, 5),
        "update_block.gru.convq2.weight": (128, 384, 5, 1),
        "update_block.flow_head.conv2.weight": (2, 256, 3, 3),
        "update_block.mask.0.weight": (256, 128, 3, 3),
        "update_block.mask.2.weight": (576, 256, 1, 1),
    }.items():
        assert shapes[key] == shape
    assert not any(".norm" in key for key in shapes if key.startswith("fnet."))


def test_every_update_is_returned(network):
    first, second = (torch.rand(2, 3, 128, 136) * 255 for _ in range(2))
    flows = network(first, second, updates=3)
    assert [tuple(flow.shape) for flow in flows] == [(2, 2, 128, 136)] * 3
    again = network(first, second, updates=2)
    torch.testing.assert_close(again[1], flows[1])
    assert (flows[2] - flows[1]).abs().max() > 1e-3


def test_it_learns():
    torch.manual_seed(0)
    network = Network(Config.tiny()).train()
    first, second = (torch.rand(1, 3, 128, 128) * 255 for _ in range(2))
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    losses = []
    for _ in range(6):
        flows = network(first, second, updates=2)
        loss = sum((flow - 3).abs().mean() for flow in flows)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("bad", [{"width": 3}, {"width": 0}, {"levels": 0}, {"radius": 1.5}])
def test_networks_that_cannot_be_built(bad):
    with pytest.raises(BadInput, match=f"{next(iter(bad))} is"):
        Config(**bad)


# ---- the lookup


def bilinear(plane, y, x):
    total = 0.0
    for row in (int(np.floor(y)), int(np.floor(y)) + 1):
        for column in (int(np.floor(x)), int(np.floor(x)) + 1):
            if 0 <= row < plane.shape[0] and 0 <= column < plane.shape[1]:
                total += (1 - abs(y - row)) * (1 - abs(x - column)) * plane[row, column]
    return total


def looked_up(first, second, places, levels, radius):
    """The lookup in plain loops: (C, h, w) maps, (2, h, w) places."""
    channels, height, width = first.shape
    out = []
    for level in range(levels):
        size = 2**level
        rows, columns = second.shape[1] // size, second.shape[2] // size
        small = np.zeros((channels, rows, columns))
        for row in range(rows):
            for column in range(columns):
                block = second[
                    :, row * size : (row + 1) * size, column * size : (column + 1) * size
                ]
                small[:, row, column] = block.mean(axis=(1, 2))
        for right in range(-radius, radius + 1):
            for down in range(-radius, radius + 1):
                plane = np.zeros((height, width))
                for y in range(height):
                    for x in range(width):
                        alike = np.tensordot(first[:, y, x], small, 1) / np.sqrt(channels)
                        there = places[:, y, x] / size
                        plane[y, x] = bilinear(alike, there[1] + down, there[0] + right)
                out.append(plane)
    return np.stack(out)


@pytest.mark.parametrize("most_bytes", [10**9, 1500, 1])
def test_the_lookup_is_that_of_plain_loops(most_bytes):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 2, 6, 5, 4))
    places = rng.uniform(-3, 7, (2, 2, 5, 4))
    maps = [torch.from_numpy(x).double() for x in (first, second)]
    found = Correlation(*maps, levels=2, radius=2, most_bytes=most_bytes).around(
        torch.from_numpy(places)
    )
    assert found.shape == (2, 50, 5, 4)
    for number in range(2):
        wanted = looked_up(first[number], second[number], places[number], 2, 2)
        np.testing.assert_allclose(found[number].numpy(), wanted, atol=1e-12)


def test_a_scale_of_one_place_can_be_looked_at():
    ones = torch.ones(1, 4, 2, 3)
    found = Correlation(ones, ones, levels=2, radius=0).around(torch.zeros(1, 2, 2, 3))
    assert found[0, :, 0, 0].tolist() == [2, 2]


# ---- the enlargement


def enlarged_plainly(flow, weights):
    """The enlargement in plain loops: (2, h, w), (9 * 64, h, w)."""
    height, width = flow.shape[1:]
    padded = np.pad(8 * flow, ((0, 0), (1, 1), (1, 1)))
    out = np.zeros((2, 8 * height, 8 * width))
    for y in range(8 * height):
        for x in range(8 * width):
            inside = 8 * (y % 8) + x % 8
            scores = [weights[64 * k + inside, y // 8, x // 8] for k in range(9)]
            shares = np.exp(scores) / np.exp(scores).sum()
            for k in range(9):
                out[:, y, x] += shares[k] * padded[:, y // 8 + k // 3, x // 8 + k % 3]
    return out


def test_the_enlargement_is_that_of_plain_loops():
    rng = np.random.default_rng(0)
    flow, weights = rng.normal(size=(2, 2, 3, 4)), rng.normal(size=(2, 576, 3, 4))
    found = enlarged(torch.from_numpy(flow), torch.from_numpy(weights)).numpy()
    for number in range(2):
        wanted = enlarged_plainly(flow[number], weights[number])
        np.testing.assert_allclose(found[number], wanted, atol=1e-12)


# ---- flow of pictures


def test_flow_is_that_of_the_network(network):
    """Features that are kept from pair to pair change nothing."""
    given = pictures(3)
    forward, backward = learned_flow(network, given, updates=2)
    assert forward.dtype == np.float32
    assert forward.shape == backward.shape == (2, 128, 136, 2)
    with torch.inference_mode():
        tensors = [raft.padded(picture, torch.device("cpu")) for picture in given]
        for t in range(2):
            for flow, pair in (
                (forward[t], (tensors[t], tensors[t + 1])),
                (backward[t], (tensors[t + 1], tensors[t])),
            ):
                wanted = network(*pair, updates=2)[-1][0].permute(1, 2, 0).numpy()
                np.testing.assert_allclose(flow, wanted, atol=1e-5)


def test_less_memory_gives_the_same_flow(network):
    given = pictures(2)
    for kept, anew in zip(
        learned_flow(network, given, updates=2),
        learned_flow(network, given, updates=2, most_bytes=10_000),
        strict=True,
    ):
        np.testing.assert_allclose(kept, anew, atol=1e-5)


def test_grey_is_taken_as_rgb(network):
    grey = pictures(2, grey=True)
    for one, other in zip(
        learned_flow(network, grey, updates=1),
        learned_flow(network, [np.stack([g] * 3, axis=2) for g in grey], updates=1),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (131, 150), (129, 8)])
def test_any_size_has_its_flow(network, size):
    forward, backward = learned_flow(network, pictures(2, size), updates=1)
    assert forward.shape == backward.shape == (1, *size, 2)
    assert np.isfinite(forward).all()


def test_padding_goes_on_as_the_picture_ends_and_is_cut_back():
    picture = pictures(1, (131, 150))[0]
    wide = raft.padded(picture, torch.device("cpu"))
    assert wide.shape == (1, 3, 136, 152)
    assert torch.equal(wide[0, :, 0], wide[0, :, 2])
    back = raft.cut_back(wide, (131, 150))[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(back, picture)


def test_one_picture_has_no_learned_flow(network):
    forward, backward = learned_flow(network, pictures(1, (20, 30)))
    assert forward.shape == backward.shape == (0, 20, 30, 2)

"""The transformer for CPUs computes what the network's own does, in the part that is asked for."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from cleanplate.methods.sttn.mixer import Mixer  # noqa: E402
from cleanplate.methods.sttn.network import Config, Network  # noqa: E402
from cleanplate.region import Region  # noqa: E402

SIZE = (24, 36)  # of the features


def case(length, *, masked, seed=0):
    torch.manual_seed(seed)
    network = Network(Config(size=(96, 144), channels=96, blocks=2, mask_attention=masked))
    for parameter in network.parameters():
        parameter.data.mul_(4)  # as far from nothing as trained ones
    frames = [torch.randn(*SIZE, 96) for _ in range(length)]
    missing = torch.rand(length, *SIZE) < 0.1
    missing[:, 8:20, 9:30] = True
    return network, frames, missing


def plain(network, frames, missing, wanted):
    features = torch.stack(frames).permute(0, 3, 1, 2)[None]
    return network.mix(features, missing[None], wanted)[0].permute(0, 2, 3, 1)


@torch.inference_mode()
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("length", "wanted"), [(1, 1), (4, 2)])
def test_it_is_the_networks_own(length, wanted, masked):
    network, frames, missing = case(length, masked=masked)
    found = Mixer(network, torch.float32).mix(frames, missing, wanted, Region(0, 24, 0, 36))
    expected = plain(network, frames, missing, wanted)
    assert found.shape == expected.shape
    assert (found - expected).abs().max() < 1e-4 * expected.abs().max()


@torch.inference_mode()
@pytest.mark.parametrize("part", [Region(6, 24, 0, 17), Region(7, 13, 11, 30)])
def test_a_part(part):
    network, frames, missing = case(3, masked=False)
    found = Mixer(network, torch.float32).mix(frames, missing, 2, part)
    expected = plain(network, frames, missing, 2)[:, part.top : part.bottom, part.left : part.right]
    assert found.shape == expected.shape
    assert (found - expected).abs().max() < 1e-4 * expected.abs().max()


@torch.inference_mode()
def test_bfloat16_is_near():
    network, frames, missing = case(3, masked=False)
    halves = [frame.bfloat16() for frame in frames]
    found = Mixer(network, torch.bfloat16).mix(halves, missing, 3, Region(0, 24, 0, 36))
    expected = plain(network, frames, missing, 3)
    assert found.dtype == torch.bfloat16
    assert (found.float() - expected).std() < 0.06 * expected.std()


@torch.inference_mode()
def test_nothing_is_left_of_what_was_mixed_before():
    network, frames, missing = case(4, masked=False)
    mixer, part = Mixer(network, torch.float32), Region(4, 20, 4, 30)
    first = mixer.mix(frames[:2], missing[:2], 1, part)
    kept = first.clone()
    mixer.mix(frames, missing, 4, Region(0, 24, 0, 36))
    assert torch.equal(first, kept)
    assert torch.equal(mixer.mix(frames[:2], missing[:2], 1, part), kept)

"""The generator and the critic compute what the official ones compute."""

from __future__ import annotations

import numpy as np
import pytest

import golden_rule

torch = pytest.importorskip("torch")

from sttn_state import official, wanted  # noqa: E402

from cleanplate.errors import BadInput  # noqa: E402
from cleanplate.methods.sttn.attention import from_patches, to_patches  # noqa: E402
from cleanplate.methods.sttn.critic import Critic, CriticConfig  # noqa: E402
from cleanplate.methods.sttn.network import (  # noqa: E402
    DECODER_REACH,
    REDUCTION,
    Config,
    Network,
)
from cleanplate.region import Region  # noqa: E402


def taps(tensor, count=256):
    flat = tensor.detach().numpy().reshape(-1)
    return flat[np.linspace(0, flat.size - 1, min(flat.size, count)).astype(np.int64)]


@pytest.fixture(scope="module")
def state():
    return official("sttn", "netG")


def network(state, **options):
    made = Network(Config(**options)).eval()
    made.load_state_dict(state)
    return made


def clip(count):
    masks = golden_rule.boxes(count, 240, 432)[None, :, None].astype(np.float32)
    frames = golden_rule.uniform(0, (1, count, 3, 240, 432), -1, 1)
    return torch.from_numpy(frames * (1 - masks)), torch.from_numpy(masks)


@pytest.mark.parametrize("case", ["t3", "masked_t3", "t5"])
def test_golden_clips(state, case):
    count, found = int(case[-1]), wanted("sttn")
    made = network(state, mask_attention=case.startswith("masked"))
    seen = {}
    for name, layer in [("encoder", made.encoder), ("decoder", made.decoder)] + [
        (f"transformer.{n}", block) for n, block in enumerate(made.transformer)
    ]:
        layer.register_forward_hook(lambda m, i, out, name=name: seen.update({name: taps(out)}))
    with torch.inference_mode():
        out = made(*clip(count))[0]
    for name, values in seen.items():
        assert golden_rule.max_error(values, found[f"{case}_tap_{name}"]) < 1e-4, name
    assert golden_rule.max_error(out[:, :, 1::4, 2::4], found[f"{case}_sub"]) < 1e-4
    if f"{case}_frame0" in found:
        assert golden_rule.max_error(out[0], found[f"{case}_frame0"]) < 1e-3


@pytest.mark.parametrize("masked", [False, True])
def test_golden_block(state, masked):
    made = network(state, mask_attention=masked)
    features = torch.from_numpy(golden_rule.normal(0, (3, 256, 60, 108), 3.0))[None]
    masks = golden_rule.boxes(3, 240, 432)[None, :, ::4, ::4].astype(np.float32)
    with torch.inference_mode():
        out = made.transformer[0](features, torch.from_numpy(masks), None)
    name = "block_masked" if masked else "block"
    assert golden_rule.max_error(taps(out, 20000), wanted("sttn")[name]) < 1e-4


def test_golden_critic():
    made = Critic()
    made.load_state_dict(official("sttn_discriminator", "netD"))
    x = torch.from_numpy(golden_rule.uniform(0, (5, 3, 64, 96), -1, 1))[None]
    found = wanted("sttn_discriminator")
    with torch.no_grad():
        first = made(x)
        made(x), made(x)
        last = made.eval()(x)
    official_layout = [scores[0].numpy()[None] for scores in (first, last)]
    assert golden_rule.max_error(official_layout[0], found["train_call_1"]) < 1e-4
    assert golden_rule.max_error(official_layout[1], found["eval_after_3_train_calls"]) < 1e-4
    state = made.state_dict()
    for key, name in (("conv.0", "u_conv0_after_3"), ("conv.8", "u_conv8_after_3")):
        assert golden_rule.max_error(state[f"{key}.weight_u"], found[name]) < 1e-4


def test_only_the_frames_wanted():
    torch.manual_seed(0)
    made = Network(Config.tiny()).eval()
    frames, masks = torch.rand(2, 4, 3, 48, 96) * 2 - 1, torch.zeros(2, 4, 1, 48, 96)
    with torch.inference_mode():
        features = made.encode(frames.flatten(0, 1)).unflatten(0, (2, 4))
        whole = made.mix(features, made.reduce_mask(masks), 4)
        part = made.mix(features, made.reduce_mask(masks), 2)
    torch.testing.assert_close(part, whole[:, :2])


@pytest.mark.parametrize("division", [1, 2, 3, 6])
def test_patches_go_back_together(division):
    features = torch.arange(2 * 3 * 4 * 6 * 12.0).reshape(2, 3, 4, 6, 12)
    patches = to_patches(features, division)
    assert patches.shape == (2, 3 * division**2, 4 * 6 * 12 // division**2)
    assert torch.equal(from_patches(patches, features.shape, division), features)
    assert torch.equal(patches[0, 0].reshape(4, 6 // division, -1),
                       features[0, 0, :, : 6 // division, : 12 // division])  # fmt: skip


def test_sizes():
    def count(module):
        return sum(parameter.numel() for parameter in module.parameters())

    assert count(Network()) == 16_556_163
    assert count(Critic()) == 17_832_256
    assert count(Network(Config.small())) <= 3_000_000
    assert "conv.10.weight_orig" in Critic(CriticConfig(norm_all=True)).state_dict()


@torch.inference_mode()
@pytest.mark.parametrize("part", [Region(0, 24, 0, 36), Region(5, 24, 0, 20), Region(0, 14, 9, 36)])
def test_a_part_is_decoded_as_all_is(part):
    torch.manual_seed(0)
    network = Network(Config(size=(96, 144), channels=16, blocks=1))
    for parameter in network.parameters():
        parameter.data.mul_(6)
    features = torch.randn(2, 16, 24, 36)
    rows, columns = slice(part.top, part.bottom), slice(part.left, part.right)
    pixels = part.scaled(REDUCTION)
    wanted = network.decode(features)[:, :, pixels.top : pixels.bottom, pixels.left : pixels.right]
    found = network.decode_part(features[:, :, rows, columns], part, (24, 36))
    reach = REDUCTION * DECODER_REACH
    inside = (
        ...,
        slice(reach if part.top else None, None if part.bottom == 24 else -reach),
        slice(reach if part.left else None, None if part.right == 36 else -reach),
    )
    assert wanted.std() > 0.01
    assert (found - wanted)[inside].abs().max() < 1e-5


def test_even_weights_keep_features_about_as_large():
    torch.manual_seed(0)
    pictures = torch.rand(1, 3, 3, 96, 144) * 2 - 1
    sizes = {}
    for start in ("official", "even"):
        network = Network(Config(size=(96, 144), channels=32, blocks=3, start=start))
        with torch.inference_mode():
            features = network.encode(pictures[0])
            mixed = network.mix(features[None], torch.zeros(1, 3, 24, 36), 3)
            result = network.decode(mixed[0])
        sizes[start] = [float(x.std()) for x in (features, mixed, result)]
    assert all(0.2 < size < 4 for size in sizes["even"])
    assert sizes["official"][-1] < 1e-3
    with pytest.raises(BadInput, match="start is 'random'"):
        Config(start="random")

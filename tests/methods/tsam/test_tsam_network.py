"""The generator and the critics compute what the official ones compute, and what the paper says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import golden_rule

torch = pytest.importorskip("torch")

from tsam_state import SIZE, as_official, clip, motion, official, wanted  # noqa: E402

from cleanplate.errors import BadInput  # noqa: E402
from cleanplate.methods.tsam.checkpoint import translated  # noqa: E402
from cleanplate.methods.tsam.critic import Critic, CriticConfig  # noqa: E402
from cleanplate.methods.tsam.network import Config, Network  # noqa: E402
from cleanplate.methods.tsam.shift import Alignment, Motion, scaled  # noqa: E402

TAPS = {
    "layer1.0.conv1": "encoder.layer1.0.conv1",
    **{f"layer{n}": f"encoder.layer{n}.{last}" for n, last in ((1, 2), (2, 3), (3, 5), (4, 2))},
    "conv_c2": "decoder.skip2", "conv_c4": "decoder.skip3",
    "conv9": "decoder.mix1", "conv10": "decoder.mix2", "conv11": "decoder.paint",
}  # fmt: skip


def taps(tensor, count=256):
    flat = as_official(tensor).reshape(-1)
    return flat[np.linspace(0, flat.size - 1, min(flat.size, count)).astype(np.int64)]


@pytest.fixture(scope="module")
def generator():
    made = Network(Config.official()).eval().requires_grad_(False)
    made.load_state_dict(translated(official("tsam")), strict=True)
    return made


@pytest.mark.parametrize("case", ["noflow", "flow"])
def test_golden_generator(generator, case):
    alignment = Alignment(motion(), grid="corners") if case == "flow" else None
    seen, found, hooks = {}, wanted("tsam"), []
    layers = dict(generator.named_modules())
    for name, place in TAPS.items():
        keep = lambda m, i, out, name=name: seen.update({name: taps(out)})  # noqa: E731
        hooks.append(layers[place].register_forward_hook(keep))
    out = generator(*clip(), alignment)
    for hook in hooks:
        hook.remove()
    assert seen.keys() == TAPS.keys()
    for name, values in seen.items():
        assert golden_rule.max_error(values, found[f"{case}_tap_{name}"]) < 1e-4, name
    assert golden_rule.max_error(out, found[f"{case}_out"]) < 1e-4


def test_golden_critic():
    made = Critic(CriticConfig.official())
    made.net.load_state_dict({
        f"layers.{int(key.split('.')[1].removeprefix('conv')) - 1}.feature.{key.split('.')[-1]}": x
        for key, x in official("tsam_discriminator").items()
        if ".layer." in key
    })  # fmt: skip
    planes = torch.from_numpy(golden_rule.uniform(0, (1, 5, 5, *SIZE)))
    with torch.inference_mode():
        scores = made.net(planes).sigmoid()
    assert golden_rule.max_error(scores, wanted("tsam_discriminator")["out"]) < 1e-4


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_sizes(generator):
    assert count(generator) == 31_661_510
    assert count(Critic(CriticConfig.official())) == 5_948_416
    assert count(Network(Config.small())) < 3_000_000


def made(**changes):
    torch.manual_seed(0)
    return Network(replace(Config.tiny(), **changes)).eval()


def some(count=4, size=(24, 40)):
    """Frames with their holes, masks, and a motion of whole pixels."""
    generator = torch.Generator().manual_seed(1)
    masks = torch.zeros(1, count, 1, *size)
    masks[..., 8:16, 10:30] = 1
    frames = torch.rand(1, count, 3, *size, generator=generator) * (1 - masks)
    flow = torch.randint(-4, 5, (1, count - 1, 2, *size), generator=generator).float()
    doubt = torch.zeros(1, count - 1, 1, *size)
    doubt[..., 3:9] = 1
    return frames, masks, Alignment(Motion(flow, -flow, doubt, doubt))


@torch.inference_mode()
def test_a_network_that_knows_no_flow_takes_none():
    frames, masks, alignment = some()
    network = made(aligned=False)
    assert torch.equal(network(frames, masks, alignment), network(frames, masks))
    assert not torch.equal(network(frames, masks), made()(frames, masks, alignment))


@torch.inference_mode()
def test_what_is_known_stays():
    frames, masks, alignment = some()
    out = made()(frames, masks, alignment)
    known = (masks == 0).expand_as(out)
    assert torch.equal(out[known], frames[known])
    assert out[~known].std() > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("future_first", True), ("mask", "left"), ("grid", "corners"), ("decoder_fold", 4),
        ("gate", "aligned"), ("gated_enlarging", False), ("spectral_norm", False),
        ("guidance", True),
    ],
)  # fmt: skip
@torch.inference_mode()
def test_each_setting_makes_a_difference_and_official_is_all_of_them(name, value):
    assert getattr(Config.official(), name) == value != getattr(Config(), name)
    frames, masks, alignment = some()
    plain, other = made(), made(**{name: value})
    if name == "guidance":
        assert other.encoder.conv1.in_channels == plain.encoder.conv1.in_channels + 1
        return
    state = {key: x for key, x in plain.state_dict().items() if key in other.state_dict()}
    if name == "spectral_norm":
        state = {key.replace("_orig", ""): x for key, x in plain.state_dict().items()
                 if not key.endswith(("weight_u", "weight_v"))}  # fmt: skip
    other.load_state_dict(state)
    if name == "gate":  # which begin as copies
        for layer in (*plain.encoder.layer1, *other.encoder.layer1):
            layer.conv1.gate.weight.add_(0.3)
    if name == "grid":
        alignment = [Alignment(alignment._motion, grid=grid) for grid in ("centres", "corners")]
    if name == "mask":  # nothing comes from the next frame
        alignment._motion.forward.fill_(100)
    ways = alignment if isinstance(alignment, list) else [alignment] * 2
    one, two = plain(frames, masks, ways[0]), other(frames, masks, ways[1])
    assert (one - two).abs().max() > 1e-4


def test_normalised_weights_become_plain_ones():
    network, given = made(), some()
    with torch.inference_mode():
        before = network(*given)
    network.settle()
    assert not [key for key in network.state_dict() if key.endswith(("_orig", "_u", "_v"))]
    with torch.inference_mode():
        torch.testing.assert_close(network(*given), before)


@torch.inference_mode()
def test_every_scale_of_the_motion_is_computed_once_for_a_clip(monkeypatch):
    sizes = []

    def counted(motion, size, **how):
        sizes.append(size)
        return scaled(motion, size, **how)

    monkeypatch.setattr("cleanplate.methods.tsam.shift.scaled", counted)
    frames, masks, alignment = some(6)
    network = made(blocks=(3, 4, 6, 3))
    network(frames, masks, alignment)
    network(frames[:, 2:5], masks[:, 2:5], alignment.between(2, 4))
    assert sorted(sizes) == [(3, 5), (6, 10), (12, 20), (24, 40)]


@torch.inference_mode()
def test_a_clip_of_one_frame_and_masks_of_everything():
    network = made()
    alone, hole = torch.rand(1, 1, 3, 16, 24), torch.ones(1, 1, 1, 16, 24)
    nothing = torch.zeros(1, 0, 2, 16, 24)
    still = Alignment(Motion(nothing, nothing, nothing[:, :, :1], nothing[:, :, :1]))
    assert torch.equal(network(alone, hole), network(alone, hole, still))
    frames, masks, alignment = some()
    assert network(frames * 0, masks * 0 + 1, alignment).isfinite().all()


def test_half_the_bits_are_enough():
    network, (frames, masks, alignment) = made(), some()
    with torch.inference_mode():
        wanted = network(frames, masks, alignment)
        out = network.bfloat16()(frames.bfloat16(), masks.bfloat16(), alignment)
    assert out.dtype == torch.bfloat16
    assert (out.float() - wanted).abs().mean() < 0.1 * wanted.std()


@pytest.mark.parametrize("kind", ["volumes", "shifted"])
def test_critics_of_both_kinds(kind):
    torch.manual_seed(0)
    critic = Critic(CriticConfig(kind, channels=4))
    frames, masks, _ = some(7, (48, 96))
    scores = critic(frames, masks)
    assert scores.shape[:3] == (1, 7, 16)
    assert 0 < scores.min() <= scores.max() < 1
    scores.mean().backward()
    assert all(parameter.grad is not None for parameter in critic.parameters())


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 12}, {"decoder": 0}, {"blocks": (1, 0, 1, 1)}, {"size": (50, 96)},
        {"decoder_fold": 16}, {"mask": "right"}, {"grid": "corner"}, {"gate": "none"},
    ],
    ids=str,
)  # fmt: skip
def test_networks_that_cannot_be_built_are_refused(wrong):
    with pytest.raises(BadInput, match=f"{next(iter(wrong))} is"):
        Config(**wrong)


def test_frames_of_other_sizes_are_refused():
    with pytest.raises(BadInput, match=r"frames are \(20, 24\). Give multiples of 8"):
        made()(torch.zeros(1, 2, 3, 20, 24), torch.zeros(1, 2, 1, 20, 24))
    for wrong in ({"kind": "flat"}, {"channels": 0}):
        with pytest.raises(BadInput, match=next(iter(wrong))):
            CriticConfig(**wrong)


def test_official_state_dicts_say_how_their_network_is_built():
    assert Config.published(translated(official("tsam"))) == Config.official()
    assert Config.published({}) == Config.official()
    state = dict(official("tsam"))
    double = "generator.coarse_net.upsample_module.conv9.featureConv.weight_orig"
    state[double] = state[double] + 1
    with pytest.raises(BadInput, match=r"two tensors for 'decoder.mix1.feature.weight'"):
        translated(state)

"""Official checkpoints of any width become files of ours, and nothing of them is lost unseen."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cleanplate.convert import check, convert  # noqa: E402
from cleanplate.errors import BadInput  # noqa: E402
from cleanplate.methods.tsam import network as room  # noqa: E402
from cleanplate.methods.tsam.network import Config, Network  # noqa: E402
from cleanplate.weights import load_network, load_weights  # noqa: E402

SMALL = Config.official(width=8, blocks=(1, 2, 1, 1), decoder=32)
THEIRS = {
    "skip2": "conv_c2", "skip3": "conv_c4", "mix1": "conv9", "mix2": "conv10", "paint": "conv11",
    **{f"enlarge{n}": f"deconv{n}.conv" for n in (1, 2, 3)},
}  # fmt: skip
FULL = "generator.coarse_net."


def as_official(state):
    """A state dict of ours as the official code would save it, critics and all."""
    saved = {"temporal_discriminator.conv1.featureConv.bias": torch.ones(3), "vgg.slice1.0.weight":
             torch.ones(2), "advloss.real_label": torch.ones(())}  # fmt: skip
    for key, value in state.items():
        part, name = key.split(".", 1)
        if part == "encoder":
            name = name.replace("conv1.feature.", "conv1.net.").replace(".gate.", ".gating_conv.")
            saved[f"{FULL}downsample_module.base_model.{name}"] = value
            continue
        layer, kind, end = name.split(".")
        inner = {"feature": "featureConv", "gate": "gatingConv"}[kind]
        whole = f"{FULL}upsample_module.{THEIRS[layer]}.{inner}"
        saved[f"{whole}.layer.{end}"] = value
        normalised = end == "weight" and layer != "paint"
        saved[f"{whole}.{end}{'_orig' if normalised else ''}"] = value
        if normalised:
            saved |= {f"{whole}.weight_u": torch.ones(1), f"{whole}.weight_v": torch.ones(1)}
    return saved


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Network(SMALL)


def logger(monkeypatch, name="utils.logger"):
    """What the official code keeps of its training: an object of a class of its own."""
    module = ModuleType(name)
    module.Logger = type("Logger", (), {"__module__": name, "__qualname__": "Logger"})
    for part in (name.partition(".")[0], name):
        monkeypatch.setitem(sys.modules, part, module)
    made = module.Logger()
    made.entries = {1: {"epoch": 1, "loss": 0.5, "fid_score": np.float64(3.5)}}
    return made


def checkpoint(state, logger=None):
    return {"arch": "VideoInpaintingModel", "epoch": 3, "logger": logger, "state_dict": state,
            "optimizer_g": {}, "optimizer_d_s": None, "optimizer_d_t": {}, "monitor_best": 0.5,
            "config": {"name": "tsam"}}  # fmt: skip


@pytest.mark.parametrize("alone", [False, True])
def test_official_checkpoints(network, tmp_path, monkeypatch, alone):
    state = as_official(network.state_dict())
    with monkeypatch.context() as patch:
        whole = checkpoint(state, logger(patch))
        torch.save(state if alone else whole, tmp_path / "tsam.pth")
    out = tmp_path / "tsam.safetensors"
    found = convert(tmp_path / "tsam.pth", out, method="tsam")
    assert found == check(out)
    assert found["licence"].startswith("not stated, if https://github.com/MaureenZOU/TSAM")
    kept = load_weights(out, method="tsam")
    assert kept.state.keys() == network.state_dict().keys()
    assert all(torch.equal(kept.state[key], x) for key, x in network.state_dict().items())
    assert load_network(out, method="tsam", room=room).config == SMALL


def test_objects_of_other_classes_are_not_opened(network, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        whole = checkpoint(as_official(network.state_dict()), logger(patch, "elsewhere"))
        torch.save(whole, tmp_path / "tsam.pth")
    with pytest.raises(BadInput, match="hold more than tensors, and were not opened"):
        convert(tmp_path / "tsam.pth", tmp_path / "tsam.safetensors", method="tsam")


def test_what_is_no_checkpoint_of_it(network, tmp_path):
    good = as_official(network.state_dict())
    mix = f"{FULL}upsample_module.conv9.featureConv"
    base = f"{FULL}downsample_module.base_model"
    for said, state in (
        ("has no place in it", {**good, f"{mix}.layer.extra": torch.ones(1)}),
        ("has no place in it", {**good, "spectral.weight": torch.ones(1)}),
        ("'decoder.mix1.gate.bias' is missing",
         {key: x for key, x in good.items() if "conv9.gatingConv" not in key or "bias" not in key}),
        ("two tensors for 'decoder.mix1.feature.weight'",
         {**good, f"{mix}.weight_orig": good[f"{mix}.weight_orig"] + 1}),
        ("do not fit tsam", {**good, f"{base}.bn1.bias": torch.ones(9)}),
        ("width is 9", {**good, f"{base}.conv1.weight": torch.ones(9)}),
    ):  # fmt: skip
        torch.save(checkpoint(state), tmp_path / "tsam.pth")
        with pytest.raises(BadInput, match=said):
            convert(tmp_path / "tsam.pth", tmp_path / "out.safetensors", method="tsam")
        assert not (tmp_path / "out.safetensors").exists()

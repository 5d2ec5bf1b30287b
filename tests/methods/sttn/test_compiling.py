"""The compiled network computes what the plain one does, or is refused."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import cleanplate as cp  # noqa: E402
from cleanplate.methods.sttn import Options  # noqa: E402
from cleanplate.methods.sttn.network import Config, Network  # noqa: E402
from cleanplate.weights import save_weights  # noqa: E402


@pytest.fixture
def weights(tmp_path):
    torch.manual_seed(0)
    config = Config.tiny()
    path = tmp_path / "tiny.safetensors"
    save_weights(path, Network(config).state_dict(), method="sttn", config=config)
    return path


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PyTorch's own, of itself
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_compiled_network_fills_alike(weights, monkeypatch, precision):
    """Without the last stage, which takes a compiler of the system and most of the time."""
    made = []

    def noted(part, **options):
        made.append(part)
        return partial(torch_compile, backend="eager")(part)

    torch_compile = torch.compile
    monkeypatch.setattr(torch, "compile", noted)
    frames = np.random.default_rng(0).integers(0, 256, (7, 48, 96, 3), np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 10:30, 20:50] = True
    chosen = {"method": "sttn", "weights": weights, "device": "cpu"}
    precise = {"precision": precision}
    plain = cp.fill(frames, holes, **chosen, options=precise)
    assert not made
    monkeypatch.setattr("cleanplate.methods.sttn.compiling._lacking", lambda: None)
    compiled = cp.fill(frames, holes, **chosen, options={**precise, "compile": True})
    assert len(made) == 3  # the encoder and two blocks
    np.testing.assert_array_equal(compiled, plain)


def test_without_a_compiler_it_is_refused(weights, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(cp.BadInput, match=r"and no-such-compiler is not there\. Install it, or"):
        cp.load_method("sttn", weights=weights, device="cpu", compile=True)
    monkeypatch.setenv("CXX", "python3")
    monkeypatch.setattr("sysconfig.get_path", lambda name: "/none")
    with pytest.raises(cp.BadInput, match=r"and /none/Python.h is not there"):
        cp.load_method("sttn", weights=weights, device="cpu", compile=True)


@pytest.mark.parametrize("value", [None, 1, "yes"])
def test_whether_to_compile_is_yes_or_no(value):
    with pytest.raises(cp.BadInput, match=r"compile is .*\. Give True or False\."):
        Options(compile=value)

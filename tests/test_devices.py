from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from cleanplate.devices import device_named, has_bf16, precision_named, settled
from cleanplate.errors import BadInput

torch = pytest.importorskip("torch")


def test_without_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_named("cpu") == device_named("auto") == torch.device("cpu")
    with pytest.raises(BadInput, match="no GPU is there"):
        device_named("cuda")


def test_each_process_takes_its_own_gpu(monkeypatch):
    taken = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert device_named("auto") == device_named("cuda") == torch.device("cuda", 1)
    assert taken == [torch.device("cuda", 1)] * 2
    assert device_named("cpu") == torch.device("cpu")


@pytest.mark.parametrize("able", [True, False])
def test_precisions(monkeypatch, able):
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: able)
    assert has_bf16(cpu) == able
    assert precision_named("auto", cpu) == (torch.bfloat16 if able else torch.float32)
    assert precision_named("fp32", cpu) == torch.float32
    assert precision_named("bf16", cpu) == torch.bfloat16


def test_what_auto_comes_to_is_settled(monkeypatch):
    told = {"device": "auto", "flow_device": "auto", "precision": "auto", "seed": 3}
    with_gpu = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: True))
    monkeypatch.setitem(sys.modules, "torch", with_gpu)
    everywhere = {**told, "device": "cuda", "flow_device": "cuda"}
    assert settled(told, ("auto", "cpu", "cuda")) == everywhere
    assert settled(told, ("auto", "cpu")) == {**everywhere, "device": "cpu"}
    assert settled({"device": "cpu"}, ("auto", "cpu", "cuda")) == {"device": "cpu"}
    monkeypatch.delitem(sys.modules, "torch")
    nowhere = {**told, "device": "cpu", "flow_device": "cpu"}
    assert settled(told, ("auto", "cpu", "cuda")) == nowhere

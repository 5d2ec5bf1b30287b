"""Files of flow: there and back, byte for byte as the benchmark has them, and nothing trusted."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cleanplate as cp
from cleanplate.flow.files import read_flow, write_flow


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (7, 5), (120, 1)])
def test_there_and_back(tmp_path, size):
    flow = np.random.default_rng(0).normal(0, 9, (*size, 2)).astype(np.float32)
    write_flow(tmp_path / "a.flo", flow)
    back = read_flow(tmp_path / "a.flo")
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, flow)


def test_the_bytes_are_the_benchmarks(tmp_path):
    flow = np.array([[[1.5, -2], [3, 4], [0.25, 6]], [[7, 8], [9, 10], [11, 1e10]]], np.float32)
    write_flow(tmp_path / "a.flo", flow)
    wanted = struct.pack("<fii12f", 202021.25, 3, 2, *flow.reshape(-1).tolist())
    assert (tmp_path / "a.flo").read_bytes() == wanted
    assert read_flow(tmp_path / "a.flo")[1, 2, 1] == np.float32(1e10)  # unknown stays as it is


def test_a_view_is_written_as_it_looks(tmp_path):
    flow = np.arange(24, dtype=np.float32).reshape(3, 4, 2)
    write_flow(tmp_path / "a.flo", flow[::-1, ::2])
    np.testing.assert_array_equal(read_flow(tmp_path / "a.flo"), flow[::-1, ::2])


def header(width, height, magic=b"PIEH"):
    return magic + struct.pack("<ii", width, height)


BAD = {
    "empty": (b"", "no file of optical flow"),
    "short": (header(1, 1)[:11], "no file of optical flow"),
    "other": (header(1, 1, b"PIEX") + bytes(8), "no file of optical flow"),
    "nothing": (header(0, 4), "claims a flow of 0x4"),
    "negative": (header(-1, -1) + bytes(8), "claims a flow of -1x-1"),
    "huge": (header(2**31 - 1, 2**31 - 1) + bytes(8), "claims pictures of"),
    "cut": (header(2, 2) + bytes(31), "has 43 bytes, and a flow of 2x2 takes 44"),
    "more": (header(2, 2) + bytes(33), "has 45 bytes"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_flow_is_refused(tmp_path, name):
    content, said = BAD[name]
    (tmp_path / "a.flo").write_bytes(content)
    with pytest.raises(cp.BadInput, match=said) as refusal:
        read_flow(tmp_path / "a.flo")
    assert "\n" not in str(refusal.value)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(cp.BadInput, match="does not exist"):
        read_flow(tmp_path / "none.flo")
    with pytest.raises(cp.BadInput, match="is a folder"):
        read_flow(tmp_path)


@given(st.binary(max_size=64))
def test_any_bytes_are_flow_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.flo"
    path.write_bytes(b"PIEH" + content)
    try:
        assert read_flow(path).nbytes == len(content) - 8
    except cp.BadInput as refusal:
        assert "\n" not in str(refusal)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 3), (0, 4, 2), (1, 4, 4, 2)])
def test_other_arrays_are_not_written(tmp_path, shape):
    with pytest.raises(cp.BadInput, match=r"Give \(H, W, 2\)"):
        write_flow(tmp_path / "a.flo", np.zeros(shape, np.float32))
    assert not any(tmp_path.iterdir())


def test_a_place_that_is_none(tmp_path):
    with pytest.raises(cp.BadOutput, match="does not exist"):
        write_flow(tmp_path / "no" / "a.flo", np.zeros((2, 2, 2), np.float32))

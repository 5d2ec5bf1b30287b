"""Pictures of attention beside a filled file: of which frames, and refused where they clash."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import cleanplate as cp
from made_fills import LOSSLESS, SPEC, Painter, dot, mask_picture, masks, refused

torch = pytest.importorskip("torch")

from cleanplate.methods.sttn.network import Config, Network  # noqa: E402
from cleanplate.weights import save_weights  # noqa: E402


@pytest.fixture(scope="module")
def method(tmp_path_factory):
    torch.manual_seed(0)
    config = Config.tiny()
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(path, Network(config).state_dict(), method="sttn", config=config)
    return cp.load_method("sttn", weights=path, device="cpu", precision="fp32")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_sheets_of_a_video_in_windows_with_a_cut(pan, tmp_path, method, monkeypatch):
    """The numbers are those of the video, and the fill is the same bits as without."""
    monkeypatch.setattr("cleanplate.windows.LONGEST", 12)
    shots = pan(30, (2, 0), size=(48, 64)), pan(10, (0, 2), name="astronaut", size=(48, 64))
    cp.write_video(tmp_path / "in.mkv", np.concatenate(shots), encoding=LOSSLESS)
    for number in range(40):  # a hole in the second shot, and in part of the first
        hole = dot() & (9 <= number < 20 or number >= 30)
        mask_picture(tmp_path / "m" / f"{number:02d}.png", hole)
    settings = {"method": method, "mask_options": cp.MaskOptions(grow=0), "encoding": LOSSLESS}
    given = (tmp_path / "in.mkv", tmp_path / "m")
    cp.fill_file(*given, tmp_path / "plain.mkv", **settings)
    cp.fill_file(*given, tmp_path / "out.mkv", attention=tmp_path / "maps", **settings)
    assert names(tmp_path / "maps") == [f"{n:05d}.png" for n in (9, 14, 19, 30, 35)]
    one, two = (cp.read_video(tmp_path / name).frames for name in ("plain.mkv", "out.mkv"))
    np.testing.assert_array_equal(one, two)
    sheet = cv2.imread(str(tmp_path / "maps" / "00014.png"))
    assert sheet.shape[0] > sheet.shape[1] / 3  # four heads below each other


def test_a_mask_of_nothing_leaves_an_empty_folder(make, tmp_path, method):
    empty = mask_picture(tmp_path / "empty.png", np.zeros((48, 64), bool))
    cp.fill_file(make("in.mkv"), empty, tmp_path / "out.mkv", method=method,
                 attention=tmp_path / "maps")  # fmt: skip
    assert names(tmp_path / "maps") == []


def test_a_method_without_attention_is_refused(make, tmp_path):
    source = make("in.mp4", count=3)
    for other in (Painter(), "flow", "telea"):
        said = refused(tmp_path, source, SPEC, tmp_path / "out.mp4", method=other,
                       attention=tmp_path / "maps", kind=cp.BadInput)  # fmt: skip
        assert said == (
            "this method has no attention to draw. Choose one of: sttn, or draw none."
        )  # fmt: skip


def test_attention_never_takes_the_place_of_anything_else(tmp_path, method):
    frames, m = masks(tmp_path / "frames", 3), masks(tmp_path / "m", 3)
    (tmp_path / "here").mkdir()
    for attention, provenance, said in [
        ("frames", None, "not empty"),
        ("frames/maps", None, "inside the input folder"),
        ("m/maps", None, "inside the input folder"),
        ("out", None, "cannot be both the video and the attention"),
        ("here", "here", ""),
        ("new", "new", "cannot be both the provenance and the attention"),
        ("here/maps", "here", "lies inside the result"),
        ("here", "here/where", ""),
        ("no/maps", None, "does not exist. Make it"),
    ]:
        chosen = {"provenance": tmp_path / provenance} if provenance else {}
        assert said in refused(
            tmp_path, frames, m, tmp_path / "out", method=method, attention=tmp_path / attention,
            kind=cp.BadOutput, **chosen,
        )  # fmt: skip


def test_a_fill_that_fails_leaves_no_sheets(make, tmp_path, method, monkeypatch):
    monkeypatch.setattr("cleanplate.windows.LONGEST", 12)
    m = masks(tmp_path / "m", 30)
    (m / "29.png").write_bytes(b"no picture")
    assert "29.png" in refused(tmp_path, make("in.mp4", count=30), m, tmp_path / "out.mp4",
                               method=method, attention=tmp_path / "maps")  # fmt: skip

"""The plate of a fill: its colours in the hole, with alpha, laid over the original."""

from __future__ import annotations

import re
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

import cleanplate as cp
from cleanplate.io import open_video
from cleanplate.io.plate import APRON, FILES
from cleanplate.memory import bytes_of
from made_clips import moving_planes, times
from made_fills import LOSSLESS, SIZE, Painter, boxed, mask_picture, refused

COUNT = 6


@pytest.fixture(params=["yuv420p", "yuv444p10le"])
def source(make, request):
    return make(
        "in.mkv", pix_fmt=request.param, codec="ffv1", options={}, count=COUNT, planes=moving_planes
    )


@pytest.fixture
def mask(tmp_path):
    return mask_picture(tmp_path / "mask.png", boxed())


def fill(source, mask, out, plate, **more):
    method = Painter(level=150)
    options = cp.MaskOptions()
    return cp.fill_file(source, mask, out, method=method, mask_options=options, plate=plate, **more)


def laid_over(path):
    """Pictures (T, H, W, 4), 0 to 1, RGB and alpha, as another program reads them."""
    if path.is_dir():
        read = (cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for file in sorted(path.iterdir()))
        return np.stack([picture[..., [2, 1, 0, 3]] for picture in read]) / 65535
    with av.open(str(path)) as container:
        return (
            np.stack([f.to_ndarray(format="rgba64le") for f in container.decode(video=0)]) / 65535
        )


@pytest.mark.parametrize("name", ["plate", "plate.mkv", "plate.mov"])
def test_a_plate_holds_the_fill_and_where_it_is(source, mask, tmp_path, name):
    out, plate = tmp_path / "out.mkv", tmp_path / name
    fill(source, mask, out, plate, encoding=LOSSLESS)
    pictures, hole = laid_over(plate), boxed()
    assert pictures.shape == (COUNT, *SIZE, 4)
    assert (pictures[:, hole, 3] > 0.999).all()
    assert (pictures[:, ~hole, 3] < 0.001).all()
    exact = 2e-3 if name != "plate.mov" else 0.03  # ProRes loses a little
    np.testing.assert_allclose(pictures[:, hole, :3], 150 / 255, atol=exact)
    video = cp.read_video(source).frames
    # Right beside it colours may be mixed with the hole's, and then are filled as well.
    away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5)
    beside = (away > 3) & (away < 6)
    apart = pictures[:, beside, :3] - video[:, beside] / np.iinfo(video.dtype).max
    assert np.abs(apart).mean() < 10 * exact  # the picture goes on there
    if name == "plate":
        assert (pictures[:, away > APRON + 1] == 0).all()


@pytest.mark.parametrize("name", ["plate.mkv", "plate.mov"])
def test_a_plate_keeps_the_timing(make, mask, tmp_path, name):
    ticks = [0, 40, 80, 200, 210, 333]
    source = make("in.mp4", pts=ticks, time_base=Fraction(1, 1000))
    fill(source, mask, tmp_path / "out.mp4", tmp_path / name)
    assert times(tmp_path / name) == times(tmp_path / "out.mp4")


@pytest.mark.parametrize("suffix", sorted(FILES))
def test_a_turned_clip_has_a_turned_plate(make, tmp_path, suffix):
    def turn(container, stream):
        stream.set_display_matrix([0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30])

    source = make("in.mov", count=3, setup=turn)
    with open_video(source) as reader:
        turned = reader.upright(boxed())
    mask = mask_picture(tmp_path / "turned.png", turned)
    fill(source, mask, tmp_path / "out.mov", tmp_path / "plate")
    fill(source, mask, tmp_path / "out.mov", tmp_path / f"plate{suffix}")
    assert (laid_over(tmp_path / "plate")[..., 3] == turned).all()
    with open_video(tmp_path / f"plate{suffix}") as reader:
        (picture, *_) = list(reader)
        assert ((reader.upright(picture.planes[3]) > 0) == turned).all()


@pytest.mark.parametrize("name", ["plate.mp4", "plate.webm", "plate.png"])
def test_other_kinds_are_refused(source, mask, tmp_path, name):
    said = refused(tmp_path, source, mask, tmp_path / "out.mkv", plate=tmp_path / name)
    assert "Give .mov for ProRes 4444" in said


def test_a_plate_is_no_other_result(source, mask, tmp_path):
    said = refused(tmp_path, source, mask, tmp_path / "out.mkv", plate=tmp_path / "out.mkv")
    assert "cannot be both the video and the plate" in said


def test_the_encoder_of_a_plate_counts_as_memory(make, tmp_path):
    source = make("in.mp4", size=(480, 640), count=2)

    def least(plate):
        said = refused(
            tmp_path, source, "box:0,0,9,9", tmp_path / "out.mp4", plate=plate, memory="1M"
        )
        return max(map(bytes_of, re.findall(r"[0-9.]+[MG]", said)))

    assert least(tmp_path / "plate") == least(None)
    assert least(tmp_path / "plate.mkv") > least(None) + 40_000_000

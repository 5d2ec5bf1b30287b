"""Masks written as pictures: grown, named as they were, white = fill."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from cleanplate.errors import BadInput, BadOutput
from cleanplate.io import Encoding, write_video
from cleanplate.masks import MaskOptions
from cleanplate.masks.write import grow_masks

SIZE = (20, 30)


def dot(x):
    hole = np.zeros(SIZE, bool)
    hole[10, x] = True
    return hole


def save(path, hole):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(hole.astype(np.uint8) * np.uint8(255)).save(path)
    return path


def opened(path):
    picture = np.asarray(Image.open(path))
    assert set(np.unique(picture)) <= {0, 255}
    return picture > 0


def test_pictures_that_share_a_name_are_all_written(tmp_path):
    for name, x in (("7.bmp", 5), ("7.png", 9), ("8.png", 12)):
        save(tmp_path / "m" / name, dot(x))
    count, warnings = grow_masks(tmp_path / "m", tmp_path / "out", options=MaskOptions(grow=1))
    assert (count, warnings) == (3, [])
    for number, x in enumerate((5, 9, 12)):
        hole = opened(tmp_path / "out" / f"{number:05d}.png")
        assert hole.sum() == 5
        assert hole[10, x]


def test_a_video_becomes_a_folder(tmp_path):
    white = np.stack([dot(x) for x in (5, 9)])[..., None].repeat(3, 3) * np.uint8(255)
    white = white.repeat(4, 1).repeat(4, 2)  # a single bright pixel of a video is noise
    write_video(tmp_path / "m.mkv", white, encoding=Encoding(lossless=True))
    count, _ = grow_masks(tmp_path / "m.mkv", tmp_path / "out", options=MaskOptions(grow=1))
    assert count == 2
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["00000.png", "00001.png"]
    assert opened(tmp_path / "out" / "00001.png").sum() == 32
    assert opened(tmp_path / "out" / "00001.png")[39:45, 36:40].all()


@pytest.mark.parametrize("many", [False, True])
def test_a_mask_too_dark_to_count_is_said(tmp_path, many):
    faint = tmp_path / "m" / "0.png"
    faint.parent.mkdir()
    Image.fromarray(dot(3).astype(np.uint8)).save(faint)
    save(tmp_path / "m" / "1.png", dot(4))
    source, out = (faint.parent, "out") if many else (faint, "out.png")
    _, warnings = grow_masks(source, tmp_path / out, options=MaskOptions(grow=1))
    assert "brightest grey" in warnings[0]


def test_a_mask_is_not_grown_in_place(tmp_path):
    path = save(tmp_path / "m" / "0.png", dot(3))
    save(tmp_path / "m" / "1.png", dot(3))
    before = path.read_bytes()
    for source, out in [(path, path), (path.parent, path.parent), (path.parent, path.parent / "n")]:
        with pytest.raises(BadOutput, match="the input"):
            grow_masks(source, out, options=MaskOptions(grow=1))
    assert path.read_bytes() == before
    with pytest.raises(BadInput, match="does not exist"):
        grow_masks(tmp_path / "no.png", tmp_path / "out.png", options=MaskOptions(grow=1))


@pytest.mark.timeout(20)
def test_masks_and_places_that_are_none(tmp_path):
    mask = save(tmp_path / "m.png", dot(5))
    os.mkfifo(tmp_path / "pipe.png")
    for source, out, kind, said in [
        (tmp_path / "pipe.png", "out.png", BadInput, "a pipe or a device"),
        (tmp_path / ("m" * 300 + ".png"), "out.png", BadInput, "too long"),
        (mask, "pipe.png", BadOutput, "a device, a pipe or a socket"),
        (mask, "o" * 300 + ".png", BadOutput, "too long"),
    ]:
        with pytest.raises(kind, match=said):
            grow_masks(source, tmp_path / out, options=MaskOptions(grow=1))
    assert {p.name for p in tmp_path.iterdir()} == {"m.png", "pipe.png"}

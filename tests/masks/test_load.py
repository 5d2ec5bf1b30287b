from __future__ import annotations

import itertools
import math
import os
import types
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cleanplate.errors import BadInput
from cleanplate.io import read_video
from cleanplate.io.file_reader import FileReader
from cleanplate.masks.folder import list_pictures, match
from cleanplate.masks.load import MaskOptions, open_holes, parse_box, read_holes
from cleanplate.masks.source import Fit

SIZE = (12, 16)


def write(path, hole):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(hole, bool)).save(path)
    return path


def dot(index, size=SIZE):
    """A hole of one pixel that tells which picture it came from."""
    hole = np.zeros(size, bool)
    hole.flat[index] = True
    return hole


def folder(tmp_path, names):
    for index, name in enumerate(names):
        write(tmp_path / "masks" / name, dot(index))
    return tmp_path / "masks"


def which(holes):
    """For every frame the picture it got, -1 for none."""
    return [int(h.argmax()) if h.any() else -1 for h in holes]


def take(source, count):
    return list(itertools.islice(source, count))


def test_still_repeats(tmp_path):
    path = write(tmp_path / "mask.png", dot(5))
    with open_holes(path, size=SIZE) as source:
        assert source.still
        assert source.endless
        assert source.count is None
        assert which(take(source, 3)) == [5, 5, 5]
        source.check_count(1000)
    video = np.zeros((4, *SIZE, 3), np.uint8)
    holes = read_holes(path, like=video)
    assert holes.shape == (4, *SIZE)
    assert holes.dtype == np.bool_


@pytest.mark.parametrize(
    ("names", "numbers", "frames", "expected"),
    [
        (["a.png", "b.png", "c.png"], None, 3, [0, 1, 2]),
        (["f1.png", "f2.png", "f10.png"], None, 3, [0, 1, 2]),  # starts at 1: order
        (["0.png", "1.png", "2.png"], None, 3, [0, 1, 2]),
        (["3.png", "4.png", "5.png"], None, 8, [-1, -1, -1, 0, 1, 2, -1, -1]),
        (["m_0000.png", "m_0003.png"], None, 5, [0, -1, -1, 1, -1]),
        (["10.png", "11.png", "12.png"], [10, 11, 12], 3, [0, 1, 2]),
        (["11.png", "12.png"], [10, 11, 12, 13], 4, [-1, 0, 1, -1]),
        (["1.png", "2.png"], [0, 1, 2], 3, [-1, 0, 1]),
        (["0.png", "1.png", "2.png"], [1, 2, 3], 3, [0, 1, 2]),  # not its numbers: order
        (["10.png", "20.png"], [10, 20, 30], 3, [0, 1, -1]),
        (["x_0_480p.png", "x_1_480p.png"], None, 2, [0, 1]),  # no number of its own: order
    ],
)
def test_folder_meets_frames(tmp_path, names, numbers, frames, expected):
    with open_holes(folder(tmp_path, names), size=SIZE, numbers=numbers) as source:
        source.check_count(frames)
        assert which(take(source, frames)) == expected
        assert which(take(source, frames)) == expected  # a second pass starts afresh
    like = types.SimpleNamespace(frames=np.zeros((frames, *SIZE, 3), np.uint8), numbers=numbers)
    assert which(read_holes(tmp_path / "masks", like=like)) == expected


@given(st.sets(st.integers(0, 40), min_size=2), st.integers(2, 41))
def test_by_number_never_moves_a_mask(own, length):
    paths = [Path(f"{number:05d}.png") for number in sorted(own)]
    found = match(paths, range(length))
    if found is not None:
        assert own <= set(range(length))
        assert all(found[number] == Path(f"{number:05d}.png") for number in own)
    else:
        assert own == set(range(len(own))) or max(own) >= length


def test_other_files_are_left_alone(tmp_path):
    masks = folder(tmp_path, ["0.png", "1.JPG"])
    (masks / "Thumbs.db").write_bytes(b"x")
    (masks / "._0.png").write_bytes(b"x")
    assert [p.name for p in list_pictures(masks)] == ["0.png", "1.JPG"]


@pytest.mark.timeout(20)
def test_what_only_bears_a_pictures_name_is_left_alone(tmp_path):
    masks = folder(tmp_path, ["0.png", "1.png"])
    (masks / "2.png").mkdir()
    os.mkfifo(masks / "3.png")  # who opens this waits for ever
    (masks / "4.png").symlink_to("4.png")
    assert [p.name for p in list_pictures(masks)] == ["0.png", "1.png"]


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + b"x" * 50, b"words"])
def test_a_broken_picture_among_others_is_refused_by_name(tmp_path, content):
    masks = folder(tmp_path, ["0.png", "1.png", "2.png"])
    (masks / "1.png").write_bytes(content)
    with pytest.raises(BadInput, match=r"1\.png cannot be read"):
        read_holes(masks, like=np.zeros((3, *SIZE, 3), np.uint8))


def test_one_picture_in_a_folder_is_still(tmp_path):
    with open_holes(folder(tmp_path, ["0007.png"]), size=SIZE) as source:
        assert source.still
        assert which(take(source, 2)) == [0, 0]


def test_count_mismatch(tmp_path):
    masks = folder(tmp_path, ["0.png", "1.png", "2.png"])
    words = "mask has 3 frames, the video has 5. Give one still mask, or 5."
    with open_holes(masks, size=SIZE) as source, pytest.raises(BadInput) as refusal:
        source.check_count(5)
    assert str(refusal.value) == words
    with pytest.raises(BadInput, match="mask has 3 frames"):
        read_holes(masks, like=np.zeros((5, *SIZE, 3), np.uint8))


@given(st.integers(-20, 30), st.integers(-20, 30), st.integers(-3, 40), st.integers(-3, 40))
def test_box_is_its_pixels(x, y, width, height):
    inside = np.zeros(SIZE, bool)
    for row in range(SIZE[0]):
        for column in range(SIZE[1]):
            inside[row, column] = x <= column < x + width and y <= row < y + height
    spec = f"box:{x},{y},{width},{height}"
    if inside.any():
        assert np.array_equal(parse_box(spec, SIZE), inside)
    else:
        with pytest.raises(BadInput, match=r"outside|empty"):
            parse_box(spec, SIZE)


@pytest.mark.parametrize("spec", ["box:", "box:1,2,3", "box:a,b,c,d", "box:1,2,3,4.5"])
def test_not_a_box(spec):
    with pytest.raises(BadInput, match="is not a box"):
        open_holes(spec, size=SIZE)


def test_options(tmp_path):
    path = write(tmp_path / "m.png", ~dot(50))
    options = MaskOptions(invert=True, grow=2)
    hole = next(iter(open_holes(path, size=SIZE, options=options)))
    assert hole.sum() == 13  # a disc of radius 2
    with pytest.raises(BadInput, match="cannot grow"):
        open_holes(path, size=SIZE, options=MaskOptions(grow=-1))
    with pytest.raises(BadInput, match="no objects"):
        open_holes("box:0,0,3,3", size=SIZE, options=MaskOptions(object_index=1))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_any_size_is_resized_to_the_pixel_under_the_centre(old, height, width):
    hole = np.random.default_rng(old).random((old, old + 3)) < 0.5
    got = Fit((height, width), MaskOptions())(hole)
    for row in range(height):
        for column in range(width):
            y = math.floor(Fraction(2 * row + 1, 2 * height) * old)
            x = math.floor(Fraction(2 * column + 1, 2 * width) * (old + 3))
            assert got[row, column] == hole[y, x]


def test_warnings(tmp_path):
    tall = write(tmp_path / "tall.png", np.zeros((40, 10)))
    assert "another shape" in open_holes(tall, size=SIZE).warnings[0]
    inverted = write(tmp_path / "inverted.png", ~dot(100))
    source = open_holes(inverted, size=SIZE)
    assert "looks inverted" in source.warnings[0]
    assert not open_holes(inverted, size=SIZE, options=MaskOptions(invert=True)).warnings
    faint = tmp_path / "faint.png"
    Image.fromarray(dot(3).astype(np.uint8)).save(faint)
    assert "brightest grey" in open_holes(faint, size=SIZE).warnings[0]


def test_refusals(tmp_path):
    (tmp_path / "notes.txt").write_text("hello\nthere")
    (tmp_path / "none").mkdir()
    for spec, words in [
        ("nowhere.png", "does not exist"),
        ("notes.txt", "neither a picture nor a video"),
        ("none", "holds no pictures"),
    ]:
        with pytest.raises(BadInput, match=words) as refusal:
            open_holes(tmp_path / spec, size=SIZE)
        assert "\n" not in str(refusal.value)


@pytest.mark.timeout(20)
def test_what_is_no_mask_at_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # here lie pictures, which an empty name must not stand for
    write(tmp_path / "0.png", dot(3))
    os.mkfifo(tmp_path / "pipe.png")
    for spec, words in [
        ("", "mask '' does not exist"),
        (tmp_path / "pipe.png", "a pipe or a device"),
        ("/dev/null", "a pipe or a device"),
        (None, "NoneType was given for a path"),
        (np.zeros(SIZE, bool), "ndarray was given for a path"),
    ]:
        with pytest.raises(BadInput, match=words) as refusal:
            open_holes(spec, size=SIZE)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("value", [1.5, "a", True, np.float32(2), [1], np.array([1, 2])], ids=str)
@pytest.mark.parametrize("name", ["grow", "object_index"])
def test_options_are_whole_numbers(name, value):
    with pytest.raises(BadInput, match=f"{name} is .* Give a whole number"):
        MaskOptions(**{name: value})


def test_options_may_be_numbers_of_numpy(tmp_path):
    path = write(tmp_path / "m.png", dot(50))
    options = MaskOptions(grow=np.uint8(2), object_index=None)
    assert next(iter(open_holes(path, size=SIZE, options=options))).sum() == 13


def test_mask_video_is_streamed_turned_and_closed(make, tmp_path, monkeypatch):
    def planes(size, pix_fmt, index):
        grey = np.rot90(dot(3 + 4 * index))  # as coded: displaying it turns it to the right
        middle = np.full(size, 128, np.uint8)
        return np.where(grey, np.uint8(235), np.uint8(16)), middle, middle

    source = make("mask.mkv", size=SIZE[::-1], count=2, planes=planes, options={"qp": "0"},
                  pix_fmt="yuv444p", setup=lambda _, s: s.set_display_rotation(-90))  # fmt: skip
    closed = []
    close = FileReader.close
    monkeypatch.setattr(FileReader, "close", lambda self: closed.append(1) or close(self))
    with open_holes(source, size=SIZE) as holes:
        running = iter(holes)
        assert which([next(running)]) == [3]
        assert len(closed) == 1  # only the look at its facts
    assert len(closed) == 2
    like = np.zeros((2, *SIZE, 3), np.uint8)
    assert which(read_holes(source, like=like)) == [3, 7]
    for frames in (1, 3):
        with pytest.raises(BadInput, match=f"mask has 2 frames, the video has {frames}"):
            read_holes(source, like=np.zeros((frames, *SIZE, 3), np.uint8))


def test_a_folder_in_memory_keeps_its_numbers(tmp_path):
    frames = tmp_path / "frames"
    folder(tmp_path, ["6.png", "7.png"])
    frames.mkdir()
    for number in (5, 6, 7):
        Image.new("RGB", SIZE[::-1]).save(frames / f"{number}.png")
    video = read_video(frames)
    assert video.numbers == (5, 6, 7)
    assert which(read_holes(tmp_path / "masks", like=video)) == [-1, 0, 1]

"""``cleanplate mask draw``: numbered pictures in a folder, or one line and nothing written."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cleanplate.cli import main
from cleanplate.io import Encoding, write_video
from cleanplate.masks import open_holes
from cleanplate.masks.draw import draw_holes
from cleanplate.masks.draw.files import Annotation

SIZE = (30, 54)


def draw(*words):
    return main(["mask", "draw", *map(str, words)])


def opened(folder):
    pictures = [np.asarray(Image.open(path)) for path in sorted(folder.iterdir())]
    assert set(np.unique(pictures)) <= {0, 255}
    return np.stack(pictures) > 0


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "park.mkv"
    write_video(path, np.zeros((6, *SIZE, 3), np.uint8), encoding=Encoding(lossless=True))
    return path


@pytest.fixture
def annotations(tmp_path):
    for name, x in (("bear", 5), ("camel", 20)):
        folder = tmp_path / "Annotations" / name
        folder.mkdir(parents=True)
        for number in range(3):
            hole = np.zeros(SIZE, np.uint8)
            hole[10:15, x + number : x + number + 4] = 255
            Image.fromarray(hole).save(folder / f"{number:05d}.png")
    return tmp_path / "Annotations"


def test_masks_of_a_size(tmp_path, capsys):
    out = tmp_path / "masks"
    assert draw("curve", "-o", out, "--frames", 3, "--size", "30x54", "--seed", 4) == 0
    assert capsys.readouterr().out == f"{out}: 3 masks drawn, curve, seed 4.\n"
    assert sorted(p.name for p in out.iterdir()) == ["00000.png", "00001.png", "00002.png"]
    assert np.array_equal(opened(out), draw_holes("curve", 3, SIZE, seed=4))


def test_an_area(tmp_path):
    asked = ("--frames", 2, "--size", "30x54", "--area", 65, "-q")
    assert draw("object_like", "-o", tmp_path / "m", *asked) == 0
    wanted = draw_holes("object_like", 2, SIZE, area=65)
    assert np.array_equal(opened(tmp_path / "m"), wanted)


def test_masks_like_a_video_fit_it(tmp_path, clip, capsys):
    out = tmp_path / "masks"
    assert draw("moving", "-o", out, "--like", clip, "--quiet") == 0
    assert capsys.readouterr().out == ""
    wanted = draw_holes("moving", 6, SIZE)
    with open_holes(out, size=SIZE) as source:
        assert np.array_equal(list(source), wanted)


def test_shuffled_takes_the_other_clips_object(tmp_path, annotations):
    out = tmp_path / "masks"
    of = ("--annotations", annotations, "--clip", "bear")
    assert draw("shuffled", "-o", out, "--frames", 5, "--size", "30x54", *of) == 0
    camel = opened(annotations / "camel")
    assert np.array_equal(opened(out), camel[[0, 1, 2, 1, 0]])
    held = Annotation(annotations / "camel")
    assert len(held) == 3
    assert np.array_equal(held[1:], camel[1:])


NUMBERS = ["--frames", "2", "--size", "30x54"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["circle", *NUMBERS], "family 'circle' is unknown"),
        (["curve"], "Give --frames and --size, or --like"),
        (["curve", "--frames", "2"], "Give --frames and --size, or --like"),
        (["curve", "--frames", "0", "--size", "30x54"], "count is 0"),
        (["curve", "--frames", "2", "--size", "30"], "as in 240x432"),
        (["curve", "--frames", "2", "--size", "0x54"], "size is (0, 54)"),
        (["curve", "--frames", "two", "--size", "30x54"], "See cleanplate --help"),
        (["curve", *NUMBERS, "--seed", "-3"], "seed is -3"),
        (["curve", *NUMBERS, "--area", "36"], "36 is no bin"),
        (["fixed", *NUMBERS, "--area", "35"], "knows no area"),
        (["fixed", *NUMBERS, "--clip", "bear"], "knows no clip"),
        (["fixed", *NUMBERS, "--like", "park.mkv"], "Leave --frames and --size out"),
        (["fixed", "--like", "no.mkv"], "no.mkv"),
        (["shuffled", *NUMBERS], "Give --annotations and --clip"),
        (["shuffled", *NUMBERS, "--annotations", "Annotations"], "Give --annotations and --clip"),
        (["shuffled", *NUMBERS, "--annotations", "no", "--clip", "bear"], "no "),
        (
            ["shuffled", *NUMBERS, "--annotations", "Annotations", "--clip", "cow"],
            "It has: bear, camel",
        ),
        (
            ["shuffled", *NUMBERS, "--annotations", "empty", "--clip", "cow"],
            "It has no folders",
        ),
    ],
)
def test_refusals_are_one_line(tmp_path, monkeypatch, clip, annotations, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    before = sorted(p.name for p in tmp_path.iterdir())
    assert main(["mask", "draw", "-o", "out", *words]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_a_folder_that_holds_something_is_left_alone(tmp_path, annotations, capsys):
    for out in (annotations / "bear", annotations, annotations / "new"):
        of = ("--annotations", annotations, "--clip", "bear")
        assert draw("shuffled", "-o", out, *NUMBERS, *of) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert len(list((annotations / "bear").iterdir())) == 3
    assert sorted(p.name for p in annotations.iterdir()) == ["bear", "camel"]


def test_help(capsys):
    assert main(["mask", "draw", "--help"]) == 0
    assert "object_like_middle" in capsys.readouterr().out

"""Every layout of a data set, and every refusal, on little sets made here."""

from __future__ import annotations

import json
import os
import pickle
import struct
import zipfile
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from cleanplate.datasets import sources
from cleanplate.datasets.folders import LAYOUTS, Clip, masks_of, open_dataset
from cleanplate.errors import BadInput
from cleanplate.io import write_picture, write_video
from cleanplate.masks import MaskOptions

RNG = np.random.default_rng(0)
COUNT = 5
CLIPS = {
    name: RNG.integers(0, 256, (COUNT, 24, 32, 3)).astype(np.uint8) for name in ("bear", "cow")
}
BEAR = CLIPS["bear"]
HOLES = np.zeros((COUNT, 24, 32), bool)
for index in range(COUNT):
    HOLES[index, 4 : 10 + index, 6:14] = True


def frame_folder(folder, frames=BEAR, *, numbers=None):
    folder.mkdir(parents=True)
    for number, frame in zip(numbers or range(len(frames)), frames, strict=True):
        write_picture(folder / f"{number:05d}.png", frame)
    return folder


def annotation_folder(folder, *, numbers=range(COUNT), indices=(1, 2)):
    """Palette pictures as DAVIS has them: objects one above the other, in dark red and green."""
    folder.mkdir(parents=True)
    for number in numbers:
        array = np.where(HOLES[number], indices[0], 0).astype(np.uint8)
        array[7:][HOLES[number, 7:]] = indices[1]
        picture = Image.fromarray(array)
        picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
        picture.save(folder / f"{number:05d}.png")
    return folder


def packed(path, members):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def png(array):
    return cv2.imencode(".png", array[..., ::-1] if array.ndim == 3 else array)[1].tobytes()


def zipped(path, frames=BEAR, *, within=""):
    return packed(path, {f"{within}{n:05d}.png": png(frame) for n, frame in enumerate(frames)})


def davis(root):
    for name, frames in CLIPS.items():
        frame_folder(root / "JPEGImages" / "480p" / name, frames)
        annotation_folder(root / "Annotations" / "480p" / name)
    for name, text in {
        "2016/val": "bear\n",
        "2017/val": "cow\nbear\n",
        "2017/train": "cow\n",
        "480p/test": "/JPEGImages/480p/cow/00000.jpg /Annotations/480p/cow/00000.png\n" * 2,
    }.items():
        file = root / "ImageSets" / f"{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def small(root):
    for name, frames in CLIPS.items():
        frame_folder(root / "JPEGImages_432_240" / name, frames)
        frame_folder(root / "test_masks" / name, HOLES.astype(np.uint8) * 255)
    (root / "test.json").write_text(json.dumps({"bear": COUNT - 1}))


def zips(root):
    for name, frames in CLIPS.items():
        zipped(root / "JPEGImages" / f"{name}.zip", frames, within="" if name == "bear" else "cow/")
    packed(
        root / "Annotations" / "bear.zip",
        {f"{n:05d}.png": png(hole.astype(np.uint8) * 255) for n, hole in enumerate(HOLES)},
    )
    (root / "train.json").write_text(json.dumps({"cow": COUNT}))
    (root / "test.json").write_text(json.dumps({"bear": COUNT - 1}))


def youtube(root):
    for part, name in {"train": "bear", "valid": "cow"}.items():
        frame_folder(root / part / "JPEGImages" / name, CLIPS[name], numbers=range(10, 35, 5))
    annotations = annotation_folder(root / "train" / "Annotations" / "bear")
    for number in reversed(range(COUNT)):
        (annotations / f"{number:05d}.png").rename(annotations / f"{10 + 5 * number:05d}.png")


def fvi(root):
    for part, name in {"Train": "bear", "Test": "cow"}.items():
        frame_folder(root / part / "JPEGImages" / name, CLIPS[name])


def plain(root):
    frame_folder(root / "bear", BEAR)
    write_video(root / "cow.mkv", CLIPS["cow"])
    (root / "cow.mkv").rename(root / "cow.film")
    (root / "notes").mkdir()
    (root / "notes" / "notes.txt").write_text("no pictures")
    (root / "notes.txt").write_text("no video")
    write_picture(root / "poster.png", BEAR[0])
    Image.fromarray(BEAR[0]).save(root / "poster.webp")
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "pipe.mp4")


MADE = {
    "davis": davis,
    "432x240": small,
    "zips": zips,
    "youtube-vos": youtube,
    "fvi": fvi,
    "plain": plain,
}


@pytest.fixture
def made(tmp_path):
    """A function that makes a data set of a layout and returns its folder."""

    def make(layout):
        MADE[layout](tmp_path / "set")
        (tmp_path / "set" / ".hidden").mkdir()
        return tmp_path / "set"

    return make


def refused(path, *words, **options):
    with pytest.raises(BadInput) as caught:
        open_dataset(path, **options)
    check_sentence(str(caught.value), words)


def check_sentence(text, words):
    assert "\n" not in text
    assert text.endswith(".")
    for word in words:
        assert word in text, text


# ---- what is found


def test_every_layout_has_a_test():
    assert [layout.name for layout in LAYOUTS] == list(MADE)


@pytest.mark.parametrize("layout", MADE)
def test_clips_are_found_and_read(made, layout):
    found = open_dataset(made(layout))
    assert (found.layout, found.split) == (layout, None)
    clips = {clip.name.removesuffix(".film"): clip for clip in found.clips}
    assert set(clips) == {"bear", "cow"}
    cut = layout == "zips"  # its split file names one frame less than the zip holds
    np.testing.assert_array_equal(clips["bear"].load_frames(), BEAR[: COUNT - 1 if cut else COUNT])
    if layout != "plain":  # a video, and not kept as RGB
        np.testing.assert_array_equal(clips["cow"].load_frames(), CLIPS["cow"])
    assert clips["cow"].load_frames().shape == CLIPS["cow"].shape
    assert clips["cow"].length == (None if layout == "plain" else COUNT)
    assert pickle.loads(pickle.dumps(found)) == found  # goes to other processes


@pytest.mark.parametrize(
    ("layout", "split", "names"),
    [
        ("davis", "2016/val", ["bear"]),
        ("davis", "2017/val", ["bear", "cow"]),
        ("davis", "train", ["cow"]),
        ("davis", "test", ["cow"]),
        ("432x240", "test", ["bear"]),
        ("zips", "train", ["cow"]),
        ("zips", "test", ["bear"]),
        ("youtube-vos", "valid", ["cow"]),
        ("fvi", "train", ["bear"]),
        ("fvi", "Test", ["cow"]),
    ],
)
def test_splits(made, layout, split, names):
    found = open_dataset(made(layout), split=split)
    assert [clip.name for clip in found.clips] == names
    assert found.split == split
    assert {len(clip.load_frames()) for clip in found.clips} == {
        COUNT - 1 if layout in ("432x240", "zips") and split == "test" else COUNT
    }


@pytest.mark.parametrize("layout", ["davis", "zips", "youtube-vos"])
def test_annotations_are_any_object(made, layout):
    clip = next(clip for clip in open_dataset(made(layout)).clips if clip.name == "bear")
    annotations = clip.load_annotations()
    np.testing.assert_array_equal(annotations, HOLES[: clip.length])
    assert annotations.dtype == bool
    assert clip.load_annotations((12, 16)).shape == (clip.length, 12, 16)
    np.testing.assert_array_equal(clip.load_annotations(count=2), HOLES[:2])


@pytest.mark.parametrize("layout", ["432x240", "fvi", "plain"])
def test_without_annotations(made, layout):
    assert all(clip.load_annotations() is None for clip in open_dataset(made(layout)).clips)


def test_zips_without_split_files(made):
    root = made("zips")
    for name in ("train", "test"):
        (root / f"{name}.json").unlink()
    clips = open_dataset(root).clips
    assert [clip.length for clip in clips] == [None, None]
    np.testing.assert_array_equal(clips[0].load_frames(), BEAR)
    np.testing.assert_array_equal(clips[0].load_annotations(), HOLES)


def test_opening_reads_no_frame(made, monkeypatch):
    monkeypatch.setattr(sources, "load_planes", None)
    monkeypatch.setattr(sources.PictureZip, "_opened", None)
    for layout in ("davis", "zips"):
        root = made(layout)
        assert open_dataset(root).clips
        root.rename(root.with_name(layout))


def test_clips_come_in_the_order_of_their_numbers(tmp_path):
    for name in ("clip10", "clip9"):
        frame_folder(tmp_path / name)
    assert [clip.name for clip in open_dataset(tmp_path).clips] == ["clip9", "clip10"]


# ---- frames of a clip


@pytest.mark.parametrize("layout", ["davis", "zips", "plain"])
def test_some_frames(made, layout):
    for clip in open_dataset(made(layout)).clips:
        whole = clip.load_frames()
        np.testing.assert_array_equal(clip.load_frames(count=2), whole[:2])
        np.testing.assert_array_equal(clip.load_frames(count=99), whole)
        np.testing.assert_array_equal(clip.load_frames(only=[1, 3]), whole[[1, 3]])
        np.testing.assert_array_equal(clip.load_frames(only=[3, 0, 3]), whole[[3, 0, 3]])
        for only in ([99], [-1], [], [0.5], [1, COUNT]):
            with pytest.raises(BadInput):
                clip.load_frames(only=only)


@pytest.mark.parametrize("size", [(12, 16), (7, 11), (24, 32)])
def test_size_is_that_of_the_house_protocol(made, size):
    frames = open_dataset(made("davis")).clips[0].load_frames(size)
    expected = [cv2.resize(f, size[::-1], interpolation=cv2.INTER_AREA) for f in BEAR]
    np.testing.assert_array_equal(frames, expected)


def test_deep_frames_stay_deep(tmp_path):
    deep = RNG.integers(0, 65536, (2, 24, 32, 3)).astype(np.uint16)
    frame_folder(tmp_path / "deep", deep)
    frame_folder(tmp_path / "grey", deep[..., 0])
    colour, grey = (clip.load_frames() for clip in open_dataset(tmp_path).clips)
    np.testing.assert_array_equal(colour, deep)
    np.testing.assert_array_equal(grey, np.repeat(deep[..., :1], 3, axis=3))


def test_any_picture_in_a_zip(tmp_path):
    tifffile.imwrite(tmp_path / "0.tif", BEAR[0], photometric="rgb")
    coded = cv2.imencode(".jpg", BEAR[1][..., ::-1])[1]
    packed(
        tmp_path / "JPEGImages" / "bear.zip",
        {
            "bear/": b"",
            "bear/0.tif": (tmp_path / "0.tif").read_bytes(),
            "bear/1.jpg": coded.tobytes(),
            "bear/.2.jpg": b"hidden",
            "__MACOSX/bear/0.jpg": b"no picture",
            "bear/notes.txt": b"no picture",
        },
    )
    (clip,) = open_dataset(tmp_path).clips
    frames = clip.load_frames()
    np.testing.assert_array_equal(frames[0], BEAR[0])
    np.testing.assert_array_equal(frames[1], cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])


# ---- folders that are refused


def test_a_wrong_folder_shows_the_layouts(tmp_path):
    shapes = [layout.shape for layout in LAYOUTS]
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "holds no data set", *shapes)
    refused(tmp_path / "nowhere", "does not exist", *shapes)
    (tmp_path / "file").write_text("")
    refused(tmp_path / "file", "is no folder", *shapes)
    refused(tmp_path / "empty", "holds no data set", split="val")
    refused(None, "Give a string or a pathlib.Path")


@pytest.mark.parametrize(
    "folder", ["JPEGImages/480p", "JPEGImages_432_240", "valid/JPEGImages", "Test/JPEGImages"]
)
def test_no_clips(tmp_path, folder):
    (tmp_path / folder).mkdir(parents=True)
    refused(tmp_path, "holds no clips")


@pytest.mark.parametrize("layout", ["davis", "432x240", "youtube-vos", "plain"])
def test_a_missing_frame(made, layout):
    root = made(layout)
    folders = [path for path in root.rglob("bear") if path.parts[-2] != "test_masks"]
    folder = next(path for path in folders if "Annotations" not in path.parts)
    sorted(folder.iterdir())[2].unlink()
    refused(root, "bear jumps from frame", "frames are missing")


def test_a_missing_frame_of_a_zip_shows_when_it_is_loaded(made):
    root = made("zips")
    packed(root / "JPEGImages" / "cow.zip", {f"{n}.png": png(BEAR[0]) for n in (0, 1, 3)})
    sentence = load_refused(root, "cow")
    check_sentence(sentence, ["cow.zip jumps from frame 1 to 3"])


def test_a_clip_without_pictures(made):
    root = made("davis")
    (root / "JPEGImages" / "480p" / "dog").mkdir()
    refused(root, "dog holds no pictures")


@pytest.mark.parametrize("layout", MADE)
def test_unknown_splits(made, layout):
    refused(made(layout), "has no split 'night'", split="night")


def test_a_split_that_means_two(made):
    refused(made("davis"), "2016/val, 2017/val", split="val")


def test_splits_that_name_absent_clips(made, tmp_path):
    root = made("davis")
    (root / "ImageSets" / "2017" / "train.txt").write_text("bear\ndog\n")
    refused(root, "train.txt names dog", split="train")
    zips(tmp_path / "zips")
    (tmp_path / "zips" / "test.json").write_text(json.dumps({"../bear": 3}))
    refused(tmp_path / "zips", "test.json names ../bear", split="test")
    assert len(open_dataset(tmp_path / "zips").clips) == 2  # half a set is one as well


@pytest.mark.parametrize(
    "text", ["", "[1]", '{"bear": "3"}', '{"bear": true}', '{"bear": 0}', "[" * 10**5, "\x80"]
)
def test_split_files_that_are_none(made, text):
    root = made("zips")
    (root / "test.json").write_bytes(text.encode("latin-1"))
    refused(root, "test.json", split="test")


def test_lengths_that_are_wrong(made, tmp_path):
    root = made("432x240")
    (root / "test.json").write_text(json.dumps({"bear": COUNT + 1}))
    refused(root, "says that bear has 6 frames", "5 are there", split="test")
    zips(tmp_path / "zips")
    (tmp_path / "zips" / "test.json").write_text(json.dumps({"bear": COUNT + 1}))
    check_sentence(load_refused(tmp_path / "zips", "bear"), ["5 pictures, 6 are expected"])


# ---- clips that are refused


def load_refused(root, name, load=Clip.load_frames):
    clip = next(clip for clip in open_dataset(root).clips if clip.name == name)
    with pytest.raises(BadInput) as caught:
        load(clip)
    check_sentence(str(caught.value), [])
    return str(caught.value)


def header_of_a_png(width, height):
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT\x35\xaf\x06\x1e"


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"../00000.png": b""}, "not safe"),
        ({"a/../../00000.png": b""}, "not safe"),
        ({"/00000.png": b""}, "not safe"),
        ({"..\\00000.png": b""}, "not safe"),
        ({"C:/00000.png": b""}, "not safe"),
        ({"00000.png": b"", "../notes.txt": b""}, "not safe"),
        ({"9" * 5000 + ".png": b""}, "not safe"),
        ({"a\nb.png": b""}, "not safe"),
        ({"a/0.png": b"", "a//0.png": b""}, "two pictures of one name"),
        ({"notes.txt": b""}, "holds no pictures"),
        ({}, "holds no pictures"),
        ({"00000.png": b"no picture"}, "bear.zip/00000.png is not a picture"),
        ({"00000.png": b""}, "bear.zip/00000.png is not a picture"),
        ({"00000.png": header_of_a_png(17000, 10)}, "claims pictures of 17000x10"),
        ({"00000.png": header_of_a_png(60000, 60000)}, "more than"),
        (
            {"00000.png": png(BEAR[0]), "00001.png": png(BEAR[0, :9])},
            "32x24 uint8, then one of 32x9",
        ),
    ],
)
def test_zips_that_are_refused(tmp_path, members, words):
    packed(tmp_path / "JPEGImages" / "bear.zip", members)
    assert words in load_refused(tmp_path, "bear")


def test_pictures_that_unpack_to_too_much(tmp_path, monkeypatch):
    packed(tmp_path / "JPEGImages" / "bear.zip", {"0.png": png(BEAR[0]) + bytes(10**6)})
    monkeypatch.setattr(sources, "MOST_BYTES", 10**6)
    assert "unpacks to" in load_refused(tmp_path, "bear")


def test_what_a_zip_claims_bounds_what_is_unpacked(tmp_path):
    """A member that says it is small and is not stops where it said, and its checksum is wrong."""
    path = packed(tmp_path / "JPEGImages" / "bear.zip", {"0.png": png(BEAR[0]) + bytes(10**6)})
    data = path.read_bytes()
    true, claimed = struct.pack("<I", len(png(BEAR[0])) + 10**6), struct.pack("<I", 100)
    assert data.count(true) == 2
    path.write_bytes(data.replace(true, claimed))
    assert "0.png is damaged" in load_refused(tmp_path, "bear")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_rare_compression(tmp_path, method):
    path = tmp_path / "JPEGImages" / "bear.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("0.png", png(BEAR[0]))
    assert "rare way" in load_refused(tmp_path, "bear")


def test_damaged_zips(tmp_path):
    path = zipped(tmp_path / "JPEGImages" / "bear.zip")
    data = bytearray(path.read_bytes())
    data[60:600] = bytes(540)
    path.write_bytes(data)
    assert "00000.png is damaged" in load_refused(tmp_path, "bear")
    path.write_bytes(data[:900])
    assert "is not a zip" in load_refused(tmp_path, "bear")
    path.unlink()
    path.mkdir()
    refused(tmp_path, "holds no data set")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_pictures_of_one_name(tmp_path):
    path = tmp_path / "JPEGImages" / "bear.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for frame in BEAR:
            archive.writestr("0.png", png(frame))
    assert "two pictures of one name" in load_refused(tmp_path, "bear")


def test_videos_that_are_refused(tmp_path):
    write_video(tmp_path / "whole.mp4", np.repeat(BEAR, 10, axis=0))
    data = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "none.mp4").write_bytes(b"no video")
    (tmp_path / "part.mp4").write_bytes(data[: len(data) // 3])
    write_video(tmp_path / "broken.mkv", np.repeat(BEAR, 10, axis=0))
    data = bytearray((tmp_path / "broken.mkv").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    (tmp_path / "broken.mkv").write_bytes(data)
    for name in ("none.mp4", "part.mp4", "broken.mkv"):
        assert name in load_refused(tmp_path, name)


@pytest.mark.parametrize("size", [(0, 4), (4,), "4x4", (4.0, 4), [4, 4], (4, -1)])
def test_sizes_that_are_none(made, size):
    clip = open_dataset(made("davis")).clips[0]
    for load in (clip.load_frames, clip.load_annotations):
        with pytest.raises(BadInput, match="height, width"):
            load(size)


@pytest.mark.parametrize("count", [0, -1, 1.5, True])
def test_counts_that_are_none(made, count):
    clip = open_dataset(made("davis")).clips[0]
    for load in (clip.load_frames, clip.load_annotations):
        with pytest.raises(BadInput, match="1 or more"):
            load(count=count)


def test_annotations_that_are_refused(made):
    root = made("davis")
    folder = root / "Annotations" / "480p" / "bear"
    (folder / "00003.png").unlink()
    assert "lacks 1 of 5 frames, such as 00003" in load_refused(root, "bear", Clip.load_annotations)
    clip = open_dataset(root).clips[0]
    np.testing.assert_array_equal(clip.load_annotations(count=3), HOLES[:3])
    write_picture(folder / "00003.png", HOLES[3].astype(np.uint8))  # object 1 as the darkest grey
    assert "brightest grey" in load_refused(root, "bear", Clip.load_annotations)
    write_picture(folder / "00003.png", np.zeros((9, 9), np.uint8))
    assert "9x9, the first mask 32x24" in load_refused(root, "bear", Clip.load_annotations)


# ---- masks beside a data set


@pytest.fixture
def masks(tmp_path):
    frame_folder(tmp_path / "masks" / "each" / "bear", HOLES.astype(np.uint8) * 255)
    frame_folder(tmp_path / "masks" / "one" / "bear", HOLES[:1].astype(np.uint8) * 255)
    return tmp_path / "masks"


def test_masks_by_clip(made, masks):
    clip = open_dataset(made("davis")).clips[0]
    np.testing.assert_array_equal(masks_of(masks / "each", clip), HOLES)
    np.testing.assert_array_equal(masks_of(masks / "each", clip, count=2), HOLES[:2])
    np.testing.assert_array_equal(masks_of(masks / "each", "bear"), HOLES)
    np.testing.assert_array_equal(masks_of(str(masks / "each"), "bear", count=3), HOLES[:3])
    still = masks_of(masks / "one", clip)
    np.testing.assert_array_equal(still, np.broadcast_to(HOLES[0], HOLES.shape))
    assert not still.flags.writeable
    assert masks_of(masks / "one", clip, count=99).shape == HOLES.shape
    assert masks_of(masks / "one", "bear", count=7).shape == (7, 24, 32)
    assert masks_of(masks / "one", "bear").shape == (1, 24, 32)


def test_masks_are_brought_to_a_size_and_changed(masks):
    assert masks_of(masks / "each", "bear", size=(12, 16)).shape == (COUNT, 12, 16)
    inverted = masks_of(masks / "each", "bear", options=MaskOptions(invert=True))
    np.testing.assert_array_equal(inverted, ~HOLES)


def test_the_set_knows_its_own_masks(made, tmp_path):
    found = open_dataset(made("432x240"))
    np.testing.assert_array_equal(masks_of(found.masks, found.clips[0]), HOLES)
    davis(tmp_path / "davis")
    assert open_dataset(tmp_path / "davis").masks is None


def test_masks_that_are_refused(made, masks):
    clip = open_dataset(made("davis")).clips[0]
    with pytest.raises(BadInput, match="cow has no masks"):
        masks_of(masks / "each", "cow")
    with pytest.raises(BadInput, match="mask has 5 frames, the video has 9"):
        masks_of(masks / "each", "bear", count=9)
    (masks / "each" / "bear" / "00004.png").unlink()
    with pytest.raises(BadInput, match="mask has 4 frames, the video has 5"):
        masks_of(masks / "each", clip, count=2)
    (masks / "each" / "cow").mkdir()
    with pytest.raises(BadInput, match="holds no pictures"):
        masks_of(masks / "each", "cow")
    with pytest.raises(BadInput, match="1 or more"):
        masks_of(masks / "one", clip, count=0)


# ---- real clips


def test_davis_clips(shared_data):
    found = open_dataset(shared_data / "DAVIS")
    assert (found.layout, len(found.clips)) == ("davis", 10)
    clips = {clip.name: clip for clip in found.clips}
    assert {name: clips[name].length for name in ("camel", "libby")} == {"camel": 90, "libby": 49}
    libby = clips["libby"]
    frames = libby.load_frames((240, 432), count=4)
    files = sorted((shared_data / "DAVIS" / "JPEGImages" / "480p" / "libby").glob("*.jpg"))[:4]
    expected = [
        cv2.resize(cv2.imread(str(file)), (432, 240), interpolation=cv2.INTER_AREA)[..., ::-1]
        for file in files
    ]
    np.testing.assert_array_equal(frames, expected)
    annotations = libby.load_annotations()
    assert annotations.shape == (49, 480, 854)
    assert (annotations.mean(axis=(1, 2)) < 0.5).all()
    assert annotations.any()


@pytest.mark.parametrize("kind", ["fixed", "stationary", "object", "curve"])
def test_shared_masks(shared_data, kind):
    clips = open_dataset(shared_data / "DAVIS").clips
    libby = next(clip for clip in clips if clip.name == "libby")
    holes = masks_of(shared_data / "masks" / kind, libby)
    assert holes.shape == (49, 240, 432)
    assert 0 < holes.mean() < 0.5
    assert (holes.strides[0] == 0) == (kind in ("fixed", "stationary"))

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from cleanplate.errors import BadInput
from cleanplate.masks import picture
from cleanplate.masks.picture import read_picture

SIZE = (48, 64)


@pytest.fixture
def disc():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (y - 20) ** 2 + (x - 30) ** 2 < 15**2


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp", "jpg", "pgm"])
def test_grey_above_half_is_fill_in_every_format(tmp_path, disc, suffix):
    path = tmp_path / f"mask.{suffix}"
    save = {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(np.where(disc, 128, 127).astype(np.uint8)).save(path, **save)
    if suffix == "jpg":  # one grey level apart is too much to ask of JPEG
        Image.fromarray(np.where(disc, 255, 0).astype(np.uint8)).save(path)
    wrong = read_picture(path) != disc
    assert wrong.sum() <= (12 if suffix == "jpg" else 0)


def test_name_does_not_decide_the_kind(tmp_path, disc):
    path = tmp_path / "mask.dat"
    Image.fromarray(disc).save(path, format="PNG")
    assert picture.is_picture(path)
    assert np.array_equal(read_picture(path), disc)


def test_deep_and_float_pictures(tmp_path, disc):
    Image.fromarray(np.where(disc, 40000, 30000).astype(np.uint16)).save(tmp_path / "deep.png")
    assert np.array_equal(read_picture(tmp_path / "deep.png"), disc)
    for peak in (1.0, 255.0, 65535.0):
        grey = np.where(disc, peak, 0.4 * peak).astype(np.float32)
        Image.fromarray(grey).save(tmp_path / "float.tif")
        assert np.array_equal(read_picture(tmp_path / "float.tif"), disc)


def test_painted_red_counts(tmp_path, disc):
    red = np.zeros((*SIZE, 3), np.uint8)
    red[disc] = (255, 0, 0)
    Image.fromarray(red).save(tmp_path / "red.png")
    assert np.array_equal(read_picture(tmp_path / "red.png"), disc)


def test_alpha_wins_unless_opaque(tmp_path, disc):
    rgba = np.full((*SIZE, 4), 255, np.uint8)
    rgba[..., 3] = np.where(disc, 128, 127)
    Image.fromarray(rgba).save(tmp_path / "alpha.png")
    assert np.array_equal(read_picture(tmp_path / "alpha.png"), disc)
    rgba[..., 3] = 255
    rgba[..., :3] = disc[..., None] * 255
    Image.fromarray(rgba).save(tmp_path / "opaque.png")
    assert np.array_equal(read_picture(tmp_path / "opaque.png"), disc)


def palette_png(path, indices, colours):
    image = Image.fromarray(indices.astype(np.uint8), mode="L").convert("P")
    image.putdata(indices.ravel().tolist())
    image.putpalette(np.asarray(colours, np.uint8).ravel().tolist())
    image.save(path)
    return path


def test_palette_index_not_colour(tmp_path, disc):
    indices = disc * 1 + 0
    indices[:4, :4] = 2
    dark = palette_png(tmp_path / "p.png", indices, [(0, 0, 0), (64, 0, 0), (0, 64, 0)])
    assert np.array_equal(read_picture(dark), indices > 0)
    assert np.array_equal(read_picture(dark, 1), disc & (indices == 1))
    assert np.array_equal(read_picture(dark, 2), indices == 2)
    assert np.array_equal(read_picture(dark, 0), indices == 0)
    assert not read_picture(dark, 9).any()


def test_grey_ramp_of_labels_is_still_a_palette(tmp_path, disc):
    ramp = [(i, i, i) for i in range(256)]
    labels = palette_png(tmp_path / "p.png", disc * 3, ramp)
    assert np.array_equal(read_picture(labels), disc)


def test_black_and_white_in_a_palette_goes_by_colour(tmp_path, disc):
    swapped = palette_png(tmp_path / "p.png", ~disc, [(255, 255, 255), (0, 0, 0)])
    assert np.array_equal(read_picture(swapped), disc)


@pytest.mark.parametrize("quality", [5, 20, 60, 90])
def test_lossy_noise_is_not_speckle(tmp_path, quality):
    rng = np.random.default_rng(quality)
    y, x = np.mgrid[:120, :160]
    truth = ((y - 60) / 30) ** 2 + ((x - 80) / 50) ** 2 < 1
    grey = np.where(truth, 215, 40) + rng.normal(0, 25, truth.shape)
    Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(
        tmp_path / "m.jpg", quality=quality
    )
    count, _ = _patches(read_picture(tmp_path / "m.jpg"))
    assert count == (1, 1)


def _patches(hole):
    from scipy.ndimage import label

    return (label(hole)[1], label(~hole)[1]), hole


def test_lossy_keeps_small_clear_marks(tmp_path):
    grey = np.zeros((64, 64), np.uint8)
    grey[10:13, 20:23] = 255
    Image.fromarray(grey).save(tmp_path / "m.jpg", quality=90)
    assert read_picture(tmp_path / "m.jpg")[11, 21]


def test_dark_mask_is_noticed(tmp_path, disc):
    said = []
    Image.fromarray(disc.astype(np.uint8)).save(tmp_path / "m.png")
    assert not read_picture(tmp_path / "m.png", warn=said.append).any()
    assert len(said) == 1
    assert "is 1 of 255" in said[0]


def test_refusals_are_one_line(tmp_path, disc):
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    Image.fromarray(disc).save(tmp_path / "grey.png")
    cut = (tmp_path / "grey.png").read_bytes()[:-30]
    (tmp_path / "cut.png").write_bytes(cut)
    several = [Image.fromarray(disc), Image.fromarray(~disc)]
    several[0].save(tmp_path / "pages.tif", save_all=True, append_images=several[1:])
    for name, index, words in [
        ("none.png", None, "does not exist"),
        ("broken.png", None, "cannot be read"),
        ("cut.png", None, "cannot be read"),
        ("pages.tif", None, "2 pictures in one file"),
        ("grey.png", 1, "no palette"),
    ]:
        with pytest.raises(BadInput, match=words) as refusal:
            read_picture(tmp_path / name, index)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_a_scribble_lets_through_says_nothing(tmp_path, disc, mode):
    """A layer of a drawing program: black where nothing was drawn, but transparent there."""
    layer = np.zeros((*SIZE, 4), np.uint8)
    layer[disc] = 255
    layer[:4] = (0, 0, 0, 128)
    Image.fromarray(layer).convert(mode).save(tmp_path / "layer.png")
    grey = picture.read_grey(tmp_path / "layer.png")
    assert (grey[disc] == 255).all()
    assert (grey[:4] == 0).all()
    assert (grey[4:][~disc[4:]] == 128).all()


@pytest.mark.parametrize("side", [11_600, 20_000, 60_000])
def test_bomb_is_refused_before_it_is_decoded(tmp_path, side):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    )
    with pytest.raises(BadInput, match="pixels"):
        read_picture(tmp_path / "bomb.png")


def test_damaged_pictures_are_refused_or_read_but_never_fall_through(tmp_path, disc):
    """... nor does Pillow's own opinion of them reach the user."""
    seeds = {}
    for suffix in ("png", "ppm", "tif", "jpg"):
        Image.fromarray(disc.astype(np.uint8) * 255).save(tmp_path / f"x.{suffix}")
        seeds[suffix] = (tmp_path / f"x.{suffix}").read_bytes()
    rng = np.random.default_rng(4)
    refused = 0
    for number in range(400):
        suffix = list(seeds)[number % 4]
        data = bytearray(seeds[suffix])
        for at in rng.integers(0, min(len(data), 60 if suffix == "ppm" else 300), 4):
            data[at] = rng.integers(0, 256)
        path = tmp_path / f"y.{suffix}"
        path.write_bytes(data)
        picture.is_picture(path)
        try:
            read_picture(path)
        except BadInput as refusal:
            refused += 1
            assert "\n" not in str(refusal)
    assert 50 < refused < 400

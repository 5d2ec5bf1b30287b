"""Single pictures: TIFF sample for sample, kinds told by content, nothing taken on trust."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from cleanplate.errors import BadInput
from cleanplate.io.images import load_planes

RNG = np.random.default_rng(0)
SIZE = (40, 48)
ARRAYS = {
    (bits, channels): RNG.integers(0, 1 << bits, (*SIZE, channels)).astype(f"u{bits // 8}")
    for bits in (8, 16)
    for channels in (1, 3, 4)
}
RGB = ARRAYS[8, 3]


def loaded(path):
    """The picture as (H, W, C), RGB in this order."""
    planes, _ = load_planes(path)
    order = [planes[0]] if len(planes) == 1 else [planes[2], *planes[:2], *planes[3:]]
    return np.stack(order, axis=-1)


def save_tiff(path, array, **options):
    channels = array.shape[2]
    if options.get("planarconfig") == "separate":
        array = np.moveaxis(array, 2, 0)
    tifffile.imwrite(
        path,
        array if channels > 1 else array[..., 0],
        photometric="rgb" if channels > 1 else "minisblack",
        extrasamples=["unassalpha"] if channels == 4 else None,
        **options,
    )
    return path


def refusal(path):
    with pytest.raises(BadInput) as raised:
        load_planes(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("kind", ARRAYS, ids=str)
@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "lzma", "zstd"])
def test_tiff_keeps_every_sample(tmp_path, kind, compression):
    array = ARRAYS[kind]
    choices = [{}, {"byteorder": ">", "rowsperstrip": 7}, {"tile": (16, 16)}]
    if compression not in (None, "packbits"):
        choices.append({"predictor": True})
    if kind[1] > 1:
        choices.append({"planarconfig": "separate"})
    for options in choices:
        path = save_tiff(tmp_path / "x.tif", array, compression=compression, **options)
        got = loaded(path)
        np.testing.assert_array_equal(got, array, err_msg=str(options))
        assert got.dtype == array.dtype
        if compression is None and "planarconfig" not in options:
            np.testing.assert_array_equal(got.squeeze(), tifffile.imread(path))


@pytest.mark.parametrize("turn", range(1, 9))
def test_tiff_is_turned_upright(tmp_path, turn):
    path = save_tiff(tmp_path / "x.tif", RGB, extratags=[(274, 3, 1, turn, True)])
    with Image.open(path) as picture:
        upright = np.asarray(ImageOps.exif_transpose(picture))
    np.testing.assert_array_equal(loaded(path), upright)


def test_tiff_whose_white_is_zero_is_not_inverted(tmp_path):
    for bits in (8, 16):
        grey = ARRAYS[bits, 1]
        tifffile.imwrite(tmp_path / "x.tif", ~grey[..., 0], photometric="miniswhite")
        np.testing.assert_array_equal(loaded(tmp_path / "x.tif"), grey)


def test_content_and_not_the_name_tells_the_kind(tmp_path):
    rgba = ARRAYS[8, 4]
    save_tiff(tmp_path / "x.tif", rgba, compression="lzw").rename(tmp_path / "tiff.png")
    np.testing.assert_array_equal(loaded(tmp_path / "tiff.png"), rgba)
    Image.fromarray(rgba).save(tmp_path / "png.tif", format="PNG")
    np.testing.assert_array_equal(loaded(tmp_path / "png.tif"), rgba)
    exif = Image.Exif()
    exif[274] = 6  # turn it to the right
    Image.fromarray(RGB).save(tmp_path / "jpeg.png", format="JPEG", exif=exif)
    assert loaded(tmp_path / "jpeg.png").shape == (SIZE[1], SIZE[0], 3)


def test_kinds_of_tiff_that_are_not_read(tmp_path):
    picture, grey = Image.fromarray(RGB), ARRAYS[8, 1][..., 0]
    picture.quantize(16).save(tmp_path / "palette.tif")
    picture.convert("CMYK").save(tmp_path / "cmyk.tif")
    picture.convert("1").save(tmp_path / "bits.tif")
    picture.save(tmp_path / "jpeg.tif", compression="jpeg")
    tifffile.imwrite(tmp_path / "float.tif", RGB.astype(np.float32), photometric="rgb")
    tifffile.imwrite(tmp_path / "signed.tif", grey.astype(np.int16), photometric="minisblack")
    tifffile.imwrite(tmp_path / "pages.tif", np.stack([grey, grey]), photometric="minisblack")
    (tmp_path / "words.tif").write_text("these are words\n")
    (tmp_path / "cut.tif").write_bytes(save_tiff(tmp_path / "x.tif", RGB).read_bytes()[:-90])
    for name, said in [
        ("palette", "of PALETTE"),
        ("cmyk", "4 samples a pixel of SEPARATED"),
        ("bits", "samples of 1 bits"),
        ("jpeg", "compressed as JPEG"),
        ("float", "float32"),
        ("signed", "int16"),
        ("pages", "more than one picture"),
        ("words", "not a picture"),
        ("cut", "not a TIFF that can be read"),
    ]:
        assert said in refusal(tmp_path / f"{name}.tif")


def test_a_tiff_opens_no_other_file(tmp_path):
    """OME-TIFF may name other files for more of its pictures."""
    mine, other = (ARRAYS[8, 1][..., 0] + np.uint8(step) for step in (0, 1))
    names = ("mine.ome.tif", "other.tif")
    data = "".join(
        f'<TiffData FirstT="{t}" IFD="0" PlaneCount="1">'
        f'<UUID FileName="{name}">urn:uuid:00000000-0000-0000-0000-00000000000{t}</UUID></TiffData>'
        for t, name in enumerate(names)
    )
    ome = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
        'UUID="urn:uuid:00000000-0000-0000-0000-000000000000"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="48" SizeY="40" SizeZ="1" '
        f'SizeC="1" SizeT="2"><Channel ID="Channel:0"/>{data}</Pixels></Image></OME>'
    )
    for name, array in zip(names, (mine, other), strict=True):
        tifffile.imwrite(tmp_path / name, array, description=ome, metadata=None)
    assert tifffile.imread(tmp_path / names[0]).shape == (2, *SIZE)  # the danger is real
    np.testing.assert_array_equal(loaded(tmp_path / names[0])[..., 0], mine)


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize("size", [(60_000, 60_000), (16_384, 8_193), (16_385, 1)])
def test_a_huge_png_is_refused_by_its_header(tmp_path, monkeypatch, size):
    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    assert "pixels" in refusal(tmp_path / "x.png")


def test_a_huge_jpeg_is_refused_by_its_header(tmp_path, monkeypatch):
    Image.fromarray(RGB).save(tmp_path / "x.jpg")
    data = (tmp_path / "x.jpg").read_bytes()
    at = data.index(b"\xff\xc0") + 5  # height and width in the start of the frame
    (tmp_path / "x.jpg").write_bytes(data[:at] + b"\xfe\x00\xfe\x00" + data[at + 4 :])
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    assert "pixels" in refusal(tmp_path / "x.jpg")


@pytest.mark.parametrize("tag", [256, 257, 322])
def test_a_huge_tiff_is_refused_by_its_header(tmp_path, monkeypatch, tag):
    path = save_tiff(tmp_path / "x.tif", RGB, compression="zlib", tile=(16, 16))
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages.first.tags[tag].overwrite(65_520)
    monkeypatch.setattr(tifffile.TiffPage, "asarray", lambda _: pytest.fail("decoded"))
    assert "claims pictures of" in refusal(path)


def test_a_strip_that_inflates_is_not_inflated(tmp_path):
    """A small TIFF whose strip holds 64 MB of zeros in 64 kB."""
    path = save_tiff(tmp_path / "x.tif", ARRAYS[8, 1], compression="zlib")
    bomb, at = zlib.compress(bytes(1 << 26)), path.stat().st_size
    path.write_bytes(path.read_bytes() + bomb)
    with tifffile.TiffFile(path, mode="r+b") as file:
        tags = file.pages.first.tags
        tags["StripOffsets"].overwrite(at)
        tags["StripByteCounts"].overwrite(len(bomb))
    assert "not a TIFF that can be read" in refusal(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.9])
def test_a_picture_that_is_cut_short(tmp_path, capfd, suffix, share):
    smooth = cv2.GaussianBlur(RGB, None, 3)
    Image.fromarray(smooth).save(tmp_path / f"x{suffix}")
    data = (tmp_path / f"x{suffix}").read_bytes()
    (tmp_path / f"cut{suffix}").write_bytes(data[: int(len(data) * share)])
    assert "is not a picture that can be read" in refusal(tmp_path / f"cut{suffix}")
    assert capfd.readouterr().err == ""  # one sentence, and not the decoder's own besides


def test_damaged_pictures_are_refused_or_read_but_never_fall_through(tmp_path):
    seeds = {".tif": save_tiff(tmp_path / "x.tif", RGB, compression="lzw").read_bytes()}
    for suffix in (".png", ".jpg"):
        Image.fromarray(RGB).save(tmp_path / f"x{suffix}")
        seeds[suffix] = (tmp_path / f"x{suffix}").read_bytes()
    rng = np.random.default_rng(3)
    refused = 0
    for number in range(300):
        suffix = list(seeds)[number % 3]
        data = bytearray(seeds[suffix])
        for at in rng.integers(0, 300, 4):
            data[at] = rng.integers(0, 256)
        (tmp_path / f"y{suffix}").write_bytes(data)
        try:
            load_planes(tmp_path / f"y{suffix}")
        except BadInput:
            refused += 1
    assert 50 < refused < 300

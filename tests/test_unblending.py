from __future__ import annotations

import json
import subprocess
import sys

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cleanplate as cp
from cleanplate.blend import fit_blend
from cleanplate.cli import main
from cleanplate.io import open_video, to_coded
from cleanplate.overlaid import _SAMPLE_BYTES, MOST_BYTES, room_for
from cleanplate.region import apart, region_around
from cleanplate.unblending import unblend, unblend_file
from made_clips import av_planes
from made_fills import LOSSLESS, Painter, assert_outside_alike, mask_picture, plane_holes

SIZE = (120, 160)
BOX = (slice(30, 60), slice(90, 134))


def hole():
    inside = np.zeros(SIZE, bool)
    inside[BOX] = True
    return inside


def laid_over(frames, opacity):
    """A plate with a darker middle, of an opacity, or of one for each row."""
    colour = np.full((*SIZE, 3), (240, 240, 220), float)
    colour[40:50, 100:124] = (30, 60, 160)
    top = 257 if frames.dtype == np.uint16 else 1
    share = (hole() * np.broadcast_to(opacity, SIZE))[..., None]
    return np.rint(frames * (1 - share) + top * colour * share).astype(frames.dtype)


def psnr(one, other, where):
    top = 65535 if one.dtype == np.uint16 else 255
    off = (one[:, where].astype(float) - other[:, where]) ** 2
    return 10 * np.log10(top**2 / off.mean())


@pytest.mark.parametrize("opacity", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_behind_comes_back(pan, opacity, dtype):
    frames = pan(40, (3.3, 0.7), dtype=dtype)
    seen = laid_over(frames, opacity)
    clean = unblend(seen, cp.grow(hole(), 2))
    assert clean.dtype == dtype
    assert psnr(clean, frames, hole()) > 35
    outside = ~cp.grow(hole(), 2)
    np.testing.assert_array_equal(clean[:, outside], seen[:, outside])


def test_what_is_opaque_is_filled(pan):
    frames = pan(40, (3.3, 0.7))
    opacity = np.full((SIZE[0], 1), 0.4)
    opacity[46:] = 1.0
    seen = laid_over(frames, opacity)
    clean = unblend(seen, hole())
    through = hole().copy()
    through[44:] = False
    assert psnr(clean, frames, through) > 35
    assert psnr(clean, frames, hole()) > psnr(seen, frames, hole()) + 10


def test_a_scene_that_stands_still_is_filled_and_never_guessed(pan):
    still = np.repeat(pan(1, (0, 0)), 20, axis=0)
    seen = laid_over(still, 0.5)
    clean = unblend(seen, hole(), method="telea")
    np.testing.assert_array_equal(clean, cp.fill(seen, hole(), method="telea"))


def test_masks_that_move_and_empty_ones(pan):
    frames = pan(12, (3.3, 0.7))
    moving = np.stack([np.roll(hole(), t, axis=1) for t in range(12)])
    with pytest.raises(cp.BadInput, match="never moves"):
        unblend(frames, moving)
    np.testing.assert_array_equal(unblend(frames, np.zeros(SIZE, bool)), frames)


def planes_of(path):
    with open_video(path) as reader:
        return [picture.planes for picture in reader]


@pytest.mark.parametrize("kind", ["420", "420, 10 bits", "RGB"])
def test_a_file_keeps_all_else(pan, tmp_path, kind):
    deep = "10" in kind
    frames = pan(40, (3.3, 0.7), dtype=np.uint16 if deep else np.uint8)
    source, truth, out = (tmp_path / name for name in ("in.mkv", "truth.mkv", "out.mkv"))
    lossless = cp.Encoding(codec="ffv1")
    for path, clip in ((truth, frames), (source, laid_over(frames, 0.5))):
        encoding = LOSSLESS if kind == "RGB" else lossless
        cp.write_video(path, clip, encoding=encoding)
    summary = unblend_file(source, mask_picture(tmp_path / "m.png", hole()), out, encoding=lossless)
    assert summary.frames == 40
    assert summary.restored > 0.9
    assert summary.opacity == pytest.approx(0.45, abs=0.07)  # the grown rim has none
    wide = cp.grow(hole(), 2)
    parts = plane_holes(wide, "444" if kind == "RGB" else "420")
    for had, got, true in zip(*map(planes_of, (source, out, truth)), strict=True):
        for one, other, part in zip(had, got, parts, strict=True):
            np.testing.assert_array_equal(one[~part], other[~part])
        off = (got[0].astype(float) - true[0])[hole()] / (1023 if deep else 255)
        assert 10 * np.log10(1 / (off**2).mean()) > 32


def test_sound_and_timing_stay(make, tmp_path):
    source = make("in.mp4", audio=True, count=20)
    mask = mask_picture(tmp_path / "m.png", np.pad(np.ones((8, 12), bool), ((20, 20), (26, 26))))
    out = tmp_path / "out.mp4"
    assert main(["unblend", str(source), str(mask), "-o", str(out), "--json", "-q"]) == 0
    with av.open(str(out)) as got, av.open(str(source)) as had:
        assert [s.type for s in got.streams] == [s.type for s in had.streams]
        assert [p.pts for p in got.decode(video=0)] == [p.pts for p in had.decode(video=0)]


@pytest.mark.parametrize("count", [5, 14])  # too few to learn from, and enough
def test_masks_are_as_displayed(make, tmp_path, count):
    def setup(_, stream):
        stream.set_display_rotation(-90)

    source, out = make("in.mp4", setup=setup, count=count), tmp_path / "out.mp4"
    shown = np.zeros((64, 48), bool)
    shown[5:24, 3:12] = True
    mask = mask_picture(tmp_path / "mask.png", shown)
    unblend_file(source, mask, out, method=Painter(), mask_options=cp.MaskOptions(),
                 encoding=LOSSLESS)  # fmt: skip
    coded = to_coded(shown, 90)
    had, got = av_planes(source), av_planes(out)
    assert_outside_alike(had, got, coded, "yuv420p")
    for before, after in zip(had, got, strict=True):
        assert count > 5 or (before[0] != after[0])[coded].mean() > 0.9


def test_the_command(pan, tmp_path, capsys):
    frames = laid_over(pan(30, (3.3, 0.7)), 0.5)
    cp.write_video(tmp_path / "in.mkv", frames, encoding=LOSSLESS)
    mask = str(mask_picture(tmp_path / "m.png", hole()))
    out = tmp_path / "out.mkv"
    command = ["unblend", str(tmp_path / "in.mkv"), mask, "-o", str(out)]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["restored"] > 0.9
    assert main(command) == 0
    assert "was seen through the overlay" in capsys.readouterr().out
    with open_video(out) as reader:
        assert sum(1 for _ in reader) == 30
    for number in range(30):
        mask_picture(tmp_path / "many" / f"{number}.png", hole())
    assert main([*command[:2], str(tmp_path / "many"), *command[3:]]) == 2
    assert "Give one still mask" in capsys.readouterr().err
    assert main([*command[:2], "box:0,0,160,120", *command[3:]]) == 2
    assert "whole picture" in capsys.readouterr().err


def test_overlays_far_apart_are_learned_one_by_one():
    corners = np.zeros((1080, 1920), bool)
    corners[20:80, 30:150] = corners[1000:1060, 1770:1890] = True
    corners[20:80, 160:200] = True  # a part of the first, a few pixels away
    parts = apart(corners)
    assert [int(part.sum()) for part in parts] == [9600, 7200]
    assert (np.logical_or.reduce(parts) == corners).all()
    assert room_for([region_around(part) for part in parts]) > 200
    box = region_around(corners)
    held = room_for([box]) * _SAMPLE_BYTES * (box.bottom - box.top) * (box.right - box.left)
    assert held <= max(MOST_BYTES, 20 * _SAMPLE_BYTES * corners.size)


def test_two_overlays_of_a_clip_and_of_a_file(pan, tmp_path):
    frames = pan(40, (3.3, 0.7), size=(180, 320))
    two = np.zeros((180, 320), bool)
    two[10:24, 8:40] = two[150:166, 280:312] = True
    assert len(apart(two)) == 2
    seen = frames.copy()
    seen[:, two] = np.rint(0.5 * frames[:, two] + 120)
    assert psnr(unblend(seen, two), frames, two) > 32
    cp.write_video(tmp_path / "in.mkv", seen, encoding=LOSSLESS)
    mask = mask_picture(tmp_path / "m.png", two)
    summary = unblend_file(tmp_path / "in.mkv", mask, tmp_path / "out.mkv", encoding=LOSSLESS)
    assert summary.restored > 0.9
    assert psnr(cp.read_video(tmp_path / "out.mkv").frames, frames, two) > 32


def test_a_result_without_a_place_is_refused_before_the_work(pan, tmp_path, monkeypatch):
    monkeypatch.setattr("cleanplate.unblending.learn", lambda *_: pytest.fail("was begun"))
    cp.write_video(tmp_path / "in.mkv", pan(12, (3.3, 0.7)), encoding=LOSSLESS)
    mask = mask_picture(tmp_path / "m.png", hole())
    with pytest.raises(cp.BadOutput, match="does not exist"):
        unblend_file(tmp_path / "in.mkv", mask, tmp_path / "no" / "out.mkv")
    with pytest.raises(cp.BadInput, match="name that is too long"):
        unblend_file(tmp_path / "in.mkv", "m" * 300, tmp_path / "out.mkv")


def test_the_method_takes_its_options(pan, tmp_path, capsys):
    cp.write_video(tmp_path / "in.mkv", pan(12, (3.3, 0.7)), encoding=LOSSLESS)
    mask = str(mask_picture(tmp_path / "m.png", hole()))
    words = ["unblend", str(tmp_path / "in.mkv"), mask, "-o", str(tmp_path / "out.mkv")]
    for more in (["--set", "nonsense=3"], ["--method", "sttn", "--weights", "none.pth"]):
        assert main([*words, *more]) == 2
        assert more[-1].split("=")[0] in capsys.readouterr().err
    again = tmp_path / "again.mkv"
    unblend_file(tmp_path / "in.mkv", mask, again, device="cpu", options={"propagation": "traced"})
    assert again.exists()


def test_from_stdin_to_stdout(pan, tmp_path):
    """What is said about the work goes to stderr: stdout is nothing but pictures."""
    frames = laid_over(pan(12, (3.3, 0.7)), 0.5)
    cp.write_video(tmp_path / "in.mkv", frames, encoding=LOSSLESS)
    mask = str(mask_picture(tmp_path / "m.png", hole()))
    words = ["unblend", "-", mask, "-o", "-", "--method", "telea"]
    run = "from cleanplate.cli import main; raise SystemExit(main())"
    given = (tmp_path / "in.mkv").read_bytes()
    done = subprocess.run([sys.executable, "-c", run, *words], input=given, capture_output=True)
    assert done.returncode == 0
    assert done.stdout.startswith(b"YUV4MPEG2 ")
    (tmp_path / "out.y4m").write_bytes(done.stdout)
    assert len(planes_of(tmp_path / "out.y4m")) == 12
    assert b"stdout" in done.stderr
    assert b"the overlay" not in done.stdout


@settings(deadline=None, max_examples=25)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    opacity=st.floats(0.0, 0.8),
    seed=st.integers(0, 99),
)
def test_an_exact_guess_is_fitted_exactly(size, opacity, seed):
    rng = np.random.default_rng(seed)
    behind = rng.uniform(0, 255, (60, *size)).astype(np.float32)
    seen = (1 - opacity) * behind + opacity * 200
    blend = fit_blend(seen, behind, np.ones(seen.shape, bool))
    assert blend.clear.all()
    np.testing.assert_allclose(blend.opacity, opacity, atol=0.02)
    np.testing.assert_allclose(blend.gain * seen + blend.offset, behind, atol=6)


def test_frames_that_do_not_fit_hardly_count():
    rng = np.random.default_rng(0)
    behind = rng.uniform(40, 200, (80, 6, 6)).astype(np.float32)
    seen = 0.5 * behind + 100
    wrong = behind.copy()
    wrong[:8] = 255 - wrong[:8]
    blend = fit_blend(seen, wrong, np.ones(seen.shape, bool))
    np.testing.assert_allclose(blend.opacity, 0.5, atol=0.06)


def test_what_never_varies_and_what_is_hardly_known_is_not_clear():
    rng = np.random.default_rng(0)
    behind = rng.uniform(40, 200, (40, 4, 4)).astype(np.float32)
    known = np.ones(behind.shape, bool)
    opaque = fit_blend(np.full_like(behind, 99) + rng.normal(0, 0.5, behind.shape), behind, known)
    assert not opaque.clear.any()
    assert not fit_blend(
        0.5 * behind, behind, known & (np.arange(40) < 5)[:, None, None]
    ).clear.any()


def test_what_does_not_go_along_with_other_frames_is_not_seen_through():
    """Wrong places vary as much as the scene, but not with it: their gain would be a ghost."""
    rng = np.random.default_rng(4)
    behind = rng.normal(120, 30, (40, 12, 12))
    seen = 0.5 * behind + 60
    known = np.ones(seen.shape, bool)
    half = np.where(rng.random(behind.shape) < 0.5, behind, rng.normal(120, 30, behind.shape))
    assert fit_blend(seen, behind, known).clear.all()
    assert not fit_blend(seen, half, known).clear.any()


def test_an_overlay_that_is_filled_is_told(pan, tmp_path):
    frames = pan(20, (3.3, 0.7))
    cp.write_video(tmp_path / "in.mkv", laid_over(frames, 1.0), encoding=LOSSLESS)
    mask_picture(tmp_path / "mask.png", hole())
    told = unblend_file(tmp_path / "in.mkv", tmp_path / "mask.png", tmp_path / "out.mkv")
    assert any("cannot be seen through" in warning for warning in told.warnings)

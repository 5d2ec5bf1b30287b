"""The contract that every room keeps, through the front door."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.methods import FITTED, LEARNED, Method, load_method
from cleanplate.methods.options import TUNES
from cleanplate.weights import save_weights

METHODS = [*sorted(cp.METHODS), *sorted(cp.BASELINES)]
PUBLISHED = "flow-published"  # flow with the published propagation, as if it were a method
WAYS = [*METHODS, PUBLISHED]
SIZES = [(37, 53), (5, 7), (1, 1), (1, 2), (2, 1), (2, 2), (40, 1), (64, 48)]
# Every room is asked in each of the ways that it can be tuned.
TUNED = [(name, tune) for name in WAYS for tune in TUNES]
# Both propagations find their flow alike, so the second is asked for fewer sizes.
SIZED = [
    (*tuned, size) for tuned in TUNED for size in (SIZES[:3] if tuned[0] == PUBLISHED else SIZES)
]


@cache
def tiny_weights(name):
    """A file of the smallest network of a room, untrained."""
    torch = pytest.importorskip("torch")
    network = import_module(f"cleanplate.methods.{name}.network")
    torch.manual_seed(0)
    config = network.Config.tiny()
    path = Path(tempfile.mkdtemp()) / f"{name}.safetensors"
    save_weights(path, network.Network(config).state_dict(), method=name, config=config)
    return path


def given(name):
    """What a method of that name has to be given beside its options."""
    return {"weights": tiny_weights(name)} if name in LEARNED else {}


def asked(name):
    """What `cp.fill` is asked for, beside the options that all methods have."""
    if name == PUBLISHED:
        return {"method": "flow", "options": {"propagation": "published"}}
    if name in FITTED:  # the least that shows everything
        return {"method": name, "options": {"prior": "none", "config": "tiny", "steps": 1}}
    return {"method": name, **given(name)}


def loaded(name, **options):
    """The method itself."""
    more = asked(name)
    return load_method(more.pop("method"), **more.pop("options", {}), **more, **options)


def middle(holes):
    """A box a third of the picture wide, at least a pixel, in every frame."""
    height, width = holes.shape[1:]
    rows, columns = slice(height // 3, height // 3 * 2 + 1), slice(width // 3, width // 3 * 2 + 1)
    holes[:, rows, columns] = True


def left_border(holes):
    holes[:, :, : max(1, holes.shape[2] // 3)] = True


def corners(holes):
    holes[:, :2, :2] = holes[:, -2:, -2:] = True


def nothing(holes):
    pass


def one_frame_lost(holes):
    holes[len(holes) // 2] = True


def everything(holes):
    holes[:] = True


def now_and_then(holes):
    """A hole in every second frame, in another place each time."""
    for t in range(0, len(holes), 2):
        holes[t, (3 * t) % holes.shape[1] :, : 1 + t % holes.shape[2]] = True


def scattered(holes):
    holes |= np.random.default_rng(5).random(holes.shape) < 0.3


def noise(count, size, dtype=np.uint8):
    top = np.iinfo(dtype).max + 1
    return np.random.default_rng(1).integers(0, top, (count, *size, 3), dtype)


def holes_for(frames, draw):
    holes = np.zeros(frames.shape[:3], bool)
    draw(holes)
    return holes


@pytest.mark.parametrize(("name", "tune", "size"), SIZED, ids=str)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_hole_of_any_clip_is_filled_and_nothing_else(name, tune, size, count):
    """Same shape and type, and not one sample changed outside the hole."""
    draws = (
        middle, left_border, corners, nothing, one_frame_lost, everything, now_and_then, scattered
    )  # fmt: skip
    for dtype in (np.uint8, np.uint16):
        frames = noise(count, size, dtype)
        for draw in draws if dtype == np.uint8 else draws[:1]:
            holes = holes_for(frames, draw)
            clean = cp.fill(frames, holes, **asked(name), tune=tune)
            assert clean.shape == frames.shape
            assert clean.dtype == frames.dtype
            np.testing.assert_array_equal(clean[~holes], frames[~holes], err_msg=draw.__name__)


@pytest.mark.parametrize(("name", "tune"), TUNED)
def test_filling_changes_the_hole(pan, name, tune):
    frames = pan(5, (2, 0), size=(48, 64))
    holes = holes_for(frames, middle)
    dark = np.where(holes[..., None], np.uint8(0), frames)
    lit = cp.fill(dark, holes, **asked(name), tune=tune)[holes].max(axis=1) > 0
    # A network that is not trained may say black here and there.
    assert lit.mean() > 0.5 if name in (*LEARNED, *FITTED) else lit.all()


@pytest.mark.parametrize(("name", "tune"), TUNED)
def test_an_empty_hole_gives_the_very_same_pixels(name, tune):
    frames = noise(3, (37, 53))
    holes = holes_for(frames, nothing)
    clean = cp.fill(frames, holes, **asked(name), tune=tune)
    np.testing.assert_array_equal(clean, frames)
    assert clean is not frames


@pytest.mark.parametrize(("name", "tune"), TUNED)
def test_a_room_by_itself_takes_frames_without_holes(name, tune):
    frames = noise(4, (37, 53))
    filled = loaded(name, tune=tune).fill(frames, holes_for(frames, nothing))
    np.testing.assert_array_equal(filled.frames, frames)


@pytest.mark.parametrize(("name", "tune"), TUNED)
def test_what_is_given_is_left_as_it_was(pan, name, tune):
    frames = pan(6, (3, 1), size=(60, 80))
    holes = holes_for(frames, middle)
    before = frames.copy(), holes.copy()
    frames.flags.writeable = holes.flags.writeable = False
    clean = cp.fill(frames, holes, **asked(name), tune=tune)
    assert clean.flags.writeable
    assert not np.shares_memory(clean, frames)
    np.testing.assert_array_equal(frames, before[0])
    np.testing.assert_array_equal(holes, before[1])


@pytest.mark.parametrize(("name", "tune"), TUNED)
def test_views_of_any_layout_are_filled_alike(pan, name, tune):
    frames = pan(5, (3, 1), size=(60, 80))
    holes = holes_for(frames, middle)
    clean = cp.fill(frames, holes, **asked(name), tune=tune)
    mirrored = np.ascontiguousarray(frames[:, :, ::-1])[:, :, ::-1]
    other = cp.fill(mirrored, np.asfortranarray(holes), **asked(name), tune=tune)
    np.testing.assert_array_equal(clean, other)


@pytest.mark.parametrize(("name", "tune"), TUNED)
def test_the_same_seed_gives_the_same_pixels(pan, monkeypatch, name, tune):
    """... whatever the number of cores; part of the hole is seen, part has to be invented."""
    frames = pan(6, (2, 0), size=(90, 120))
    holes = holes_for(frames, middle)

    def fill(seed, cores):
        monkeypatch.setattr(os, "cpu_count", lambda: cores)
        return cp.fill(frames, holes, **asked(name), tune=tune, seed=seed, provenance=True)

    filled = fill(3, 1)
    if name in ("flow", PUBLISHED):
        assert 0 < (filled.provenance.source[holes] < 0).mean() < 1
    for again in (fill(3, 1), fill(3, 2), fill(3, 5), fill(3, None)):
        np.testing.assert_array_equal(again.frames, filled.frames)
        np.testing.assert_array_equal(again.provenance.source, filled.provenance.source)


@pytest.mark.parametrize(("name", "tune"), TUNED)
@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1, 2**31, 2**40])
def test_every_seed_from_0_up_will_do(pan, name, tune, seed):
    frames = pan(2, (0, 0), size=(40, 50))
    cp.fill(frames, holes_for(frames, middle), **asked(name), tune=tune, seed=seed)


@pytest.mark.parametrize("name", WAYS)
def test_a_negative_seed_is_refused(pan, name):
    frames = pan(2, (0, 0), size=(40, 50))
    with pytest.raises(cp.BadInput, match="seed is -1"):
        cp.fill(frames, holes_for(frames, middle), **asked(name), seed=-1)


@pytest.mark.parametrize("name", WAYS)
def test_a_loaded_method_is_the_named_one(pan, name):
    frames = pan(3, (2, 0), size=(40, 50))
    holes = holes_for(frames, middle)
    method = loaded(name)
    np.testing.assert_array_equal(
        cp.fill(frames, holes, method=method), cp.fill(frames, holes, **asked(name))
    )
    assert method.longest_window >= 1


@pytest.mark.parametrize("name", WAYS)
def test_progress_of_a_room_only_grows(pan, name):
    frames = pan(3, (2, 0), size=(40, 50))
    shares = []
    loaded(name).fill(frames, holes_for(frames, middle), progress=shares.append)
    assert shares
    assert shares == sorted(shares)
    assert shares[0] >= 0
    assert shares[-1] <= 1


@pytest.mark.parametrize("name", METHODS)
def test_what_a_room_does_not_know_is_refused(name):
    with pytest.raises(cp.BadInput, match="has no option 'colour'"):
        load_method(name, **given(name), colour="red")
    with pytest.raises(cp.BadInput, match="does not run on 'abacus'"):
        load_method(name, **given(name), device="abacus")
    with pytest.raises(cp.BadInput, match="tune 'louder' is unknown"):
        load_method(name, **given(name), tune="louder")


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(cp.BadInput, match=r"method 'magic' is unknown. Choose one of: .*flow"):
        cp.fill(noise(1, (4, 4)), np.zeros((4, 4), bool), method="magic")


def test_weights_for_a_method_without_any_are_refused():
    with pytest.raises(cp.BadInput, match="'flow' has no weights"):
        load_method("flow", weights="flow.pth")


@pytest.mark.parametrize("name", LEARNED)
def test_a_method_that_learned_needs_weights(name):
    with pytest.raises(cp.BadInput, match=f"'{name}' needs weights"):
        load_method(name)


def test_a_working_size_of_nothing_is_refused():
    with pytest.raises(cp.BadInput, match="working_pixels is 0"):
        load_method("flow", working_pixels=0)


WRONG = [1.5, 2.0, "a", None, True, np.bool_(True), np.float32(3), [1], np.array([1, 2])]


@pytest.mark.parametrize("value", WRONG, ids=str)
@pytest.mark.parametrize("option", ["seed", "working_pixels"])
def test_options_that_count_are_whole_numbers(option, value):
    with pytest.raises(cp.BadInput, match=f"{option} is .* Give a whole number from"):
        load_method("flow", **{option: value})


@pytest.mark.parametrize("value", [None, 5, b"flow", ["flow"], np.array(["flow", "flow"])], ids=str)
def test_names_of_another_kind_are_refused(value):
    with pytest.raises(cp.BadInput, match=r"method .* is unknown"):
        load_method(value)
    with pytest.raises(cp.BadInput, match=r"tune .* is unknown"):
        load_method("flow", tune=value)
    with pytest.raises(cp.BadInput, match="does not run on"):
        load_method("flow", device=value)


def test_numbers_of_numpy_become_python_s_own():
    options = load_method("flow", seed=np.uint8(200), working_pixels=np.int16(30_000)).options
    assert type(options.seed) is type(options.working_pixels) is int
    assert (options.seed, options.working_pixels) == (200, 30_000)


def test_a_method_is_told_from_what_is_none():
    assert isinstance(load_method("flow"), Method)
    assert not any(isinstance(other, Method) for other in ("flow", None, 5, []))

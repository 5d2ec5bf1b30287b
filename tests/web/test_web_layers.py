from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cleanplate.masks.edit import grow
from cleanplate.masks.generous import AUTO, generous
from cleanplate.masks.write import write_folder, write_mask
from cleanplate.web.layers import MARGIN, Layers

SIZE, NAMES = (40, 60), ("00000", "00001", "00002")


def square(top, left, side=8):
    hole = np.zeros(SIZE, bool)
    hole[top : top + side, left : left + side] = True
    return hole


@pytest.fixture
def layers(tmp_path):
    """A key mask of frame 1, followed masks of all, an overlay, and subtitles of the last."""
    write_mask(square(2, 2), tmp_path / "key.png")
    write_folder(((name, square(10, 10 + 5 * n)) for n, name in enumerate(NAMES)), tmp_path / "f")
    write_mask(square(30, 50), tmp_path / "static.png")
    lines = (square(30, 4) & (name == "00002") for name in NAMES)
    write_folder(zip(NAMES, lines, strict=True), tmp_path / "subtitles")
    return Layers(
        SIZE,
        NAMES,
        keys={1: tmp_path / "key.png"},
        followed=tmp_path / "f",
        trust=(1.0, 1.0, 0.4),
        static=tmp_path / "static.png",
        subtitles=tmp_path / "subtitles",
    )


def test_what_was_marked_counts_before_what_was_followed(layers):
    assert (layers.object_at(0, SIZE) == square(10, 10)).all()
    assert (layers.object_at(1, SIZE) == square(2, 2)).all()
    held = replace(layers, held=1, followed=None)
    assert (held.object_at(2, SIZE) == square(2, 2)).all()
    assert not replace(layers, followed=None).object_at(2, SIZE).any()


def test_the_rest_is_what_stands_still_and_subtitles(layers):
    assert (layers.rest_at(0, SIZE) == square(30, 50)).all()
    assert (layers.rest_at(2, SIZE) == square(30, 50) | square(30, 4)).all()
    assert not layers.with_found("static", None).rest_at(0, SIZE).any()
    assert (
        not layers.with_found("subtitles", None).with_found("static", None).rest_at(2, SIZE).any()
    )


def test_a_shadow_goes_with_the_object_that_casts_it(layers, tmp_path):
    write_folder(((name, square(20, 40)) for name in NAMES), tmp_path / "cast")
    shaded = layers.with_found("shadow", tmp_path / "cast")
    assert (shaded.rest_at(0, SIZE) == square(30, 50) | square(20, 40)).all()
    assert shaded.with_found("static", None).shadow is not None
    assert not shaded.alone().rest_at(0, SIZE).any()
    changed = (
        shaded.with_object(held=1, followed=None),
        shaded.without_key(1),
        shaded.with_given(tmp_path / "f"),
        shaded.mended(tmp_path / "f", "mask.png"),
    )
    assert all(now.shadow is None for now in changed)


def test_an_object_that_moves_may_cast_a_shadow(layers):
    assert layers.casts
    assert not layers.with_object(held=1, followed=None).casts
    assert not layers.with_object(followed=None).casts
    assert not Layers(SIZE, NAMES, static=layers.static).casts


def test_pixels_of_margin_are_pixels_of_the_clip(layers):
    whole = square(10, 20) | square(30, 50) | square(30, 4)
    for pixels in (0, 3):
        assert (layers.hole_at(2, SIZE, pixels) == grow(whole, pixels)).all()
    half = layers.hole_at(2, (20, 30), 4)
    assert (half == grow(whole[::2, ::2], 2)).all()  # everything lies on even pixels


def test_an_object_that_was_followed_grows_generously_and_more_where_that_is_unsure(layers):
    layers = layers.with_found("static", None).with_found("subtitles", None)
    sure, unsure = (layers.hole_at(frame, SIZE, AUTO).sum() for frame in (0, 2))
    assert unsure > sure
    mask = square(10, 10)
    expected = grow(generous(mask.astype(np.float32), 1.0), MARGIN)
    assert (layers.hole_at(0, SIZE, AUTO) == expected).all()
    painted = replace(layers, followed=None, held=1)
    assert (painted.hole_at(0, SIZE, AUTO) == grow(square(2, 2), MARGIN)).all()


def test_holes_of_the_whole_clip_come_by_name_and_at_its_size(layers):
    found = dict(layers.holes(0))
    assert tuple(found) == NAMES
    assert all(hole.shape == SIZE and hole.any() for hole in found.values())


def test_a_mask_of_single_frames_is_not_one_of_the_clip(layers):
    bare = Layers(SIZE, NAMES, keys=layers.keys)
    assert layers.everywhere
    assert not bare.everywhere
    assert replace(bare, held=1).everywhere
    assert replace(bare, keys=dict.fromkeys(range(3), layers.keys[1])).everywhere

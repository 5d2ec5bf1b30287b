"""Training samples for the stages of DFC-Net."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from cleanplate.datasets.flow_stages import Masks, StageSamples
from cleanplate.datasets.folders import open_dataset
from cleanplate.errors import BadInput
from cleanplate.flow.dfc_stages import Config
from made_training import clips  # noqa: F401 - a fixture

SIZE = (48, 96)


def made(folder, *, stages=1, frames=4, made_up=0.0, **masks):
    return StageSamples(
        open_dataset(folder).clips, SIZE, network=Config(stages=stages), masks=Masks(**masks),
        frames=frames, seed=0, made_up=made_up,
    )  # fmt: skip


@pytest.mark.parametrize("made_up", [0, 1])
def test_a_sample_is_told_by_its_number(clips, made_up):  # noqa: F811
    samples, again = made(clips, made_up=made_up), made(clips, made_up=made_up)
    kept = [samples[number] for number in range(3)]
    for number in (2, 0):
        for name in ("begun", "truth", "lost"):
            np.testing.assert_array_equal(getattr(again[number], name), getattr(kept[number], name))
    assert (kept[0].clip == "made up") == bool(made_up)


@pytest.mark.parametrize("stages, size", [(1, (24, 48)), (2, (32, 64)), (3, SIZE)])
def test_the_flow_is_found_for_the_last_stage(clips, stages, size):  # noqa: F811
    one = made(clips, stages=stages)[0]
    assert one.begun.shape == (2, 3, 2, 24, 48)
    assert one.truth.shape == (2, 3, 2, *size)
    assert one.lost.shape == (2, 3, 1, *size)
    assert one.begun.dtype == one.truth.dtype == np.float32


def test_the_first_stage_is_given_what_is_known(clips):  # noqa: F811
    """At its own size: the truth outside the hole, something smoother inside."""
    one = made(clips)[1]
    known = np.broadcast_to(~one.lost, one.truth.shape)
    np.testing.assert_allclose(one.begun[known], one.truth[known], atol=1e-5)
    assert (one.begun != one.truth)[~known].any()


def boxes(count=40, size=(240, 424), **options):
    rng = np.random.default_rng(0)
    return [Masks(**options).drawn(3, size, rng) for _ in range(count)]


@pytest.mark.parametrize("still", [True, False])
def test_boxes_are_as_large_as_the_official_ones(still):
    """120x212 less up to 30x53 of 240x424, ten pixels from the border."""
    sizes = []
    for holes in boxes(still=still):
        assert (holes == holes[0]).all() == still
        for hole in holes:
            rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
            assert hole.sum() == len(rows) * len(columns)
            assert rows[0] >= 10 and columns[0] >= 10
            assert rows[-1] < 230 and columns[-1] < 414
            sizes.append((len(rows), len(columns)))
    low, high = np.min(sizes, axis=0), np.max(sizes, axis=0)
    assert (low >= (90, 159)).all() and (high <= (120, 212)).all()
    assert (high - low > (20, 35)).all()


def test_other_masks():
    (middle, *_) = boxes(1, kind="mid-bbox")
    assert middle[0].sum() == 60 * 106 and middle[0, 90:150, 159:265].all()
    shapes = boxes(8, kind="shapes")
    assert all(holes.any() for holes in shapes)
    assert any((holes[0] != holes[1]).any() for holes in shapes)


@pytest.mark.parametrize("size", [(1, 1), (2, 90), (4, 7)])
def test_boxes_in_small_pictures(size):
    for holes in boxes(5, size):
        assert holes.any(axis=(1, 2)).all()


def test_masks_that_cannot_be_drawn():
    for wrong in ({"kind": "stars"}, {"box": 0.1}, {"box": 0.95}, {"shrunk": -0.1}):
        with pytest.raises(BadInput, match=r"Give shares|Choose one of"):
            Masks(**wrong)

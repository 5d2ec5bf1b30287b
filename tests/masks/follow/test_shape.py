"""The remembered shape, and who moves how."""

from __future__ import annotations

import numpy as np
import pytest

from cleanplate.masks.follow.motion import Moves, motion_evidence
from cleanplate.masks.follow.shape import Shape
from cleanplate.region import Region, whole_of

SIZE = (80, 120)


def block(top, left, *, height=30, width=40):
    mask = np.zeros(SIZE, np.float32)
    mask[top : top + height, left : left + width] = 1
    return mask


def flow(mask, inside, outside):
    field = np.empty((*SIZE, 2), np.float32)
    field[...] = outside
    field[mask > 0.5] = inside
    return field


def test_a_shape_moves_as_its_object_and_tells_the_camera_apart():
    mask = block(20, 20)
    shape = Shape(mask)
    moves = shape.move(mask, flow(mask, (5, 2), (-1, 0)))
    np.testing.assert_allclose(moves.object[:, 2], (5, 2), atol=1e-3)
    np.testing.assert_allclose(moves.camera[:, 2], (-1, 0), atol=1e-3)
    assert ((shape.soft > 0.5) == (block(22, 25) > 0.5)).all()


def test_what_is_hidden_goes_on_as_it_went_and_is_not_forgotten():
    mask = block(20, 10)
    shape = Shape(mask)
    for step in range(4):
        here = block(20, 10 + 6 * step)
        shape.move(here, flow(here, (6, 0), (1, 0)))
        shape.learn(block(20, 16 + 6 * step))
    nothing = np.zeros(SIZE, np.float32)
    for _ in range(3):
        shape.move(nothing, flow(nothing, (0, 0), (1, 0)))
        shape.learn(nothing)
    there = shape.soft > 0.5
    wanted = block(20, 10 + 6 * 7) > 0.5
    assert (there & wanted).sum() / (there | wanted).sum() > 0.85
    assert shape.share(nothing) == 0


@pytest.mark.parametrize(("motion", "told"), [((4, 0), 1), ((0, 0), -1)])
def test_pixels_that_move_as_one_of_both(motion, told):
    shift = np.array([[1, 0, 4], [0, 1, 0]], np.float64)
    rest = np.array([[1, 0, 0], [0, 1, 0]], np.float64)
    back = -np.broadcast_to(np.array(motion, np.float32), (*SIZE, 2))
    evidence = motion_evidence(back, whole_of(SIZE), Moves(shift, rest))
    np.testing.assert_allclose(evidence, told, atol=1e-5)
    assert (motion_evidence(back, whole_of(SIZE), Moves(rest, rest)) == 0).all()


def test_evidence_of_a_part_is_that_of_the_whole():
    rng = np.random.default_rng(0)
    back = rng.normal(0, 2, (*SIZE, 2)).astype(np.float32)
    turn = np.array([[0.99, -0.02, 3], [0.02, 0.99, 1]])
    moves = Moves(turn, np.array([[1.0, 0, -1], [0, 1, 0]]))
    part = Region(10, 40, 30, 90)
    whole = motion_evidence(back, whole_of(SIZE), moves)
    np.testing.assert_allclose(
        motion_evidence(part.crop(back), part, moves), part.crop(whole), atol=1e-5
    )

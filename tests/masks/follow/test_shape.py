"""The remembered shape, and who moves how."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.masks.follow.motion import Moves, motion_evidence, onward_evidence
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
    moves = shape.moves(mask, flow(mask, (5, 2), (-1, 0)))
    assert (shape.soft == mask).all()
    shape.go(moves)
    np.testing.assert_allclose(moves.object[:, 2], (5, 2), atol=1e-3)
    np.testing.assert_allclose(moves.camera[:, 2], (-1, 0), atol=1e-3)
    assert ((shape.soft > 0.5) == (block(22, 25) > 0.5)).all()


def test_what_is_hidden_goes_on_as_it_went_and_is_not_forgotten():
    mask = block(20, 10)
    shape = Shape(mask)
    for step in range(4):
        here = block(20, 10 + 6 * step)
        shape.go(shape.moves(here, flow(here, (6, 0), (1, 0))))
        shape.learn(block(20, 16 + 6 * step))
    nothing = np.zeros(SIZE, np.float32)
    for _ in range(3):
        shape.go(shape.moves(nothing, flow(nothing, (0, 0), (1, 0))))
        shape.learn(nothing)
    there = shape.soft > 0.5
    wanted = block(20, 10 + 6 * 7) > 0.5
    assert (there & wanted).sum() / (there | wanted).sum() > 0.85
    assert shape.share(nothing) == 0


SHIFT = np.array([[1, 0, 4], [0, 1, 0]], np.float64)
REST = np.array([[1, 0, 0], [0, 1, 0]], np.float64)
NOWHERE = np.zeros(SIZE, bool)


@pytest.mark.parametrize(("motion", "told"), [((4, 0), 1), ((0, 0), -1)])
def test_pixels_that_move_as_one_of_both(motion, told):
    onward = np.broadcast_to(np.array(motion, np.float32), (*SIZE, 2))
    moves = Moves(SHIFT, REST, np.zeros(2))
    for of, field in ((motion_evidence, -onward), (onward_evidence, onward)):
        np.testing.assert_allclose(of(field, whole_of(SIZE), moves, NOWHERE), told, atol=1e-5)
    alike = Moves(REST, REST, np.zeros(2))
    assert (motion_evidence(-onward, whole_of(SIZE), alike, NOWHERE) == 0).all()


def test_the_less_the_surroundings_keep_to_the_camera_the_less_is_told():
    mask = block(20, 20) > 0.5
    told = []
    for noise in (0, 2, 8):
        towards = np.zeros((*SIZE, 2), np.float32)
        towards[..., 1] = noise * ~mask
        towards[mask] = (4, 0)
        evidence = onward_evidence(towards, whole_of(SIZE), Moves(SHIFT, REST, np.zeros(2)), ~mask)
        told.append(float(evidence[mask].mean()))
    assert told[0] == pytest.approx(1)
    assert told[0] > told[1] > told[2] > 0


def test_evidence_of_a_part_is_that_of_the_whole():
    rng = np.random.default_rng(0)
    back = rng.normal(0, 2, (*SIZE, 2)).astype(np.float32)
    turn = np.array([[0.99, -0.02, 3], [0.02, 0.99, 1]])
    moves = Moves(turn, np.array([[1.0, 0, -1], [0, 1, 0]]), np.zeros(2))
    part = Region(10, 40, 30, 90)
    for of in (motion_evidence, onward_evidence):
        whole = of(back, whole_of(SIZE), moves, NOWHERE)
        np.testing.assert_allclose(whole, plainly(back, moves, of is motion_evidence), atol=1e-4)
        small = of(part.crop(back), part, moves, part.crop(NOWHERE))
        np.testing.assert_allclose(small, part.crop(whole), atol=1e-5)


def plainly(flow, moves, back, near=1.0):
    """The same in whole planes."""
    fields = []
    for matrix in moves[:2]:
        matrix = cv2.invertAffineTransform(matrix) if back else matrix
        x, y = np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0]))
        ends = np.stack([x, y, np.ones_like(x)], -1) @ matrix.T
        fields.append(ends - np.stack([x, y], -1))
    apart = np.linalg.norm(fields[0] - fields[1], axis=-1)
    off = [np.linalg.norm(flow - field, axis=-1) for field in fields]
    told = np.clip((off[1] - off[0]) / np.maximum(near, 0.3 * apart), -1, 1)
    return told * np.minimum(1, apart / near)

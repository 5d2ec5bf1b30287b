"""Sheets of what frames may take from their neighbours: what they show, and of which frames."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import cleanplate as cp
from cleanplate.flow.validity import TrustedFlow
from cleanplate.sheets import GAP, PAPER, STRIP
from cleanplate.trust import trust_picture
from made_fills import LOSSLESS

SIZE = (90, 120)
TILE = (180, 240)


def case(count=3, shift=4):
    """A camera that pans: frames, a hole in the middle, and the flow that is true."""
    rng = np.random.default_rng(0)
    wide = cv2.resize(rng.integers(60, 255, (SIZE[0] // 6, 60, 3), np.uint8), (360, SIZE[0]))
    frames = np.stack([wide[:, shift * t : shift * t + SIZE[1]] for t in range(count)])
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 30:50, 40:60] = True
    flow = np.broadcast_to(np.array([-shift, 0], np.float32), (count - 1, *SIZE, 2)).copy()
    doubt = np.zeros((count - 1, *SIZE), bool)
    doubt[:, 60:] = True
    return TrustedFlow(flow, -flow, doubt, doubt), frames, holes


def tiles(sheet, rows):
    height, width = TILE
    assert sheet.shape == (rows * (height + STRIP + GAP) - GAP, 5 * (width + GAP) - GAP, 3)
    return [
        [
            sheet[r * (height + STRIP + GAP) + STRIP :, c * (width + GAP) :][:height, :width]
            for c in range(5)
        ]
        for r in range(rows)
    ]


def test_a_sheet_shows_both_neighbours():
    after, before = tiles(trust_picture(*case(), 1), 2)
    itself, flow, mask, came, trusted = after
    np.testing.assert_array_equal(itself, before[0])
    assert flow[10, 10].astype(int)[1:].min() > flow[10, 10, 0]  # to the left is blue-green
    assert before[1][10, 10, 0] > before[1][10, 10].astype(int)[1:].max()  # to the right, red
    assert (mask[:110] == 255).all(axis=-1)[:, 130:].all()
    assert not mask[130:, 10:].any()
    off = np.abs(came.astype(int) - itself)[:, 20:-20]
    assert np.median(off) <= 2  # the flow is true
    assert (trusted[130:, 10:] == PAPER).all()
    np.testing.assert_array_equal(trusted[:50], came[:50])
    assert (itself[70:90, 90:110] == PAPER).all()  # under the hole


def test_frames_at_the_ends_have_one_neighbour_and_a_lone_one_none():
    motion, frames, holes = case()
    for t in (0, 2):
        tiles(trust_picture(motion, frames, holes, t), 1)
    nothing = TrustedFlow(*(part[:0] for part in vars(motion).values()))
    sheet = trust_picture(nothing, frames[:1], holes[:1], 0)
    assert sheet.shape == (TILE[0] + STRIP, TILE[1], 3)


def test_flow_is_turned_with_the_picture():
    """A pan to the left, of a video that is shown turned to the left: what moves goes down."""
    motion, frames, holes = case()
    sheet = trust_picture(motion, frames, holes, 0, turn=np.rot90)
    down = TrustedFlow(*(part.copy() for part in vars(motion).values()))
    down.forward[:] = np.array([0, 4], np.float32)
    wanted = trust_picture(down, frames, holes, 0)
    assert sheet[STRIP + 90, 135 + GAP + 30].tolist() == wanted[STRIP + 10, 250].tolist()


def test_a_file_with_its_sheets(pan, tmp_path):
    torch = pytest.importorskip("torch")
    from cleanplate.methods.tsam.network import Config, Network
    from cleanplate.weights import save_weights

    torch.manual_seed(0)
    config = Config.tiny()
    weights = tmp_path / "tiny.safetensors"
    save_weights(weights, Network(config).state_dict(), method="tsam", config=config)
    frames = pan(12, (2, 0), size=(48, 96))
    cp.write_video(tmp_path / "in.mkv", frames, encoding=LOSSLESS)
    cp.fill_file(
        tmp_path / "in.mkv", "box:30,16,30,14", tmp_path / "out.mkv", method="tsam",
        weights=weights, validity=tmp_path / "trust", encoding=LOSSLESS,
    )  # fmt: skip
    names = sorted(path.name for path in (tmp_path / "trust").iterdir())
    assert names == ["00000.png", "00005.png", "00010.png"]
    assert cv2.imread(str(tmp_path / "trust" / "00005.png")).shape[0] > 200

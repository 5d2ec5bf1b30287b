"""What a box and clicks mean to SAM 2: told to it in the right places."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

import cleanplate as cp
from cleanplate.cli import main
from cleanplate.region import Region

torch = pytest.importorskip("torch")

from cleanplate.masks.sam2.prompts import MEAN, STD, points_of  # noqa: E402 - after what may miss
from made_sam2 import SIDE, save  # noqa: E402
from made_weights import refused  # noqa: E402

HEIGHT, WIDTH = 2 * SIDE, 3 * SIDE


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sam2")
    return folder, save(folder)


@pytest.fixture(scope="module")
def selector(published):
    return cp.load_selector("sam2", weights=published[0], device="cpu")


@pytest.fixture(scope="module")
def frame():
    return np.ascontiguousarray(skimage.data.coffee()[100 : 100 + HEIGHT, 150 : 150 + WIDTH])


def slow_twin(network, frame, points, labels):
    """What the library says by itself of points in its own square, enlarged to the frame."""
    from transformers import Sam2VideoInferenceSession

    pixels = (torch.from_numpy(frame).float() / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
    square = torch.nn.functional.interpolate(
        pixels.permute(2, 0, 1)[None], (SIDE, SIDE), mode="bilinear", antialias=True
    )
    session = Sam2VideoInferenceSession(square, dtype=torch.float32)
    session.obj_id_to_idx(1)
    told = {"point_coords": torch.tensor([[points]]), "point_labels": torch.tensor([[labels]])}
    session.add_point_inputs(0, 0, told)
    session.obj_with_new_inputs = [1]
    logits = network(session, frame_idx=0).pred_masks[0, 0].numpy()
    return cv2.resize(logits, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0


def test_a_box_and_clicks_reach_it_in_the_right_places(published, frame):
    precise = cp.load_selector("sam2", weights=published[0], device="cpu", precision="fp32")
    across, down = SIDE / WIDTH, SIDE / HEIGHT  # centres of pixels at integers

    def place(x, y):
        return [(x + 0.5) * across - 0.5, (y + 0.5) * down - 0.5]

    found = precise(frame, (30, 40, 90, 50), inside=[(60, 70)], outside=[(150, 20)])
    points = [place(30, 40), place(119, 89), place(60, 70), place(150, 20)]
    twin = slow_twin(published[1], frame, points, [2, 3, 1, 0])
    assert 0.01 < twin.mean() < 0.99
    assert (found != twin).mean() < 1e-3  # pixels between two floats
    one = precise(frame, inside=[(60, 70)])
    assert (one != slow_twin(published[1], frame, points[2:3], [1])).mean() < 1e-3
    assert (one != found).mean() > 1e-2


@given(
    st.integers(1, 900), st.integers(1, 900), st.floats(0, 1), st.floats(0, 1), st.integers(1, 1024)
)
def test_places_are_those_of_the_same_point_of_the_picture(height, width, down, across, side):
    x, y = round(across * (width - 1)), round(down * (height - 1))
    points, labels = points_of(None, [(x, y)], [], size=(height, width), side=side)
    assert labels.tolist() == [[[1]]]
    place = points[0, 0, 0].tolist()
    assert (place[0] + 0.5) / side == pytest.approx((x + 0.5) / width, abs=1e-5)
    assert (place[1] + 0.5) / side == pytest.approx((y + 0.5) / height, abs=1e-5)


def test_a_picture_of_its_own_size_keeps_its_places():
    box = Region(10, 30, 20, 50)
    points, labels = points_of(box, [(3, 4)], [(5, 6)], size=(SIDE, SIDE), side=SIDE)
    assert points[0, 0].tolist() == [[20, 10], [49, 29], [3, 4], [5, 6]]
    assert labels[0, 0].tolist() == [2, 3, 1, 0]


def test_sixteen_bits_and_boxes_over_the_border(selector, frame):
    found = selector(frame, (-20, 40, 90, 500))
    assert found.shape == frame.shape[:2]
    assert found.dtype == np.bool_
    assert (selector(frame.astype(np.uint16) * 257, (0, 40, 70, HEIGHT - 40)) == found).all()


def test_what_means_nothing_is_refused(selector, published, frame):
    refused("nothing points at the object", selector, frame)
    refused("nothing points at the object", selector, frame, outside=[(1, 1)])
    refused("a click at 192,0 lies beside the picture", selector, frame, inside=[(WIDTH, 0)])
    refused("the box 500,0,10,10 lies beside", selector, frame, (500, 0, 10, 10))
    marks = np.full((HEIGHT, WIDTH), 255, np.uint8)
    refused("SAM 2 knows no scribbles", selector, frame, scribble=marks)
    refused("frame is", selector, frame[..., 0], (1, 1, 5, 5))
    refused("selector 'magic' is unknown. Choose one of: cues, sam2", cp.load_selector, "magic")
    refused("selector 'cues' takes no weights", cp.load_selector, "cues", weights=published[0])
    refused("SAM 2 needs its weights", cp.load_selector, "sam2")


def test_the_usual_way_by_name(frame):
    assert cp.load_selector("cues") is cp.select


def test_the_command(published, frame, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    cp.write_video("park.mkv", np.stack([frame] * 3))
    told = ["mask", "select", "park.mkv", "--box", "30,40,90,50", "--method", "sam2", "--frame"]
    assert main([*told, "1", "-o", "first.png", "--weights", str(published[0])]) == 0
    assert "of frame 1" in capsys.readouterr().out
    mask = cv2.imread("first.png", cv2.IMREAD_GRAYSCALE) > 0
    frames = cp.read_video("park.mkv").frames
    selector = cp.load_selector("sam2", weights=published[0])
    assert (mask == selector(frames[1], (30, 40, 90, 50))).all()
    assert main([*told, "1", "-o", "again.png"]) == 2
    assert not (tmp_path / "again.png").exists()


def test_an_object_that_it_does_not_see_is_refused(frame, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    save("blind", there=-30.0)
    cp.write_video("park.mkv", np.stack([frame] * 2))
    told = ["mask", "select", "park.mkv", "--box", "30,40,90,50", "-o", "first.png"]
    assert main([*told, "--method", "sam2", "--weights", "blind"]) == 2
    assert "Give a tighter box" in capsys.readouterr().err

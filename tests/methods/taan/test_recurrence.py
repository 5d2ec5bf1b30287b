"""Frame by frame: the recurrence against its slow twin, the least clips, cuts, windows."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import cleanplate as cp  # noqa: E402
from cleanplate.canvas import Clip  # noqa: E402
from cleanplate.convert import check  # noqa: E402
from cleanplate.methods.taan import Options  # noqa: E402
from cleanplate.methods.taan.network import Config, Network  # noqa: E402
from cleanplate.methods.taan.recurrence import Recurrence  # noqa: E402
from cleanplate.methods.taan.references import DISTANCES, references_of  # noqa: E402
from cleanplate.video import Patch  # noqa: E402
from cleanplate.weights import save_weights  # noqa: E402

TINY = Config.tiny()


def network():
    """One that looks about."""
    torch.manual_seed(0)
    made = Network(TINY).eval()
    torch.nn.init.normal_(made.alignment.places.offsets.weight, 0, 0.1)
    return made


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(path, network().state_dict(), method="taan", config=TINY)
    return path


def clip(count, size=TINY.size):
    frames = np.random.default_rng(0).integers(0, 256, (count, *size, 3), np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    for t in range(count):
        holes[t, 10:30, 20 + 2 * t : 50 + 2 * t] = t != 3
    return frames, holes


@torch.no_grad()
def twin(frames, holes, *, reverse=True, done=0):
    """The paper's schedule, every frame encoded anew whenever it is looked at."""
    made, shown = network(), frames.astype(np.float32) / 127.5 - 1
    masks = holes.copy()
    masks[:done] = False

    def tensors(t, mask):
        kept = np.where(mask[..., None], 0, shown[t]).astype(np.float32)
        return torch.from_numpy(kept).permute(2, 0, 1), torch.from_numpy(mask)[None].float()

    numbers = [*range(done, len(frames))] + [*range(len(frames))][::-1] * reverse
    for t in numbers:
        looked_at = [tensors(t, holes[t])]
        looked_at += [tensors(r, masks[r]) for r in references_of(t, len(frames), DISTANCES)]
        pictures, hidden = (torch.stack(x)[None] for x in zip(*looked_at, strict=True))
        out = made(pictures, hidden)[0].permute(1, 2, 0).numpy()
        shown[t] = np.where(holes[t][..., None], out, shown[t])
        masks[t] = False
    return (shown + 1) * 127.5


@pytest.mark.parametrize("distance", [-12, 11])
def test_frames_far_from_any_hole_are_seen(weights, distance):
    """... which are asked for, by the front door, that leaves out what no method needs."""
    frames, holes = clip(30)
    holes[:15] = holes[16:] = False
    options = {"distances": [distance], "shown": [-1]}
    chosen = {"method": "taan", "weights": weights, "device": "cpu", "options": options}
    before = cp.fill(frames, holes, **chosen)
    frames[15 + distance] = 255 - frames[15 + distance]
    assert (cp.fill(frames, holes, **chosen)[holes] != before[holes]).any()


@pytest.mark.parametrize("reverse", [True, False])
def test_a_fill_is_its_slow_twin(weights, reverse):
    frames, holes = clip(7)
    chosen = {"method": "taan", "weights": weights, "device": "cpu"}
    found = cp.fill(frames, holes, **chosen, options={"reverse": reverse})
    wanted = twin(frames, holes, reverse=reverse)
    assert np.abs(found - wanted).max() < 0.51  # it is rounded


def test_the_reverse_pass_makes_a_difference(weights):
    frames, holes = clip(7)
    both, forward = twin(frames, holes), twin(frames, holes, reverse=False)
    assert np.abs(both - forward)[holes].max() > 1


@pytest.mark.parametrize("reverse", [True, False])
def test_what_was_filled_before_is_complete_to_begin_with(weights, reverse):
    """It is seen by the frames that follow."""
    frames, holes = clip(6)
    before = frames[:2].copy()
    before[holes[:2]] = 40
    nothing = np.zeros(np.count_nonzero(holes[0]), np.int32), np.zeros(0, np.float16)
    prior = [Patch(before[t][holes[t]], *nothing) for t in range(2)]
    method = cp.load_method("taan", weights=weights, device="cpu", reverse=reverse)
    found = method.fill(frames, holes, prior=prior).frames
    wanted = twin(np.concatenate([before, frames[2:]]), holes, reverse=reverse, done=2)
    assert np.abs(found - wanted).max() < 0.51


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("hidden", ["part", "references", "all"])
def test_the_least_clips_and_holes_that_cover_all(weights, count, hidden):
    """Of few frames, with every reference hidden, with holes that are whole frames."""
    frames, holes = clip(count)
    if hidden != "part":
        holes[:] = True
    if hidden == "references":
        holes[0] = False
        holes[0, 5:20, 5:20] = True
    made = network()
    recurrence = Recurrence(made, Clip(frames, holes, TINY.size), DISTANCES)
    for t in range(count):
        assert np.isfinite(recurrence.complete(t)).all()
    clean = cp.fill(frames, holes, method="taan", weights=weights, device="cpu")
    np.testing.assert_array_equal(clean[~holes], frames[~holes])
    assert clean[holes].std() > 0


def test_what_lies_under_a_hole_makes_no_difference(weights):
    frames, holes = clip(5, (37, 61))
    other = frames.copy()
    other[holes] = 255 - other[holes]
    one, two = (
        cp.fill(given, holes, method="taan", weights=weights, device="cpu")
        for given in (frames, other)
    )
    np.testing.assert_array_equal(one, two)


def test_nothing_crosses_a_cut(weights, pan):
    shots = pan(6, (2, 0), size=(48, 64)), pan(5, (0, 2), name="astronaut", size=(48, 64))
    method = cp.load_method("taan", weights=weights, device="cpu")
    holes = np.zeros((11, 48, 64), bool)
    holes[:, 20:30, 25:40] = True
    joined = cp.fill(np.concatenate(shots), holes, method=method)
    np.testing.assert_array_equal(joined[6:], cp.fill(shots[1], holes[6:], method=method))
    np.testing.assert_array_equal(joined[:6], cp.fill(shots[0], holes[:6], method=method))


def test_large_pictures_are_cropped_and_keep_every_detail(weights):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (2, 200, 300, 3), np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 90:110, 140:170] = True
    method = cp.load_method("taan", weights=weights, device="cpu")
    clean = cp.fill(frames, holes, method=method)
    far = frames.copy()
    far[:, :20] = 0  # farther than the margin around the hole
    np.testing.assert_array_equal(clean[holes], cp.fill(far, holes, method=method)[holes])
    np.testing.assert_array_equal(clean[~holes], frames[~holes])


@torch.inference_mode()
def test_what_is_encoded_is_encoded_once_and_let_go():
    frames, holes = clip(20)
    made, counted = network(), []
    encode = made.encode
    made.encode = lambda *given: counted.append(1) or encode(*given)
    recurrence = Recurrence(made, Clip(frames, holes, TINY.size), DISTANCES)
    for t in range(20):
        recurrence.complete(t)
        assert len(recurrence._encoded) <= 2 * 9
    assert len(counted) <= 2 * 20


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"distances": []}, "Give a list of 1 to 64"),
        ({"distances": 4}, "Give a list of 1 to 64"),
        ({"distances": [1, 0]}, "none of them 0"),
        ({"distances": [1.5]}, "whole numbers of frames"),
        ({"reverse": 1}, "Give True or False"),
    ],
)
def test_options_that_mean_nothing_are_refused(wrong, said):
    with pytest.raises(cp.BadInput, match=said):
        Options(**wrong)


def test_any_distances_will_do(weights):
    frames, holes = clip(6)
    options = {"distances": [-12, 1]}
    assert Options(**options).distances == (-12, 1)
    chosen = {"method": "taan", "weights": weights, "device": "cpu"}
    assert (
        cp.fill(frames, holes, **chosen, options=options) != cp.fill(frames, holes, **chosen)
    ).any()


def test_a_file_of_weights_says_what_it_is(weights):
    found = check(weights)
    assert (found["method"], found["parameters"]) == ("taan", 17_637)

"""What a hole attends to is what the network's own attention says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cleanplate import fill, load_method  # noqa: E402
from cleanplate.canvas import Clip  # noqa: E402
from cleanplate.methods.sttn import maps  # noqa: E402
from cleanplate.methods.sttn.attention import PatchAttention  # noqa: E402
from cleanplate.methods.sttn.maps import gaze  # noqa: E402
from cleanplate.methods.sttn.network import Config, Network  # noqa: E402
from cleanplate.methods.sttn.schedule import Step  # noqa: E402
from cleanplate.weights import save_weights  # noqa: E402

TINY = Config.tiny()
STEP = Step(3, range(2, 5), [0, 7])
BOX = (slice(8, 24), slice(16, 56))  # rows and columns: 4 x 5 of the finest patches


def network(**settings):
    """A tiny one whose attention is far from even."""
    torch.manual_seed(0)
    made = Network(replace(TINY, **settings)).eval()
    for layer in made.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
    return made


@pytest.fixture
def clip():
    frames = np.random.default_rng(0).integers(0, 256, (8, *TINY.size, 3), np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, BOX[0], BOX[1]] = True
    return Clip(frames, holes, TINY.size)


def weights_of_all(net, clip, monkeypatch):
    """The last block's weights (T, d, d, T, d, d) for each division, as they are when it runs."""
    seen = {}
    original = PatchAttention.weights

    def noting(self, query, key, missing, division):
        seen[division] = original(self, query, key, missing, division)
        return seen[division]

    looked_at = [*STEP.neighbours, *STEP.references]
    pictures = np.stack([clip.picture(t) for t in looked_at])
    masks = np.stack([clip.hole(t) for t in looked_at])
    with monkeypatch.context() as patch, torch.inference_mode():
        patch.setattr(PatchAttention, "weights", noting)
        net(torch.from_numpy(pictures).permute(0, 3, 1, 2)[None],
            torch.from_numpy(masks)[None, :, None].float())  # fmt: skip
    return {
        d: found[0].view(-1, d, d, found.shape[2] // d**2, d, d).numpy()
        for d, found in seen.items()
    }


@pytest.mark.parametrize("masked", [False, True])
def test_a_gaze_is_the_mean_of_the_weights_of_what_asks(clip, monkeypatch, masked):
    net = network(mask_attention=masked)
    found = gaze(net, clip, STEP, 4)
    assert (found.frame, found.looked_at) == (4, [2, 3, 4, 0, 7])
    wanted = weights_of_all(net, clip, monkeypatch)
    for head, division in zip(found.heads, TINY.divisions, strict=True):
        mean = wanted[division][2][head.asking].mean(axis=0)
        np.testing.assert_allclose(head.heat, mean, rtol=1e-3, atol=1e-6)
        assert head.heat.sum() == pytest.approx(1, rel=1e-4)
    finest = found.heads[-1].heat
    assert finest.max() > 2 / finest.size
    if masked:
        assert finest[:, 2:6, 2:7].max() == 0


def test_those_patches_ask_that_the_hole_covers(clip):
    asking = [head.asking for head in gaze(network(), clip, STEP, 3).heads]
    assert [grid.shape for grid in asking] == [(d, d) for d in TINY.divisions]
    assert asking[0].all()  # the only one, though mostly not a hole
    finest = np.zeros((12, 12), bool)
    finest[2:6, 2:7] = True
    np.testing.assert_array_equal(asking[-1], finest)


def test_a_little_hole_asks_by_the_patch_that_has_most_of_it(clip):
    clip.holes[:] = False
    clip.holes[3, 9, 17:22] = True
    for head in gaze(network(), clip, STEP, 3).heads:
        assert head.asking.sum() == 1
        assert head.asking[head.asking.shape[0] * 9 // 48, head.asking.shape[1] * 17 // 96]
        assert head.heat.sum() == pytest.approx(1, rel=1e-4)


def test_frames_of_a_group_share_what_it_gets(clip, monkeypatch):
    net = network(depth=2)
    found = gaze(net, clip, STEP, 4)  # frames 2 and 3, 4 and 0, 7 alone
    wanted = weights_of_all(net, clip, monkeypatch)
    for head, division in zip(found.heads, TINY.divisions, strict=True):
        assert head.heat.sum() == pytest.approx(1, rel=1e-4)
        groups = wanted[division][1][head.asking].mean(axis=0)
        np.testing.assert_allclose(head.heat[0] + head.heat[1], groups[0], rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(head.heat[2], head.heat[3])
        np.testing.assert_allclose(head.heat[4], groups[2], rtol=1e-3, atol=1e-6)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of a tiny network."""
    path = tmp_path_factory.mktemp("weights") / "sttn.safetensors"
    made = network()
    save_weights(path, made.state_dict(), method="sttn", config=made.config)
    return path


@pytest.mark.parametrize(("count", "radius", "stride"), [(17, 5, 10), (12, 3, 7), (9, 0, 1)])
def test_every_frame_looks_from_a_step_that_paints_it(weights, monkeypatch, count, radius, stride):
    monkeypatch.setattr(maps, "gaze", lambda network, clip, step, t: step)
    method = load_method("sttn", weights=weights, radius=radius, stride=stride)
    frames, holes = np.zeros((count, 4, 4, 3), np.uint8), np.ones((count, 4, 4), bool)
    for t in range(count):
        assert t in method.gaze(frames, holes, t).neighbours


def test_a_hole_in_the_middle_is_filled_with_all_its_references(weights):
    frames = np.random.default_rng(0).integers(0, 256, (32, *TINY.size, 3), np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    holes[20:22, BOX[0], BOX[1]] = True
    method = load_method("sttn", weights=weights, precision="fp32")
    np.testing.assert_array_equal(
        fill(frames, holes, method=method), method.fill(frames, holes).frames
    )

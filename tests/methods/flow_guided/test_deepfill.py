"""DeepFill computes what the official network computes, and completes pictures of any size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import golden_rule
from cleanplate.errors import BadInput

torch = pytest.importorskip("torch")

from cleanplate.methods.flow_guided.contextual import contextual_attention, supported  # noqa: E402
from cleanplate.methods.flow_guided.deepfill import Config, Network, complete  # noqa: E402

GOLDEN = Path(__file__).parents[2] / "golden"
WANTED = np.load(GOLDEN / "deepfill.npz")
OFFICIAL = json.loads((GOLDEN / "deepfill.json").read_text())["state_dicts"]["deepfill"]


@pytest.fixture(scope="module")
def network():
    made = Network()
    state = {
        key: torch.from_numpy(golden_rule.entry(key, shape))
        for key, shape in OFFICIAL["shapes"].items()
    }
    made.load_state_dict(state)
    return made.eval()


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return Network(Config.tiny()).eval()


def taps(tensor, count):
    flat = tensor.numpy().reshape(-1)
    return flat[np.linspace(0, flat.size - 1, count).astype(np.int64)]


def masks():
    mask = torch.zeros(1, 1, 64, 96)
    mask[..., 20:46, 30:66] = 1
    return mask, mask[..., 4::8, 4::8]


def test_keys_and_shapes_are_the_official_ones():
    own = {key: list(value.shape) for key, value in Network().state_dict().items()}
    assert own == OFFICIAL["shapes"]
    assert sum(p.numel() for p in Network().parameters()) == OFFICIAL["parameters"] == 3_601_542


def test_golden_stages(network):
    mask, small_mask = masks()
    picture = torch.from_numpy(golden_rule.uniform(0, (1, 3, 64, 96), -1, 1)) * (1 - mask)
    with torch.inference_mode():
        coarse, fine = network(picture, mask, small_mask)
    assert golden_rule.max_error(coarse, WANTED["stage1"]) < 1e-4
    assert golden_rule.max_error(fine, WANTED["stage2"]) < 1e-4


def test_golden_attention(network):
    """The vectors are those of the attention and the two convolutions behind it."""
    features = torch.from_numpy(golden_rule.normal(21, (1, 128, 16, 24)))
    with torch.inference_mode():
        found = network.stage_2.CAttn(features, masks()[1])
    assert golden_rule.max_error(taps(found, 4096), WANTED["attention_alone"]) < 1e-4
    assert golden_rule.max_error(taps(found, 256), WANTED["tap_attention"]) < 1e-4


def slow_attention(features, missing):
    """(C, h, w) from (C, h, w) and (h/2, w/2), a pair of patches at a time."""
    small = features[:, ::2, ::2]
    height, width = small.shape[1:]
    count = height * width
    around = np.pad(small, ((0, 0), (1, 1), (1, 1)))
    patches = [around[:, y : y + 3, x : x + 3] for y, x in np.ndindex(height, width)]
    scores = np.empty((count, count))
    for i, j in np.ndindex(scores.shape):
        norm = max(np.sqrt((patches[i] ** 2).sum()), 1e-4)
        scores[i, j] = (patches[i] / norm * patches[j]).sum()
    scores = slow_support(scores, (height, width))
    holes = np.pad(missing, 1)
    for i, (y, x) in enumerate(np.ndindex(height, width)):
        if holes[y : y + 3, x : x + 3].any():
            scores[i] = 0
    weights = np.exp(10 * scores - (10 * scores).max(axis=0))
    weights = weights / weights.sum(axis=0)
    wide, result = np.pad(features, ((0, 0), (1, 1), (1, 1))), np.zeros_like(features)
    result = np.pad(result, ((0, 0), (1, 1), (1, 1)))
    for j, (y, x) in enumerate(np.ndindex(height, width)):
        for i, (row, column) in enumerate(np.ndindex(height, width)):
            if not holes[row : row + 3, column : column + 3].any():
                patch = wide[:, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4]
                result[:, 2 * y : 2 * y + 4, 2 * x : 2 * x + 4] += weights[i, j] * patch / 4
    return result[:, 1:-1, 1:-1]


def slow_support(scores, size):
    """Scores (N, N) and those of both neighbours, along rows and then along columns."""
    for numbers in (np.arange(len(scores)), np.arange(len(scores)).reshape(size).T.ravel()):
        ordered, total = scores[np.ix_(numbers, numbers)], np.zeros_like(scores)
        for i, j in np.ndindex(scores.shape):
            for step in (-1, 0, 1):
                if 0 <= i + step < len(scores) and 0 <= j + step < len(scores):
                    total[numbers[i], numbers[j]] += ordered[i + step, j + step]
        scores = total
    return scores


def test_support_like_the_slow_twin():
    scores = np.random.default_rng(0).random((12, 12))
    found = supported(torch.from_numpy(scores), (3, 4))
    np.testing.assert_allclose(found.numpy(), slow_support(scores, (3, 4)))


def test_attention_like_the_slow_twin():
    rng = np.random.default_rng(0)
    features, missing = rng.normal(0, 0.1, (2, 3, 8, 12)), np.zeros((2, 4, 6))
    missing[0, 1, 2], missing[1] = 1, 1
    found = contextual_attention(torch.from_numpy(features), torch.from_numpy(missing)[:, None])
    np.testing.assert_allclose(found[0].numpy(), slow_attention(features[0], missing[0]))
    assert (found[1] == 0).all()


@pytest.mark.parametrize("size", [(16, 24), (17, 30), (5, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_completing_pictures(small, size, dtype):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (*size, 3)).astype(dtype)
    hole = rng.random(size) < 0.4
    found = complete(small, picture, hole)
    assert found.dtype == np.float32
    assert found.shape == picture.shape
    assert np.array_equal(found[~hole], picture[~hole])
    assert found.min() >= 0
    assert found.max() <= 255
    picture[hole] = 255 if dtype == np.uint8 else np.nan
    assert np.array_equal(complete(small, picture, hole), found)
    assert np.array_equal(complete(small, picture, np.zeros_like(hole))[~hole], picture[~hole])
    assert np.isfinite(complete(small, picture, np.ones_like(hole))).all()


def test_the_network_is_given_what_the_official_code_gives_it(small):
    """Blue, green, red from -1 to 1, nothing in the hole; the mask; every eighth pixel of it."""
    rng = np.random.default_rng(0)
    picture, hole = rng.integers(0, 256, (16, 24, 3), np.uint8), np.zeros((16, 24), bool)
    hole[4:12, 6:20] = True
    mask = torch.from_numpy(hole).float()[None, None]
    planes = torch.from_numpy(picture[..., ::-1].copy()).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.inference_mode():
        painted = small(planes * (1 - mask), mask, mask[..., ::8, ::8])[1]
    wanted = (painted[0].permute(1, 2, 0).numpy()[..., ::-1] + 1) * 127.5
    found = complete(small, picture, hole)
    np.testing.assert_allclose(found[hole], wanted[hole], rtol=1e-5)


def test_even_widths_only():
    for width in (0, 5):
        with pytest.raises(BadInput, match="Give an even number"):
            Config(width=width)

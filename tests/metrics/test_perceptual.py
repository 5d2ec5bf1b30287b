from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import golden_rule
from cleanplate import metrics
from cleanplate.errors import BadInput

torch = pytest.importorskip("torch")

from cleanplate.metrics import perceptual  # noqa: E402
from cleanplate.metrics.i3d import I3D, features  # noqa: E402
from cleanplate.metrics.perceptual import (  # noqa: E402
    LPIPS,
    frechet,
    load_lpips,
    lpips,
    vfid,
)

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "metrics.npz")

# ---- Frechet distance


def test_golden_distances():
    """With more samples than dimensions, and with fewer, where the root is ill-conditioned."""
    many = golden_rule.normal(8, (200, 16)), golden_rule.normal(9, (200, 16), 1.3) + np.float32(0.2)
    few = golden_rule.normal(5, (12, 64)), golden_rule.normal(6, (12, 64), 1.2) + np.float32(0.1)
    assert frechet(*many) == pytest.approx(float(GOLDEN["vfid_many"]), rel=1e-4)
    assert frechet(*few) == pytest.approx(float(GOLDEN["vfid_few"]), rel=1e-2)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999), st.integers(1, 6), st.integers(8, 20))
def test_distance_by_eigenvalues(seed, size, count):
    """The root's trace is also that of the symmetric product A^1/2 B A^1/2."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0, 1, (count, size)), rng.normal(0.5, 2, (count + 3, size))
    one, two = (np.cov(x, rowvar=False).reshape(size, size) for x in (a, b))
    values, vectors = np.linalg.eigh(one)
    root = vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T
    traced = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ two @ root), 0)).sum()
    wanted = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(one) + np.trace(two) - 2 * traced
    assert frechet(a, b) == pytest.approx(wanted, rel=1e-6, abs=1e-8)


def test_equal_and_shifted_sets():
    a = np.random.default_rng(0).normal(size=(30, 5))
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet(a, a + 2) == pytest.approx(5 * 4)
    assert frechet(np.ones((4, 3)), np.ones((4, 3))) == pytest.approx(0, abs=1e-2)


def test_a_root_that_is_not_finite_is_found_again_with_an_offset(monkeypatch):
    a, b = np.random.default_rng(1).normal(size=(2, 9, 3))
    plain, given_to, root = frechet(a, b), [], perceptual.sqrtm

    def fails_at_first(product):
        given_to.append(product)
        return np.full_like(product, np.nan) if len(given_to) == 1 else root(product)

    monkeypatch.setattr(perceptual, "sqrtm", fails_at_first)
    assert frechet(a, b) == pytest.approx(plain, abs=1e-4)
    one, two = (np.cov(x, rowvar=False) + 1e-6 * np.eye(3) for x in (a, b))
    assert np.allclose(given_to[1], one @ two, atol=1e-12)


def test_imaginary_parts(monkeypatch):
    a, b = np.random.default_rng(1).normal(size=(2, 9, 3))
    plain, root = frechet(a, b), perceptual.sqrtm
    monkeypatch.setattr(perceptual, "sqrtm", lambda x: root(x) + 1e-4j * np.eye(3))
    assert frechet(a, b) == pytest.approx(plain)
    monkeypatch.setattr(perceptual, "sqrtm", lambda x: root(x) + 1e-2j * np.eye(3))
    with pytest.raises(BadInput, match=r"no real root\. Give more videos"):
        frechet(a, b)


def test_vfid_is_the_distance_of_the_clips_features(tmp_path):
    torch.manual_seed(0)
    network = I3D().eval()
    results, truths = np.random.default_rng(0).integers(0, 256, (2, 3, 2, 8, 9, 3), dtype=np.uint8)
    wanted = frechet(*(np.stack([features(c, network) for c in s]) for s in (results, truths)))
    assert vfid(iter(results), iter(truths), network) == pytest.approx(wanted, rel=1e-6)
    assert np.isnan(vfid(results[:1], truths, network))
    assert np.isnan(vfid([], [], network))


def test_distance_refusals():
    a = np.zeros((4, 3))
    for wrong in (
        lambda: frechet(a, a[:, :2]),
        lambda: frechet(a[:1], a),
        lambda: frechet(a[0], a[0]),
        lambda: frechet(a, a + np.nan),
    ):
        with pytest.raises(BadInput, match="Give"):
            wrong()


# ---- LPIPS, and its slow twin in float64


def twin_convolution(x, weight, bias, stride, padding):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    size = weight.shape[-1]
    rows, columns = ((side - size) // stride + 1 for side in x.shape[1:])
    out = np.empty((len(weight), rows, columns))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            window = x[:, top : top + size, left : left + size]
            out[:, row, column] = np.tensordot(weight, window, 3) + bias
    return out


def twin_pool(x, size):
    rows, columns = ((side - size) // 2 + 1 for side in x.shape[1:])
    out = np.empty((len(x), rows, columns))
    for row in range(rows):
        for column in range(columns):
            window = x[:, 2 * row : 2 * row + size, 2 * column : 2 * column + size]
            out[:, row, column] = window.max((1, 2))
    return out


ALEX = ("c0:4:2 tap pool c3:1:2 tap pool c6:1:1 tap c8:1:1 tap c10:1:1 tap", 3)
VGG = (
    "c0:1:1 c2:1:1 tap pool c5:1:1 c7:1:1 tap pool c10:1:1 c12:1:1 c14:1:1 tap pool "
    "c17:1:1 c19:1:1 c21:1:1 tap pool c24:1:1 c26:1:1 c28:1:1 tap",
    2,
)


def twin_taps(x, state, recipe):
    steps, pool = recipe
    for step in steps.split():
        if step == "tap":
            yield x
        elif step == "pool":
            x = twin_pool(x, pool)
        else:
            number, stride, padding = step[1:].split(":")
            weight, bias = (state[f"features.{number}.{end}"] for end in ("weight", "bias"))
            x = np.maximum(twin_convolution(x, weight, bias, int(stride), int(padding)), 0)


def twin_lpips(result, truth, state, recipe):
    shift, scale = np.array([-0.03, -0.088, -0.188]), np.array([0.458, 0.448, 0.45])
    frames = []
    for first, second in zip(result, truth, strict=True):
        both = [((x / 127.5 - 1 - shift) / scale).transpose(2, 0, 1) for x in (first, second)]
        taps, total = zip(*(twin_taps(x, state, recipe) for x in both), strict=True), 0.0
        for number, (a, b) in enumerate(taps):
            head = state[f"lin{number}.model.1.weight"][0, :, 0, 0]
            a, b = (x / (np.sqrt((x**2).sum(0)) + 1e-10) for x in (a, b))
            total += np.tensordot(head, (a - b) ** 2, 1).mean()
        frames.append(total)
    return np.mean(frames)


def made(trunk, seed=0):
    torch.manual_seed(seed)
    network = LPIPS(trunk).eval()
    for number in range(5):
        torch.nn.init.uniform_(network.get_submodule(f"lin{number}").model[1].weight)
    return network


def halves(network):
    """State dicts as they are published: the trunk with its classifier, and the heads."""
    state = network.state_dict()
    trunk = {key: value for key, value in state.items() if key.startswith("features.")}
    heads = {key: value for key, value in state.items() if key.startswith("lin")}
    return trunk | {"classifier.6.bias": torch.zeros(1000)}, heads


def clips(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, (2, *shape, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "trunk, recipe, shape", [("alex", ALEX, (2, 35, 50)), ("vgg", VGG, (1, 32, 32))]
)
def test_lpips_is_its_slow_twin(trunk, recipe, shape):
    network = made(trunk)
    result, truth = clips(0, *shape)
    state = {key: value.double().numpy() for key, value in network.state_dict().items()}
    wanted = twin_lpips(result, truth, state, recipe)
    assert wanted > 0.1
    assert lpips(result, truth, network) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    "trunk, convolutions, parameters, widths",
    [
        ("alex", (0, 3, 6, 8, 10), 2_469_696, (64, 192, 384, 256, 256)),
        ("vgg", (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28), 14_714_688, None),
    ],
)
def test_keys_and_sizes_are_the_published_ones(trunk, convolutions, parameters, widths):
    network = LPIPS(trunk)
    widths = widths or (64, 128, 256, 512, 512)
    wanted = {f"features.{n}.{end}" for n in convolutions for end in ("weight", "bias")}
    wanted |= {f"lin{n}.model.1.weight" for n in range(5)}
    state = network.state_dict()
    assert state.keys() == wanted
    assert sum(p.numel() for p in network.features.parameters()) == parameters
    heads = [tuple(state[f"lin{n}.model.1.weight"].shape) for n in range(5)]
    assert heads == [(1, width, 1, 1) for width in widths]


def test_equal_frames_batches_and_deep_frames(monkeypatch):
    network = made("alex")
    result, truth = clips(1, 5, 40, 33)
    score = lpips(result, truth, network)
    assert lpips(truth, truth, network) == 0
    assert score == pytest.approx(lpips(truth, result, network), rel=1e-6)
    monkeypatch.setattr(perceptual, "PIXELS_AT_ONCE", 1)
    assert lpips(result, truth, network) == pytest.approx(score, rel=1e-5)
    deep = (x.astype(np.uint16) * 257 for x in (result, truth))
    assert lpips(*deep, network) == pytest.approx(score, rel=1e-5)
    black = np.zeros_like(truth)
    assert np.isfinite(lpips(black, truth, network))
    assert np.isfinite(lpips(*clips(1, 1, 31, 31), network))  # the smallest


def test_weights_from_one_file_and_from_two(tmp_path):
    network = made("alex")
    result, truth = clips(2, 1, 32, 40)
    score = lpips(result, truth, network)
    trunk, heads = halves(network)
    torch.save(trunk, tmp_path / "trunk.pth")
    torch.save(heads, tmp_path / "heads.pth")
    torch.save(network.state_dict(), tmp_path / "both.pth")
    two = [tmp_path / "trunk.pth", str(tmp_path / "heads.pth")]
    assert lpips(result, truth, two) == lpips(result, truth, tmp_path / "both.pth") == score
    assert not load_lpips(two).training
    wrong = {
        "features.0.weight' is (64, 3, 11, 11) and not (64, 3, 3, 3)": (two, "vgg"),
        "lin0.model.1.weight' is missing": (two[0], "alex"),
    }
    for problem, (files, kind) in wrong.items():
        with pytest.raises(BadInput) as refusal:
            load_lpips(files, trunk=kind)
        assert problem in str(refusal.value)
        assert f"LPIPS with the trunk {kind!r}" in str(refusal.value)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("trunk", ["alex", "vgg"])
def test_the_weights_tell_their_trunk(trunk, tmp_path):
    network = made(trunk)
    result, truth = clips(3, 1, 32, 32)
    torch.save(network.state_dict(), tmp_path / "all.pth")
    assert load_lpips(tmp_path / "all.pth").taps == network.taps
    assert lpips(result, truth, tmp_path / "all.pth") == lpips(result, truth, network)
    torch.save({"features.0.weight": torch.zeros(())}, tmp_path / "odd.pth")
    with pytest.raises(BadInput, match="do not fit LPIPS with the trunk 'alex'"):
        load_lpips(tmp_path / "odd.pth")


def test_lpips_refusals():
    small = np.zeros((1, 30, 40, 3), np.uint8)
    with pytest.raises(BadInput, match=r"40x30.*Give larger frames"):
        lpips(small, small, "unread.pth")
    with pytest.raises(BadInput, match="Give two equal"):
        lpips(small, small[:, :20], "unread.pth")
    with pytest.raises(BadInput, match="Choose one of: alex, vgg"):
        LPIPS("squeeze")


# ---- the table


def found_in(file):
    return importlib.import_module(f"cleanplate.metrics.{file}")


@pytest.mark.parametrize("name", metrics.METRICS)
def test_the_table_tells_where_functions_are_and_what_they_take(name):
    metric = metrics.METRICS[name]
    file, function = metric.function.split(".")
    found = getattr(metrics, name)
    assert function == name == found.__name__
    assert found.__module__ == f"cleanplate.metrics.{file}"
    code = found.__code__
    taken = [argument.rstrip("s") for argument in code.co_varnames[1 : code.co_argcount]]
    assert taken == [need.rstrip("s") for need in metric.needs]
    assert set(metric.needs) <= {"truth", "holes", "weights"}
    assert metric.over in ("frame", "clip", "pair", "set")
    assert (metric.over in ("clip", "pair")) == hasattr(found_in(file), f"{name}_sums")
    assert metric.over == "set" or code.co_varnames[0] == "result"


def test_every_name_is_there():
    for name in metrics.__all__:
        assert getattr(metrics, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'sharpness'"):
        metrics.__getattr__("sharpness")


def test_torch_is_not_imported_unless_it_is_needed_and_its_lack_is_told():
    script = """
import sys
import cleanplate, cleanplate.metrics, cleanplate.weights
from cleanplate.metrics import METRICS, flicker, psnr, warping_error
assert "torch" not in sys.modules
sys.modules["torch"] = None  # as if it were not installed
for name in ("lpips", "vfid", "I3D"):
    try:
        getattr(cleanplate.metrics, name)
    except cleanplate.BadInput as refusal:
        assert str(refusal).endswith("Install cleanplate[torch]."), refusal
    else:
        raise AssertionError(name)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)

"""Single pictures are completed: smoothly, from their own patches, by DeepFill."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.errors import BadInput
from cleanplate.harmonic import harmonic_fill
from cleanplate.methods.flow_guided import single
from cleanplate.methods.flow_guided.single import completer, from_patches
from cleanplate.region import reduce_hole, reduce_picture
from cleanplate.weights import save_weights


def holed(size=(64, 80), seed=0):
    """A picture of noise and a box of a hole."""
    picture = np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.float32)
    hole = np.zeros(size, bool)
    hole[size[0] // 3 : size[0] // 2, size[1] // 3 : size[1] // 2] = True
    return picture, hole


def colours(pixels):
    return {tuple(colour) for colour in pixels.tolist()}


@pytest.fixture(scope="module")
def deepfill(tmp_path_factory):
    """A file of the smallest network, and the network."""
    torch = pytest.importorskip("torch")
    from cleanplate.methods.flow_guided.deepfill import Config, Network

    torch.manual_seed(0)
    network = Network(Config.tiny())
    path = tmp_path_factory.mktemp("weights") / "deepfill.safetensors"
    save_weights(path, network.state_dict(), method="deepfill", config=network.config)
    return path, network


def test_fidelity_is_smooth():
    picture, hole = holed()
    found = completer("fidelity", seed=0, pixels=9999)(picture, hole)
    np.testing.assert_array_equal(found, harmonic_fill(picture, hole))


def test_removal_copies_colours_of_the_picture():
    picture, hole = holed()
    found = completer("removal", seed=0, pixels=9999)(picture, hole)
    assert colours(found[hole]) <= colours(picture[~hole])
    np.testing.assert_array_equal(found[~hole], picture[~hole])
    other = completer("removal", seed=1, pixels=9999)(picture, hole)
    assert not np.array_equal(found, other)


def test_patches_found_at_a_smaller_size_are_as_sharp_as_the_picture():
    picture, hole = holed((128, 160))
    found = from_patches(picture, hole, seed=0, pixels=64 * 80)
    np.testing.assert_array_equal(found[~hole], picture[~hole])
    smooth = cv2.blur(picture, (2, 2))
    assert found[hole].std() > 1.2 * smooth[hole].std()


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (40, 1)])
@pytest.mark.parametrize("tune", ["fidelity", "removal"])
def test_little_pictures_and_nothing_known(size, tune):
    picture, hole = holed(size)
    for lost in (hole, np.ones_like(hole)):
        found = completer(tune, seed=0, pixels=30)(np.where(lost[..., None], 0, picture), lost)
        assert found.shape == picture.shape
        assert np.isfinite(found).all()


@pytest.mark.parametrize("tune", ["fidelity", "removal"])
def test_deepfill_paints_whatever_the_tune(deepfill, tune):
    from cleanplate.methods.flow_guided.deepfill import complete

    picture, hole = holed()
    found = completer(tune, seed=0, pixels=30, weights=deepfill[0])(picture, hole)
    np.testing.assert_allclose(found, complete(deepfill[1], picture, hole))


def test_deepfill_never_sees_a_large_picture(deepfill, monkeypatch):
    """What it paints at the smaller size is enlarged."""
    from cleanplate.methods.flow_guided.deepfill import complete

    monkeypatch.setattr(single, "_LARGEST", 32 * 40)
    picture, hole = holed((96, 120))
    found = completer("removal", seed=0, pixels=30, weights=deepfill[0])(picture, hole)
    size = (32, 40)
    small = complete(deepfill[1], reduce_picture(picture, size), reduce_hole(hole, size))
    np.testing.assert_allclose(found, cv2.resize(small, (120, 96)), rtol=1e-5)


def test_weights_of_something_else_are_refused(deepfill, tmp_path):
    path = tmp_path / "sttn.safetensors"
    save_weights(path, deepfill[1].state_dict(), method="sttn", config=deepfill[1].config)
    with pytest.raises(BadInput, match="are of 'sttn', not of 'deepfill'"):
        completer("removal", seed=0, pixels=30, weights=path)
    with pytest.raises(BadInput, match="are not there"):
        completer("removal", seed=0, pixels=30, weights=tmp_path / "nowhere.safetensors")

"""How a frame sees others, as the network itself has it, and drawn beside a filled file."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import cleanplate as cp  # noqa: E402
from cleanplate.canvas import Clip  # noqa: E402
from cleanplate.methods.taan.maps import alignment  # noqa: E402
from cleanplate.methods.taan.network import Config, Network  # noqa: E402
from cleanplate.weights import save_weights  # noqa: E402
from made_fills import SPEC, refused  # noqa: E402

TINY = Config.tiny()


def network():
    torch.manual_seed(0)
    made = Network(TINY).eval().requires_grad_(False)
    torch.nn.init.normal_(made.alignment.places.offsets.weight, 0, 0.1)
    return made


@torch.no_grad()
def test_it_is_what_the_network_does():
    frames = np.random.default_rng(0).integers(0, 256, (6, *TINY.size, 3), np.uint8)
    holes = np.zeros(frames.shape[:3], bool)
    holes[:, 10:30, 20:50] = True
    clip, made = Clip(frames, holes, TINY.size), network()
    found = alignment(made, clip, (-12, -1, 1), 3)
    assert (found.frame, found.references) == (3, [0, 2, 4])
    pictures = torch.from_numpy(np.stack([clip.picture(t) for t in (3, 0, 2, 4)]))
    masks = torch.from_numpy(holes[:4, None]).float()
    features = made.encode(pictures.permute(0, 3, 1, 2), masks)
    seen = made.align(features[:1], features[None, 1:], made.reduce_mask(masks)[None, 1:])
    last = [x.permute(0, 2, 3, 1).numpy() for x in (features, seen.features[0])]
    np.testing.assert_allclose(found.target, last[0][0], atol=1e-5)
    np.testing.assert_allclose(found.features, last[0][1:], atol=1e-5)
    np.testing.assert_allclose(found.aligned, last[1], atol=1e-4)
    dy, dx = seen.offsets[0].mean(dim=(1, 2)).unbind(1)
    np.testing.assert_allclose(found.offsets[..., 0], dx, atol=1e-4)
    np.testing.assert_allclose(found.offsets[..., 1], dy, atol=1e-4)
    assert dx.abs().max() > 0.01


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(path, network().state_dict(), method="taan", config=TINY)
    return path


def test_sheets_beside_a_filled_file(make, tmp_path, weights):
    """And the fill is the same as without."""
    source = make("in.mkv", count=8)
    method = cp.load_method("taan", weights=weights, device="cpu")
    for name, features in (("plain", None), ("drawn", tmp_path / "maps")):
        cp.fill_file(source, SPEC, tmp_path / f"{name}.mkv", method=method, features=features)
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == ["00000.png", "00005.png"]
    one, two = (cp.read_video(tmp_path / f"{name}.mkv").frames for name in ("plain", "drawn"))
    np.testing.assert_array_equal(one, two)


def test_a_method_that_aligns_nothing_is_refused(make, tmp_path):
    said = refused(tmp_path, make("in.mp4", count=3), SPEC, tmp_path / "out.mp4",
                   features=tmp_path / "maps", kind=cp.BadInput)  # fmt: skip
    assert said == "this method has no alignment to draw. Choose one of: taan, or draw none."


def test_distances_that_mean_nothing_are_refused(weights):
    with pytest.raises(cp.BadInput, match="shown is"):
        cp.load_method("taan", weights=weights, shown=[0])


def test_features_never_take_the_place_of_anything_else(make, tmp_path, weights):
    method = cp.load_method("taan", weights=weights, device="cpu")
    given = (tmp_path, make("in.mp4", count=3), SPEC, tmp_path / "out.mp4")
    same = {"features": tmp_path / "new", "provenance": tmp_path / "new"}
    said = refused(*given, method=method, kind=cp.BadOutput, **same)
    assert "cannot be both the provenance and the features" in said

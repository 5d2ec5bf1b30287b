"""VGG-16's features, of weights as torchvision keeps them."""

from __future__ import annotations

import pytest

from cleanplate.errors import BadInput

torch = pytest.importorskip("torch")

from cleanplate.vgg import (  # noqa: E402
    DEVIATION,
    EARLY_VGG16,
    MEAN,
    VGG16,
    VGG19,
    Features,
    layers_of,
    load_features,
)


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    layers = {f"features.{key}": value for key, value in layers_of(VGG16).state_dict().items()}
    return {**layers, "classifier.0.bias": torch.zeros(2)}


@pytest.mark.parametrize("normalised", [False, True])
def test_features_are_those_of_the_layers_one_by_one(state, tmp_path, normalised):
    torch.save(state, tmp_path / "vgg16.pth")
    network = load_features(tmp_path / "vgg16.pth", normalised=normalised)
    assert not any(p.requires_grad for p in network.parameters())
    clips = torch.rand(2, 3, 3, 24, 40) * 2 - 1
    found = network(clips)
    assert [x.shape for x in found] == [(2, 3, 128, 12, 20), (2, 3, 256, 6, 10), (2, 3, 512, 3, 5)]
    trunk = layers_of(VGG16)
    trunk.load_state_dict({k[9:]: v for k, v in state.items() if k.startswith("features.")})
    picture = (clips[1, 2] + 1) / 2
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    prepared = (picture - mean) / deviation if normalised else picture
    with torch.no_grad():
        for tap, values in zip((9, 16, 23), found, strict=True):  # so many layers
            torch.testing.assert_close(trunk[:tap](prepared[None])[0], values[1, 2])


def test_the_first_stage_can_be_seen_as_well(state, tmp_path):
    torch.save(state, tmp_path / "vgg16.pth")
    clips = torch.rand(1, 1, 3, 16, 24) * 2 - 1
    early, *rest = load_features(tmp_path / "vgg16.pth", EARLY_VGG16)(clips)
    assert early.shape == (1, 1, 64, 16, 24)
    for one, other in zip(rest, load_features(tmp_path / "vgg16.pth")(clips), strict=True):
        torch.testing.assert_close(one, other)


def test_learning_reaches_the_pictures_and_not_the_weights(state):
    network = Features().eval().requires_grad_(False)
    clips = torch.zeros(1, 1, 3, 16, 16, requires_grad=True)
    sum(x.sum() for x in network(clips)).backward()
    assert clips.grad.any()


def test_other_weights_are_refused(state, tmp_path):
    torch.save({key: value for key, value in state.items() if "21" not in key}, tmp_path / "w.pth")
    with pytest.raises(BadInput, match=r"do not fit VGG-16: 'features.21.weight' is missing"):
        load_features(tmp_path / "w.pth")


def test_vgg_19_is_tapped_behind_the_first_convolution_of_each_stage(tmp_path):
    torch.manual_seed(0)
    trunk = layers_of(VGG19)
    convolutions = [n for n, layer in enumerate(trunk) if isinstance(layer, torch.nn.Conv2d)]
    assert len(convolutions) == 16
    layers = {f"features.{key}": value for key, value in trunk.state_dict().items()}
    torch.save(layers, tmp_path / "vgg19.pth")
    network = load_features(tmp_path / "vgg19.pth", VGG19, normalised=True)
    clips = torch.rand(1, 1, 3, 16, 32) * 2 - 1
    found = network(clips)
    shapes = [(64, 16, 32), (128, 8, 16), (256, 4, 8), (512, 2, 4), (512, 1, 2)]
    assert [x.shape[2:] for x in found] == shapes
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    x, firsts = ((clips[0] + 1) / 2 - mean) / deviation, [0, *(pool + 1 for pool in (4, 9, 18, 27))]
    with torch.no_grad():
        for number, layer in enumerate(trunk):
            x = layer(x)
            if number - 1 in firsts:  # the rectifier behind it
                torch.testing.assert_close(found[firsts.index(number - 1)][0], x)
    with pytest.raises(BadInput, match="do not fit VGG-16"):
        load_features(tmp_path / "vgg19.pth")

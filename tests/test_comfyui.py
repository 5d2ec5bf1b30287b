"""The node for ComfyUI, without ComfyUI: tensors in, tensors out."""

from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.comfyui import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

torch = pytest.importorskip("torch")


@pytest.fixture
def clip(pan):
    """Images (T, H, W, 3), 0 to 1, with values that no picture file holds, and a mask."""
    frames = pan(8, (3, 0), size=(60, 80))
    images = torch.from_numpy(frames).float() / 255 + 1e-5
    mask = torch.zeros(images.shape[:3])
    mask[:, 20:34, 30:44] = 1
    return images.clamp(0, 1), mask


def run(images, mask, **told):
    """Call the node as ComfyUI does: by the names and with the defaults that it says itself."""
    node = NODE_CLASS_MAPPINGS["CleanplateFill"]
    asked = node.INPUT_TYPES()["required"]
    given = {name: kind[1]["default"] for name, kind in asked.items() if len(kind) > 1}
    given |= {"images": images, "mask": mask, **told}
    assert given.keys() == asked.keys()
    result = getattr(node(), node.FUNCTION)(**given)
    assert len(result) == len(node.RETURN_TYPES) == len(node.RETURN_NAMES)
    return result[0]


def test_only_the_hole_changes(clip):
    images, mask = clip
    before = images.clone()
    clean = run(images, mask, grow=0)
    hole = mask > 0.5
    assert clean.dtype == images.dtype
    assert torch.equal(images, before)
    assert torch.equal(clean[~hole], images[~hole])
    assert not torch.equal(clean[hole], images[hole])
    assert float(clean.min()) >= 0
    assert float(clean.max()) <= 1


def test_it_is_the_fill_of_the_house(clip):
    images, mask = clip
    frames = np.rint(images.numpy() * 65535).astype(np.uint16)
    holes = cp.grow(mask.numpy() > 0.5, pixels=4)
    expected = cp.fill(frames, holes, tune="removal", seed=3)
    clean = run(images, mask, seed=3)
    np.testing.assert_array_equal(
        np.rint(clean.numpy()[holes] * 65535).astype(np.uint16), expected[holes]
    )


def test_one_mask_serves_all_and_alpha_stays(clip):
    images, mask = clip
    alpha = torch.rand((*images.shape[:3], 1), generator=torch.Generator().manual_seed(0))
    clean = run(torch.cat([images, alpha], dim=3), mask[:1])
    assert torch.equal(clean[..., 3:], alpha)
    assert torch.equal(clean[..., :3], run(images, mask))
    assert torch.equal(clean[..., :3], run(images, mask[0]))


@pytest.mark.parametrize("frames, mask", [((8, 60, 80), (8, 60, 80)), ((8, 6, 8, 3), (7, 6, 8))])
def test_what_does_not_fit_is_refused(frames, mask):
    with pytest.raises(cp.BadInput, match="Give"):
        run(torch.zeros(frames), torch.zeros(mask))


def test_every_node_has_a_name():
    assert NODE_CLASS_MAPPINGS.keys() == NODE_DISPLAY_NAME_MAPPINGS.keys()

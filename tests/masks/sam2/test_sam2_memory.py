"""What SAM 2 remembers: as the library with the whole clip before it, in memory that is bounded."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cleanplate.masks.sam2.checkpoint import load_sam2  # noqa: E402 - after what may be missing
from cleanplate.masks.sam2.memory import Memory  # noqa: E402
from cleanplate.masks.sam2.prompts import mask_of  # noqa: E402
from made_sam2 import POINTERS, SIDE, SLOTS, save, slow_twin  # noqa: E402


@pytest.fixture(scope="module")
def sam2(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sam2")
    save(folder)
    return load_sam2(folder, device="cpu", precision="fp32")


def clip_of(count):
    """Frames of the network's own size, and a mask."""
    frames = np.random.default_rng(count).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
    mask = np.zeros((SIDE, SIDE), bool)
    mask[10:40, 20:50] = True
    return frames, mask


@pytest.mark.parametrize(
    ("count", "keys"),
    [(3, [1]), (14, [5, 8]), (12, [11]), (9, [0, 4, 8]), (13, list(range(1, 11)))],
)
def test_as_the_library_with_the_whole_clip(sam2, count, keys):
    frames, mask = clip_of(count)
    marks = {key: np.roll(mask, 3 * key, axis=1) for key in keys}
    memory, found = Memory(sam2), {}
    for key in keys:
        memory.mark(key, frames[key], marks[key])
    for t in range(keys[0], count):
        if t not in marks:
            found[t] = memory.find(t, frames[t], frames=count)[0]
    memory.forget_but()
    for t in reversed(range(keys[0])):
        found[t] = memory.find(t, frames[t], frames=count, back=True)[0]
    twin = slow_twin(sam2.network, frames, marks)
    assert sorted(found) == [t for t in range(count) if t not in marks]
    for t, logits in found.items():
        assert twin[t].std() > 0.1
        torch.testing.assert_close(logits, twin[t], atol=3e-5, rtol=0)  # a memory too few: 1e-3


def test_little_is_kept_however_long_the_clip_is(sam2):
    frames, mask = clip_of(30)
    memory = Memory(sam2)
    memory.mark(0, frames[0], mask)
    for t in range(1, 30):
        memory.find(t, frames[t], frames=30)
        assert len(memory.seen) <= 2 * (POINTERS - 1)
        assert sum("maskmem_features" in kept for kept in memory.seen.values()) <= 2 * (SLOTS - 1)
    held = memory._session
    assert not dict.__len__(held.processed_frames)
    assert not held.cache._vision_features
    assert not held.frames_tracked_per_obj[0]
    assert not held.mask_inputs_per_obj[0]
    keys = {"object_pointer", "maskmem_features", "maskmem_pos_enc"}
    assert all(set(kept) <= keys for kept in memory._outputs["cond_frame_outputs"].values())
    memory.forget_but()
    assert set(memory.seen) == set(range(1, POINTERS - 1))


def test_how_far_it_trusts_itself(tmp_path):
    frames, mask = clip_of(2)
    trusts = []
    for there in (30.0, -30.0, 2.0):
        save(tmp_path, there=there)
        memory = Memory(load_sam2(tmp_path, precision="fp32"))
        memory.mark(0, frames[0], mask)
        logits, trust = memory.find(1, frames[1], frames=2)
        assert bool((logits == -1024).all()) == (there < 0)  # its sign of nothing
        trusts.append(trust)
    assert trusts[1] == pytest.approx(1)  # sure that nothing is there
    assert 0 < trusts[0] < 1
    assert trusts[2] == pytest.approx(trusts[0] * torch.sigmoid(torch.tensor(2.0)).item())


def test_bfloat16_is_near(sam2, tmp_path):
    frames, mask = clip_of(3)
    save(tmp_path)
    found = []
    for one in (sam2, load_sam2(tmp_path, device="cpu", precision="bf16")):
        memory = Memory(one)
        memory.mark(0, frames[0], mask)
        found.append(memory.find(1, frames[1], frames=3)[0].float())
    assert not torch.equal(*found)
    assert ((found[0] > 0) == (found[1] > 0)).float().mean() > 0.9


def test_a_speck_is_not_lost_between_the_pixels():
    speck = np.zeros((300, 500), np.float32)
    speck[150, 250] = 1
    assert 1 <= mask_of(speck, SIDE).sum() <= 4
    assert mask_of(np.zeros((30, 50)), SIDE).sum() == 0

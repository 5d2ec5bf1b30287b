"""Patches that span several frames: the slow twin, and how frames that lack are made up for."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from cleanplate.configs import built  # noqa: E402
from cleanplate.errors import BadInput  # noqa: E402
from cleanplate.methods.sttn.attention import (  # noqa: E402
    PatchAttention,
    from_patches,
    to_patches,
)
from cleanplate.methods.sttn.network import Config, Network  # noqa: E402

CHANNELS, HEIGHT, WIDTH, DIVISIONS = 8, 6, 12, (1, 3)


def attention(depth, *, masked=False):
    torch.manual_seed(3)
    return PatchAttention(CHANNELS, DIVISIONS, masked=masked, depth=depth).eval()


def given(count):
    torch.manual_seed(4)
    missing = torch.zeros(2, count, HEIGHT, WIDTH)
    missing[:, :, 1:5, 2:9] = 1
    missing[1, 0] = 1
    return torch.randn(2, count, CHANNELS, HEIGHT, WIDTH), missing


def vectors(frames, division, depth):
    """All patches (values,) of frames (T, C, h, w), and where each lies, patch by patch."""
    high, wide = HEIGHT // division, WIDTH // division
    found = {}
    for first in range(0, len(frames), depth):
        spanned = [min(t, len(frames) - 1) for t in range(first, first + depth)]
        for row in range(division):
            for column in range(division):
                box = (
                    slice(row * high, (row + 1) * high),
                    slice(column * wide, (column + 1) * wide),
                )
                parts = [frames[t][(..., *box)].flatten() for t in spanned]
                found[first, box[0].start, box[1].start] = (torch.cat(parts), box)
    return found


def naive(made, features, missing, wanted=None):
    """What `PatchAttention` does, one patch after the other."""
    clips = []
    for frames, holes in zip(features, missing, strict=True):
        query, key, value = (
            layer(frames)
            for layer in (made.query_embedding, made.key_embedding, made.value_embedding)
        )
        out = torch.zeros_like(query)
        share = CHANNELS // len(DIVISIONS)
        for head, division in enumerate(DIVISIONS):
            part = slice(head * share, (head + 1) * share)
            asking, asked, told, lost = (
                vectors(x, division, made.depth)
                for x in (query[:, part], key[:, part], value[:, part], holes[:, None])
            )
            for (first, *_), (vector, box) in asking.items():
                scores = torch.stack(
                    [
                        torch.tensor(-1e9)
                        if made.masked and lost[place][0].mean() > 0.5
                        else vector @ other / len(other) ** 0.5
                        for place, (other, _) in asked.items()
                    ]
                )
                gathered = scores.softmax(0) @ torch.stack([other for other, _ in told.values()])
                for t, values in enumerate(gathered.unflatten(0, (made.depth, -1)), start=first):
                    if t < len(frames):
                        there = out[t, part][(slice(None), *box)]
                        out[t, part][(slice(None), *box)] = values.reshape(there.shape)
        clips.append(made.output_linear(out[:wanted]))
    return torch.stack(clips)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("depth", "count"), [(1, 3), (2, 4), (2, 5), (3, 4), (4, 2)])
def test_attention_is_its_slow_twin(depth, count, masked):
    made = attention(depth, masked=masked)
    features, missing = given(count)
    with torch.inference_mode():
        torch.testing.assert_close(
            made(features, missing), naive(made, features, missing), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("wanted", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_only_the_frames_wanted_of_deep_patches(depth, wanted):
    made, (features, missing) = attention(depth, masked=True), given(5)
    with torch.inference_mode():
        part, whole = made(features, missing, wanted), made(features, missing)
    torch.testing.assert_close(part, whole[:, :wanted])


@pytest.mark.parametrize("count", [1, 4, 5])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_deep_patches_go_back_together(depth, count):
    features, _ = given(count)
    patches = to_patches(features, 3, depth)
    groups = -(-count // depth)
    assert patches.shape == (2, 9 * groups, depth * CHANNELS * HEIGHT * WIDTH // 9)
    assert torch.equal(from_patches(patches, features.shape, 3, depth), features)


def test_depth_is_a_matter_of_the_config_alone():
    """The weights are the same ones; a file that does not name it is of depth 1."""
    plain, deep = Network(Config.tiny()), Network(Config(**{**vars(Config.tiny()), "depth": 2}))
    deep.load_state_dict(plain.state_dict())
    frames, masks = torch.rand(1, 3, 3, 48, 96) * 2 - 1, torch.zeros(1, 3, 1, 48, 96)
    with torch.inference_mode():
        one, two = plain(frames, masks), deep(frames, masks)
    assert one.shape == two.shape
    assert not torch.equal(one, two)
    assert built(Config, {"size": [48, 96]}, source="old").depth == 1
    with pytest.raises(BadInput, match="depth is 0"):
        Config(depth=0)

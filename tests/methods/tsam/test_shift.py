"""Channels come from the frames beside, along the flow: as in the official code, and exactly."""

from __future__ import annotations

import pytest

import golden_rule

torch = pytest.importorskip("torch")

from tsam_state import as_official, features, motion, wanted  # noqa: E402

from cleanplate.errors import BadInput  # noqa: E402
from cleanplate.methods.tsam.shift import Alignment, Motion, Shift, places, warped  # noqa: E402

OFFICIAL = {"future_first": True, "mask": "left"}
FRAMES, HEIGHT, WIDTH = 3, 9, 14


def still(count=FRAMES, size=(HEIGHT, WIDTH), flow=(0, 0)):
    """A motion of all pixels alike, and nothing in doubt."""
    forward = torch.tensor(flow).float().view(1, 1, 2, 1, 1).expand(1, count - 1, 2, *size)
    doubt = torch.zeros(1, count - 1, 1, *size)
    return Motion(forward.clone(), -forward, doubt, doubt.clone())


def some(channels=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(FRAMES, channels, HEIGHT, WIDTH, generator=generator)


@pytest.mark.parametrize(
    ("name", "fold", "flow"),
    [
        ("shift_align_div8", 2, "moving"), ("shift_align_div4", 4, "moving"),
        ("shift_plain_div8", 2, None), ("shift_plain_decoder", 4, None),
        ("shift_align_div8_zero_flow", 2, "still"),
    ],
)  # fmt: skip
def test_golden_shifts(name, fold, flow):
    moving = {"moving": motion(), "still": still(5, (64, 96)), None: None}[flow]
    alignment = moving and Alignment(moving, grid="corners")
    found = Shift(5, alignment, **OFFICIAL)(features(), fold)
    assert golden_rule.max_error(as_official(found), wanted("tsam")[name]) < 1e-4


@pytest.mark.parametrize("future_first", [False, True])
def test_no_flow_is_the_plain_shift(future_first):
    """... in the middle of a consistent grid as well as at its borders."""
    x = some()
    plain, aligned = (
        Shift(FRAMES, alignment, future_first=future_first)(x, 2)
        for alignment in (None, Alignment(still()))
    )
    torch.testing.assert_close(aligned, plain, atol=1e-5, rtol=0)
    ahead, behind = (slice(0, 2), slice(2, 4)) if future_first else (slice(2, 4), slice(0, 2))
    assert torch.equal(plain[:-1, ahead], x[1:, ahead])
    assert torch.equal(plain[1:, behind], x[:-1, behind])
    assert not plain[-1, ahead].any()
    assert not plain[0, behind].any()
    assert torch.equal(plain[:, 4:], x[:, 4:])


def test_no_flow_is_no_identity_on_the_official_grid():
    off = Shift(FRAMES, Alignment(still(), grid="corners"))(some(), 2) - Shift(FRAMES, None)(
        some(), 2
    )
    assert off[0].abs().max() > 0.1


@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (240, 432), (135, 77)])
@pytest.mark.parametrize("flow", [(0, 0), (3, -2), (-5, 4)])
def test_flow_of_whole_pixels_is_an_exact_shift(size, flow):
    x = torch.rand(1, 1, 2, *size, generator=torch.Generator().manual_seed(0))
    field = torch.tensor(flow).float().view(1, 2, 1, 1).expand(1, 2, *size)
    found = warped(x, places(field, grid="centres")[None])[0, 0]
    rows, columns = (
        slice(max(-step, 0), side - max(step, 0))
        for side, step in zip(size, flow[::-1], strict=True)
    )
    wanted = torch.roll(x[0, 0], (-flow[1], -flow[0]), dims=(1, 2))
    inside = (slice(None), rows, columns)
    torch.testing.assert_close(found[inside], wanted[inside], atol=1e-4, rtol=0)
    outside = torch.ones(found.shape, dtype=torch.bool)
    outside[inside] = False
    assert found[outside].abs().max() < 1e-4 if outside.any() else True


def test_flow_is_scaled_with_the_features():
    """Eight pixels of the picture are one of features of an eighth of its size."""
    x = some()
    given = still(size=(8 * HEIGHT, 8 * WIDTH), flow=(16, -8))
    torch.testing.assert_close(
        Shift(FRAMES, Alignment(given))(x, 2),
        Shift(FRAMES, Alignment(still(flow=(2, -1))))(x, 2),
        atol=1e-5,
        rtol=0,
    )


def test_what_is_in_doubt_stays_and_what_comes_from_outside_too():
    x, given = some(), still(flow=(4, 0))
    given.doubt_forward[0, 0, 0, 2:5] = 1
    given.doubt_backward[0, 1, 0, :, 7] = 1
    given.doubt_backward[0, 1, 0, :, 9] = 0.5  # not whole, so it counts for nothing
    out = Shift(FRAMES, Alignment(given))(x, 2)
    assert torch.equal(out[0, 2:4, 2:5], x[0, 2:4, 2:5])
    assert torch.equal(out[0, 2:4, :, -3:], x[0, 2:4, :, -3:])  # beyond the right border
    assert torch.equal(out[2, :2, :, 7], x[2, :2, :, 7])
    assert torch.equal(out[2, :2, :, :3], x[2, :2, :, :3])
    torch.testing.assert_close(out[2, :2, :, 9], x[1, :2, :, 5], atol=1e-5, rtol=0)


def test_the_official_code_judges_what_came_from_before_by_what_came_from_the_next():
    x, given = some(), still(flow=(4, 0))
    own, left = (Shift(FRAMES, Alignment(given), mask=mask)(x, 2) for mask in ("own", "left"))
    assert torch.equal(own[:, 2:], left[:, 2:])
    assert not left[1, :2, :, :3].any()  # nothing was there, and nobody noticed
    assert torch.equal(own[1, :2, :, :3], x[1, :2, :, :3])


def test_flow_that_does_not_fit_is_refused():
    good = still()
    for name, value, said in (
        ("backward", good.backward[..., :5], "backward is .* all of one size"),
        ("forward", good.forward[:, :, :1], "forward is .* Give flow"),
        ("doubt_forward", good.forward, "doubt_forward is"),
        ("forward", good.forward / 0, "forward holds values that are no numbers"),
        ("doubt_backward", good.doubt_backward + torch.inf, "doubt_backward holds values"),
    ):
        with pytest.raises(BadInput, match=said):
            Alignment(good._replace(**{name: value}))
    with pytest.raises(BadInput, match="the flow is between 3 frames, the clip has 5"):
        Shift(5, Alignment(good))

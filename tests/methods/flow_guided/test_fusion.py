"""Fusion: what it is given, what its verdict makes of it, and that it holds at full size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cleanplate.convert import check  # noqa: E402
from cleanplate.errors import BadInput  # noqa: E402
from cleanplate.flow.behind import Clip  # noqa: E402
from cleanplate.merge import Candidate  # noqa: E402
from cleanplate.methods.flow_guided import fusion  # noqa: E402
from cleanplate.methods.flow_guided.fusion import (  # noqa: E402
    LEVELS,
    Merged,
    Verdict,
    channels,
    load_fusion,
)
from cleanplate.methods.flow_guided.fusion_network import (  # noqa: E402
    CANDIDATES,
    CHANNELS,
    CHOICES,
    DEPTH,
    HOLE,
    MERGED,
    PICTURE,
    SEEN,
    SMOOTH,
    VARIANCES,
    Config,
    Network,
)
from cleanplate.methods.flow_guided.inference import Method, Options  # noqa: E402
from cleanplate.propagate import Sources  # noqa: E402
from cleanplate.weights import save_weights  # noqa: E402


@pytest.fixture
def hole():
    mask = np.zeros((24, 32), bool)
    mask[6:16, 8:20] = True
    return mask


@pytest.fixture
def merged(hole):
    rng, count = np.random.default_rng(0), int(hole.sum())
    found = []
    for side in range(4):
        variance = rng.uniform(1, 500, count).astype(np.float32)
        variance[side::5] = np.inf
        colours = rng.uniform(0, 255, (count, 3)).astype(np.float32)
        nothing = np.zeros(count, np.float32)
        found.append(
            Candidate(colours, variance, Sources(np.zeros(count, np.int32), *[nothing] * 3))
        )
    smooth, colours = rng.uniform(0, 255, (2, count, 3)).astype(np.float32)
    return Merged(found, smooth, colours, rng.random(count) < 0.5)


@pytest.fixture(scope="module")
def clip(pan):
    """A clip whose hole is at its border at first, where nothing shows it."""
    frames, holes = pan(6, (3, 0), size=(64, 96)), np.zeros((6, 64, 96), bool)
    holes[:, 20:44, 70:] = True
    return frames, holes


def saved(network, path):
    save_weights(path, network.state_dict(), method="fusion", config=network.config)
    return path


def unsettled(seed=0):
    """A network whose verdict says something."""
    torch.manual_seed(seed)
    network = Network(Config.tiny())
    torch.nn.init.normal_(network.out.weight, std=0.3)
    return network


def test_channels_hold_what_they_are_said_to_hold(hole, merged):
    frame = np.random.default_rng(1).integers(0, 256, (*hole.shape, 3), np.uint8)
    given = channels(frame, hole, merged)
    assert given.shape == (*hole.shape, CHANNELS)
    assert given.dtype == np.float32
    base = frame.astype(np.float32)
    base[hole] = merged.colours
    np.testing.assert_allclose(
        given[..., PICTURE] * LEVELS, base - frame[~hole].mean(axis=0), atol=1e-4
    )
    for side, candidate in zip(merged.found, CANDIDATES, strict=True):
        there = np.isfinite(side.variance)
        apart = given[hole][:, candidate] * LEVELS
        np.testing.assert_allclose(apart[there], (side.colours - merged.colours)[there], atol=1e-4)
        assert (apart[~there] == 0).all()
    variances = given[..., VARIANCES]
    assert (variances[~hole] == -1).all()
    endless = np.isinf(np.stack([one.variance for one in merged.found], axis=1))
    np.testing.assert_allclose(variances[hole][endless], np.log(1e6 + 1) / 7 - 1, rtol=1e-6)
    assert (variances[hole][~endless] < 0).all()
    np.testing.assert_allclose(
        given[hole][:, SMOOTH] * LEVELS, merged.smooth - merged.colours, atol=1e-4
    )
    assert ((given[..., HOLE] == 1) == hole).all()
    assert ((given[hole][:, SEEN] == 1) == merged.seen).all()
    depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 3) / 20
    np.testing.assert_allclose(given[..., DEPTH], depth, rtol=1e-6)


def test_a_frame_that_is_all_hole_has_finite_channels(merged):
    hole = np.ones((10, 12), bool)
    given = channels(np.zeros((10, 12, 3), np.uint8), hole, merged)
    assert np.isfinite(given).all()


def test_a_verdict_is_what_the_network_adds(hole, merged):
    network = unsettled()
    frame = np.random.default_rng(2).integers(0, 256, (*hole.shape, 3), np.uint8)
    given = torch.from_numpy(channels(frame, hole, merged)).permute(2, 0, 1)[None]
    with torch.inference_mode():
        shares, correction = network.verdict(given)
        added = network(given)
    assert torch.allclose(shares.sum(dim=1), torch.ones(1), atol=1e-6)
    inside = [each[0].permute(1, 2, 0).numpy()[hole] for each in (shares, LEVELS * correction)]
    colours = Verdict(*inside).of(merged)
    wanted = merged.colours + LEVELS * added[0].permute(1, 2, 0).numpy()[hole]
    np.testing.assert_allclose(colours, wanted, atol=2e-3)


def test_a_verdict_takes_the_merged_colour_for_a_candidate_that_is_none(hole, merged):
    count = int(hole.sum())
    for side, one in enumerate(merged.found):
        shares = np.eye(CHOICES, dtype=np.float32)[np.full(count, side)]
        colours = Verdict(shares, np.zeros((count, 3), np.float32)).of(merged)
        there = np.isfinite(one.variance)
        np.testing.assert_array_equal(colours[there], one.colours[there])
        np.testing.assert_array_equal(colours[~there], merged.colours[~there])


def test_a_verdict_is_followed_so_far(hole, merged):
    rng = np.random.default_rng(3)
    part = rng.choice([0, 0.25, 0.5, 1], int(hole.sum())).astype(np.float32)
    shares = rng.dirichlet(np.ones(CHOICES), int(hole.sum())).astype(np.float32)
    verdict = Verdict(shares, rng.normal(0, 9, merged.colours.shape).astype(np.float32))
    wanted = merged.colours + part[:, None] * (verdict.of(merged) - merged.colours)
    np.testing.assert_allclose(verdict.followed(part).of(merged), wanted, atol=2e-3)
    np.testing.assert_allclose(verdict.followed(part).shares.sum(axis=1), 1, atol=1e-5)


def test_a_new_network_keeps_to_what_was_merged():
    network = Network(Config.tiny())
    shares, correction = network.verdict(torch.randn(1, CHANNELS, 16, 24))
    assert (shares[:, MERGED] > 0.75).all()
    assert (correction == 0).all()


@pytest.mark.parametrize("working_pixels", [64 * 96, 32 * 48])
def test_a_fill_is_what_the_network_decides(tmp_path, clip, working_pixels):
    """At the working size and above it; and only the hole changes."""
    frames, holes = clip
    path = saved(unsettled(), tmp_path / "w.safetensors")
    decided = {}

    def listen(given, t, merged):
        verdict = load_fusion("learned", weights=path)(given, t, merged)
        decided[t] = verdict.of(merged), merged.colours
        return verdict

    told = {"tune": "fidelity", "working_pixels": working_pixels}
    fused = Method(Options(fusion_weights=path, **told)).fill(frames, holes)
    again = Method(Options(**told), fuse=listen).fill(frames, holes)
    assert (again.frames == fused.frames).all()
    assert (fused.frames[~holes] == frames[~holes]).all()
    assert sorted(decided) == list(np.flatnonzero(holes.any(axis=(1, 2))))
    assert max(np.abs(new - old).max() for new, old in decided.values()) > 1
    if working_pixels == 64 * 96:
        for t, (colours, _) in decided.items():
            apart = fused.frames[t][holes[t]] - np.clip(colours, 0, 255)
            assert np.abs(apart).max() < 0.51


@pytest.mark.parametrize("working_pixels", [64 * 96, 32 * 48])
def test_a_verdict_for_what_was_merged_changes_nothing(clip, working_pixels):
    frames, holes = clip

    def agree(_clip, _t, merged):
        shares = np.eye(CHOICES, dtype=np.float32)[np.full(len(merged.colours), MERGED)]
        return Verdict(shares, np.zeros_like(merged.colours))

    options = Options(tune="fidelity", working_pixels=working_pixels, fusion="mean")
    plain = Method(options).fill(frames, holes)
    fused = Method(options, fuse=agree).fill(frames, holes)
    assert (fused.frames == plain.frames).all()
    assert (fused.provenance.source == plain.provenance.source).all()


@pytest.mark.parametrize(
    ("told", "learned"),
    [
        ({"tune": "fidelity"}, True),
        ({"tune": "removal"}, False),
        ({"tune": "fidelity", "propagation": "published"}, False),
        ({"tune": "fidelity", "fusion": "mean"}, False),
    ],
)
def test_only_a_fidelity_that_merges_is_fused_by_itself(told, learned):
    options = Options(**told)
    assert (load_fusion(options.usual_fusion()) is not None) == learned


def test_without_pytorch_the_mean_stays(monkeypatch):
    monkeypatch.setattr(fusion, "has_torch", lambda: False)
    assert load_fusion("auto") is None


# ---- how far it is followed


def leading(merged, change):
    """A verdict that changes every merged colour by so many levels."""
    shares = np.eye(CHOICES, dtype=np.float32)[np.full(len(merged.colours), MERGED)]
    return Verdict(shares, np.full_like(merged.colours, change))


def told(colours, variance):
    """One candidate."""
    nothing = np.zeros(len(colours), np.float32)
    sources = Sources(np.zeros(len(colours), np.int32), *[nothing] * 3)
    variance = np.full(len(colours), variance, np.float32)
    return Candidate(np.asarray(colours, np.float32), variance, sources)


NONE = np.inf


@pytest.mark.parametrize(
    ("variances", "apart", "change", "followed"),
    [
        ((400, 400, NONE, NONE), 50, 10, 5),  # halfway
        ((400, NONE, NONE, NONE), 0, 10, 5),
        ((4, NONE, NONE, NONE), 0, 10, 1.5),  # known well
        ((4, 900, 900, 900), 50, 10, 1.5),
        ((900, 900, NONE, NONE), 0, 10, 0.25),  # candidates agree
        ((900, 900, NONE, NONE), 4, 10, 2.25),
        ((NONE, NONE, NONE, NONE), 0, 10, 0),  # no frame shows it, or only an earlier window's
        ((400, 400, NONE, NONE), 50, 0, 0),
    ],
)
def test_it_is_followed_no_further_than_it_can_know(variances, apart, change, followed):
    colours = np.full((3, 3), 100, np.float32)
    found = [told(colours + apart, variance) for variance in variances]
    merged = Merged(found, colours, colours, np.array([True, True, False]))
    verdict = leading(merged, change)
    part = fusion.trusted(verdict, merged)
    np.testing.assert_allclose(part * change, followed, rtol=1e-5)


def test_it_is_not_followed_far_inside_a_hole():
    hole = np.zeros((240, 300), bool)
    hole[10:230, 10:290] = True
    colours = np.full((int(hole.sum()), 3), 100, np.float32)
    found = [told(colours + 50, 400.0), *[told(colours, NONE)] * 3]
    merged = Merged(found, colours, colours, np.ones(len(colours), bool))
    frames = np.full((1, *hole.shape, 3), 100, np.uint8)
    verdict = fusion.decide(unsettled(), Clip(frames, hole[None]), 0, merged)
    changed = np.zeros(hole.shape)
    changed[hole] = np.abs(verdict.of(merged) - colours).max(axis=1)
    assert (changed[hole] > 0.01).any()
    assert changed[110:130, 110:190].max() == 0


def test_what_comes_with_the_package_is_whole_and_small():
    about = check(fusion.SHIPPED)
    assert about["method"] == "fusion"
    assert about["licence"] == "Apache-2.0"
    assert fusion.SHIPPED.stat().st_size < 8 << 20
    assert fusion.SHIPPED.with_suffix(".md").is_file()
    assert load_fusion("learned") is not None


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"fusion": "best", "tune": "fidelity"}, "fusion 'best' is unknown"),
        ({"fusion": "learned"}, "means nothing but to the tune fidelity"),
        ({"fusion": "learned", "tune": "fidelity", "propagation": "published"}, "means nothing"),
        ({"fusion_weights": "w.safetensors"}, "the fusion mean has no weights"),
    ],
)
def test_options_that_make_no_sense_are_refused(told, words):
    with pytest.raises(BadInput, match=words):
        Method(Options(**{"tune": "removal", **told}))


def test_weights_of_another_network_are_refused(tmp_path):
    network = unsettled()
    path = tmp_path / "w.safetensors"
    save_weights(path, network.state_dict(), method="completion", config=network.config)
    with pytest.raises(BadInput, match="completion"):
        load_fusion("learned", weights=path)

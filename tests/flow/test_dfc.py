"""Flows completed in stages, against a slow twin that is told frame by frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import golden_rule
from cleanplate.errors import BadInput
from cleanplate.flow.region_fill import region_fill

torch = pytest.importorskip("torch")

from cleanplate.flow import completion  # noqa: E402
from cleanplate.flow.dfc import complete_by_stages  # noqa: E402
from cleanplate.flow.dfc_stages import (  # noqa: E402
    Config,
    Field,
    Network,
    joined,
    resized,
    with_one_more,
)
from cleanplate.flow.resize import resize_flow  # noqa: E402
from cleanplate.weights import save_weights  # noqa: E402

SIZE = (36, 52)


def network(stages=1, **config):
    made = Network(Config(stages=stages, width=4, **config))
    for stage in made.stages:
        shapes = {key: value.shape for key, value in stage.state_dict().items()}
        stage.load_state_dict(
            {key: torch.from_numpy(golden_rule.entry(key, s)) for key, s in shapes.items()}
        )
    return made


def complete(made, forward, backward, doubtful, **options):
    """As a fill calls it."""
    return complete_by_stages(forward, backward, None, doubtful, made, **options)


def case(pairs, size=SIZE):
    """Smooth flows of some pairs of frames, and boxes that move."""
    forward = golden_rule.waves(pairs, *size, 4.0, 0.3)
    backward = golden_rule.waves(pairs, *size, 4.0, 1.9)
    holes = golden_rule.boxes(pairs + 1, *size)
    return forward, backward, (holes[:-1], holes[1:])


class Echo(torch.nn.Module):
    """A stage that returns the middle flows as they are given, and keeps what it was given."""

    def __init__(self):
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones(1))
        self.seen = []

    def forward(self, windows):
        self.seen.append(windows.clone())
        middle = windows.unflatten(1, (-1, 11, 3))[:, :, 5, :2]
        return middle.flatten(1, 2)


def echoes(stages=1, stage=Echo, **config):
    made = Network(Config(stages=stages, width=1, **config))
    made.stages = torch.nn.ModuleList(stage() for _ in range(stages))
    return made


# ---- the slow twin


def at(flow, hole, size, config):
    how = cv2.INTER_NEAREST if config.nearest_holes else cv2.INTER_LINEAR
    small = cv2.resize(hole.astype(np.float32), size[::-1], interpolation=how) > 0
    return resize_flow(flow, size), small


def predicted(made, triples):
    channels = np.concatenate(
        [np.dstack([flow, hole]).transpose(2, 0, 1) for flow, hole in triples]
    )
    with torch.inference_mode():
        return made(torch.from_numpy(channels[None].astype(np.float32)))[0].permute(1, 2, 0).numpy()


def pasted(triple, flow):
    return np.where(triple[1][..., None], flow, triple[0])


def twin(forward, backward, doubtful, made):
    """All flows at once, by frames' numbers: to[i] goes from frame i to i+1, fro[i] to i-1."""
    last = len(forward)  # the last frame
    to, fro = dict(enumerate(forward)), {t + 1: flow for t, flow in enumerate(backward)}
    to_hole = dict(enumerate(doubtful[0]))
    fro_hole = {t + 1: hole for t, hole in enumerate(doubtful[1])}
    config = made.config
    by_frame = config.pairing == "frame"
    for number, stage in enumerate(made.stages):
        size = config.size(number, SIZE)
        to = {i: at(to[i], to_hole[i], size, config) for i in to}
        fro = {i: at(fro[i], fro_hole[i], size, config) for i in fro}
        if number == 0:
            for flows in (to, fro):
                for i, (flow, hole) in flows.items():
                    flows[i] = region_fill(flow, hole, shrink=0.5).astype(np.float32), hole
        if by_frame and config.zero_first:
            fro[0] = np.zeros_like(to[0][0]), to[0][1]

        def around(flows, i):
            return [flows[np.clip(i + k, min(flows), max(flows))] for k in range(-5, 6)]

        if number == 0:
            done = [
                {i: pasted(flows[i], predicted(stage, around(flows, i))) for i in flows}
                for flows in (to, fro)
            ]
        else:
            step = 0 if by_frame else 1
            done = [{}, {}]
            for i in range(last + 1):
                both = predicted(stage, [*around(to, i), *around(fro, i + step)])
                if i in to:
                    done[0][i] = pasted(to[i], both[..., :2])
                if i + step in fro:
                    done[1][i + step] = pasted(fro[i + step], both[..., 2:])
        to, fro = done[0], {i: flow for i, flow in done[1].items() if i > 0}
    for t in range(last):
        forward[t][to_hole[t]] = resize_flow(to[t], SIZE)[to_hole[t]]
        backward[t][fro_hole[t + 1]] = resize_flow(fro[t + 1], SIZE)[fro_hole[t + 1]]
    return forward, backward


@pytest.mark.parametrize("official", [False, True])
@pytest.mark.parametrize("pairing", ["frame", "pair"])
@pytest.mark.parametrize(("pairs", "count"), [(14, 1), (14, 3), (3, 2), (1, 3)])
def test_is_its_slow_twin(pairs, count, pairing, official):
    made = network(count, pairing=pairing, nearest_holes=official, zero_first=official)
    forward, backward, doubtful = case(pairs)
    wanted = twin(forward.copy(), backward.copy(), doubtful, made)
    found = complete(made, forward.copy(), backward.copy(), doubtful)
    for got, want, given, hole in zip(found, wanted, (forward, backward), doubtful, strict=True):
        assert golden_rule.max_error(got, want) < 1e-4
        np.testing.assert_array_equal(got[~hole], given[~hole])
        assert np.abs(got - given)[hole].mean() > 0.05


# ---- what the stages see


def test_windows_at_the_ends_of_a_clip():
    """Flow t is t + 1 pixels forward, and minus that backward; holes are numbered by their row."""
    forward = np.zeros((7, *SIZE, 2), np.float32) + np.arange(1, 8)[:, None, None, None]
    doubtful = np.zeros((2, 7, *SIZE), bool)
    for t in range(7):
        doubtful[0, t, 2 * t : 2 * t + 2] = doubtful[1, t, 2 * t + 2 : 2 * t + 4] = True

    def seen(**config):
        made = echoes(2, **config)
        complete(made, forward.copy(), -forward, tuple(doubtful))
        second = made.stages[1]
        scale = SIZE[0] / made.config.size(1, SIZE)[0]
        found = []
        for window in (second.seen[0], second.seen[-1]):
            flows = window.reshape(2, 11, 3, *window.shape[2:])
            rows = [
                int(mask.any(1).nonzero().min() * scale / 2 + 0.5)
                for mask in flows[:, :, 2].flatten(0, 1)
            ]
            known = [float(flow[1, -1, -1]) * scale for flow in flows.flatten(0, 1)]
            found.append(
                (np.rint(known).reshape(2, 11).tolist(), np.reshape(rows, (2, 11)).tolist())
            )
        return found

    ahead = [1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6]
    for zero_first in (False, True):
        (flows, masks), (last_flows, last_masks) = seen(pairing="pair", zero_first=zero_first)
        assert flows == [ahead, [-t for t in ahead]]
        assert masks == [[t - 1 for t in ahead], ahead]
        assert last_flows == [[2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 7], [-2, -3, -4, -5, -6, *[-7] * 6]]
    (flows, masks), (last_flows, last_masks) = seen()
    assert flows == [ahead, [-1, -1, -1, -1, -1, -1, -1, -2, -3, -4, -5]]
    assert masks == [[t - 1 for t in ahead], [1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5]]
    assert last_flows == [[3, 4, 5, 6, 7, 7, 7, 7, 7, 7, 7], [-2, -3, -4, -5, -6, *[-7] * 6]]
    assert last_masks == [[2, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6], [2, 3, 4, 5, 6, *[7] * 6]]
    (flows, masks), _ = seen(zero_first=True)
    assert flows[1] == [0, 0, 0, 0, 0, 0, -1, -2, -3, -4, -5]
    assert masks[1] == [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]


def test_the_first_stage_begins_smoothly():
    flow = np.full((3, *SIZE, 2), (3.0, -1.5), np.float32)
    _, _, doubtful = case(3)
    given = [np.where(hole[..., None], np.float32(50), flow) for hole in doubtful]
    for done in complete(echoes(), *given, doubtful):
        np.testing.assert_allclose(done, flow, atol=1e-4)
    mixed = [np.where(hole[..., None], np.float32(50), flow) for hole in doubtful]
    complete(echoes(nearest_holes=True), *mixed, doubtful)
    assert np.abs(mixed[0] - flow).max() > 1


@pytest.mark.parametrize("pixels", [None, 900])
def test_what_lies_under_the_hole_is_never_read(pixels):
    forward, backward, doubtful = case(5, (37, 51))
    made, rng = network(2), np.random.default_rng(0)
    results = []
    for _ in range(2):
        given = []
        for flow, hole in zip((forward, backward), doubtful, strict=True):
            rubbish = rng.normal(0, 30, flow.shape).astype(np.float32)
            given.append(np.where(hole[..., None], rubbish, flow))
        results.append(complete(made, *given, doubtful, pixels=pixels))
    np.testing.assert_array_equal(results[0], results[1])


def test_flows_are_replaced_as_soon_as_no_window_needs_them():
    """So nothing is held for a whole clip: five flows ahead in each stage."""
    forward, backward, _ = case(24)
    doubtful = np.zeros((2, *forward.shape[:3]), bool)
    doubtful[..., 10:20, 15:30] = True
    given, ahead = forward.copy(), []

    class Watch(Echo):
        def forward(self, windows):
            done = (forward != given).any(axis=(1, 2, 3))
            ahead.append(len(self.seen) - done.sum())
            return super().forward(windows) + 1

    complete(echoes(2, Watch, pairing="pair"), forward, backward, tuple(doubtful))
    assert (forward != given).any(axis=(1, 2, 3)).all()
    assert max(ahead) <= 6


def test_sizes():
    full = (480, 854)
    assert [Config().size(n, full) for n in range(3)] == [(240, 427), (320, 569), (480, 854)]
    assert [Config(sizes="whole").size(n, full) for n in range(3)] == 3 * [full]
    assert Config.official().size(0, (60, 60)) == (240, 424)
    made = echoes(sizes="official")
    complete(made, *case(1))
    assert made.stages[0].seen[0].shape == (2, 33, 240, 424)
    smaller = echoes()
    complete(smaller, *case(1), pixels=SIZE[0] * SIZE[1] // 4)
    assert smaller.stages[0].seen[0].shape == (2, 33, SIZE[0] // 4, SIZE[1] // 4)


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (33, 18)])
@pytest.mark.parametrize("pairs", [0, 1, 2])
@pytest.mark.parametrize("whole", [True, False])
def test_small_clips_whole_holes_and_none(size, pairs, whole):
    rng = np.random.default_rng(0)
    forward, backward = rng.normal(size=(2, pairs, *size, 2)).astype(np.float32)
    given = forward.copy(), backward.copy()
    doubtful = np.full((2, pairs, *size), whole)
    found = complete(network(3), forward, backward, tuple(doubtful))
    assert found[0] is forward and found[1] is backward
    assert np.isfinite(found).all()
    if not whole:
        np.testing.assert_array_equal(found, given)


@pytest.mark.parametrize("size", [(36, 52), (24, 35), (71, 52), (4, 200)])
def test_flow_is_resized_as_where_no_gradient_is_wanted(size):
    flow = golden_rule.waves(2, *SIZE, 80.0, 0.3)
    found = resized(torch.from_numpy(flow).permute(0, 3, 1, 2), size).permute(0, 2, 3, 1)
    for ours, theirs in zip(found.numpy(), flow, strict=True):
        assert golden_rule.max_error(ours, resize_flow(theirs, size)) < 1e-5


def test_gradients_find_their_way_through_all_stages():
    made = network(3, pairing="pair")
    forward, _, doubtful = case(2)
    hole = torch.from_numpy(doubtful[0][:, None].copy())
    flow = resized(torch.from_numpy(forward).permute(0, 3, 1, 2), made.config.size(0, SIZE))
    pairs = [(Field(flow[t : t + 1], hole[t : t + 1]),) * 2 for t in range(2)]
    sum(pair[0].flow.abs().sum() for pair in made(pairs, SIZE)).backward()
    for stage in made.stages:
        assert stage.conv1.weight.grad.abs().sum() > 0


# ---- where stages come from


def stage_state(made, number):
    return made.stages[number].state_dict()


def test_one_stage_more_begins_as_the_last_one():
    """Given things that move alike both ways, each the other's opposite, it finds the same."""
    first = network(1)
    two = Network(Config(stages=2, width=4))
    two.load_state_dict(with_one_more(first.state_dict(), 1))
    flow = torch.randn(1, 11, 3, 24, 32)
    flow[:, :, 2] = (flow[:, :, 2] > 0).float()
    back = flow * torch.tensor([-1, -1, 1])[:, None, None]
    with torch.inference_mode():
        alone = two.stages[0](flow.flatten(1, 2))
        both = two.stages[1](torch.cat([flow, back], dim=1).flatten(1, 2))
    torch.testing.assert_close(both, torch.cat([alone, -alone], dim=1), rtol=1e-3, atol=1e-3)
    three = with_one_more(two.state_dict(), 2)
    assert torch.equal(three["stages.2.conv1.weight"], three["stages.1.conv1.weight"])
    Network(Config(stages=3, width=4)).load_state_dict(three)


def test_a_backbone_that_knows_pictures():
    """As torchvision has it: a first layer for three colours, without a bias, and a last one."""
    like = stage_state(network(1), 0)
    body = {k: v for k, v in like.items() if not k.startswith("layer5.") and k != "conv1.bias"}
    pictures = {**body, "conv1.weight": torch.randn(4, 3, 7, 7), "fc.weight": torch.zeros(9, 9)}
    config, state = joined(Config.tiny(), [pictures])
    made = Network(config)
    made.load_state_dict(state)
    grey = made.stages[0].conv1
    x = torch.ones(1, 33, 16, 16)
    wanted = torch.nn.functional.conv2d(x[:, :3] / 3, pictures["conv1.weight"], None, 2, 3)
    torch.testing.assert_close(grey(x), wanted, rtol=1e-4, atol=1e-4)
    assert torch.equal(joined(Config.tiny(), [pictures])[1]["stages.0.layer5.conv1.weight"],
                       state["stages.0.layer5.conv1.weight"])  # fmt: skip


def test_completion_by_name(tmp_path):
    made, path = network(2), tmp_path / "dfc.safetensors"
    save_weights(path, made.state_dict(), method="dfc", config=made.config)
    forward, backward, doubtful = case(2)
    wanted = complete(made, forward.copy(), backward.copy(), doubtful, pixels=400)
    by_name = completion.load_completion("dfc", weights=path, pixels=400, device="cpu")
    found = by_name(forward, backward, None, doubtful, effort=None)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("dfc", {}, "the completion dfc needs weights"),
        ("dfc", {"weights": "a.safetensors", "pixels": 0}, "pixels of the completion is 0"),
        ("dfc", {"weights": "a.safetensors", "device": "tpu"}, "device 'tpu' is unknown"),
        ("smooth", {"pixels": 5}, "smooth computes on the CPU, at the flow's own size"),
        ("learned", {"device": "cuda"}, "learned computes on the CPU"),
    ],
)
def test_completions_that_cannot_be_loaded(name, options, said):
    with pytest.raises(BadInput, match=said):
        completion.load_completion(name, **options)


def test_what_is_refused():
    forward, backward, doubtful = case(2)
    made = echoes()
    with pytest.raises(BadInput, match=r"flows have shapes \(2, .* and \(1, .* Give"):
        complete(made, forward, backward[1:], doubtful)
    with pytest.raises(BadInput, match=r"doubtful has shape \(1, .* Give \(2, 36, 52\)"):
        complete(made, forward, backward, (doubtful[0], doubtful[1][1:]))
    for wrong in ({"sizes": "huge"}, {"stages": 0}, {"stages": 4}, {"backbone": "vgg"}):
        with pytest.raises(BadInput, match=f"{next(iter(wrong))} is .* (Choose one of|Give)"):
            Config(**wrong)

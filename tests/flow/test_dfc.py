"""Flows completed in stages, against a slow twin that is told frame by frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import golden_rule
from cleanplate.errors import BadInput
from cleanplate.flow.region_fill import region_fill

torch = pytest.importorskip("torch")

from cleanplate.flow.dfc import (  # noqa: E402
    Stages,
    complete_by_network,
    load_stage,
)
from cleanplate.flow.dfc_network import Config, Network  # noqa: E402
from cleanplate.flow.resize import resize_flow  # noqa: E402
from cleanplate.weights import save_weights  # noqa: E402

SIZE = (36, 52)


def network(stage="first", pairing="frame"):
    made = Network(Config(backbone="resnet50", stage=stage, pairing=pairing, width=4))
    shapes = {key: value.shape for key, value in made.state_dict().items()}
    state = {key: torch.from_numpy(golden_rule.entry(key, shape)) for key, shape in shapes.items()}
    made.load_state_dict(state)
    return made


def case(pairs, size=SIZE):
    """Smooth flows of some pairs of frames, and boxes that move."""
    forward = golden_rule.waves(pairs, *size, 4.0, 0.3)
    backward = golden_rule.waves(pairs, *size, 4.0, 1.9)
    holes = golden_rule.boxes(pairs + 1, *size)
    return forward, backward, (holes[:-1], holes[1:])


class Echo(torch.nn.Module):
    """A network that returns the middle flows as they are given, and keeps what it was given."""

    def __init__(self, stage="first", pairing="frame"):
        super().__init__()
        self.config = Config(stage=stage, pairing=pairing)
        self.one = torch.nn.Parameter(torch.ones(1))
        self.seen = []

    def forward(self, windows):
        self.seen.append(windows.clone())
        middle = windows.unflatten(1, (-1, 11, 3))[:, :, 5, :2]
        return middle.flatten(1, 2)


# ---- the slow twin


def at(flow, hole, size, stages):
    how = cv2.INTER_NEAREST if stages.nearest_holes else cv2.INTER_LINEAR
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


def twin(forward, backward, doubtful, networks, stages):
    """All flows at once, by frames' numbers: to[i] goes from frame i to i+1, fro[i] to i-1."""
    last = len(forward)  # the last frame
    to, fro = dict(enumerate(forward)), {t + 1: flow for t, flow in enumerate(backward)}
    to_hole = dict(enumerate(doubtful[0]))
    fro_hole = {t + 1: hole for t, hole in enumerate(doubtful[1])}
    for number, made in enumerate(networks):
        size = stages.size(number, SIZE)
        by_frame = made.config.pairing == "frame"
        zero = by_frame and stages.zero_first
        to = {i: at(to[i], to_hole[i], size, stages) for i in to}
        fro = {i: at(fro[i], fro_hole[i], size, stages) for i in fro}
        if number == 0:
            for flows in (to, fro):
                for i, (flow, hole) in flows.items():
                    flows[i] = region_fill(flow, hole, shrink=0.5).astype(np.float32), hole
        if zero:
            fro[0] = np.zeros_like(to[0][0]), to[0][1]

        def around(flows, i):
            return [flows[np.clip(i + k, min(flows), max(flows))] for k in range(-5, 6)]

        if number == 0:
            done = [
                {i: pasted(flows[i], predicted(made, around(flows, i))) for i in flows}
                for flows in (to, fro)
            ]
        else:
            step = 0 if by_frame else 1
            done = [{}, {}]
            for i in range(last + 1):
                both = predicted(made, [*around(to, i), *around(fro, i + step)])
                if i in to:
                    done[0][i] = pasted(to[i], both[..., :2])
                if i + step in fro:
                    done[1][i + step] = pasted(fro[i + step], both[..., 2:])
        to, fro = done[0], {i: flow for i, flow in done[1].items() if i > 0}
    for t in range(last):
        forward[t][to_hole[t]] = resize_flow(to[t], SIZE)[to_hole[t]]
        backward[t][fro_hole[t + 1]] = resize_flow(fro[t + 1], SIZE)[fro_hole[t + 1]]
    return forward, backward


@pytest.mark.parametrize("stages", [Stages(), Stages(nearest_holes=True, zero_first=True)])
@pytest.mark.parametrize("pairing", ["frame", "pair"])
@pytest.mark.parametrize(("pairs", "count"), [(14, 1), (14, 3), (3, 2), (1, 3)])
def test_is_its_slow_twin(pairs, count, pairing, stages):
    networks = [network("first" if n == 0 else "refinement", pairing) for n in range(count)]
    forward, backward, doubtful = case(pairs)
    wanted = twin(forward.copy(), backward.copy(), doubtful, networks, stages)
    found = complete_by_network(forward.copy(), backward.copy(), doubtful, networks, stages=stages)
    for got, want, given, hole in zip(found, wanted, (forward, backward), doubtful, strict=True):
        assert golden_rule.max_error(got, want) < 1e-5
        np.testing.assert_array_equal(got[~hole], given[~hole])
        assert np.abs(got - given)[hole].mean() > 0.05


# ---- what the stages see


def test_windows_at_the_ends_of_a_clip():
    """Flow t is t + 1 pixels forward, and minus that backward; holes are numbered by their row."""
    forward = np.zeros((7, *SIZE, 2), np.float32) + np.arange(1, 8)[:, None, None, None]
    doubtful = np.zeros((2, 7, *SIZE), bool)
    for t in range(7):
        doubtful[0, t, 2 * t : 2 * t + 2] = doubtful[1, t, 2 * t + 2 : 2 * t + 4] = True

    def seen(pairing, stages):
        first, second = Echo("first", pairing), Echo("refinement", pairing)
        complete_by_network(
            forward.copy(), -forward, tuple(doubtful), [first, second], stages=stages
        )
        begin, end = second.seen[0], second.seen[-1]
        scale = SIZE[0] / stages.size(1, SIZE)[0]
        found = []
        for window in (begin, end):
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
    for stages in (Stages(), Stages(zero_first=True)):
        (flows, masks), (last_flows, last_masks) = seen("pair", stages)
        assert flows == [ahead, [-t for t in ahead]]
        assert masks == [[t - 1 for t in ahead], ahead]
        assert last_flows == [[2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 7], [-2, -3, -4, -5, -6, *[-7] * 6]]
    (flows, masks), (last_flows, last_masks) = seen("frame", Stages())
    assert flows == [ahead, [-1, -1, -1, -1, -1, -1, -1, -2, -3, -4, -5]]
    assert masks == [[t - 1 for t in ahead], [1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5]]
    assert last_flows == [[3, 4, 5, 6, 7, 7, 7, 7, 7, 7, 7], [-2, -3, -4, -5, -6, *[-7] * 6]]
    assert last_masks == [[2, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6], [2, 3, 4, 5, 6, *[7] * 6]]
    (flows, masks), _ = seen("frame", Stages(zero_first=True))
    assert flows[1] == [0, 0, 0, 0, 0, 0, -1, -2, -3, -4, -5]
    assert masks[1] == [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]


def test_the_first_stage_begins_smoothly():
    flow = np.full((3, *SIZE, 2), (3.0, -1.5), np.float32)
    _, _, doubtful = case(3)
    given = [np.where(hole[..., None], np.float32(50), flow) for hole in doubtful]
    for done in complete_by_network(*given, doubtful, [Echo()]):
        np.testing.assert_allclose(done, flow, atol=1e-4)
    mixed = [np.where(hole[..., None], np.float32(50), flow) for hole in doubtful]
    complete_by_network(*mixed, doubtful, [Echo()], stages=Stages(nearest_holes=True))
    assert np.abs(mixed[0] - flow).max() > 1


def test_what_lies_under_the_hole_is_never_read():
    forward, backward, doubtful = case(5, (37, 51))
    networks = [network(), network("refinement")]
    rng = np.random.default_rng(0)
    results = []
    for _ in range(2):
        given = []
        for flow, hole in zip((forward, backward), doubtful, strict=True):
            rubbish = rng.normal(0, 30, flow.shape).astype(np.float32)
            given.append(np.where(hole[..., None], rubbish, flow))
        results.append(complete_by_network(*given, doubtful, networks))
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

    networks = [Watch(pairing="pair"), Watch("refinement", pairing="pair")]
    complete_by_network(forward, backward, tuple(doubtful), networks)
    assert (forward != given).any(axis=(1, 2, 3)).all()
    assert max(ahead) <= 6


def test_sizes():
    assert [Stages().size(n, (480, 854)) for n in range(3)] == [(240, 427), (320, 569), (480, 854)]
    assert Stages.official().size(0, (60, 60)) == (240, 424)
    echo = Echo()
    complete_by_network(*case(1), [echo], stages=Stages(sizes="official"))
    assert echo.seen[0].shape == (2, 33, 240, 424)


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (33, 18)])
@pytest.mark.parametrize("pairs", [0, 1, 2])
@pytest.mark.parametrize("whole", [True, False])
def test_small_clips_whole_holes_and_none(size, pairs, whole):
    rng = np.random.default_rng(0)
    forward, backward = rng.normal(size=(2, pairs, *size, 2)).astype(np.float32)
    given = forward.copy(), backward.copy()
    doubtful = np.full((2, pairs, *size), whole)
    networks = [network(), network("refinement"), network("refinement", "pair")]
    found = complete_by_network(forward, backward, tuple(doubtful), networks)
    assert found[0] is forward and found[1] is backward
    assert np.isfinite(found).all()
    if not whole:
        np.testing.assert_array_equal(found, given)


def test_a_stage_from_a_file_of_ours(tmp_path):
    made, path = network("refinement", "pair"), tmp_path / "stage.safetensors"
    save_weights(path, made.state_dict(), method="dfc", config=made.config)
    loaded = load_stage(path)
    assert loaded.config == made.config
    state = loaded.state_dict()
    assert all(torch.equal(state[key], value) for key, value in made.state_dict().items())
    assert not any(p.requires_grad for p in loaded.bn1.parameters())
    save_weights(path, made.state_dict(), method="sttn", config=made.config)
    with pytest.raises(BadInput, match="are of 'sttn', not of 'dfc'"):
        load_stage(path)


def test_what_is_refused():
    forward, backward, doubtful = case(2)
    first, second = Echo(), Echo("refinement")
    for networks in ([], [second], [first, first], [first, second, second, second]):
        with pytest.raises(BadInput, match="Give a network of the first stage"):
            complete_by_network(forward, backward, doubtful, networks)
    with pytest.raises(BadInput, match=r"flows have shapes \(2, .* and \(1, .* Give"):
        complete_by_network(forward, backward[1:], doubtful, [first])
    with pytest.raises(BadInput, match=r"doubtful has shape \(1, .* Give \(2, 36, 52\)"):
        complete_by_network(forward, backward, (doubtful[0], doubtful[1][1:]), [first])
    with pytest.raises(BadInput, match="sizes is 'huge'"):
        Stages(sizes="huge")

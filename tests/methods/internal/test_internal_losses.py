"""What a step is told by: the losses against slow twins, and nothing that lies under a hole."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cleanplate.methods.internal.lesson import Lesson  # noqa: E402
from cleanplate.methods.internal.material import Material  # noqa: E402
from cleanplate.methods.internal.moved import elsewhere  # noqa: E402
from cleanplate.methods.internal.network import Config, Network  # noqa: E402
from cleanplate.methods.internal.plan import Teaching  # noqa: E402
from cleanplate.methods.internal.transform import RANGES, draw_change  # noqa: E402

CPU = torch.device("cpu")
SIZE = (32, 48)
ALL = {"ambiguity": 0.1, "stabilisation": 0.2}


def material(count=4, *, held=True):
    rng = np.random.default_rng(0)
    holes = np.zeros((count, *SIZE), bool)
    for t in range(count):
        holes[t, 8:18, 6 + 3 * t : 20 + 3 * t] = True
    pictures = rng.uniform(-1, 1, (count, *SIZE, 3)).astype(np.float32)
    kept = elsewhere(holes, rng, near=5.0) if held else np.zeros_like(holes)
    return Material(np.where(holes[..., None], np.float32(0), pictures), holes, kept)


def network(kind="coarse-to-fine"):
    torch.manual_seed(0)
    return Network(Config(kind=kind, width=2))


def lesson(given=None, **told):
    return Lesson(given or material(), Teaching(**told), CPU)


def drawn(made, step):
    """Frames and moved holes of a step, and the random numbers after them."""
    rng = np.random.default_rng([made.teaching.seed, step])
    return *made._draw(step, rng), rng


def painted(net, pictures, hidden):
    shown = np.where(hidden[..., None], 0, pictures).transpose(0, 3, 1, 2).astype(np.float32)
    masks = hidden[:, None].astype(np.float32)
    with torch.no_grad():
        return [p.numpy() for p in net(torch.from_numpy(shown), torch.from_numpy(masks))]


def slow_l1(result, truth, known):
    """The mean over all pixels and channels of what is off where it is known."""
    total = 0.0
    for n, y, x in np.ndindex(known.shape):
        if known[n, y, x]:
            total += np.abs(result[n, :, y, x] - truth[n, y, x]).sum()
    return total / (3 * known.size)


@pytest.mark.parametrize("kind", ["base", "stacked", "coarse-to-fine"])
@pytest.mark.parametrize("order", ["shuffled", "consecutive"])
def test_known_pixels_equal_their_slow_twin(kind, order):
    made, net = lesson(order=order, batch=3), network(kind)
    frames, hidden, _ = drawn(made, 5)
    given = made.material
    secret = given.holes[frames] | given.held[frames]
    parts = painted(net, given.pictures[frames], secret | hidden)
    wanted = sum(slow_l1(part, given.pictures[frames], ~secret) for part in parts)
    assert made.losses(net, 5)["total"].item() == pytest.approx(wanted, rel=1e-4)
    if order == "consecutive":
        assert frames.tolist() == [3, 0, 1]


@pytest.mark.parametrize("transforms", ["official", "paper"])
def test_stabilisation_equals_its_slow_twin(transforms):
    made, net = lesson(stabilisation=0.2, transforms=transforms), network()
    frames, hidden, rng = drawn(made, 2)
    given, change = made.material, draw_change(SIZE, RANGES[transforms], rng)
    secret = given.secret[frames]
    before = np.where(secret[..., None], 0, given.pictures[frames]).astype(np.float32)
    after, lost = change.apply(before, secret)
    shown, unseen = change.apply(before, secret | hidden)
    one = painted(net, before, secret | hidden)
    two = painted(net, shown, unseen)
    known = ~(secret | lost)
    wanted = sum(slow_l1(b - a, after - before, known) for a, b in zip(one, two, strict=True))
    terms = made.losses(net, 2)
    assert terms["stabilisation"].item() == pytest.approx(wanted, rel=1e-4)
    assert terms["total"].item() == pytest.approx(
        terms["known"].item() + 0.2 * terms["stabilisation"].item(), rel=1e-5
    )


@pytest.mark.parametrize("matching", ["contextual", "nearest"])
def test_ambiguity_teaches_what_is_painted_and_not_the_features(matching):
    made, net = lesson(ambiguity=0.1, matching=matching), network()
    terms = made.losses(net, 0)
    terms["ambiguity"].backward()
    assert torch.isfinite(terms["total"])
    assert net.fine[-1].conv.weight.grad.abs().sum() > 0
    before = terms["ambiguity"].item()
    assert before > 0


def test_ambiguity_by_features_of_vgg(tmp_path):
    """Weights are a file of the user's; here they are random ones."""
    from cleanplate.methods.internal.lesson import RELU4_2
    from cleanplate.vgg import Features

    torch.manual_seed(1)
    state = Features(RELU4_2).state_dict()
    torch.save(state, tmp_path / "vgg19.pth")
    made = lesson(ambiguity=0.1, vgg=str(tmp_path / "vgg19.pth"))
    other = lesson(ambiguity=0.1)
    net = network()
    one, two = (each.losses(net, 0)["ambiguity"].item() for each in (made, other))
    assert np.isfinite(one)
    assert one != two


def test_nothing_under_a_hole_or_held_out_is_learned_from():
    """Poison there changes no loss; what is held out changes the judgement alone."""
    clean, net = material(), network()
    pictures = clean.pictures.copy()
    pictures[clean.secret] = 1e6
    poisoned = Material(pictures, clean.holes, clean.held)
    for step in range(3):
        one, two = (lesson(each, **ALL).losses(net, step) for each in (clean, poisoned))
        assert {k: v.item() for k, v in one.items()} == {k: v.item() for k, v in two.items()}
    pictures = clean.pictures.copy()
    pictures[clean.holes] = 1e6
    with torch.no_grad():
        only_holes = lesson(Material(pictures, clean.holes, clean.held)).judge(net)
        assert only_holes == lesson(clean).judge(net)
        assert lesson(poisoned).judge(net) != only_holes


def test_the_judgement_is_the_mean_difference_in_levels():
    made, net = lesson(), network()
    given = made.material
    with torch.no_grad():
        found = made.judge(net)
    off = []
    for t in range(4):
        part = painted(net, given.pictures[t][None], given.secret[t][None])[-1][0]
        off += list(np.abs(part.transpose(1, 2, 0) - given.pictures[t])[given.held[t]].ravel())
    assert found == pytest.approx(np.mean(off) * 127.5, rel=1e-4)
    assert lesson(material(held=False)).judge(net) is None


def test_a_step_is_the_same_whenever_it_is_made():
    made, net = lesson(**ALL), network()
    first = [made.losses(net, step)["total"].item() for step in (7, 8, 7)]
    assert first[0] == first[2] != first[1]

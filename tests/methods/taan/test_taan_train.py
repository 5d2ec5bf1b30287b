"""TAAN's lesson: the paper's losses, a target and its references, as when a clip is filled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import cleanplate as cp  # noqa: E402
from cleanplate.cli import main  # noqa: E402
from cleanplate.datasets.folders import open_dataset  # noqa: E402
from cleanplate.datasets.references import References, Strokes  # noqa: E402
from cleanplate.errors import BadInput  # noqa: E402
from cleanplate.methods.taan.network import Network  # noqa: E402
from cleanplate.methods.taan.train import (  # noqa: E402
    CONFIGS,
    Settings,
    TrainConfig,
    first_state,
    lesson,
    samples,
)
from cleanplate.training import loop  # noqa: E402
from cleanplate.training.batches import Batch, batches  # noqa: E402
from cleanplate.training.pictures import scaled  # noqa: E402
from cleanplate.training.watch import read_history  # noqa: E402
from cleanplate.vgg import VGG19, layers_of  # noqa: E402
from cleanplate.weights import load_weights  # noqa: E402
from made_training import SIZE, clips, one_core, write_clip  # noqa: E402, F401 - fixtures

pytestmark = pytest.mark.usefixtures("one_core")

CPU = torch.device("cpu")
NEAR = (-2, -1, 2)


@pytest.fixture(scope="module")
def pans(tmp_path_factory):
    """Two clips of ten frames, which lie side by side in a photograph."""
    folder = tmp_path_factory.mktemp("pans")
    for seed, name in enumerate(("ant", "bee")):
        write_clip(folder / name, count=10, seed=seed)
    return folder


def told(**training):
    return replace(CONFIGS["tiny"], training=replace(CONFIGS["tiny"].training, **training))


def made(settings):
    torch.manual_seed(settings.training.seed)
    return lesson(settings, Network(settings.network), CPU)


def batch_of(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    frames = torch.randint(0, 256, (count, 4, *SIZE, 3), dtype=torch.uint8, generator=generator)
    holes = torch.zeros(count, 4, *SIZE, dtype=torch.bool)
    holes[:, :, 10:25, 30:60] = True
    return Batch(frames, holes, ("made",) * count)


def test_the_paper_s_numbers():
    config = TrainConfig()
    weights = (config.valid, config.hole, config.perceptual, config.style, config.variation)
    assert weights == (1, 6, 0.05, 120, 0.1)
    assert config.distances == (-4, -2, -1, 2, 4)
    assert [config.rate(step) for step in (0, 999_999)] == [1e-4, 1e-4]
    assert config.rate(1_000_000) == pytest.approx(1e-5)
    assert Settings() == CONFIGS["paper"]
    assert CONFIGS["full"].network == CONFIGS["paper"].network
    assert {"paper", "literal", "full", "small", "tiny"} == CONFIGS.keys()
    literal = CONFIGS["literal"]
    assert (literal.network.literal, literal.network.mask_alignment) == (True, "learned")
    assert literal.training.norms


@pytest.mark.parametrize("settings", [{}, {"norms": True, "variation_inside": True}], ids=str)
def test_losses_by_hand(settings):
    taught, batch = made(told(**settings)), batch_of(2)
    (turn,) = taught.turns(batch)
    frames, masks = scaled(batch)
    with torch.no_grad():
        result = taught.result(frames * (1 - masks), masks)
    truth, mask = frames[:, 0], masks[:, 0]
    off = (result - truth).abs()
    hole, valid = (off * mask).sum() / 2, (off * (1 - mask)).sum() / 2
    if not settings:
        hole, valid = hole / off[0].numel(), valid / off[0].numel()
    torch.testing.assert_close(turn.losses["hole"].detach(), hole)
    torch.testing.assert_close(turn.losses["valid"].detach(), valid)
    filled = torch.where(mask > 0, result, truth)
    wide = torch.zeros_like(mask)
    wide[:, :, 9:26, 29:61] = 1
    inside = wide if settings else torch.ones_like(mask)
    varied = sum(
        (filled.diff(dim=dim).abs() * inside.narrow(dim, 1, side - 1)
         * inside.narrow(dim, 0, side - 1)).mean()
        for dim, side in ((2, SIZE[0]), (3, SIZE[1]))
    )  # fmt: skip
    torch.testing.assert_close(turn.losses["variation"].detach(), varied)
    torch.testing.assert_close(turn.total.detach(), valid + 6 * hole + 0.1 * varied)
    turn.total.backward()
    assert all(p.grad.isfinite().all() for p in taught.result.parameters())
    assert taught.result.alignment.places.offsets.weight.grad.any()
    pictures = turn.pictures()
    assert pictures["target"].shape == (3, SIZE[0], 3 * SIZE[1])


def test_the_alignment_learns_faster_where_it_is_told_to(pans, tmp_path):
    """After one step all weights that have a gradient have moved by the rate, as Adam does it."""
    moved = {}
    for rate in (1.0, 4.0):
        settings = {"training": {"learning_rate": 1e-3, "alignment_rate": rate}}
        done = cp.train(
            "taan", data=pans, out=tmp_path / str(rate), config="tiny", steps=1, settings=settings
        )
        state = load_weights(done.weights, method="taan").state
        moved[rate] = {
            name: float(state[name].abs().max())
            for name in ("alignment.places.offsets.bias", "reconstruction.0.bias")
        }  # both begin at 0
    assert moved[1.0]["alignment.places.offsets.bias"] == pytest.approx(1e-3, rel=1e-3)
    assert moved[4.0]["alignment.places.offsets.bias"] == pytest.approx(4e-3, rel=1e-3)
    assert moved[4.0]["reconstruction.0.bias"] == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize("alignment", ["plain", "affine"])
def test_what_it_is_compared_with_learns_as_well(pans, tmp_path, alignment):
    settings = {"network": {"alignment": alignment}}
    done = cp.train("taan", data=pans, out=tmp_path / "run", config="tiny", steps=1,
                    settings=settings)  # fmt: skip
    assert load_weights(done.weights, method="taan").config["alignment"] == alignment


def test_what_vgg_sees_is_added(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "vgg19.pth"
    state = layers_of(VGG19).state_dict()
    torch.save({f"features.{key}": value for key, value in state.items()}, path)
    batch = batch_of(1)
    (plain,) = made(told()).turns(batch)
    seen = {"perceptual": 2.0, "style": 3.0, "vgg": str(path)}
    (turn,) = made(told(**seen)).turns(batch)
    added = 2 * turn.losses["perceptual"] + 3 * turn.losses["style"]
    torch.testing.assert_close(turn.total, plain.total + added)
    (both,) = made(told(**seen, composed=True)).turns(batch)
    assert both.losses["perceptual"] > turn.losses["perceptual"] > 0


def test_without_vgg_the_paper_s_losses_are_refused(clips, tmp_path):  # noqa: F811
    with pytest.raises(BadInput, match="need weights of VGG-19"):
        first_state(Settings(), None)
    with pytest.raises(BadInput, match="config full"):
        cp.train("taan", data=clips, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_sample_is_a_target_and_its_references(pans):
    source = open_dataset(pans).clips
    made_so = References(source, SIZE, distances=(-4, 4, 1), strokes=Strokes(), seed=3)
    whole = {clip.name: clip.load_frames() for clip in source}
    kinds = set()
    for number in range(12):
        sample = made_so[number]
        assert sample.frames.shape == (4, *SIZE, 3)
        clip = whole[sample.clip]
        numbers = []
        for frame in sample.frames:
            known = [t for t in range(10) for way in (1, -1) if (clip[t, :, ::way] == frame).all()]
            numbers.append(known[0])
        assert [t - numbers[0] for t in numbers[1:]] == [-4, 4, 1]
        assert sample.holes[[0, 2]].any(axis=(1, 2)).all()
        kinds.add(bool(sample.holes[1].any()))
        np.testing.assert_array_equal(made_so[number].holes, sample.holes)
    assert kinds == {True, False}


def test_as_many_are_completed_as_is_asked_for(pans):
    source = open_dataset(pans).clips
    for share in (0.0, 1.0):
        settings = {"distances": NEAR, "strokes": Strokes(), "completed": share}
        holes = References(source, SIZE, **settings)[0].holes
        assert holes[0].any()
        assert holes[1:3].any() != bool(share)


def test_short_clips_are_skipped(clips):  # noqa: F811
    with pytest.raises(BadInput, match="it has 8 frames, 9 are needed"):
        samples(CONFIGS["tiny"], open_dataset(clips).clips)[0]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (TrainConfig, {"distances": ()}),
        (TrainConfig, {"completed": 2.0}),
        (TrainConfig, {"style": -1.0}),
        (TrainConfig, {"betas": (0.0, 1.0)}),
        (Strokes, {"families": ()}),
        (Strokes, {"families": ("fixed",)}),
        (Strokes, {"areas": (17,)}),
    ],
)
def test_what_means_nothing_is_refused(kind, wrong):
    with pytest.raises(BadInput, match=next(iter(wrong)) if "fixed" not in str(wrong) else "area"):
        kind(**wrong)


@pytest.mark.parametrize("options", [{}, {"precision": "bf16", "ema": 0.5}], ids=str)
def test_a_few_seeded_steps_lower_the_loss(pans, tmp_path, options):
    told_so = {"steps": 25, "log_every": 5, "save_every": 25, "distances": NEAR, **options}
    settings = told(learning_rate=5e-3, **told_so)
    learning = samples(settings, open_dataset(pans).clips)
    fixed = next(batches(learning, batch=2, steps=range(1), mine=range(2), device=CPU))
    taught = made(settings)

    def loss():
        (turn,) = taught.turns(fixed)
        return turn.losses["hole"].item()

    before = loss()
    loop.run(taught, learning, settings.training, tmp_path, write=lambda state, done: None)
    assert loss() < 0.8 * before
    rows = read_history(tmp_path)
    assert rows[-1]["valid"] < rows[0]["valid"]


def test_train_and_fill_by_the_command(pans, tmp_path):
    run = tmp_path / "run"
    sets = ["--config", "tiny", "--quiet", "--steps", "1", "--set", "distances=[-1,1]"]
    sets += ["--set", "masks.areas=[5]"]
    assert main(["train", "taan", str(pans), "-o", str(run), *sets]) == 0
    weights = str(run / "weights.safetensors")
    out = tmp_path / "out"
    given = [str(pans / "ant"), "box:20,20,12,9", "-o", str(out), "--quiet"]
    chosen = ["--method", "taan", "--weights", weights, "--set", "distances=[-3,1]"]
    assert main(["fill", *given, *chosen]) == 0
    assert len(list(out.iterdir())) == 10

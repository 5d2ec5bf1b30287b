"""The engine computes what the network does: the golden vectors, every setting, every part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from plain_tsam import painted  # noqa: E402
from tsam_state import clip, motion, network, official, wanted  # noqa: E402

from cleanplate.methods.tsam import beside  # noqa: E402
from cleanplate.methods.tsam.checkpoint import translated  # noqa: E402
from cleanplate.methods.tsam.engine import SEAM, Engine  # noqa: E402
from cleanplate.methods.tsam.network import Config, Network, enlarged  # noqa: E402
from cleanplate.methods.tsam.prepared import before_enlarging  # noqa: E402
from cleanplate.methods.tsam.shift import Alignment, Motion  # noqa: E402
from cleanplate.region import Region, whole_of  # noqa: E402

CPU = torch.device("cpu")
FRAMES, SIZE = 4, (48, 64)


def window(seed=0, *, everything=False):
    """Pictures with 0 in their holes, holes, and a motion of some pixels, a part of it in doubt."""
    rng = np.random.default_rng(seed)
    holes = np.zeros((FRAMES, *SIZE), bool)
    for t, hole in enumerate(holes):
        hole[12 : 24 + t, 20 + 2 * t : 34] = True
    if everything:
        holes[:, :: SIZE[0] - 1, :: SIZE[1] - 1] = True
    pictures = rng.random((FRAMES, *SIZE, 3), np.float32) * ~holes[..., None]
    flow = torch.from_numpy(rng.normal(0, 3, (1, FRAMES - 1, 2, *SIZE)).astype(np.float32))
    doubt = torch.zeros(1, FRAMES - 1, 1, *SIZE)
    doubt[..., 5:20] = 1
    return pictures, holes, Motion(flow, flow.flip(-1), doubt, doubt.flip(-1))


def in_the_hole(found, holes):
    """All that the engine promises: what lies in and near the hole of any frame."""
    rows, columns = (np.flatnonzero(holes.any(axis=(0, axis))) for axis in (2, 1))
    box = Region(rows[0], rows[-1] + 1, columns[0], columns[-1] + 1).grown(SEAM, SIZE)
    return np.stack([box.crop(picture) for picture in found])


@pytest.fixture(scope="module")
def official_engine():
    made = Network(Config.official())
    made.load_state_dict(translated(official("tsam")))
    return Engine(made, device=CPU, dtype=torch.float32)


@pytest.mark.parametrize("case", ["noflow", "flow"])
def test_golden_vectors_by_the_engine(official_engine, case):
    frames, masks = clip()
    pictures = frames[0].permute(0, 2, 3, 1).contiguous().numpy()
    holes = masks[0, :, 0].numpy() > 0
    alignment = Alignment(motion(), grid="corners") if case == "flow" else None
    out = official_engine.run(pictures, holes, alignment) / 255
    truth = np.moveaxis(wanted("tsam")[f"{case}_out"].reshape(5, 3, *holes.shape[1:]), 1, -1)
    assert np.abs(out - truth.clip(0, 1))[holes].max() < 1e-4


SETTINGS = [
    {}, {"future_first": True}, {"mask": "left"}, {"grid": "corners"}, {"decoder_fold": 4},
    {"gate": "aligned"}, {"gated_enlarging": False}, {"spectral_norm": False}, {"guidance": True},
    {"aligned": False}, {"decoder": 32}, {"width": 24, "decoder": 96, "blocks": (1, 2, 1, 2)},
]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "everything"), [({}, True), *((each, False) for each in SETTINGS)], ids=str
)
def test_the_engine_is_its_slow_twin(settings, everything):
    config = replace(Config.tiny(), **settings)
    pictures, holes, moving = window(everything=everything)
    seen = moving if config.aligned else None
    truth = painted(network(config), pictures, holes, seen)
    engine = Engine(network(config), device=CPU, dtype=torch.float32)
    found = engine.run(pictures, holes, Alignment(moving, grid=config.grid))
    off = np.abs(in_the_hole(found, holes) - in_the_hole(truth, holes))
    assert in_the_hole(truth, holes).std() > 1
    assert off.max() < 0.01
    assert everything == bool(found[:, 0].any())  # what lies far off is not computed


def test_without_motion_and_with_one_frame():
    pictures, holes, _ = window()
    for count in (1, FRAMES):
        part = pictures[:count], holes[:count]
        truth = painted(network(Config.tiny()), *part, None)
        engine = Engine(network(Config.tiny()), device=CPU, dtype=torch.float32)
        nothing = torch.zeros(1, 0, 2, *SIZE)
        still = Motion(nothing, nothing, nothing[:, :, :1], nothing[:, :, :1])
        for alignment in (None, *[Alignment(still)] * (count == 1)):
            found = engine.run(*part, alignment)
            off = in_the_hole(found, part[1]) - in_the_hole(truth, part[1])
            assert np.abs(off).max() < 0.01


def test_half_the_bits_will_do():
    config = Config(size=SIZE, width=24, decoder=96, blocks=(1, 1, 1, 1))
    pictures, holes, moving = window()
    one, two = (
        in_the_hole(Engine(network(config), device=CPU, dtype=dtype).run(
            pictures, holes, Alignment(moving)), holes)
        for dtype in (torch.float32, torch.bfloat16)
    )  # fmt: skip
    assert np.abs(one - two).mean() < 0.1 * one.std()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("judging", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_what_is_drawn_by_compiled_code_is_drawn_by_tensors(times, judging, dtype):
    generator = torch.Generator().manual_seed(0)
    wanted, given = Region(4, 20, 6, 30), Region(2, 24, 2, 36)
    place = beside.Place((24, 40), wanted, given.shrunk(times), times)
    small = place.given.bottom - place.given.top, place.given.right - place.given.left
    source, other = (torch.randn(*small, 5, generator=generator).to(dtype) for _ in range(2))
    size = wanted.bottom - wanted.top, wanted.right - wanted.left
    # In the middle, where features are given, and far outside of the picture.
    where = torch.rand(*size, 2, generator=generator) * 1.2 - 0.6
    where[:4] *= 5 * (where[:4] + 2)
    judged = (other, where.flip(0).contiguous()) if judging else None
    doubt = (torch.rand(*size, generator=generator) > 0.8).float()
    begun = torch.randn(*size, 5, generator=generator).to(dtype)
    one, two = begun.clone(), begun.clone()
    beside._draw_compiled(one, source, where, doubt, judged, place)
    beside._draw_plainly(two, source, where, doubt, judged, place)
    # Places of which no features are given only count as nothing, or not at all.
    pixels = [(where[..., n] + 1) * side / 2 - 0.5 for n, side in enumerate((40, 24))]
    far = [(p < -1) | (p > side) for p, side in zip(pixels, (40, 24), strict=True)]
    known = (pixels[0] >= 2) & (pixels[0] <= 34) & (pixels[1] >= 2) & (pixels[1] <= 22)
    seen = known | (far[0] | far[1])
    if judging:
        seen &= seen.flip(0)
    assert seen.float().mean() > 0.5
    tolerance = 1e-5 if dtype == torch.float32 else 2e-2
    torch.testing.assert_close(one[seen], two[seen], atol=tolerance, rtol=tolerance)
    assert not torch.equal(one, begun)


def test_all_that_is_looked_at_is_needed():
    _, _, moving = window()
    alignment, part = Alignment(moving), Region(10, 30, 24, 40)
    found = beside.needed(SIZE, part, alignment)
    scale = alignment.at(SIZE)
    for way, doubt in ((scale.ahead, scale.doubt_ahead), (scale.behind, scale.doubt_behind)):
        looked = way[0][:, *part.slices][doubt[0, :, 0][:, *part.slices] < 1]
        x, y = (((looked[:, n] + 1) * side - 1) / 2 for n, side in enumerate(SIZE[::-1]))
        assert found.top <= max(y.min(), 0)
        assert found.left <= max(x.min(), 0)
        assert found.bottom > min(y.max(), SIZE[0] - 1)
        assert found.right > min(x.max(), SIZE[1] - 1)
    assert beside.needed(SIZE, part, None) == part
    for doubt in (moving.doubt_forward, moving.doubt_backward):
        doubt[:] = 1
    assert beside.needed(SIZE, part, Alignment(moving)) == part
    assert whole_of(SIZE).shrunk(8) == whole_of((6, 8))


def test_a_kernel_before_an_enlargement_is_one_after_it():
    torch.manual_seed(0)
    small, weight = torch.randn(1, 5, 7, 6), torch.randn(3, 5, 3, 3)
    after = torch.conv2d(enlarged(small), weight, padding=1)
    before = torch.conv2d(small, before_enlarging(weight), padding=1)
    torch.testing.assert_close(torch.pixel_shuffle(before, 2), after, atol=1e-4, rtol=1e-4)

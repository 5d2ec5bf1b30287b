from __future__ import annotations

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.io import Encoding
from cleanplate.masks.edit import grow
from cleanplate.masks.write import write_folder, write_mask
from cleanplate.web import work
from cleanplate.web.layers import Layers
from cleanplate.web.limits import Limits
from made_shadows import shadowed_clip


def silent(done, total, at=None):
    """Take what is told, and do nothing."""


def test_while_an_object_is_followed_every_frame_is_shown_as_it_is_found(scene, clip, tmp_path):
    _, _, holes = scene
    (tmp_path / "scene.mp4").write_bytes(clip)
    facts = work.open_clip(tmp_path / "scene.mp4", tmp_path / "frames", Limits(), silent)
    write_mask(holes[5], tmp_path / "key.png")
    layers = Layers(facts.size, facts.names, keys={5: tmp_path / "key.png"})
    live, told = tmp_path / "live", []

    def tell(done, total, at=None):
        assert at is None or (live / f"{at:05d}.png").is_file()
        told.append((done, total, at))

    work.follow(tmp_path / "scene.mp4", layers, live, tmp_path / "followed", tell)
    assert [at for *_, at in told if at is not None] == [*range(5, 12), 4, 3, 2, 1, 0]
    done = [done for done, *_ in told]
    assert done == sorted(done)
    assert {total for _, total, _ in told} == {17}  # twelve on, and five back
    assert told[-1][0] == 17
    assert not live.exists()
    shown = layers.__class__(
        facts.size, facts.names, followed=tmp_path / "followed", trust=(1,) * 12
    )
    for frame in (0, 5, 11):
        mask = shown.object_at(frame, facts.size)
        assert (mask & holes[frame]).sum() > 0.7 * (mask | holes[frame]).sum()


def test_a_network_may_be_fitted_to_follow_it(scene, clip, tmp_path):
    pytest.importorskip("torch", reason="needs cleanplate[torch]")
    _, _, holes = scene
    (tmp_path / "scene.mp4").write_bytes(clip)
    facts = work.open_clip(tmp_path / "scene.mp4", tmp_path / "frames", Limits(), silent)
    write_mask(holes[0], tmp_path / "key.png")
    layers = Layers(facts.size, facts.names, keys={0: tmp_path / "key.png"})
    given = (tmp_path / "scene.mp4", layers, tmp_path / "live", tmp_path / "followed")
    told = []
    how = {"name": "internal", "steps": 3}
    found = work.follow(*given, lambda *now: told.append(now), tracking=how)
    assert len(found["confidence"]) == facts.frames
    assert len([*(tmp_path / "followed").iterdir()]) == facts.frames
    done = [done for done, *_ in told]
    assert done == sorted(done) and {total for _, total, *_ in told} == {1000}
    found = [done for done, _, *at in told if at]  # every frame, and once more beside the last one
    assert len(found) == 2 * facts.frames and found[-1] == 1000
    assert len(set(found)) > facts.frames  # on the way from what is fitted to the end
    assert done.count(1000) == 2


def test_a_quick_look_changes_nothing_but_the_hole(scene, clip, tmp_path):
    _, _, holes = scene
    (tmp_path / "scene.mp4").write_bytes(clip)
    facts = work.open_clip(tmp_path / "scene.mp4", tmp_path / "frames", Limits(), silent)
    write_mask(np.logical_or.reduce(holes), tmp_path / "key.png")
    layers = Layers(facts.size, facts.names, keys={0: tmp_path / "key.png"}, held=0)
    out = tmp_path / "tried"
    told = work.try_out(tmp_path / "frames", facts, layers, 3, work.Asked(), out, silent)
    assert told == {"first": 0, "frames": 12}
    hole = layers.hole_at(3, facts.size, "auto")
    before, after = (
        work.read_jpeg(folder / "00003.jpg").astype(int) for folder in (tmp_path / "frames", out)
    )
    assert np.abs(after - before)[~hole].max() < 40  # a JPEG of a JPEG
    assert np.abs(after - before)[holes[3]].mean() > 40


def test_a_shadow_is_found_shown_and_filled_beside_the_object(tmp_path):
    frames, holes, shadow = shadowed_clip(0.5)
    source, told = tmp_path / "scene.mkv", []
    cp.write_video(source, frames, encoding=Encoding(lossless=True))
    facts = work.open_clip(source, tmp_path / "frames", Limits(), silent)
    write_folder(zip(facts.names, holes, strict=True), tmp_path / "given")
    layers = Layers(facts.size, facts.names, given=tmp_path / "given")
    found = work.find_shadow(
        tmp_path / "frames", facts, layers, tmp_path / "cast", lambda *now: told.append(now)
    )
    assert found["frames"] > 20
    assert told[-1] == (facts.frames, facts.frames)
    layers = layers.with_found("shadow", tmp_path / "cast")
    middle = facts.frames // 2
    rest = layers.rest_at(middle, facts.size)
    assert (rest & shadow[middle]).sum() > 0.5 * shadow[middle].sum()
    assert not (rest & holes[middle]).any()
    between = grow(holes[middle], 4) & ~holes[middle] & grow(shadow[middle], 4)
    assert (rest & between).sum() > 0.5 * between.sum()  # it reaches to what casts it
    (tmp_path / "out").mkdir()
    asked = work.Asked(growth=0, lossless=True)
    given = (source, facts, layers, asked, tmp_path / "out", ".mkv")
    work.fill_clip(*given, silent, memory=None)
    clean = cp.read_video(tmp_path / "out" / "clean.mkv").frames
    assert (clean != frames).any(axis=3)[shadow].mean() > 0.5


def test_where_no_shadow_is_told_there_is_no_mask_of_it(scene, clip, tmp_path):
    _, _, holes = scene
    (tmp_path / "scene.mp4").write_bytes(clip)
    facts = work.open_clip(tmp_path / "scene.mp4", tmp_path / "frames", Limits(), silent)
    write_folder(zip(facts.names, holes, strict=True), tmp_path / "given")
    layers = Layers(facts.size, facts.names, given=tmp_path / "given")
    found = work.find_shadow(tmp_path / "frames", facts, layers, tmp_path / "cast", silent)
    assert found == {"frames": 0}
    assert not (tmp_path / "cast").exists()

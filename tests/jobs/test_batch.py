"""Many clips: a bad one is named, the rest is done, and what is done is not done again."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import cleanplate as cp
from cleanplate.cli import main
from cleanplate.jobs import batch
from cleanplate.jobs.batch import fill_batch
from cleanplate.jobs.cluster import Needs
from made_fills import SPEC


@pytest.fixture
def manifest(make, tmp_path):
    """Three clips, the second of which is broken."""
    for name in ("ant.mp4", "cat.mp4"):
        make(name, count=6)
    (tmp_path / "bee.mp4").write_bytes(b"no video")
    lines = [{"video": f"{name}.mp4", "mask": SPEC} for name in ("ant", "bee", "cat")]
    path = tmp_path / "clips.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


@pytest.fixture
def filled(monkeypatch):
    """The clips that were filled."""
    names, plain = [], batch.fill_file

    def fill(video, *given, **told):
        names.append(video.stem)
        return plain(video, *given, **told)

    monkeypatch.setattr(batch, "fill_file", fill)
    return names


def test_a_bad_clip_does_not_stop_the_others(manifest, tmp_path, filled):
    told = []
    out = tmp_path / "out"
    results = fill_batch(manifest, out, progress=lambda *state: told.append(state[:2]))
    assert [done.line for done in results] == [1, 2, 3]
    assert [done.error is None for done in results] == [True, False, True]
    assert "bee.mp4 is not a video that can be read" in results[1].error
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert sorted(path.name for path in out.iterdir()) == ["ant.mp4", "batch.jsonl", "cat.mp4"]
    alone = tmp_path / "alone.mp4"
    cp.fill_file(tmp_path / "ant.mp4", SPEC, alone)
    assert (out / "ant.mp4").read_bytes() == alone.read_bytes()


def test_what_is_done_is_not_done_again(make, manifest, tmp_path, filled):
    out = tmp_path / "out"
    fill_batch(manifest, out)
    filled.clear()
    results = fill_batch(manifest, out)
    assert filled == ["bee"]  # it failed, and may have been mended
    assert [done.kept for done in results] == [True, False, True]
    assert results[0].summary["frames"] == 6
    filled.clear()
    make("bee.mp4", count=6)
    make("cat.mp4", count=7)
    (out / "ant.mp4").unlink()
    assert all(done.error is None for done in fill_batch(manifest, out))
    assert filled == ["ant", "bee", "cat"]
    filled.clear()
    text = manifest.read_text().replace('"mask"', '"seed": 4, "mask"', 1)
    manifest.write_text(text)
    fill_batch(manifest, out)
    assert filled == ["ant"]


def test_several_processes_do_the_same(manifest, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    fill_batch(manifest, one)
    results = fill_batch(manifest, two, processes=2)
    assert [done.error is None for done in results] == [True, False, True]
    for name in ("ant.mp4", "cat.mp4"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_a_bug_is_one_clips_alone(manifest, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(batch, "fill_file", broken)
    results = fill_batch(manifest, tmp_path / "out")
    assert results[0].error == "ZeroDivisionError: by zero"


def test_a_result_that_is_gone_is_one_clips_alone(manifest, tmp_path, monkeypatch):
    """Somebody takes it away as soon as it is there."""
    plain = batch.fill_file

    def fill(video, mask, out, **told):
        summary = plain(video, mask, out, **told)
        if out.stem == "ant":
            out.unlink()
        return summary

    monkeypatch.setattr(batch, "fill_file", fill)
    results = fill_batch(manifest, tmp_path / "out")
    assert results[0].error.startswith(f"{tmp_path / 'out' / 'ant.mp4'} does not exist")
    assert results[2].error is None


@pytest.mark.parametrize(
    ("more", "needs"),
    [
        ({}, Needs(0, 5)),
        ({"device": "auto", "memory": "1k"}, Needs(0, 1000)),
        ({"device": "cuda"}, Needs(1, 5)),
        ({"set.flow_device": "cuda"}, Needs(1, 5)),
    ],
)
def test_what_a_clip_takes_of_a_worker(tmp_path, monkeypatch, more, needs):
    def on_cluster(works, address, *, lost, needs):
        return [(str(needs[0]), None, lost(0, "not now")[2])]

    monkeypatch.setattr(batch, "on_cluster", on_cluster)
    manifest, out = tmp_path / "clips.jsonl", tmp_path / "out"
    manifest.write_text(json.dumps({"video": "in.mp4", "mask": SPEC, **more}))
    assert fill_batch(manifest, out, cluster="any", memory=5)[0].error == "not now"
    assert json.loads((out / "batch.jsonl").read_text())["identity"] == str(needs)
    with pytest.raises(cp.BadInput, match="a cluster is given"):
        fill_batch(manifest, out, cluster="any", processes=2)


def test_the_command(manifest, tmp_path, capsys):
    out = str(tmp_path / "out")
    assert main(["batch", str(manifest), "-o", out]) == 1
    told = capsys.readouterr()
    assert "3 clips, 1 failed; 12 frames in" in told.out
    assert "bee.mp4: failed" in told.out
    assert told.err.startswith(f"{tmp_path / 'bee.mp4'} (line 2): ")
    (tmp_path / "bee.mp4").write_bytes((tmp_path / "ant.mp4").read_bytes())
    assert main(["batch", str(manifest), "-o", out, "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)
    assert [line["kept"] for line in lines] == [True, False, True]
    assert main(["batch", str(tmp_path / "none.csv"), "-o", out]) == 2


def test_a_clip_whose_process_ends_is_named(manifest, tmp_path):
    """What a fault in a decoder does, by a method that ends its process."""
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    lines[1]["method"] = "deadly"
    manifest.write_text("\n".join(map(json.dumps, lines)))
    out = tmp_path / "out"
    run = (
        "import os, sys; import cleanplate.jobs.batch as batch\n"
        "plain = batch.fill_file\n"
        "def fill(*given, method='flow', **told):\n"
        "    if method == 'deadly': os._exit(9)\n"
        "    return plain(*given, method=method, **told)\n"
        "batch.fill_file = fill\n"
        "if __name__ == '__main__':\n"
        "    from cleanplate.cli import main; raise SystemExit(main(sys.argv[1:]))\n"
    )
    (tmp_path / "run.py").write_text(run)
    arguments = ["batch", str(manifest), "-o", str(out), "--processes", "2", "--json"]
    done = subprocess.run(
        [sys.executable, str(tmp_path / "run.py"), *arguments], capture_output=True, check=False
    )
    assert done.returncode == 1, done.stderr
    results = json.loads(done.stdout)
    assert [result["error"] is None for result in results] == [True, False, True]
    assert results[1]["error"].startswith("its process ended in the midst of it")
    assert sorted(path.name for path in out.iterdir()) == ["ant.mp4", "batch.jsonl", "cat.mp4"]

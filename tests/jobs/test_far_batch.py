"""Batches whose clips and results lie at addresses."""

from __future__ import annotations

import json
import uuid

import pytest

import cleanplate as cp
from cleanplate.jobs.batch import fill_batch
from cleanplate.jobs.manifest import read_manifest
from far_server import serving
from made_fills import SPEC, everything

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    """The user's folder."""
    monkeypatch.setenv("CLEANPLATE_REMOTE", str(tmp_path / "kept"))


@pytest.fixture
def far(make):
    """(files, folder, address) of a machine in memory, which has a clip."""
    files, folder = fsspec.filesystem("memory"), f"/{uuid.uuid4().hex}"
    files.pipe_file(f"{folder}/ant.mp4", make("ant.mp4", count=6).read_bytes())
    yield files, folder, f"memory:/{folder}"
    files.rm(folder, recursive=True)


@pytest.fixture
def manifest(far, tmp_path):
    """A clip that is far away, one that is not there, and one of this machine."""
    videos = [f"{far[2]}/ant.mp4", f"{far[2]}/none.mp4", "ant.mp4"]
    lines = [{"video": v, "mask": SPEC, "out": f"{n}.mp4"} for n, v in enumerate(videos)]
    path = tmp_path / "clips.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_clips_and_results_are_far_away(far, manifest, tmp_path):
    files, folder, address = far
    results = fill_batch(manifest, f"{address}/out")
    assert [done.error is None for done in results] == [True, False, True]
    assert results[1].error == f"{address}/none.mp4 does not exist. Look at the address."
    assert results[0].out == f"{address}/out/0.mp4"
    cp.fill_file(tmp_path / "ant.mp4", SPEC, tmp_path / "alone.mp4")
    for name in ("0.mp4", "2.mp4"):
        assert files.cat_file(f"{folder}/out/{name}") == (tmp_path / "alone.mp4").read_bytes()
    kept = [path.name for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert kept == ["batch.jsonl"]


def test_what_is_done_is_not_done_again(far, manifest):
    files, folder, address = far
    fill_batch(manifest, f"{address}/out")
    again = fill_batch(manifest, f"{address}/out/")
    assert [done.kept for done in again] == [True, False, True]
    files.rm_file(f"{folder}/out/2.mp4")
    files.pipe_file(f"{folder}/ant.mp4", files.cat_file(f"{folder}/ant.mp4"))  # it is another one
    assert [done.kept for done in fill_batch(manifest, f"{address}/out")] == [False] * 3


def test_manifests_take_addresses_and_nothing_else_of_the_kind(tmp_path):
    path = tmp_path / "clips.csv"
    path.write_text(
        "video,mask\n"
        "s3://bucket/a/b.mp4,gs://other/masks/\n"
        "https://host/c.mp4?key=secret,masks/\n"
        "file:///etc/passwd,box:1,2,3,4\n".replace("box:1,2,3,4", '"box:1,2,3,4"')
    )
    first, second, third = read_manifest(path, "s3://bucket/out/")
    assert (first.video, first.mask) == ("s3://bucket/a/b.mp4", "gs://other/masks/")
    assert first.out == "s3://bucket/out/b.mp4"
    assert second.mask == str(tmp_path / "masks")
    assert second.out == "s3://bucket/out/c.mp4"
    assert third.video == "file:///etc/passwd"  # refused when it is read
    with pytest.raises(cp.BadInput, match="file:///etc/passwd is no address that is known"):
        cp.fill_file(third.video, third.mask, tmp_path / "out.mp4")
    path.write_text("video,mask,out\ns3://bucket/a.mp4,m.png,a.mp4\n")
    with pytest.raises(cp.BadInput, match=r"would be written to s3://bucket/a\.mp4, from which"):
        read_manifest(path, "s3://bucket")
    assert set(everything(tmp_path)) == {"clips.csv"}


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("default")
def test_workers_of_a_cluster_fetch_and_send_themselves(make, tmp_path):
    pytest.importorskip("ray")
    pytest.importorskip("aiohttp")
    source = make("ant.mp4", count=6)
    cp.fill_file(source, SPEC, tmp_path / "alone.mp4")
    with serving() as (files, address):
        files["/ant.mp4"] = source.read_bytes()
        lines = [{"video": f"{address}/{name}.mp4", "mask": SPEC} for name in ("ant", "none")]
        path = tmp_path / "clips.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)))
        results = fill_batch(path, f"{address}/out", cluster="local")
        assert [done.error is None for done in results] == [True, False]
        assert results[1].error.startswith(f"{address}/none.mp4 does not exist")
        assert files["/out/ant.mp4"] == (tmp_path / "alone.mp4").read_bytes()

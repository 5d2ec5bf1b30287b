"""A cluster of Ray on this machine: the bytes of a local run, and workers that are lost."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time

import numpy as np
import pytest

import cleanplate as cp
from cleanplate.jobs.batch import fill_batch
from cleanplate.jobs.cluster import Needs, on_cluster
from made_fills import SIZE, SPEC

pytest.importorskip("ray")
pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def address():
    """The address of a cluster that runs already: to begin one takes long."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    yield cluster.address
    cluster.shutdown()


def dying(path, times):
    """A piece of work whose process ends so many times before it is done."""

    def work():
        begun = len(list(path.parent.glob(f"{path.name}.*")))
        path.with_name(f"{path.name}.{begun}").touch()
        if begun < times:
            os.kill(os.getpid(), signal.SIGKILL)
        return path.name

    return work


def test_a_cluster_makes_the_same_bytes(make, tmp_path):
    names = ("ant", "bee", "cat")
    for name in names:
        make(f"{name}.mp4", count=8)
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    lines = [{"video": f"{name}.mp4", "mask": SPEC} for name in (*names, "bad")]
    manifest = tmp_path / "clips.jsonl"
    manifest.write_text("\n".join(map(json.dumps, lines)))
    fill_batch(manifest, tmp_path / "here")
    results = fill_batch(manifest, tmp_path / "there", cluster="local")
    assert [done.error is None for done in results] == [True, True, True, False]
    for name in names:
        here, there = (tmp_path / place / f"{name}.mp4" for place in ("here", "there"))
        assert here.read_bytes() == there.read_bytes()
    assert all(done.kept for done in fill_batch(manifest, tmp_path / "there", cluster="local")[:3])


def test_workers_share_the_shots_of_one_clip(address, pan, tmp_path):
    shots = [pan(7, (2, 1), name=name, size=SIZE) for name in ("coffee", "astronaut", "chelsea")]
    cp.write_video(tmp_path / "in.mp4", np.concatenate(shots))
    (tmp_path / "clips.jsonl").write_text(json.dumps({"video": "in.mp4", "mask": SPEC}))
    (here,) = fill_batch(tmp_path / "clips.jsonl", tmp_path / "here")
    (there,) = fill_batch(tmp_path / "clips.jsonl", tmp_path / "there", cluster=address)
    assert (here.error, there.error) == (None, None)
    assert (here.summary["resumed_frames"], there.summary["resumed_frames"]) == (0, 21)
    assert (tmp_path / "here/in.mp4").read_bytes() == (tmp_path / "there/in.mp4").read_bytes()
    assert {path.name for path in (tmp_path / "there").iterdir()} == {"batch.jsonl", "in.mp4"}


def test_another_worker_takes_over(address, tmp_path):
    works = [dying(tmp_path / "one", 0), dying(tmp_path / "two", 2), dying(tmp_path / "three", 99)]
    results = list(on_cluster(works, address, lost=lambda number, why: f"lost {number}{why}"))
    assert sorted(results) == ["lost 2", "one", "two"]


def test_what_fails_in_a_worker_is_that_one_alone(address):
    def broken():
        raise ZeroDivisionError("by zero")

    works = [broken, lambda: "well", lambda: Unpickled()]
    results = sorted(on_cluster(works, address, lost=lambda number, why: f"{number}: {why}"))
    assert results[0] == "0: ZeroDivisionError: by zero"
    assert results[1].startswith("2: ")
    assert results[2] == "well"


class Unpickled:
    """What can be sent and not be received."""

    def __reduce__(self):
        return int, ("none",)


def test_what_no_machine_has_is_not_waited_for(address):
    works = [lambda: "never", lambda: "never", lambda: os.environ["CUDA_VISIBLE_DEVICES"]]
    needs = [Needs(gpus=99), Needs(memory=10**14), Needs(memory=10**7)]
    lost = lambda number, why: f"{number}: {why}"  # noqa: E731
    one, two, three = on_cluster(works, address, lost=lost, needs=needs)
    assert one.startswith("0: no machine of the cluster has a GPU.")
    assert two.startswith("1: no machine of the cluster has 100000G of memory to give")
    assert three == ""


def test_what_a_process_does_when_it_is_ended_stays_its_own(address):
    def leave(number, frame):
        sys.exit(143)

    before = signal.signal(signal.SIGTERM, leave)
    me = os.getpid()

    def end():
        os.kill(me, signal.SIGTERM)
        time.sleep(60)

    try:
        with pytest.raises(SystemExit) as stop:
            list(on_cluster([end], address, lost=lambda number, why: why))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert stop.value.code == 143


def test_no_cluster_is_told():
    with socket.socket() as nobody:  # who holds a port and does not listen
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(cp.BadInput, match=rf"no Ray cluster at '{address}'\. Start one"):
            list(on_cluster([lambda: 1], address, lost=str))

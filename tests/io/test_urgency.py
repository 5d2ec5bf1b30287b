"""Encoders do not put their threads before everything else on the machine."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from cleanplate.io import Encoding, open_video, open_writer
from cleanplate.io.urgency import no_more_urgent

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setscheduler"), reason="this system does not tell how threads run"
)


def scheduling():
    """How the threads of this process are scheduled."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # it has just ended
            found.add(os.sched_getscheduler(int(task.name)))
    return found


@pytest.fixture
def urgent():
    """Makes this thread a real-time one of a priority; it is as usual again in the end."""

    def become(priority):
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
        except PermissionError:
            pytest.skip("this user may not make threads real-time ones")

    yield become
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.mark.parametrize("usual", ["SCHED_OTHER", "SCHED_BATCH"])
def test_what_becomes_real_time_inside_is_taken_back(urgent, usual):
    os.sched_setscheduler(0, getattr(os, usual), os.sched_param(0))
    with no_more_urgent():
        urgent(1)
    assert os.sched_getscheduler(0) == getattr(os, usual)


def test_what_was_real_time_before_is_as_it_was(urgent):
    urgent(2)
    with no_more_urgent():
        urgent(99)
    assert os.sched_getscheduler(0) == os.SCHED_FIFO
    assert os.sched_getparam(0).sched_priority == 2


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are listed on Linux")
def test_no_encoder_leaves_a_real_time_thread(make, tmp_path):
    with open_video(make("clip.mp4", size=(96, 96))) as reader:
        writer = open_writer(tmp_path / "out.mkv", reader, Encoding(codec="av1"))
        try:
            for picture in reader:
                writer.write(picture)
            assert scheduling() == {os.SCHED_OTHER}
            writer.finish()
        finally:
            writer.drop()
    assert scheduling() == {os.SCHED_OTHER}

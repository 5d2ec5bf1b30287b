"""Encoders do not put their threads before everything else on the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cleanplate.io import Encoding, open_video, open_writer
from cleanplate.io.urgency import no_more_urgent


def scheduling():
    """How the threads of this process are scheduled."""
    return {os.sched_getscheduler(int(task.name)) for task in Path("/proc/self/task").iterdir()}


def make_urgent():
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except (AttributeError, PermissionError):
        pytest.skip("this user may not make threads real-time ones")


def back_to_usual():
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def test_what_becomes_real_time_inside_is_taken_back():
    try:
        with no_more_urgent():
            make_urgent()
        assert os.sched_getscheduler(0) == os.SCHED_OTHER
    finally:
        back_to_usual()


def test_what_was_real_time_before_stays_so():
    try:
        make_urgent()
        with no_more_urgent():
            pass
        assert os.sched_getscheduler(0) == os.SCHED_FIFO
    finally:
        back_to_usual()


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

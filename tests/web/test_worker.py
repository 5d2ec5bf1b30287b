from __future__ import annotations

import os
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from cleanplate.errors import BadInput
from cleanplate.web.worker import Broken, Stopped, Worker

pytestmark = pytest.mark.timeout(120)  # a process takes seconds to begin on a busy machine


NEVER = threading.Event()


def counts(most, tell):
    for done in range(most):
        tell(done + 1, most, at=done)
    return most, tempfile.gettempdir()


def refuses(tell):
    raise BadInput("the clip is no clip.")


def breaks(tell):
    raise ZeroDivisionError("of ours")


def crashes(tell):
    os._exit(3)


def lasts(begun, tell):
    Path(begun).touch()
    time.sleep(60)


def test_work_is_done_in_a_process_of_its_own_and_tells_how_far_it_is(tmp_path):
    told, worker = [], Worker(tmp_path)
    for most in (3, 2):  # one after the other
        made, folder = worker.run(partial(counts, most), lambda *far: told.append(far), NEVER)
        assert made == most
        assert told[-1] == (most, most, most - 1)
        assert Path(folder).parent == tmp_path  # what is temporary lies there,
    with pytest.raises(BadInput, match="no clip"):
        worker.run(refuses, print, NEVER)
    assert worker.lives()
    worker.end()
    worker.end()
    assert not worker.lives()
    assert not list(tmp_path.iterdir())  # and goes with the process


@pytest.mark.parametrize(
    ("work", "kind", "said"),
    [
        (breaks, Broken, "ZeroDivisionError: of ours"),
        (crashes, Broken, "without a word"),
    ],
)
def test_what_goes_wrong_there_is_told_here(tmp_path, work, kind, said):
    worker = Worker(tmp_path)
    with pytest.raises(kind, match=said):
        worker.run(work, print, NEVER)
    assert not worker.lives()


def test_work_is_ended_at_any_time(tmp_path):
    stop, begun = threading.Event(), tmp_path / "begun"
    worker = Worker(tmp_path)

    def end():
        while not begun.exists():
            time.sleep(0.02)
        stop.set()

    threading.Thread(target=end).start()
    with pytest.raises(Stopped):
        worker.run(partial(lasts, str(begun)), print, stop)
    assert [path.name for path in tmp_path.iterdir()] == ["begun"]

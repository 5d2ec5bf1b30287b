from __future__ import annotations

import threading
import time

import pytest
from page_visitor import Here

from cleanplate.errors import BadInput
from cleanplate.web.queue import FAILED, Job, Queue
from cleanplate.web.worker import Broken, Stopped


@pytest.fixture
def queue():
    line = Queue(Here)
    yield line
    line.close()


class Piece:
    """Work that begins, and goes on until it is let go; as a test needs it, not to be pickled."""

    def __init__(self, fails=None):
        self.begun, self.go, self.fails = threading.Event(), threading.Event(), fails

    def __call__(self, tell):
        self.begun.set()
        for done in range(2000):
            if self.go.wait(0.01):
                break
            tell(done, 2000)
        if self.fails:
            raise self.fails
        return "made"


def job_of(kind, piece, came=None):
    came = [] if came is None else came
    return Job(kind, "clip", piece, lambda job, result: came.append((job.id, result)))


def until(true, seconds=10):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.005)


def ended(job):
    until(lambda: job.state not in ("waiting", "running"))
    return job.state


def test_fills_come_one_after_the_other_in_order_and_know_their_place(queue):
    pieces, came = [Piece() for _ in range(3)], []
    jobs = [job_of("fill", piece, came) for piece in pieces]
    for job in jobs:
        queue.put(job)
    assert pieces[0].begun.wait(10)
    assert [job.state for job in jobs] == ["running", "waiting", "waiting"]
    assert [queue.place(job) for job in jobs[1:]] == [1, 2]
    assert not pieces[1].begun.is_set()
    for job, piece in zip(jobs, pieces, strict=True):
        piece.go.set()
        assert ended(job) == "done"
    assert came == [(job.id, "made") for job in jobs]
    assert jobs[0].result == "made" and jobs[0].seconds > 0


def test_who_opens_a_clip_waits_for_no_fill_and_for_nobody_who_follows_something(queue):
    long, middle, short = Piece(), Piece(), Piece()
    for kind, piece in (("fill", long), ("follow", middle)):
        queue.put(job_of(kind, piece))
        assert piece.begun.wait(10)
    job = job_of("open", short)
    queue.put(job)
    short.go.set()
    assert ended(job) == "done"
    middle.go.set()
    long.go.set()


def test_how_far_it_is_and_how_long_it_will_take(queue):
    piece = Piece()
    job = job_of("fill", piece)
    assert job.seconds_left is None
    queue.put(job)
    until(lambda: job.done > 3)
    assert job.total == 2000
    assert job.seconds_left > job.seconds
    piece.go.set()
    assert ended(job) == "done" and job.seconds_left is None


def test_a_job_is_stopped_while_it_runs_and_while_it_waits(queue):
    pieces, came = [Piece(), Piece()], []
    jobs = [job_of("fill", piece, came) for piece in pieces]
    for job in jobs:
        queue.put(job)
    assert pieces[0].begun.wait(10)
    queue.stop(jobs[1])
    assert jobs[1].state == "stopped"
    queue.stop(jobs[0])
    assert ended(jobs[0]) == "stopped"
    assert {result for _, result in came} == {None}
    assert not pieces[1].begun.is_set()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BadInput("the mask is empty."), "the mask is empty."),
        (Broken("Traceback: /home/somebody/secret"), FAILED),
        (ZeroDivisionError("/home/somebody/secret"), FAILED),
    ],
)
def test_a_failure_is_told_and_the_next_job_goes_on(queue, error, said):
    piece, following = Piece(error), Piece()
    jobs = [job_of("fill", piece), job_of("fill", following)]
    for job in jobs:
        queue.put(job)
    piece.go.set()
    following.go.set()
    assert ended(jobs[0]) == "failed"
    assert jobs[0].message == said
    assert ended(jobs[1]) == "done"


def test_the_end_of_the_server_is_the_end_of_all_jobs():
    line, pieces = Queue(Here), [Piece(), Piece()]
    jobs = [job_of("fill", piece) for piece in pieces]
    for job in jobs:
        line.put(job)
    assert pieces[0].begun.wait(10)
    line.close()
    assert [job.state for job in jobs] == ["stopped", "stopped"]
    with pytest.raises(BadInput, match="being closed"):
        line.put(job_of("fill", Piece()))


def test_a_process_that_somebody_ended_while_it_was_idle_is_replaced():
    hired = []

    class Mortal(Here):
        def __init__(self):
            super().__init__()
            hired.append(self)

        def lives(self):
            return len(hired) > 1

        def run(self, *how):
            if not self.lives():
                raise Stopped
            return super().run(*how)

    line, piece = Queue(Mortal), Piece()
    piece.go.set()
    job = job_of("fill", piece)
    line.put(job)
    assert ended(job) == "done"
    assert hired[0].ended
    line.close()

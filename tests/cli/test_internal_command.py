"""``cleanplate fill --method internal``."""

from __future__ import annotations

import logging

import pytest

from cleanplate.cli import main, options
from made_clips import moving_planes

pytest.importorskip("torch")


@pytest.fixture
def fill(make, tmp_path, monkeypatch):
    """Fill a small clip with the least network; returns the exit code."""
    make("in.mp4", planes=moving_planes)
    monkeypatch.chdir(tmp_path)
    least = ["--set", "config=tiny", "--set", "steps=2", "--prior", "none"]
    start = ["fill", "in.mp4", "box:21,17,17,11", "-o", "out.mp4", "--method", "internal", *least]
    return lambda *more: main([*start, *more])


def test_a_fill_says_what_the_network_painted(fill, capsys, tmp_path):
    assert fill("--checkpoints", "fits", "--budget", "1h") == 0
    told = capsys.readouterr().out
    assert "100 % of the hole was painted by a network" in told
    assert list((tmp_path / "fits").glob("*/checkpoints/00000002.pt"))


def test_what_means_nothing_is_refused_with_a_sentence(fill, capsys):
    assert fill("--budget", "soon") == 2
    assert "budget is 'soon'. Give a time such as 90s, 3m or 1h." in capsys.readouterr().err


def test_what_a_fit_logs_is_heard_while_the_bar_is_shown():
    said, log = [], logging.getLogger("cleanplate.methods.internal.fit")
    with options._heard(said.append):
        log.info("step 1")
    log.info("step 2")
    assert said == ["step 1"]
    assert not logging.getLogger("cleanplate").handlers


def test_a_fill_that_is_stopped_keeps_its_fit_beside_the_output(
    fill, capsys, tmp_path, monkeypatch
):
    from cleanplate.methods.internal.lesson import Lesson

    losses, asked = Lesson.losses, []

    def stopping(self, network, step):
        asked.append(step)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return losses(self, network, step)

    monkeypatch.setattr(Lesson, "losses", stopping)
    longer = ["--set", "steps=5", "--set", "judged_every=2"]
    assert fill(*longer) == 130
    assert "the same command goes on from here" in capsys.readouterr().err
    assert list((tmp_path / ".out.mp4.job").glob("fits/*/checkpoints/00000002.pt"))
    assert fill(*longer) == 0
    assert asked[4:] == [2, 3, 4]
    assert not (tmp_path / ".out.mp4.job").exists()

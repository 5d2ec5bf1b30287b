"""Compiled code runs whether or not it can be kept, and is never out of date."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest
from numba import config, njit
from numba.core.caching import IndexDataCacheFile

from cleanplate.compiled import compiled


def twice(number):
    return 2 * number


def test_kept_beside_its_module():
    assert compiled()(twice)(21) == twice(21)
    assert compiled()(twice).stats.cache_path


def test_runs_where_nothing_can_be_kept():
    """Code that stands in no file has no place either."""
    space = {}
    exec("def twice(number): return 2 * number", space)
    with pytest.raises(RuntimeError, match="cannot cache"):
        njit(cache=True)(space["twice"])
    assert compiled()(space["twice"])(21) == twice(21)


def test_options_are_handed_on():
    assert compiled(inline="always")(twice).targetoptions["inline"] == "always"


@pytest.mark.parametrize("step", ["save", "load"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), EOFError()])
def test_runs_where_the_cache_fails(monkeypatch, tmp_path, step, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))  # where nothing is kept so far
    monkeypatch.setattr(IndexDataCacheFile, step, fail)
    with pytest.raises(type(error)):
        njit(cache=True)(twice)(21)
    assert compiled()(twice)(21) == twice(21)


# ---- in processes of their own

HELPER = """
from cleanplate.compiled import compiled
{constant}
@compiled({options})
def more(number):
    return number + {summand}
"""
MIDDLE = """
from cleanplate.compiled import compiled
from helper import more
@compiled()
def between(number):
    return more(number)
"""
TOP = """
from cleanplate.compiled import compiled
from helper import STEP
from middle import between
@compiled()
def top(number):
    return STEP * between(number)
print(top(1), sum(top.stats.cache_hits.values()))
"""


def run(folder, limit=""):
    """What top.py says: its result, and how often kept code was found."""
    command = f"{limit} exec {sys.executable} -B top.py"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "kept")}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.stderr == ""
    return tuple(map(int, done.stdout.split()))


@pytest.fixture
def modules(tmp_path):
    """A folder of three modules, one compiled into the other; a function to rewrite the lowest."""

    def helper(options="", summand=1, step=1):
        filled = HELPER.format(constant=f"STEP = {step}", options=options, summand=summand)
        (tmp_path / "helper.py").write_text(filled)

    (tmp_path / "middle.py").write_text(MIDDLE)
    (tmp_path / "top.py").write_text(TOP)
    return helper


@pytest.mark.parametrize("options", ["", 'inline="always"'])
def test_code_is_out_of_date_when_what_it_is_made_of_changes(tmp_path, modules, options):
    modules(options)
    assert run(tmp_path) == (2, 0)
    assert run(tmp_path) == (2, 1)
    modules(options, summand=5)
    assert run(tmp_path) == (6, 0)
    modules(options, summand=5, step=10)
    assert run(tmp_path) == (60, 0)
    assert run(tmp_path) == (60, 1)


def test_a_disk_without_room_for_the_code(tmp_path, modules):
    modules()
    for _ in range(2):
        assert run(tmp_path, "ulimit -f 0; trap '' XFSZ;") == (2, 0)
    assert not [p for p in (tmp_path / "kept").rglob("*") if p.is_file() and p.stat().st_size]

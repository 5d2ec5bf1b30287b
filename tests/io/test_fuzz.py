"""A few hundred broken files, in a process of their own: benchmarks/fuzz.py looks at thousands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[2] / "benchmarks" / "fuzz.py"


def fuzz(*arguments):
    done = subprocess.run([sys.executable, str(FUZZ), *arguments], capture_output=True, check=False)
    assert done.stdout, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


@pytest.mark.timeout(300)
def test_broken_files_are_read_or_refused():
    code, result = fuzz("--count", "300", "--seed", "1")
    assert code == 0, result
    assert result["read"] + result["refused"] == 300
    assert min(result["read"], result["refused"]) > 30


def test_what_goes_wrong_is_seen(tmp_path):
    """A child that crashes, hangs or raises is told apart from one that refuses."""
    text = FUZZ.read_text(encoding="utf-8")
    for fault, line in [
        ("crashed", "os.abort()"),
        ("hung", "import time; time.sleep(60)"),
        ("foreign", "raise ZeroDivisionError"),
        ("left", "path.with_name('.torn.part').touch()"),
    ]:
        wrong = text.replace('"""Decode what can be decoded."""', line)
        assert wrong != text
        (tmp_path / "wrong.py").write_text(wrong)
        command = [sys.executable, str(tmp_path / "wrong.py"), "--count", "2", "--seconds", "3"]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 1
        result = json.loads(done.stdout)
        assert result[fault].keys() == {"0", "1"}, result

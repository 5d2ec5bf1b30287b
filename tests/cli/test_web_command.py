from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from cleanplate.cli import main


def test_without_its_web_server_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "cleanplate.web.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["web"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "pip install 'cleanplate[web]'" in line


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--max-upload", "lots"], "no amount of memory"),
        (["--memory", "much"], "no amount of memory"),
        (["--max-size", "1080p"], "HEIGHTxWIDTH"),
        (["--folder", "nowhere"], "is no folder"),
        (["--token", "short"], "at least 12 characters"),
        (["--host", "no.such.host.invalid"], "no address of this machine"),
        (["--port", "70000"], "--port"),
    ],
)
def test_what_cannot_be_served_is_refused_in_a_line(options, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["web", *options]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.timeout(60)
def test_it_serves_until_it_is_stopped_and_leaves_nothing(tmp_path):
    code = "import sys; from cleanplate.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "web", "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        address = re.search(r"http://\S+", server.stdout.readline())
        assert address and address[0].startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address[0], timeout=20) as page:
            assert b"Point at it, see it gone" in page.read()
        assert [path.suffix for path in tmp_path.iterdir()] == [".web"]
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 130
    assert list(tmp_path.iterdir()) == []

"""A real browser for the pages, where there is one: fixtures for all tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
WITHIN = ("data:", "blob:")  # what a page may ask for beside itself


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium: the system's, else playwright's own, else the test is skipped."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as api:
        installed = next(filter(None, map(shutil.which, NAMES)), None)
        if not installed and not Path(api.chromium.executable_path).exists():
            pytest.skip(
                "needs a Chromium: apt-get install chromium, or playwright install chromium"
            )
        arguments = ["--no-sandbox"] if hasattr(os, "getuid") and os.getuid() == 0 else []
        running = api.chromium.launch(executable_path=installed, args=arguments)
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page from a file or a server, in a browser of its own that keeps what a page stores.

    open_page(path, **options) -> page; options: of the first call, for playwright's new_context.
    When the test ends it fails if a page logged an error or asked for anything but itself and, of
    a server, what else that has.
    """
    contexts: list[Any] = []
    wrong: list[str] = []
    servers: list[str] = []

    def look(request: Any) -> None:
        itself = request.url.startswith("file:") and request.resource_type == "document"
        if not itself and not request.url.startswith((*WITHIN, *servers)):
            wrong.append(f"asked for {request.url[:200]}")

    def read(message: Any) -> None:
        if message.type == "error":
            wrong.append(f"logged {message.text}")

    def open_one(path: Path | str, **options: Any) -> Any:
        address = str(path) if str(path).startswith("http") else Path(path).resolve().as_uri()
        if address.startswith("http"):
            servers.append(address)
        if not contexts:
            contexts.append(browser.new_context(**{"color_scheme": "light", **options}))
            contexts[0].set_default_timeout(20_000)
            contexts[0].on("request", look)
            contexts[0].on("console", read)
            contexts[0].on("weberror", lambda error: wrong.append(f"raised {error.error}"))
        page = contexts[0].new_page()
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not wrong, "the page " + "; ".join(wrong)

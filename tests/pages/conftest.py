"""A browser for the tests of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.pages.browser import Visit, launch


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of one module."""
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Start a visit: `visit(width=390, …)`."""
    started: list[Visit] = []

    def start(**options: Any) -> Visit:
        started.append(Visit.start(browser, **options))
        return started[-1]

    yield start
    for one in started:
        one.page.context.close()


@pytest.fixture(scope="module")
def api(town_server: str) -> Iterator[httpx2.Client]:
    """The town's API, to compare a page with."""
    with httpx2.Client(base_url=f"{town_server}/api/v1") as client:
        yield client

"""A page that cannot finish says why at once, instead of letting a test wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Error

from tests.pages.browser import Visit

_NEVER = "<script>window.gridkeeper = {ready: new Promise(() => {}), idle: () => new Promise(() => {})};</script>"


@pytest.mark.parametrize(
    "broken",
    ["throw new Error('broken here');", "Promise.reject(new Error('broken here'));"],
    ids=["thrown", "rejected"],
)
def test_a_page_whose_script_fails_is_told_with_its_error(
    visit: Callable[..., Visit], tmp_path: Path, broken: str
) -> None:
    file = tmp_path / "broken.html"
    file.write_text(f"<!DOCTYPE html>{_NEVER}<script>{broken}</script>", encoding="utf-8")
    seen = visit()
    with pytest.raises(Error, match="broken here"):
        seen.open(file.as_uri())
    with pytest.raises(Error, match="broken here"):
        seen.settled()

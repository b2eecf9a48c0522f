"""Every page of the menu under axe-core: no serious fault, in either language, on a desk and on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, ViewportSize

from maps.shell import MENU
from maps.strings import LANGUAGES
from tests.pages.browser import Visit
from tests.pages.dispatching import EVERY_ROLE

DESK: ViewportSize = {"width": 1280, "height": 800}
TELEPHONE: ViewportSize = {"width": 390, "height": 844}
# What is opened on a desk before it is looked at; on a telephone it is the sheet of filters.
LIST = "[data-opens=gk-list]:visible"
OPENS = {
    "/": (LIST, "#gk-list-cases tbody tr:first-child button"),
    "/dispatch": (".gkd-filters summary", ".gk-over summary", ".gkd-row:first-child"),
    "/hotspots": (LIST,),
    "/patrol": (LIST,),
    "/planner": ("#gkp-tab-history",),
    "/reach": (LIST,),
}
SHEET = ".gk-opener[data-opens=gk-panel]:visible"
# The faults of axe-core that keep people out, and how many rules are kept to. Rows that are all alike are looked at
# once; what lies outside of all landmarks is no serious fault and takes long to find.
_FAULTS = """async () => {
  const alike = { exclude: [["tbody tr:nth-child(n+6)"], [".gkd-row:nth-child(n+6)"]] };
  const how = { resultTypes: ["violations"], rules: { region: { enabled: false } } };
  const { violations, passes } = await axe.run(alike, how);
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  const said = ({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`);
  return { faults: serious.flatMap(said), kept: passes.length };
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def everybody(browser: Browser) -> Iterator[Visit]:
    """One window for all pages, of somebody who may do everything."""
    seen = Visit.start(browser)
    seen.sit_down("sue", EVERY_ROLE)
    yield seen
    seen.page.context.close()


@pytest.mark.parametrize("address", [address for _, address in MENU])
def test_nobody_is_kept_out_of_a_page(everybody: Visit, town_server: str, axe: str, address: str) -> None:
    seen = everybody
    for lang in LANGUAGES:
        seen.page.set_viewport_size(DESK)
        seen.open(f"{town_server}{address}?lang={lang}")
        # As if typed at the console, which the policy of the page does not stop.
        seen.page.evaluate(axe)
        for what in OPENS.get(address, ()):
            seen.page.locator(what).first.click()
        _is_open_to_all(seen, f"{address} in {lang} on a desk")
        seen.page.set_viewport_size(TELEPHONE)
        if seen.page.locator(SHEET).count():
            seen.page.click(SHEET)
        _is_open_to_all(seen, f"{address} in {lang} on a telephone")


def _is_open_to_all(seen: Visit, where: str) -> None:
    seen.settled()
    found: dict[str, Any] = seen.page.evaluate(_FAULTS)
    assert found["faults"] == [], where
    assert found["kept"] > 30, "axe-core looked at the page"
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where

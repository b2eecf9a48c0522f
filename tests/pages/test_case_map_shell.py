"""The frame of the pages: phone width, keyboard, languages, hostile texts, empty states."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from tests.cluster import Database
from tests.pages.browser import Visit
from tests.server import served

Start = Callable[..., Visit]
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
_WIDTHS = "[document.documentElement.scrollWidth, innerWidth, visualViewport.width]"
_HOSTILE = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 1</script>'
_FOCUSABLE = """() => [...document.querySelectorAll("a[href], button, input, select, summary")]
  .filter((node) => node.offsetParent !== null && node.tabIndex >= 0 && !node.disabled)
  .filter((node) => node.type !== "radio" || node.checked)
  .map((node, index) => { node.dataset.place = index; return index; })"""
_FOCUSED = """() => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  const shown = node.type === "radio" ? getComputedStyle(node.nextElementSibling) : style;
  const isShown = shown.outlineStyle !== "none" && parseFloat(shown.outlineWidth) >= 2;
  return [node.dataset.place ?? null, isShown, node.outerHTML.slice(0, 120)];
}"""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_phone_never_scrolls_sideways(visit: Start, town_server: str, lang: str) -> None:
    seen = visit(**PHONE)
    seen.open(f"{town_server}/?lang={lang}")
    assert seen.page.evaluate(_WIDTHS) == [390, 390, 390]
    for sheet in ("gk-panel", "gk-list"):
        seen.page.click(f"button[data-opens={sheet}]")
        seen.settled()
        assert seen.page.locator(f"#{sheet}").is_visible()
        assert seen.page.evaluate(_WIDTHS) == [390, 390, 390]
    seen.page.keyboard.press("Escape")
    assert not seen.page.locator("#gk-list").is_visible()


def test_a_wide_page_does_not_scroll_at_all(visit: Start, town_server: str) -> None:
    seen = visit()
    seen.open(town_server)
    assert seen.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
        1280,
        800,
    ]


def test_every_control_is_reached_by_tab_and_shows_it(visit: Start, town_server: str) -> None:
    seen = visit(height=900)
    seen.open(f"{town_server}/?lang=en")
    seen.page.wait_for_selector("#gk-list-cases tbody tr")
    wanted = {str(place) for place in seen.page.evaluate(_FOCUSABLE)}
    reached = set()
    for _ in range(3 * len(wanted)):
        seen.page.keyboard.press("Tab")
        place, is_shown, html = seen.page.evaluate(_FOCUSED)
        if place is not None:
            assert is_shown, f"no visible focus on {html}"
            reached.add(place)
        if reached == wanted:
            break
    assert wanted - reached == set()


def test_a_case_is_opened_from_the_list_by_keyboard(visit: Start, town_server: str) -> None:
    seen = visit(height=900)
    seen.open(f"{town_server}/?lang=en")
    seen.page.focus("#gk-list-cases tbody tr:first-child button")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector(".leaflet-popup .gk-card")
    seen.page.focus("#gk-tab-cases")
    seen.page.keyboard.press("ArrowRight")
    assert seen.page.get_attribute("#gk-tab-grids", "aria-selected") == "true"


def test_the_language_switch_keeps_the_filters(visit: Start, town_server: str) -> None:
    seen = visit()
    seen.open(f"{town_server}/?scheme=duty&lang=zh")
    seen.page.select_option("#gk-state", "queued")
    seen.settled()
    seen.page.click("[data-lang=en]")
    seen.ready()
    assert seen.page.input_value("#gk-state") == "queued"
    assert seen.page.get_attribute("html", "lang") == "en"


def test_hostile_texts_stay_texts(visit: Start, town_server: str, api: httpx2.Client) -> None:
    place = {"lon": 113.63, "lat": 34.753, "datum": "wgs84", "category": _HOSTILE[:100], "description": _HOSTILE}
    answer = api.post("/cases", json=place, headers={"Idempotency-Key": "hostile-1"})
    assert answer.status_code == 201
    number = answer.json()["number"]
    seen = visit(height=900)
    seen.open(f"{town_server}/?lang=en")
    seen.page.fill("#gk-number", str(number))
    seen.page.press("#gk-number", "Enter")
    seen.page.wait_for_selector(".leaflet-popup .gk-card")
    seen.settled()
    assert _HOSTILE in seen.page.inner_text(".leaflet-popup .gk-card")
    assert _HOSTILE[:100] in seen.page.inner_text("#gk-category")
    assert seen.page.locator("img[src=x]").count() == 0
    assert seen.page.evaluate("window.hacked === undefined")
    assert seen.complaints == []
    assert seen.violations() == []


def test_a_service_without_grids_says_so(visit: Start, database: Database) -> None:
    seen = visit()
    with served(database) as url:
        seen.open(f"{url}/?lang=en")
        assert "There are no grids yet" in seen.page.inner_text("#gk-empty")
        assert seen.complaints == []


def test_grids_without_cases_say_so(visit: Start, town: Database) -> None:
    seen = visit()
    with served(town) as url:
        painted = seen.open(f"{url}/?lang=en&scheme=duty")
        assert "no cases yet" in seen.page.inner_text("#gk-empty")
        assert painted["grids"] > 0
        assert painted["cases"] == 0
        assert seen.complaints == []

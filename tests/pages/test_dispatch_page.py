"""The dispatch page: lists and filters, keyboard, new cases, merging, languages, phone and wall."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import numpy as np
import pytest

from data.packed_columns import packed
from maps.strings import catalogue, t
from maps.styles import CLOCKS
from tests.columns import unpacked
from tests.pages.browser import Visit
from tests.pages.dispatching import Dispatcher, report

Start = Callable[..., Visit]
INSIDE = (113.64, 34.76)
_KINDS = (
    """(at) => [...document.querySelectorAll(".gkd-row:not([hidden])")].every((row) => row.classList.contains(at))"""
)

_FORM = """(kind) => {
  const style = getComputedStyle(document.querySelector(`.gkd-chip .gkd-mark-${kind}`));
  return [style.clipPath, style.borderRadius, style.backgroundImage, style.borderTopWidth].join();
}"""

_CUT_OFF = """() => {
  const edge = document.querySelector(".gk-panel").getBoundingClientRect().right;
  const parts = [...document.querySelectorAll(".gkd-bar > *, .gkd-chip, #gkd-text, .gkd-row:not([hidden]) > *")];
  return parts.filter((one) => one.getBoundingClientRect().right > edge).map((one) => one.id || one.className);
}"""


@pytest.fixture
def dispatcher(visit: Start, town_server: str) -> Dispatcher:
    """A dispatcher with the page open, in English."""
    return Dispatcher.start(visit, town_server)


def test_list_map_and_counts_show_the_same_cases(dispatcher: Dispatcher, api: httpx2.Client) -> None:
    queue = api.get("/dispatch/queue", params={"limit": 20}).json()
    painted = dispatcher.painted()
    assert painted["open"] == painted["listed"] == queue["total"]
    chips = dispatcher.page.locator(".gkd-chip b").all_inner_texts()
    assert sum(int(one.replace(",", "")) for one in chips) == queue["total"]
    assert int(chips[0]) == queue["overdue"]
    assert dispatcher.numbers()[:5] == [one["number"] for one in queue["rows"][:5]]
    assert painted["cases"] > queue["total"] * 0.9


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_in_the_list_is_cut_off_at_the_side(visit: Start, town_server: str, lang: str) -> None:
    dispatcher = Dispatcher.start(visit, town_server, query=f"lang={lang}", name="")
    dispatcher.painted()
    assert dispatcher.page.evaluate(_CUT_OFF) == []


def test_packed_columns_are_the_same_in_the_browser(dispatcher: Dispatcher) -> None:
    for far in (200, 60_000, 2**31, 2**40):
        column = packed(np.array([3, 3 + far, 0]) * 0.5, step=0.5, known=np.array([True, True, False]))
        told = dispatcher.page.evaluate("(column) => [...gridkeeper.unpacked(column, -7)]", column)
        assert told == [1.5, 1.5 + far / 2, -7], column["type"]
        assert told == [-7 if one is None else one for one in unpacked(column)]


def test_filters_narrow_list_and_map_together(dispatcher: Dispatcher, api: httpx2.Client) -> None:
    everything = dispatcher.painted()
    dispatcher.page.click(".gkd-chip[data-kind=overdue]")
    overdue = dispatcher.painted()
    assert overdue["listed"] == api.get("/dispatch/queue", params={"overdue": "true"}).json()["total"]
    assert overdue["cases"] == overdue["overdue"] > 0
    assert dispatcher.page.evaluate(_KINDS, "gkd-is-overdue")
    dispatcher.page.click(".gkd-chip[data-kind=overdue]")

    dispatcher.page.click(".gkd-filters summary")
    for what, parameter in (("department", "department"), ("state", "state"), ("area", "area"), ("grid", "grid")):
        offered = dispatcher.page.locator(f"#gkd-{what} option").nth(1).get_attribute("value") or ""
        value = {"area": "419901001000", "state": "dispatched"}.get(what, offered)
        dispatcher.page.select_option(f"#gkd-{what}", value)
        found = dispatcher.painted()
        assert found["listed"] == api.get("/dispatch/queue", params={parameter: value}).json()["total"], what
        assert 0 < found["listed"] < everything["listed"]
        dispatcher.page.click("#gkd-clear")
        assert dispatcher.painted()["listed"] == everything["listed"]


def test_words_of_a_description_are_found_by_the_service(dispatcher: Dispatcher, api: httpx2.Client) -> None:
    number = report(api, INSIDE, description="A purple heron on the roof")["number"]
    dispatcher.page.fill("#gkd-text", "purple heron")
    dispatcher.row(number).wait_for()
    assert dispatcher.painted()["listed"] == 1
    dispatcher.page.reload()
    dispatcher.row(number).wait_for()
    assert dispatcher.painted()["listed"] == 1, "the address says it all"


def test_filters_are_kept_in_the_address_and_in_the_other_language(dispatcher: Dispatcher) -> None:
    dispatcher.page.click(".gkd-chip[data-kind=overdue]")
    dispatcher.page.fill("#gkd-text", "D")
    dispatcher.painted()
    dispatcher.page.click("[data-lang=zh]")
    dispatcher.page.wait_for_selector("html[lang=zh-CN]")
    dispatcher.seen.ready()
    assert dispatcher.page.locator(".gkd-chip[data-kind=overdue]").get_attribute("aria-pressed") == "true"
    assert dispatcher.page.input_value("#gkd-text") == "D"


def test_the_keyboard_walks_opens_dispatches_and_closes(dispatcher: Dispatcher) -> None:
    keys = dispatcher.page.keyboard
    first, second = dispatcher.numbers()[:2]
    keys.press("j")
    keys.press("j")
    dispatcher.page.wait_for_selector(f"#gkd-row-{second}[aria-selected=true]")
    keys.press("k")
    dispatcher.page.wait_for_selector(f"#gkd-row-{first}[aria-selected=true]")
    keys.press("Enter")
    dispatcher.page.wait_for_selector("#gkd-case:not([hidden])")
    dispatcher.painted()
    assert dispatcher.page.inner_text("#gkd-number") == first
    assert dispatcher.page.evaluate("document.activeElement.id") == "gkd-drawer"
    dispatcher.page.wait_for_selector("[data-choice='0']")
    keys.press("d")
    assert dispatcher.page.evaluate("document.activeElement.dataset.choice") == "0"
    keys.press("Enter")
    dispatcher.wait_for("dispatched")
    keys.press("r")
    dispatcher.page.wait_for_selector("#gkd-form:not([hidden]) [data-field=right_owner]")
    keys.press("Escape")
    keys.press("Escape")
    assert dispatcher.page.locator("#gkd-form").is_hidden()
    keys.press("Escape")
    assert dispatcher.page.locator("#gkd-drawer").is_hidden()
    assert dispatcher.page.evaluate("document.activeElement.id") == "gkd-rows"
    keys.press("/")
    assert dispatcher.page.evaluate("document.activeElement.id") == "gkd-text"
    keys.press("Escape")
    keys.press("f")
    assert dispatcher.page.locator(".gkd-head").is_visible()
    keys.press("Escape")
    assert dispatcher.page.locator(".gkd-head").is_hidden()
    keys.press("?")
    assert dispatcher.page.locator("#gkd-help dt").count() >= 9


def test_a_new_case_is_filed_by_its_address(dispatcher: Dispatcher, api: httpx2.Client) -> None:
    building = api.get("/layers/buildings/items", params={"tree": "town", "limit": 1}).json()["features"][0]
    address = building["properties"]["address"]
    dispatcher.page.keyboard.press("n")
    dispatcher.page.fill("#gkd-new-address", address)
    dispatcher.page.locator(".gkd-found", has_text=address).first.click()
    dispatcher.page.wait_for_selector("#gkd-new-matter option[value='01037']", state="attached")
    dispatcher.page.select_option("#gkd-new-matter", "01037")
    dispatcher.page.fill("#gkd-new-text", "Lamp out before the house")
    dispatcher.page.click("#gkd-new [type=submit]")
    dispatcher.page.wait_for_selector("#gkd-case:not([hidden])")
    dispatcher.painted()
    found = api.get(f"/cases/{dispatcher.page.inner_text('#gkd-number')}").json()
    assert (found["category"], found["description"]) == ("01037", "Lamp out before the house")
    west, south, east, north = _box(building["geometry"])
    assert west <= found["position"]["lon"] <= east
    assert south <= found["position"]["lat"] <= north


def test_a_new_case_by_a_click_offers_what_is_there_already(dispatcher: Dispatcher, api: httpx2.Client) -> None:
    known = report(api, INSIDE, category="01037")["number"]
    dispatcher.page.wait_for_function("(number) => gridkeeper.store.row(number) !== undefined", arg=known)
    dispatcher.page.keyboard.press("n")
    dispatcher.page.click("#gkd-new-map")
    dispatcher.click_map(*INSIDE)
    dispatcher.page.wait_for_function("() => /113\\.64/.test(document.getElementById('gkd-new-place').textContent)")
    dispatcher.page.wait_for_selector("#gkd-new-matter option[value='01037']", state="attached")
    dispatcher.page.select_option("#gkd-new-matter", "01037")
    assert known in dispatcher.page.inner_text("#gkd-new-same")


def test_a_case_is_merged_into_the_one_that_was_there_before(dispatcher: Dispatcher, api: httpx2.Client) -> None:
    place = (113.6401, 34.7601)
    first, second = (report(api, place, category="01001", description="Cover gone")["number"] for _ in range(2))
    dispatcher.open(second)
    dispatcher.begin("merge")
    dispatcher.fill("into", first)
    dispatcher.send()
    dispatcher.wait_for("merged")
    dispatcher.open(first)
    assert second in dispatcher.page.inner_text("#gkd-reporters")


def test_a_pin_is_moved_with_a_reason(dispatcher: Dispatcher, api: httpx2.Client) -> None:
    number = report(api, INSIDE)["number"]
    dispatcher.open(number)
    dispatcher.begin("move_pin")
    dispatcher.page.locator("[data-field=place] button").first.click()
    dispatcher.click_map(113.6415, 34.7612)
    dispatcher.fill("reason", "The caller was on the other side")
    dispatcher.send()
    dispatcher.page.wait_for_selector("#gkd-events [data-kind=move_pin]")
    moved = api.get(f"/cases/{number}").json()["position"]
    assert abs(moved["lon"] - 113.6415) < 0.0005
    assert abs(moved["lat"] - 34.7612) < 0.0005


def test_marks_differ_in_form_and_not_in_colour_alone(dispatcher: Dispatcher) -> None:
    forms = {dispatcher.page.evaluate(_FORM, kind) for kind in CLOCKS}
    assert len(forms) == len(CLOCKS)
    dispatcher.page.click(".gk-over summary")
    told = dispatcher.page.locator("[data-layer=cases] li").all_inner_texts()
    assert told[: len(CLOCKS)] == [t("en", f"clock.{kind}") for kind in CLOCKS], "and the legend names them"


def test_on_a_phone_list_map_and_case_fill_the_screen_in_turn(visit: Start, town_server: str) -> None:
    phone = Dispatcher.start(visit, town_server, width=390, height=844, has_touch=True, is_mobile=True)
    assert _width(phone, "#gkd-rows") == 390
    phone.page.click("[data-shows=map]")
    assert phone.page.locator("#gkd-rows").is_hidden()
    assert phone.page.locator(".leaflet-container").is_visible()
    phone.page.click("[data-shows=list]")
    phone.page.locator(".gkd-row").first.click()
    phone.page.wait_for_selector("#gkd-case:not([hidden])")
    phone.painted()
    assert _width(phone, "#gkd-drawer") == 390
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_wall_shows_counts_and_the_most_pressing_and_no_forms(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    wall = Dispatcher.start(visit, town_server, query="lang=en&screen=1", width=1920, height=1080)
    queue = api.get("/dispatch/queue", params={"limit": 1}).json()
    assert wall.page.inner_text("#gkd-screen-sum") == f"{queue['total']:,}"
    assert wall.page.locator("#gkd-screen-rows li").count() == 8
    assert not [one for one in wall.page.locator("button, input, select, textarea").all() if one.is_visible()]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_speaks_both_languages_and_asks_no_other_host(visit: Start, town_server: str, lang: str) -> None:
    one = Dispatcher.start(visit, town_server, query=f"lang={lang}")
    one.page.locator(".gkd-row").first.click()
    one.page.wait_for_selector("#gkd-case:not([hidden])")
    one.painted()
    text = one.page.inner_text("body")
    assert catalogue(lang)["clock.overdue"] in text
    assert catalogue(lang)["dispatch.clocks"] in text
    assert one.seen.elsewhere(town_server) == []
    assert one.seen.violations() == []
    assert one.complaints() == []


def _width(one: Dispatcher, selector: str) -> float:
    box = one.page.locator(selector).bounding_box()
    assert box is not None
    return box["width"]


def _box(geometry: dict[str, list[list[list[list[float]]]]]) -> tuple[float, float, float, float]:
    ring = [point for part in geometry["coordinates"] for ring in part for point in ring]
    lons, lats = zip(*ring, strict=True)
    return min(lons), min(lats), max(lons), max(lats)

"""The case map at "/" in a real browser, on a real service."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from maps.styles import STATES
from tests.pages.browser import Visit

Start = Callable[..., Visit]
_FILLS = """() => {
  const canvas = document.querySelector(".leaflet-grids-pane canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const found = {};
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] > 0) {
      const key = [data[at], data[at + 1], data[at + 2]].map((part) => part.toString(16).padStart(2, "0")).join("");
      found[`#${key}`] = (found[`#${key}`] ?? 0) + 1;
    }
  }
  return Object.entries(found).filter(([, pixels]) => pixels > 200).map(([colour]) => colour);
}"""
_INK_AT = """(places) => {
  const canvas = document.querySelector(".leaflet-cases-pane canvas");
  const box = canvas.getBoundingClientRect();
  const frame = gridkeeper.map.getContainer().getBoundingClientRect();
  const context = canvas.getContext("2d");
  return places.map(([lon, lat]) => {
    const at = gridkeeper.map.latLngToContainerPoint([lat, lon]);
    const [x, y] = [frame.left + at.x - box.left, frame.top + at.y - box.top];
    return context.getImageData(Math.round(x), Math.round(y), 1, 1).data[3];
  });
}"""


def counts(api: httpx2.Client, **chosen: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/layers/grids/counts", params={"scheme": "duty", **chosen}).json()
    return found


def cases(api: httpx2.Client) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = api.get("/layers/cases/items", params={"scheme": "duty", "limit": 5000}).json()[
        "features"
    ]
    return features


def with_everything_in_view(seen: Visit) -> dict[str, int]:
    seen.page.evaluate("() => { gridkeeper.map.setZoom(gridkeeper.map.getZoom() - 1, {animate: false}); }")
    return seen.settled()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_asks_nobody_else_and_nothing_complains(visit: Start, town_server: str, lang: str) -> None:
    seen = visit()
    seen.open(f"{town_server}/?lang={lang}")
    assert seen.requests
    assert seen.elsewhere(town_server) == []
    assert seen.complaints == []
    assert seen.violations() == []


def test_the_policy_lets_only_marked_scripts_run(town_server: str) -> None:
    policies = [httpx2.get(f"{town_server}/").headers["content-security-policy"] for _ in range(2)]
    nonces = {nonce for policy in policies for nonce in re.findall(r"script-src 'self' 'nonce-([^']+)'", policy)}
    assert len(nonces) == 2, "each answer needs a nonce of its own"
    assert "unsafe" not in "".join(policies)


def test_as_many_grids_and_cases_are_painted_as_the_service_counts(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    seen = visit()
    painted = seen.open(f"{town_server}/?scheme=duty")
    scheme = next(one for one in api.get("/schemes").json()["schemes"] if one["name"] == "duty")
    assert painted["grids"] == scheme["grids"]
    assert with_everything_in_view(seen)["cases"] == counts(api)["total"] > 0


def test_every_class_of_the_legend_is_on_the_canvas(visit: Start, town_server: str, api: httpx2.Client) -> None:
    seen = visit()
    seen.open(f"{town_server}/?scheme=duty&lang=en")
    classes = seen.page.evaluate("Object.values(gridkeeper.map._layers).find((one) => one.classes).classes.all")
    expected = {one["colour"] for one in classes if one["grids"]}
    assert len(expected) > 1
    near = seen.page.evaluate(_FILLS)
    for colour in expected:
        assert any(_close(colour, painted) for painted in near), f"{colour} is in the legend, not on the map"
    numbers = [one["grids"] for one in classes]
    assert sum(numbers) == next(one for one in api.get("/schemes").json()["schemes"] if one["name"] == "duty")["grids"]


def test_every_case_has_ink_at_its_place(visit: Start, town_server: str, api: httpx2.Client) -> None:
    seen = visit()
    seen.open(f"{town_server}/?scheme=duty")
    with_everything_in_view(seen)
    places = [one["geometry"]["coordinates"] for one in cases(api)]
    assert min(seen.page.evaluate(_INK_AT, places)) > 0


def test_the_legend_says_how_many_of_what_and_how_they_were_classed(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    seen = visit()
    seen.open(f"{town_server}/?scheme=duty&lang=en")
    found = counts(api)
    assert "Cases in each grid (number)" in seen.page.inner_text("#gk-legend")
    facts = {name: seen.page.inner_text(f"[data-fact={name}] dd") for name in ("period", "n", "outside", "method")}
    assert (facts["n"], facts["outside"]) == (f"{found['total']:,}", f"{found['outside']:,}")
    assert "UTC+08:00" in facts["period"]
    assert "At most five classes" in facts["method"]
    for state, number in found["by_state"].items():
        mark = seen.page.locator(f"#gk-legend .gk-dot-{state}").locator("xpath=..")
        assert mark.inner_text().split("\n")[-1] == f"{number:,}", state
    assert set(found["by_state"]) <= set(STATES)


def test_a_filter_changes_what_is_painted_and_the_address(visit: Start, town_server: str, api: httpx2.Client) -> None:
    seen = visit()
    seen.open(f"{town_server}/?scheme=duty&lang=en")
    with_everything_in_view(seen)
    state = max(counts(api)["by_state"].items(), key=lambda one: one[1])[0]
    seen.page.select_option("#gk-state", state)
    assert seen.settled()["cases"] == counts(api, state=state)["total"]
    assert f"state={state}" in seen.page.url
    seen.page.check("input[name=gk-preset][value='7']", force=True)
    week = seen.settled()["cases"]
    assert 0 < week < counts(api, state=state)["total"]
    seen.page.click("#gk-clear")
    assert seen.settled()["cases"] == counts(api)["total"]
    assert "state=" not in seen.page.url


def test_a_case_is_found_by_its_number(visit: Start, town_server: str, api: httpx2.Client) -> None:
    one = cases(api)[10]["properties"]
    seen = visit()
    seen.open(f"{town_server}/?lang=en")
    seen.page.fill("#gk-number", one["number"])
    seen.page.press("#gk-number", "Enter")
    seen.page.wait_for_selector(".leaflet-popup .gk-card")
    card = seen.page.inner_text(".leaflet-popup .gk-card")
    detail = api.get(f"/cases/{one['number']}").json()
    assert card.startswith(one["number"])
    assert detail["description"] in card
    assert all(reason["en"] in card for reason in detail["reasons"])
    assert seen.settled()["cases"] > 0
    lon, lat = detail["position"]["lon"], detail["position"]["lat"]
    assert seen.page.evaluate("([lon, lat]) => gridkeeper.map.getBounds().contains([lat, lon])", [lon, lat])


def test_a_number_that_nobody_has_is_answered_in_words(visit: Start, town_server: str) -> None:
    seen = visit()
    seen.open(f"{town_server}/?lang=en")
    seen.page.fill("#gk-number", "999999999")
    seen.page.press("#gk-number", "Enter")
    seen.page.wait_for_selector("#gk-search-note:not(:empty)")
    assert "no case with the number 999999999" in seen.page.inner_text("#gk-search-note")


def test_a_click_on_a_grid_tells_who_answers_for_it(visit: Start, town_server: str, api: httpx2.Client) -> None:
    seen = visit()
    seen.open(f"{town_server}/?scheme=duty&lang=en")
    seen.page.uncheck("#gk-layer-cases")
    grid = api.get("/layers/grids/items", params={"scheme": "duty"}).json()["features"][0]
    ring = grid["geometry"]["coordinates"][0][0][:-1]
    middle = [sum(at[axis] for at in ring) / len(ring) for axis in (0, 1)]
    place = seen.page.evaluate("([lon, lat]) => gridkeeper.map.latLngToContainerPoint([lat, lon])", middle)
    seen.page.locator(".folium-map").click(position={"x": place["x"], "y": place["y"]})
    card = seen.page.inner_text(".leaflet-popup .gk-card")
    assert grid["properties"]["code"] in card
    assert grid["properties"]["lead"] in card


def test_the_list_holds_the_cases_in_view_and_sorts(visit: Start, town_server: str) -> None:
    seen = visit()
    seen.open(f"{town_server}/?scheme=duty&lang=en")
    seen.page.click("button[data-opens=gk-list]:visible")
    seen.page.wait_for_selector("#gk-list-cases tbody tr")
    seen.page.click("#gk-list-cases [data-column=number]")
    numbers = [int(text) for text in seen.page.locator("#gk-list-cases tbody td:first-child").all_inner_texts()]
    assert numbers == sorted(numbers)
    assert len(numbers) > 10
    seen.page.click("#gk-tab-grids")
    seen.page.wait_for_selector("#gk-list-grids tbody tr")
    seen.page.click("#gk-list-grids tbody tr:first-child button")
    assert seen.page.locator(".leaflet-popup .gk-card").is_visible()


def test_the_chinese_page_has_no_latin_words_but_names(visit: Start, town_server: str, api: httpx2.Client) -> None:
    seen = visit()
    seen.open(f"{town_server}/?scheme=duty&lang=zh")
    one = cases(api)[0]["properties"]
    seen.page.click("button[data-opens=gk-list]:visible")
    seen.page.fill("#gk-number", one["number"])
    seen.page.press("#gk-number", "Enter")
    seen.page.wait_for_selector(".leaflet-popup .gk-card")
    seen.settled()
    assert seen.latin_words(_names(api, one["number"])) == set()
    assert seen.page.get_attribute("html", "lang") == "zh-CN"


def test_the_service_away_is_said_and_the_page_comes_back(visit: Start, town_server: str) -> None:
    seen = visit()
    seen.open(f"{town_server}/?scheme=duty&lang=en")
    seen.page.route(re.compile(r"/(api|healthz)"), lambda route: route.abort())
    seen.page.select_option("#gk-state", "queued")
    seen.page.wait_for_selector(".gk-banner")
    assert "cannot be reached; trying again" in seen.page.inner_text(".gk-banner")
    seen.page.unroute(re.compile(r"/(api|healthz)"))
    seen.page.wait_for_selector(".gk-banner", state="detached")
    assert seen.settled()["grids"] > 0


def _names(api: httpx2.Client, number: str) -> set[str]:
    """Every text value of the data that the page may show."""
    bodies = [
        api.get("/schemes").json(),
        api.get("/layers/grids/items").json(),
        api.get(f"/cases/{number}").json(),
    ]
    found = set(counts(api)["by_category"])

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                collect(inner) if key not in ("zh", "en") else None
        elif isinstance(value, list):
            for inner in value:
                collect(inner)
        elif isinstance(value, str) and re.search("[A-Za-z]", value):
            found.add(value)

    for body in bodies:
        collect(body)
    return found


def _close(colour: str, other: str) -> bool:
    parts = [(int(colour[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return all(abs(a - b) <= 3 for a, b in parts)

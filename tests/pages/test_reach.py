"""The reach page in a real browser: shares, streets by minutes and stations are painted as they are told."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas
import httpx2
import pytest
from sqlalchemy import text

from maps.reach import reach_map
from maps.styles import INK, MINUTES, NONE, SEQUENTIAL
from tests.cluster import Database
from tests.pages import canvas
from tests.pages.browser import Visit
from tests.server import served

Start = Callable[..., Visit]
Ask = Callable[..., dict[str, Any]]
# Three bands of five minutes are as far apart as the ramp allows.
THREE = [MINUTES[at] for at in (0, 2, 4)]
_ROWS = """(table) => [...document.querySelectorAll(`#gkw-list-${table} tbody tr`)].map((row) =>
  [...row.cells].map((cell) => cell.textContent))"""
_PLAY_TO = """(minutes) => {
  const slider = document.getElementById("gkw-play-at");
  slider.value = minutes;
  slider.dispatchEvent(new Event("input"));
}"""
_FILLS = """() => {
  const layer = Object.values(gridkeeper.map._layers).find((one) => one.setValues);
  return Object.fromEntries(layer.grids.map(({ properties: one }) => [one.code, layer.colour(one.grid_no)]));
}"""
_FACTS = """() => Object.fromEntries([...document.querySelectorAll("[data-layer=ground] [data-fact]")].map((one) =>
  [one.dataset.fact, one.querySelector("dd").textContent]))"""


@pytest.fixture(scope="module")
def told(api: httpx2.Client) -> Ask:
    """Ask the service, once for each question."""

    @cache
    def ask(part: str = "", **asked: Any) -> dict[str, Any]:
        answer = api.get(f"/reach{part}", params={"scheme": "duty", "service": "station", **asked}, timeout=60)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return ask


def test_who_is_reached_is_painted_as_it_is_told(visit: Start, town_server: str, told: Ask) -> None:
    seen = visit()
    painted = seen.open(f"{town_server}/reach?lang=en")
    answer, streets = told(), told("/streets")["features"]
    assert seen.page.input_value("#gkw-service") == "station", "the service with most stations is asked for first"
    assert painted["grids"] == len(answer["grids"])
    assert (painted["stations"], painted["sites"]) == (len(answer["stations"]), len(told("/sites")["sites"]))
    assert painted["walks"] == len(streets)
    expected = {one["code"]: _colour(one["people_share"]) for one in answer["grids"]}
    assert seen.page.evaluate(_FILLS) == expected
    assert min(canvas.pixels_of(seen.page, "grids", *set(expected.values()))) > 20
    assert min(canvas.pixels_of(seen.page, "walks", *THREE, INK["street"])) > 20
    _legend_tells(seen, answer, expected)
    _table_tells(seen, answer)

    seen.page.select_option("#gkw-measure", "bands")
    assert seen.settled()["bands"] == len(told("/area")["features"]) == 3
    assert min(canvas.pixels_of(seen.page, "bands", *THREE)) > 100
    seen.page.select_option("#gkw-minutes", "10")
    assert seen.settled()["bands"] == 2
    assert _percent(told(minutes=10)["total"]["people_share"]) in seen.page.inner_text("#gkw-total")
    assert "minutes=10" in seen.page.url
    assert _complaints(seen) == []
    assert seen.violations() == []
    assert seen.elsewhere(town_server) == []


def test_it_grows_out_of_the_stations_and_whatever_is_clicked_tells_of_itself(
    visit: Start, town_server: str, api: httpx2.Client, told: Ask
) -> None:
    seen = visit(accept_downloads=True, height=900)
    whole = seen.open(f"{town_server}/reach?lang=en&service=nothing")
    assert "service=station" in seen.page.url, "a service that is not there is not asked for again"
    minutes = [one["properties"]["minutes"] for one in told("/streets")["features"]]
    grown = []
    for until in (2, 7, 12):
        seen.page.evaluate(_PLAY_TO, until)
        grown.append(seen.settled())
        assert grown[-1]["walks"] == sum(one is not None and one <= until for one in minutes)
    assert [one["bands"] for one in grown] == [0, 1, 2]
    assert all(one["walks"] < other["walks"] for one, other in pairwise(grown))
    seen.page.focus("#gkw-play-at")
    seen.page.keyboard.press("ArrowRight")
    total = told()["total"]
    people = total["growing"]["people"][50 - 1]
    share = _percent(people / total["people"])
    assert seen.page.inner_text("#gkw-play-time") == f"12.5 min: {people:,} people ({share})"
    assert total["growing"]["people"][-1] == total["people_within"]
    assert total["growing"]["buildings"][-1] == total["buildings_within"]
    seen.page.click("#gkw-play-all")
    assert seen.settled()["walks"] == whole["walks"]

    best = told("/sites")["sites"][0]
    seen.page.focus("#gkw-tab-grids")
    for _ in range(3):
        seen.page.keyboard.press("ArrowRight")
    assert seen.page.evaluate(_ROWS, "sites")[0][:2] == ["1", best["street"]]
    seen.page.click("#gkw-list-sites tbody tr:first-child button")
    assert f"{best['gains_people']:,}" in _card(seen)
    assert INK["draft-line"] in canvas.colours(seen.page, "cases", (best["lon"], best["lat"]), half=9)
    with seen.page.expect_download() as downloading:
        seen.page.click("#gkw-files [data-format=csv]")
    lines = Path(downloading.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + len(told("/sites")["sites"])
    area = told()["areas"][-1]
    seen.page.click("#gkw-tab-areas")
    seen.page.get_by_role("button", name=area["code"], exact=True).click()
    assert area["name"] in _card(seen)
    _a_building_tells_of_its_walk(seen, api, told)


def _a_building_tells_of_its_walk(seen: Visit, api: httpx2.Client, told: Ask) -> None:
    seen.page.check("#gk-layer-buildings")
    seen.settled()
    box = api.get("/layers/buildings/items", params={"scheme": "duty", "limit": 1}).json()["features"][0]
    lon, lat = box["geometry"]["coordinates"][0][0][0]
    far_lon, far_lat = box["geometry"]["coordinates"][0][0][2]
    place = ((lon + far_lon) / 2, (lat + far_lat) / 2)
    one = told("/building", lon=place[0], lat=place[1])["building"]
    assert one["source_id"] == box["properties"]["source_id"]
    grid = next(row for row in told()["grids"] if row["code"] == one["grid"]["code"])
    assert one["minutes"] <= grid["longest_min"]
    assert one["within"] == (one["minutes"] <= 15)
    assert one["station"]["name"] in [row["name"] for row in told()["stations"]]
    assert told("/building", lon=0, lat=0)["building"] is None
    seen.page.evaluate("([lon, lat]) => { gridkeeper.map.closePopup().setView([lat, lon], 17); }", list(place))
    seen.settled()
    seen.page.mouse.click(*canvas.spot(seen.page, place))
    card = _card(seen)
    assert one["name"] in card
    assert f"{one['minutes']:.1f} min" in card


def test_two_services_lie_beside_each_other_and_are_taken_along_from_a_phone(
    visit: Start, town_server: str, told: Ask
) -> None:
    seen = visit(width=390, height=844, accept_downloads=True)
    seen.open(f"{town_server}/reach?lang=zh")
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
    seen.page.click("[data-opens=gk-panel]:visible")
    seen.page.focus("#gkw-beside")
    seen.page.keyboard.press("Enter")
    painted = seen.settled()
    first, second = told(), told(service="clinic")
    assert (painted["stations"], painted["stations_2"]) == (len(first["stations"]), len(second["stations"]))
    assert painted["walks_2"] > 0
    assert seen.page.inner_text(".gk-map-caption-2") == "社区卫生服务中心，15 分钟"
    total = seen.page.inner_text("#gkw-total")
    for one in (first, second):
        assert _percent(one["total"]["people_share"]) in total
    for format_, begin in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        with seen.page.expect_download() as downloading:
            seen.page.click(f"#gkw-pictures [data-format={format_}]")
        content = Path(downloading.value.path()).read_bytes()
        assert content.startswith(begin)
        assert len(content) > 20_000
    seen.page.click("[data-opens=gk-list]:visible")
    assert seen.page.locator("#gkw-list-grids table").is_visible()
    assert seen.latin_words(set()) - {"CSV", "PNG", "PDF"} == set()
    seen.page.click("[data-opens=gk-panel]:visible")
    seen.page.click("#gkw-beside")
    assert not seen.page.locator(".gk-map-caption-2").is_visible()
    assert _complaints(seen) == []


def test_a_town_without_stations_says_so(visit: Start, town: Database) -> None:
    with town.owner.begin() as connection:
        connection.execute(text("DELETE FROM places"))
    with served(town) as url:
        seen = visit()
        painted = seen.open(f"{url}/reach?lang=en")
        assert "There are no stations" in seen.page.inner_text("#gk-empty")
        assert painted["grids"] > 0
        assert painted["stations"] == 0
        assert _complaints(seen) == []


def test_a_file_of_it_opens_alone(visit: Start, tmp_path: Path, api: httpx2.Client, told: Ask) -> None:
    items = api.get("/layers/grids/items", params={"scheme": "duty", "limit": 1000}).json()["features"]
    grids = geopandas.GeoDataFrame.from_features(items, crs=4326)
    bands, streets, sites = told("/area"), told("/streets"), told("/sites")
    file = tmp_path / "reach.html"
    reach_map(grids, told(), bands=bands, streets=streets, sites=sites).save(str(file))
    seen = visit()
    painted = seen.open(file.as_uri())
    assert painted["grids"] == len(grids)
    assert painted["walks"] == len(streets["features"])
    assert (painted["stations"], painted["sites"]) == (len(told()["stations"]), len(sites["sites"]))
    seen.page.select_option("#gkw-measure", "bands")
    assert seen.settled()["bands"] == len(bands["features"])
    assert seen.elsewhere(file.as_uri()) == []
    assert _complaints(seen) == []
    assert seen.violations() == []


def _legend_tells(seen: Visit, told: dict[str, Any], fills: dict[str, str]) -> None:
    counts = [text.split()[0] for text in seen.page.locator("[data-layer=ground] li b").all_inner_texts()]
    colours = [NONE, *SEQUENTIAL, INK["withheld"]]
    expected = [sum(fill == colour for fill in fills.values()) for colour in colours]
    assert [int(count) for count in counts] == (expected if expected[-1] else expected[:-1])
    assert seen.page.locator("[data-layer=walks] li span").all_inner_texts() == [
        *("0–5 min", "5–10 min", "10–15 min"),
        "More than 15 min",
    ]
    facts = seen.page.evaluate(_FACTS)
    assert facts["service"] == "Community service station"
    assert (facts["minutes"], facts["speed"]) == ("15 min", "4.8 km/h")
    assert facts["stations"] == str(len(told["stations"]))
    assert facts["people"] == f"{told['total']['people']:,}"
    assert facts["method"].startswith("Shortest way along the streets")
    assert facts["unit"]


def _table_tells(seen: Visit, told: dict[str, Any]) -> None:
    rows = {row[0]: row for row in seen.page.evaluate(_ROWS, "grids")}
    assert rows.keys() == {one["code"] for one in told["grids"]}
    for one in told["grids"]:
        people = "" if one["people"] is None else f"{one['people']:,}"
        told = (f"{one['buildings']:,}", _percent(one["share"]), people, _percent(one["people_share"]))
        assert tuple(rows[one["code"]][2:6]) == told


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100 + 1e-9:.1f}%"


def _colour(share: float | None) -> str:
    if share is None:
        return INK["withheld"]
    return NONE if share <= 0 else SEQUENTIAL[min(4, -int(-share * 5 // 1) - 1)]


def _card(seen: Visit) -> str:
    seen.page.wait_for_selector(".leaflet-popup .gk-card")
    seen.settled()
    return seen.page.inner_text(".leaflet-popup .gk-card")


def _complaints(seen: Visit) -> list[str]:
    """What the browser complained about; that these tests read pixels is none."""
    return [one for one in seen.complaints if "willReadFrequently" not in one]

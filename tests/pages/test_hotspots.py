"""The hot spots' page in a real browser: surfaces, statistics and clusters as they are painted, played and compared."""

from __future__ import annotations

import base64
import math
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from maps.styles import DENSITY, DIVERGING
from tests.pages import canvas
from tests.pages.browser import Visit

Start = Callable[..., Visit]
Ask = Callable[..., dict[str, Any]]
_STEP = """(nth) => {
  const slider = document.getElementById("gkh-time-at");
  slider.value = String(nth);
  slider.dispatchEvent(new Event("input"));
}"""
# Where a grid is in the middle, and how the first map's grids look by their codes.
_GRIDS = "Object.values(gridkeeper.map._layers).find((one) => one.setLooks)"
_MIDDLE = f"""(code) => {{
  const layer = {_GRIDS};
  const {{ spot }} = layer.grids.find((one) => one.properties.code === code);
  const at = layer.centre({{ box: [spot.x, spot.y, spot.x, spot.y] }});
  return [at.lng, at.lat];
}}"""
_LOOKS = f"""() => {{
  const layer = {_GRIDS};
  return Object.fromEntries(layer.grids.map(({{ properties: one }}) => [one.code, layer.counts[one.grid_no]]));
}}"""
_APART = """() => {
  const [one, other] = [gridkeeper.map, gridkeeper.hotspots.second.map()];
  const [here, there] = [one, other].map((each) => one.latLngToLayerPoint(each.getCenter()));
  return [one.getZoom() - other.getZoom(), here.distanceTo(there)];
}"""


class HotSpots:
    """Somebody at the page; `seen` is the browser."""

    def __init__(self, seen: Visit, base: str, query: str) -> None:
        self.seen, self.page = seen, seen.page
        self.painted = seen.open(f"{base}/hotspots?{query}")

    def choose(self, what: str) -> dict[str, int]:
        """Choose a kind of map: what is painted then."""
        self.page.check(f"[name=gkh-what][value={what}]", force=True)
        return self.seen.settled()

    def step(self, nth: int) -> dict[str, int]:
        """Go to a frame: what is painted then."""
        self.page.evaluate(_STEP, nth)
        return self.seen.settled()

    def classes(self, group: str = "found") -> dict[str, str]:
        """Texts of the legend's classes with what stands beside them."""
        rows = self.page.locator(f"[data-layer={group}] > ul li").all()
        return {row.locator("span").inner_text(): "".join(row.locator("b").all_inner_texts()) for row in rows}

    def fact(self, key: str, group: str = "found") -> str:
        """What the legend tells under one name."""
        return self.page.inner_text(f"[data-layer={group}] [data-fact={key}] dd")

    def rows(self) -> list[list[str]]:
        """What the table that is open says."""
        rows = "[...document.querySelectorAll('[role=tabpanel]:not([hidden]) tbody tr')]"
        found: list[list[str]] = self.page.evaluate(
            f"{rows}.map((row) => [...row.cells].map((one) => one.textContent))"
        )
        return found

    def open_list(self) -> None:
        """Open the list below the map, if it is not."""
        if not self.page.locator("#gk-list").is_visible():
            self.page.click("[data-opens=gk-list]:visible")

    def complaints(self) -> list[str]:
        """What the browser complained about; that these tests read pixels is none."""
        return [one for one in self.seen.complaints if "willReadFrequently" not in one]


@pytest.fixture(scope="module")
def told(town_server: str) -> Iterator[Ask]:
    """Ask the service about the days that the page begins with."""
    with httpx2.Client(base_url=f"{town_server}/api/v1", timeout=60) as client:
        counts = client.get("/layers/grids/counts", params={"scheme": "duty"}).json()

        @cache
        def ask(part: str, **more: str) -> dict[str, Any]:
            answer = client.get(f"/hotspots/{part}", params={"scheme": "duty", **more})
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

        assert counts["total"] > 3000
        yield ask


def test_a_heat_surface_is_painted_in_the_classes_that_its_legend_tells_and_played_by_month(
    visit: Start, town_server: str, told: Ask
) -> None:
    spots = HotSpots(visit(height=900), town_server, "lang=en")
    days = _days(spots)
    whole = told("density", bandwidth_m="200", **days)
    assert spots.painted["density"] > 10_000
    assert [text.replace(",", "") for text in spots.classes()] == _classes(whole["classes"])
    assert (spots.fact("n"), spots.fact("bandwidth"), spots.fact("unit")) == (
        f"{whole['n']:,}",
        "200 m",
        "cases per km²",
    )
    assert spots.fact("method") == "Gaussian kernel"
    assert spots.fact("period").startswith(days["from"])
    # At the peak lies the colour of the last class.
    place = _peak(whole["image"])
    assert _near(canvas.inks(spots.page, "density", place, half=3), DENSITY[-1])
    highest = [float(row[2].replace(",", "")) for row in spots.rows()]
    assert highest[0] == pytest.approx(whole["image"]["frames"][0]["peak"], rel=0.01)
    assert highest == sorted(highest, reverse=True)

    spots.page.select_option("#gkh-step", "month")
    painted = spots.seen.settled()
    months = told("density", bandwidth_m="200", step="month", **days)
    assert [row[1] for row in spots.rows()] == [f"{frame['n']:,}" for frame in months["image"]["frames"]]
    assert painted["frame"] == -1
    painted = spots.step(1)
    assert painted["frame"] == 1
    assert spots.fact("n") == f"{months['image']['frames'][1]['n']:,}"
    assert [text.replace(",", "") for text in spots.classes()] == _classes(months["classes"])
    spots.page.focus("#gkh-time-at")
    spots.page.keyboard.press("ArrowRight")
    assert spots.seen.settled()["frame"] == 2

    # The cases of a place are those of the frame that is shown.
    spots.page.mouse.click(*canvas.spot(spots.page, place))
    spots.page.click(".gk-card .gk-link")
    spots.seen.settled()
    frame = months["image"]["frames"][2]
    days_of_cases = {row[3][:10] for row in spots.rows()}
    assert frame["from"] <= min(days_of_cases) <= max(days_of_cases) <= frame["to"]
    assert spots.complaints() == []
    assert spots.seen.elsewhere(town_server) == []


def test_grids_look_as_the_statistic_says_and_open_into_their_cases_and_files(
    visit: Start, town_server: str, told: Ask
) -> None:
    spots = HotSpots(visit(height=900, accept_downloads=True), town_server, "lang=en&what=gi&permutations=999")
    days = _days(spots)
    found = told("grids", statistic="gi", permutations="999", **days)
    kinds = Counter(_kind(one) for one in found["grids"])
    told_classes = {text: value.removesuffix(" grids") for text, value in spots.classes().items()}
    for confidence in (99, 95, 90):
        assert told_classes[f"Hot, {confidence}% confidence"] == str(kinds[f"hot-{confidence}"])
    assert told_classes["Not significant"] == str(kinds["none"])
    holding = sum(one["found"] for one in found["grids"])
    assert told_classes["Outlined: holds against false discoveries"] == str(holding)
    assert (spots.fact("permutations"), spots.fact("seed")) == ("999", str(found["seed"]))
    assert spots.painted["grids"] == len(found["grids"]) == spots.painted["rows"]
    looks = spots.page.evaluate(_LOOKS)
    colours = {"hot-99": DIVERGING[6], "hot-95": DIVERGING[5], "hot-90": DIVERGING[4], "none": DIVERGING[3]}
    for one in found["grids"]:
        assert looks[one["code"]]["colour"] == colours.get(_kind(one), looks[one["code"]]["colour"])
        assert looks[one["code"]]["found"] == one["found"]

    hottest = max(found["grids"], key=lambda one: one["z"])
    assert spots.rows()[0][:3] == [hottest["code"], hottest["name"], str(hottest["cases"])]
    spots.page.mouse.click(*canvas.spot(spots.page, spots.page.evaluate(_MIDDLE, hottest["code"])))
    card = spots.page.inner_text(".gk-card")
    assert [hottest["name"] in card, f"{hottest['z']:.2f}" in card] == [True, True]
    spots.page.click(".gk-card .gk-link")
    assert spots.seen.settled()["points"] == hottest["cases"] == len(spots.rows())
    number = spots.rows()[0][0]
    spots.page.click("#gkh-list-cases tbody tr:first-child button")
    spots.seen.settled()
    assert spots.page.inner_text(".gk-card h2") == number
    assert spots.page.get_attribute(".gk-card a[href*=dispatch]", "href") == f"/dispatch?case={number}"
    with spots.page.expect_download() as downloading:
        spots.page.click("#gkh-files [data-file=csv]")
    assert Path(downloading.value.path()).read_text(encoding="utf-8").count("\n") == len(found["grids"]) + 1
    assert spots.complaints() == []


def test_two_periods_lie_side_by_side_and_move_together(visit: Start, town_server: str, told: Ask) -> None:
    spots = HotSpots(visit(accept_downloads=True), town_server, "lang=en")
    spots.page.check("#gkh-compare")
    painted = spots.seen.settled()
    days = _days(spots)
    other = {"from": spots.page.input_value("#gkh-from2"), "to": spots.page.input_value("#gkh-to2")}
    assert other["to"] < days["from"]
    assert all(f"{key}2={value}" in spots.page.url for key, value in other.items())
    answers = [told("density", bandwidth_m="200", **one) for one in (days, other)]
    assert painted["density"] > 0 < painted["density_2"]
    assert painted["grids_2"] == painted["grids"] > 100
    # One legend is for both: the classes of the one that reaches higher.
    widest = max((one["classes"] for one in answers), key=lambda classes: classes[-1])
    assert [text.replace(",", "") for text in spots.classes()] == _classes(widest)
    assert (spots.fact("n"), spots.fact("n", "other")) == tuple(f"{one['n']:,}" for one in answers)
    assert [f"{one['n']:,} cases" in text for one, text in zip(answers, _captions(spots), strict=True)] == [True, True]

    box = spots.page.locator(".gk-map-second").bounding_box()
    assert box is not None
    spots.page.mouse.move(box["x"] + 200, box["y"] + 200)
    spots.page.mouse.down()
    spots.page.mouse.move(box["x"] + 80, box["y"] + 120, steps=4)
    spots.page.mouse.up()
    spots.seen.settled()
    zoom, pixels = spots.page.evaluate(_APART)
    assert (zoom, pixels) == (0, pytest.approx(0, abs=2))
    with spots.page.expect_download() as downloading:
        spots.open_list()
        spots.page.click("#gkh-files [data-format=png]")
    assert Path(downloading.value.path()).read_bytes()[:4] == b"\x89PNG"
    spots.page.select_option("#gkh-step", "month")
    # Not the first day of the sample: that began in the middle of it, or hardly at all.
    day = str(date.fromisoformat(other["from"]) + timedelta(days=20))
    spots.page.fill("#gkh-from2", day)
    spots.seen.settled()
    spots.page.fill("#gkh-to2", day)
    spots.seen.settled()
    # The other period has a single step, which stays and has its own cases.
    painted = spots.step(1)
    assert (painted["frame"], painted["density_2"] > 0) == (1, True)
    spots.page.click(".gk-map-second", position={"x": 150, "y": 150})
    spots.page.click(".gk-map-second .gk-card .gk-link")
    spots.seen.settled()
    assert {row[3][:10] for row in spots.rows()} <= {day}
    spots.page.uncheck("#gkh-compare")
    spots.seen.settled()
    assert not spots.page.locator(".gk-map-second").is_visible()
    assert spots.complaints() == []


def test_clusters_what_became_of_grids_and_near_repeats_are_told(visit: Start, town_server: str, told: Ask) -> None:
    spots = HotSpots(visit(height=900), town_server, "lang=en&what=clusters")
    days = _days(spots)
    clusters = told("clusters", within_m="100", least="20", **days)
    assert spots.painted["clusters"] == len(clusters["features"]) == len(spots.rows()) > 3
    assert sum(int(value.split()[0]) for value in spots.classes().values()) == len(clusters["features"])
    assert int(spots.fact("noise").replace(",", "")) == clusters["noise"]
    spots.page.click("#gkh-list-found tbody tr:last-child button")
    spots.page.click(".gk-card .gk-link")
    spots.seen.settled()
    last = clusters["features"][-1]["properties"]
    assert {row[0] for row in spots.rows()} == set(last["cases"])

    spots.choose("emerging")
    grids = told("emerging", **days)
    assert "what=emerging" in spots.page.url
    by_class = Counter(one["class"] for one in grids["grids"])
    assert spots.classes()["No pattern"] == f"{by_class['none']} grids"
    assert len(spots.classes()) == len(by_class | Counter({"none": 1}))
    week = spots.step(0)
    assert week["frame"] == 0
    assert spots.fact("n") == f"{sum(one['weeks'][0] for one in grids['grids']):,}"
    some = next(one for one in grids["grids"] if 0 < one["weeks"][0] < one["cases"])
    spots.page.click(f"#gkh-list-found tbody button:text-is('{some['code']}')")
    in_all, in_week = spots.page.locator(".gk-card .gk-link").all()
    assert (in_all.inner_text(), in_week.inner_text().split(" (")[0]) == (str(some["cases"]), str(some["weeks"][0]))
    spots.step(1)
    in_week.click()
    spots.seen.settled()
    assert len(spots.rows()) == some["weeks"][0]
    in_all.click()
    spots.seen.settled()
    assert len(spots.rows()) == some["cases"]

    spots.page.check("[name=gk-preset][value='30']", force=True)
    spots.choose("near")
    near = told("near-repeat", **_days(spots))["rows"]
    assert [row[0] for row in _ratios(spots)] == [
        "–" if one["ratio"] is None else f"{one['ratio']:.2f}" for one in near
    ]
    assert spots.fact("permutations", "near") == "999"
    assert spots.complaints() == []


def test_the_page_speaks_chinese_fits_a_phone_and_says_that_there_is_nothing(visit: Start, town_server: str) -> None:
    spots = HotSpots(visit(width=390, height=844), town_server, "lang=zh&what=moran&matter=09&hours=18-6")
    assert spots.page.evaluate("document.documentElement.scrollWidth") == 390
    spots.page.click("[data-opens=gk-panel]:visible")
    spots.page.focus("[name=gkh-what]:checked")
    spots.page.keyboard.press("ArrowRight")
    assert spots.seen.settled()["clusters"] > 0, "kinds of maps are chosen by the arrow keys"
    assert (spots.fact("matter"), spots.fact("hours")) == ("街面秩序类", "18:00–06:00")
    assert int(spots.fact("without_hour")) > 0, "bare dates have no hour"
    spots.page.click("[data-opens=gk-list]:visible")
    assert spots.page.locator("#gkh-list-found table").is_visible()
    assert spots.seen.latin_words(set()) == set()

    spots.page.click("[data-opens=gk-panel]:visible")
    spots.page.fill("#gk-to", "2020-02-01")
    spots.page.fill("#gk-from", "2020-01-01")
    for what in ("density", "gi", "clusters", "near", "emerging"):
        painted = spots.choose(what)
        assert (painted["rows"], painted["density"], painted["clusters"]) == (0, 0, 0), what
        assert "没有案件" in spots.page.inner_text("#gk-empty")
    spots.page.fill("#gk-to", "2020-01-04")
    spots.seen.settled()
    assert "四整周" in spots.page.inner_text("#gk-empty"), "why there is no answer stands where the map is"
    errors = [one for one in spots.complaints() if "emerging" not in one]
    assert errors == [], "the browser notes what the service refuses, and nothing else"


def _days(spots: HotSpots) -> dict[str, str]:
    return {key: spots.page.input_value(f"#gk-{key}") for key in ("from", "to")}


def _captions(spots: HotSpots) -> list[str]:
    return spots.page.locator(".gk-map-caption").all_inner_texts()


def _ratios(spots: HotSpots) -> list[list[str]]:
    return [text.split() for text in spots.page.locator(".gkh-near td").all_inner_texts()]


def _kind(row: dict[str, Any]) -> str:
    return "none" if row["hot"] == "none" else f"{row['hot']}-{row['confidence']}"


def _classes(bounds: list[float]) -> list[str]:
    lowers = [bounds[0] / 10, *bounds[:-1]]
    return [f"{lower:g}–{upper:g}" for lower, upper in zip(lowers, bounds, strict=True)]


def _peak(image: dict[str, Any]) -> tuple[float, float]:
    """Longitude and latitude of the highest value of an image."""
    values = np.frombuffer(base64.b64decode(image["frames"][0]["data"]), dtype="<u2")
    row, column = divmod(int(np.argmax(np.where(values == image["none"], 0, values))), image["width"])
    lon = image["west"] + (column + 0.5) / image["width"] * (image["east"] - image["west"])
    north, south = (math.asinh(math.tan(math.radians(image[side]))) for side in ("north", "south"))
    return lon, math.degrees(math.atan(math.sinh(north + (row + 0.5) / image["height"] * (south - north))))


def _near(inks: list[list[int]], colour: str) -> bool:
    """Whether a colour is among those painted; the browser rounds what is half clear."""
    wanted = canvas.parts_of(colour)
    return any(sum(abs(a - b) for a, b in zip(ink, wanted, strict=False)) < 6 for ink in inks)

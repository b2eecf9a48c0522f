"""The whole way of a planner in a real browser: split, drag, be refused, publish, look back."""

from __future__ import annotations

import re
from collections import defaultdict
from math import cos, radians
from typing import Any

import httpx2
import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from maps.styles import INK
from tests.pages.planning import Place, Planner, Start, between, changed, grids

# How far a corner is dragged at zoom 16, in pixels to the east and the south.
DRAGGED = (14, 10)


def open_cases(api: httpx2.Client) -> list[dict[str, Any]]:
    """Open cases with a grid, as GeoJSON."""
    found = api.get("/layers/cases/items", params={"scheme": "duty", "limit": 10_000}).json()["features"]
    done = ("archived", "assessed", "verified")
    return [one for one in found if one["properties"]["state"] not in done and one["properties"]["grid_code"]]


def busiest(api: httpx2.Client) -> tuple[dict[str, Any], float]:
    """The grid with most open cases of those that a line across their middle third halves, and that latitude."""
    by_grid: dict[str, list[float]] = defaultdict(list)
    for one in open_cases(api):
        by_grid[one["properties"]["grid_code"]].append(one["geometry"]["coordinates"][1])
    found: list[tuple[int, dict[str, Any], float]] = []
    for grid in grids(api):
        latitudes = sorted(by_grid[grid["properties"]["code"]])
        _, south, _, north = shape(grid["geometry"]).bounds
        if latitudes and 1 / 3 < (latitudes[len(latitudes) // 2] - south) / (north - south) < 2 / 3:
            found.append((len(latitudes), grid, latitudes[len(latitudes) // 2]))
    _, grid, latitude = max(found, key=lambda one: one[0])
    return grid, latitude


def across(grid: dict[str, Any], latitude: float) -> tuple[Place, Place]:
    """The ends of a line over a grid at a latitude, outside of it."""
    west, _, east, _ = shape(grid["geometry"]).bounds
    reach = (east - west) * 0.08
    return (west - reach, latitude), (east + reach, latitude)


def shared_corner(features: list[dict[str, Any]], near: Place, *, without: int) -> tuple[Place, set[int]]:
    """The nearest corner of three grids or more, but not of one grid, with room to drag it; and their numbers."""
    ground = {one["properties"]["grid_no"]: shape(one["geometry"]) for one in features}
    owners: dict[Place, set[int]] = defaultdict(set)
    for one in features:
        for lon, lat in shapely.get_coordinates(shape(one["geometry"])).tolist():
            owners[lon, lat].add(one["properties"]["grid_no"])
    spots = [spot for spot, numbers in owners.items() if len(numbers) >= 3 and without not in numbers]
    by_distance = sorted(spots, key=lambda one: (one[0] - near[0]) ** 2 + (one[1] - near[1]) ** 2)
    spot = next(one for one in by_distance if has_room(one, [ground[number] for number in owners[one]]))
    return spot, owners[spot]


def has_room(spot: Place, holders: list[BaseGeometry]) -> bool:
    """Whether the grids of a corner still lie side by side on the same ground after `drag`."""
    degrees = 360 / (256 * 2**16)
    to = (spot[0] + DRAGGED[0] * degrees, spot[1] - DRAGGED[1] * degrees * cos(radians(spot[1])))
    moved = [shapely.transform(one, lambda xy: np.where((xy == spot).all(axis=1)[:, None], to, xy)) for one in holders]
    if not all(shapely.is_valid(moved)):
        return False
    before, after = (shapely.union_all(ground) for ground in (holders, moved))
    same = shapely.area(shapely.symmetric_difference(before, after)) < 1e-15
    return bool(same and abs(sum(shapely.area(moved)) - shapely.area(after)) < 1e-15)


def test_a_planner_splits_drags_is_refused_publishes_and_looks_back(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    before = grids(api)
    planner = Planner.start(visit, town_server, height=900)
    planner.page.fill("#gkp-actor", "王规划")
    planner.page.press("#gkp-actor", "Tab")
    draft = planner.begin("负荷调整")
    new, number, middle = split_the_busiest(planner, api)
    # What the grids of the corner gain and lose by it is all that they gain and lose: the halved one is not among them.
    corner, holders = shared_corner(before, middle, without=number)
    pointer = drag(planner, corner, holders)
    moved = api.get(f"/drafts/{draft}").json()["revision"]
    drag_too_far(planner, pointer)
    assert api.get(f"/drafts/{draft}").json()["revision"] == moved, "what is refused is not saved"

    moving = re.findall(r"\d+", planner.page.inner_text("#gkp-cases .gk-note"))
    publish(planner)
    assert int(planner.status().rpartition("cases moved: ")[2].rstrip(".")) > 0
    assert new["properties"]["grid_no"] in {one["properties"]["grid_no"] for one in grids(api)}
    planner.look_at(middle, zoom=13)
    assert planner.painted()["grids"] == len(before) + 1
    versions = api.get("/schemes/duty/versions").json()["versions"]
    assert (versions[-1]["actor"], versions[-1]["reason"]) == ("王规划", "the busiest grid in two")
    the_case_map_tells_of(planner, moving[0])
    assert planner.painted()["grids"] > 0

    planner = Planner.start(visit, town_server, height=900)
    look_back(planner, middle, count=len(before))
    assert planner.complaints() == []
    assert planner.seen.violations() == []


def split_the_busiest(planner: Planner, api: httpx2.Client) -> tuple[dict[str, Any], int, Place]:
    """Split the grid with most open cases, watching what is shown: new grid, number of the old one, new border."""
    grid, latitude = busiest(api)
    number = grid["properties"]["grid_no"]
    west, east = across(grid, latitude)
    planner.look_at(((west[0] + east[0]) / 2, latitude), zoom=15)
    planner.take("split")
    planner.draw(west)
    planner.move(east, steps=8)
    assert planner.painted()["proposed"] == 2, "the two halves are shown before anything is saved"
    assert planner.table(number)["area_m2"][2].startswith("▼")
    planner.draw(east)
    planner.page.keyboard.press("Enter")
    assert planner.saved()["proposed"] == 0
    assert planner.count_of(INK["draft-line"], pane="sketch") == 0
    drawn = changed(api, planner.draft())
    new = next(one for one in drawn.values() if one["properties"]["status"] == "new")
    middle = between(new, drawn[number])
    assert planner.has_border(middle)
    return new, number, middle


def drag(planner: Planner, corner: Place, holders: set[int]) -> tuple[float, float]:
    """Drag a shared corner a little, watching its grids and what the panel tells of them: where the pointer is then."""
    planner.look_at(corner)
    planner.take("move")
    planner.move(corner)
    planner.page.mouse.down()
    x, y = planner.pixels(corner)
    # Free of the streets: along one that is a border already nothing would change hands.
    planner.page.keyboard.down("Alt")
    planner.page.mouse.move(x + DRAGGED[0], y + DRAGGED[1], steps=10)
    assert planner.painted()["moving"] == len(holders) >= 3, "all grids that have the corner move with it"
    # The panel follows the hand: an answer to an earlier step of it may still stand there.
    cells = ", ".join(f"#gkp-grids [data-grid='{number}'] [data-measure=area_m2]" for number in holders)
    planner.page.wait_for_function(
        "(cells) => ['▲', '▼'].every((way) => "
        "[...document.querySelectorAll(cells)].some((row) => row.lastElementChild.textContent.startsWith(way)))",
        arg=cells,
    )
    assert planner.status() == "Possible; not saved yet"
    planner.page.mouse.up()
    planner.page.keyboard.up("Alt")
    assert planner.saved()["moving"] == 0
    return x + DRAGGED[0], y + DRAGGED[1]


def drag_too_far(planner: Planner, pointer: tuple[float, float]) -> None:
    """Drag the corner under the pointer over other borders: it is red, said in words, and put back."""
    planner.page.mouse.down()
    planner.page.mouse.move(pointer[0] + 330, pointer[1] + 40, steps=12)
    assert planner.painted()["problems"] >= 1
    assert planner.count_of(INK["problem"], pane="sketch") > 50
    assert "Borders would cross" in planner.page.inner_text("#gkp-problems")
    planner.page.mouse.up()
    planner.page.wait_for_function("() => document.getElementById('gk-status').textContent.startsWith('Not saved')")
    after = planner.painted()
    assert (after["moving"], after["problems"]) == (0, 1), "the corner is back, and the place still shown"


def look_back(planner: Planner, border: Place, *, count: int) -> None:
    """Yesterday's map has so many grids and no border there; back in the present it is there."""
    planner.look_at(border, zoom=13)
    planner.page.click("#gkp-tab-history")
    planner.page.click("#gkp-day-form button")
    planner.page.wait_for_selector("#gkp-past:visible")
    assert planner.painted()["grids"] == count, "yesterday the new grid was not there"
    planner.look_at(border, zoom=15)
    assert not planner.has_border(border)
    planner.page.click("#gkp-past-leave")
    planner.page.wait_for_selector("#gkp-past", state="hidden")
    planner.painted()
    assert planner.has_border(border)


def publish(planner: Planner) -> None:
    """Read the dialog, give a reason, publish, and wait until it is done."""
    planner.page.click("#gkp-tab-draft")
    planner.page.click("#gkp-publish-open")
    planner.page.wait_for_selector("#gkp-publish-go:not([disabled])")
    assert "new: 1, ended: 0" in planner.page.inner_text("#gkp-publish-sum")
    planner.page.fill("#gkp-reason", "the busiest grid in two")
    planner.page.click("#gkp-publish-go")
    planner.page.wait_for_function(
        "() => document.getElementById('gk-status').textContent.startsWith('Version 2 is published')"
    )
    assert "New draft" in planner.page.inner_text("#gk-empty")


def the_case_map_tells_of(planner: Planner, number: str) -> None:
    """A case that moved says so on the page of cases."""
    planner.seen.open(f"{planner.base}/?scheme=duty&lang=en")
    planner.page.fill("#gk-number", number)
    planner.page.press("#gk-number", "Enter")
    planner.page.wait_for_selector(".leaflet-popup .gk-card")
    assert "By boundary version 2 grid" in planner.page.inner_text(".leaflet-popup .gk-card")

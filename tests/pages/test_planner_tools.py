"""Each tool of the planner by hand: what it shows while it is used, and what it leaves."""

from __future__ import annotations

import httpx2
import pytest
import shapely
from shapely.geometry import shape

from maps.styles import INK
from tests.pages.planning import Planner, Start, beside, changed, grids, halving, has_colour, middle_of


def test_two_grids_are_merged_into_the_first_one_clicked(visit: Start, town_server: str, api: httpx2.Client) -> None:
    one = grids(api)[20]
    other = beside(api, one)
    planner = Planner.start(visit, town_server)
    draft = planner.begin("merge")
    planner.look_at(middle_of(one), zoom=15)
    before = planner.painted()["grids"]
    planner.take("merge")
    planner.draw(middle_of(one), middle_of(other))
    assert planner.painted()["proposed"] == 1
    assert one["properties"]["name"] in planner.page.inner_text("#gkp-options")
    planner.page.click("#gkp-finish")
    assert planner.saved()["grids"] == before - 1
    found = api.get(f"/drafts/{draft}/changes").json()
    assert found["ended"] == [other["properties"]["grid_no"]]
    assert planner.complaints() == []


def test_ground_inside_a_drawn_area_goes_to_a_neighbour(visit: Start, town_server: str, api: httpx2.Client) -> None:
    giver = grids(api)[45]
    taker = beside(api, giver)
    border = shapely.intersection(shape(giver["geometry"]), shape(taker["geometry"]))
    spot = border.interpolate(0.5, normalized=True) if border.geom_type == "LineString" else border.centroid
    reach = shapely.length(border) * 0.2
    west, south, east, north = spot.buffer(reach).bounds
    planner = Planner.start(visit, town_server)
    draft = planner.begin("give")
    planner.look_at((spot.x, spot.y), zoom=17)
    planner.page.click("#gkp-snap")
    planner.take("give")
    planner.click(middle_of(taker)) if planner.in_view(middle_of(taker)) else planner.choose(taker)
    assert taker["properties"]["name"] in planner.page.inner_text("#gkp-options")
    planner.draw((west, south), (east, south), (east, north), (west, north))
    assert "Who gives what to whom" in planner.page.inner_text("#gkp-effects")
    planner.page.keyboard.press("Enter")
    planner.saved()
    drawn = changed(api, draft)
    had, has = shape(taker["geometry"]).area, shape(drawn[taker["properties"]["grid_no"]]["geometry"]).area
    assert has > had
    planner.page.click("#gkp-transfers button")
    assert planner.painted()["shapes"] > 0, "the ground that is given is shown"
    assert planner.complaints() == []


def test_buildings_are_given_by_clicking_them(visit: Start, town_server: str, api: httpx2.Client) -> None:
    buildings = api.get("/layers/buildings/items", params={"scheme": "duty", "limit": 2000}).json()["features"]
    giver = grids(api)[33]
    taker = beside(api, giver)
    ground = shape(giver["geometry"])
    building = next(one for one in buildings if ground.contains(shape(one["geometry"])))
    planner = Planner.start(visit, town_server)
    draft = planner.begin("buildings")
    planner.look_at(middle_of(building), zoom=17)
    planner.choose(taker)
    planner.take("give")
    planner.page.check("#gkp-options input[type=checkbox]")
    planner.click(middle_of(building))
    assert planner.painted()["proposed"] >= 1
    planner.page.click("#gkp-finish")
    planner.saved()
    taken = shape(changed(api, draft)[taker["properties"]["grid_no"]]["geometry"])
    assert taken.covers(shapely.point_on_surface(shape(building["geometry"])))


def test_a_dedicated_grid_gets_the_name_it_is_given(visit: Start, town_server: str, api: httpx2.Client) -> None:
    ground = shape(grids(api)[77]["geometry"])
    west, south, east, north = shapely.point_on_surface(ground).buffer(0.0006).bounds
    planner = Planner.start(visit, town_server)
    draft = planner.begin("carve")
    planner.look_at(((west + east) / 2, (south + north) / 2), zoom=17)
    planner.page.click("#gkp-snap")
    planner.take("carve")
    planner.page.fill("#gkp-carve-name", "商场专属网格")
    planner.draw((west, south), (east, south), (east, north), (west, north))
    planner.page.click("#gkp-finish")
    planner.saved()
    names = {one["properties"]["name"] for one in changed(api, draft).values()}
    assert "商场专属网格" in names
    assert has_colour(planner.inks(((west + east) / 2, south + (north - south) * 0.15)), INK["new"])


def test_a_corner_is_added_to_all_grids_that_have_the_border(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    one = grids(api)[55]
    other = beside(api, one)
    border = shapely.line_merge(shapely.intersection(shape(one["geometry"]), shape(other["geometry"])))
    xy = shapely.get_coordinates(shapely.get_parts(border)[0])
    longest = max(range(len(xy) - 1), key=lambda at: shapely.LineString(xy[at : at + 2]).length)
    place = tuple(((xy[longest] + xy[longest + 1]) / 2).tolist())
    planner = Planner.start(visit, town_server)
    draft = planner.begin("add")
    planner.look_at(place, zoom=18)
    planner.take("add")
    planner.click(place)
    planner.saved()
    assert {one["properties"]["grid_no"], other["properties"]["grid_no"]} <= changed(api, draft).keys()


def test_the_divider_shows_the_published_grids_on_its_left_and_obeys_keys(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    grid = grids(api)[40]
    planner = Planner.start(visit, town_server)
    planner.begin("swipe")
    planner.split(grid)
    planner.page.click("#gkp-swipe")
    assert planner.painted()["published"] > 0
    clip = "getComputedStyle(document.querySelector('.leaflet-published-pane')).clip"
    half = planner.page.evaluate(clip)
    planner.page.keyboard.press("ArrowLeft")
    assert planner.page.get_attribute(".gkp-divider", "aria-valuenow") == "48"
    assert planner.page.evaluate(clip) != half
    planner.page.keyboard.press("End")
    assert planner.page.get_attribute(".gkp-divider", "aria-valuenow") == "100"
    planner.page.click("#gkp-swipe")
    assert planner.painted()["published"] == 0
    assert not planner.page.locator(".gkp-divider").is_visible()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_who_had_a_place_is_told_by_a_click(visit: Start, town_server: str, api: httpx2.Client, lang: str) -> None:
    grid = grids(api)[15]
    planner = Planner.start(visit, town_server, query=f"scheme=duty&lang={lang}")
    planner.page.click("#gkp-tab-history")
    planner.click(middle_of(grid))
    planner.page.wait_for_selector("#gkp-owners li")
    told = planner.page.inner_text("#gkp-owners")
    assert grid["properties"]["name"] in told
    assert grid["properties"]["lead"] in told


def test_a_suggestion_is_shown_and_goes_into_the_draft_when_taken(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    planner = Planner.start(visit, town_server)
    draft = planner.begin("suggest")
    planner.page.keyboard.press("b")
    planner.page.click("#gkp-suggest-form button")
    planner.page.wait_for_selector("#gkp-suggestions li button", timeout=60_000)
    planner.page.click("#gkp-suggestions li:first-child .gk-link")
    assert planner.painted()["shapes"] > 0
    assert changed(api, draft) == {}, "nothing happens unasked"
    planner.page.click("#gkp-suggestions li:first-child .gk-button")
    planner.saved()
    assert len(changed(api, draft)) >= 2
    assert planner.complaints() == []


def test_selected_grids_are_divided_anew_and_it_is_undone_like_any_edit(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    one = grids(api)[50]
    other = beside(api, one)
    numbers = {one["properties"]["grid_no"], other["properties"]["grid_no"]}
    ground = shapely.union_all([shape(one["geometry"]), shape(other["geometry"])])
    planner = Planner.start(visit, town_server)
    draft = planner.begin("partition")
    planner.look_at(middle_of(one), zoom=15)
    planner.click(middle_of(one))
    planner.page.keyboard.down("Shift")
    planner.click(middle_of(other))
    planner.page.keyboard.up("Shift")
    assert planner.page.inner_text("#gkp-selection") == "Grids selected: 2"
    planner.page.click("#gkp-tab-suggest")
    planner.page.click("text=Divide the selected grids anew")
    planner.page.fill("#gkp-parts", "3")
    planner.page.select_option("#gkp-suggest-measure", "households")
    planner.page.click("#gkp-partition-form button")
    planner.page.wait_for_function("() => gridkeeper.desk.store.now().revision === 2", timeout=60_000)
    planner.painted()
    drawn = changed(api, draft)
    assert numbers < drawn.keys()
    assert len(drawn) == 3, "the two grids and a new one"
    divided = shapely.union_all([shape(cell["geometry"]) for cell in drawn.values()])
    assert shapely.symmetric_difference(divided, ground).area < 1e-5 * ground.area, "but for the eight decimals"
    new = next(cell for cell in drawn.values() if cell["properties"]["status"] == "new")
    assert has_colour(planner.inks(middle_of(new), half=20), INK["new"])
    planner.page.keyboard.press("Control+z")
    planner.painted()
    assert changed(api, draft) == {}
    assert not has_colour(planner.inks(middle_of(new), half=20), INK["new"])
    assert planner.complaints() == []


def test_a_line_is_drawn_by_keys_alone(visit: Start, town_server: str, api: httpx2.Client) -> None:
    grid = grids(api)[60]
    planner = Planner.start(visit, town_server)
    draft = planner.begin("line by keys")
    planner.look_at(middle_of(grid), zoom=16)
    (west, _), (east, _) = (planner.pixels(end) for end in halving(grid))
    x, _ = planner.pixels(middle_of(grid))
    planner.page.focus(".folium-map")
    planner.page.keyboard.press("s")
    planner.page.keyboard.press("Space")
    assert planner.page.locator(".gkp-cross").is_visible()
    steps = round(x - west) // 64 + 1
    for _ in range(steps):
        planner.page.keyboard.press("Shift+ArrowLeft")
    planner.page.keyboard.press("Space")
    for _ in range(steps + round(east - x) // 64 + 1):
        planner.page.keyboard.press("Shift+ArrowRight")
    planner.page.keyboard.press("Space")
    assert planner.painted()["proposed"] == 2
    planner.page.keyboard.press("Enter")
    planner.saved()
    drawn = changed(api, draft)
    assert grid["properties"]["grid_no"] in drawn
    assert [one["properties"]["status"] for one in drawn.values()].count("new") == 1
    planner.page.keyboard.press("Escape")
    assert not planner.page.locator(".gkp-cross").is_visible()
    assert planner.complaints() == []

"""Nothing a planner does is lost: undo and redo, two at one draft, the service away, keys in place of the mouse."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import shapely
from playwright.sync_api import Route
from shapely.geometry import shape

from tests.pages.planning import Place, Planner, Start, beside, between, changed, grids, halving, middle_of


def test_undo_and_redo_by_keys_repaint_what_changed(visit: Start, town_server: str, api: httpx2.Client) -> None:
    grid = grids(api)[40]
    planner = Planner.start(visit, town_server)
    draft = planner.begin("undo")
    planner.split(grid)
    drawn = changed(api, draft)
    new = next(number for number, one in drawn.items() if one["properties"]["status"] == "new")
    middle = between(drawn[new], drawn[grid["properties"]["grid_no"]])
    for keys, is_split in (("Control+z", False), ("Control+Shift+z", True), ("Control+z", False), ("Control+y", True)):
        planner.page.keyboard.press(keys)
        planner.painted()
        assert planner.has_border(middle) is is_split, keys
        assert (new in changed(api, draft)) is is_split, keys
    assert planner.page.locator("#gkp-redo").is_disabled()
    assert planner.complaints() == []


def test_a_second_planner_is_told_who_was_faster_and_loses_nothing(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    one, other = grids(api)[30], grids(api)[80]
    first = Planner.start(visit, town_server)
    first.page.fill("#gkp-actor", "李规划")
    first.page.press("#gkp-actor", "Tab")
    draft = first.begin("together")
    second = Planner.start(visit, town_server, query=f"scheme=duty&lang=en&draft={draft}")
    first.split(one)
    second.look_at(middle_of(other))
    second.take("split")
    second.draw(*halving(other))
    second.page.keyboard.press("Enter")
    second.page.wait_for_selector("#gkp-conflict button")
    told = second.page.inner_text("#gkp-conflict")
    assert "李规划 changed this draft" in told
    assert "split a grid" in told
    assert "not lost" in told
    assert len([one for one in changed(api, draft).values() if one["properties"]["status"] == "new"]) == 1
    second.page.click("text=Load the newest and do my step again")
    second.saved()
    second.move(middle_of(other))
    second.painted()
    assert second.page.locator("#gkp-finish").is_hidden(), "the line is not in the hand any more"
    drawn = changed(api, draft)
    assert len([one for one in drawn.values() if one["properties"]["status"] == "new"]) == 2
    assert {one["properties"]["grid_no"], other["properties"]["grid_no"]} <= drawn.keys()
    assert second.complaints() == []


def test_an_edit_made_while_the_service_is_away_is_saved_when_it_is_back(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    grid = grids(api)[50]
    planner = Planner.start(visit, town_server)
    draft = planner.begin("away")
    planner.look_at(middle_of(grid))
    planner.take("split")
    planner.draw(*halving(grid))
    planner.page.route(re.compile(r"/(api|healthz)"), lambda route: route.abort())
    planner.page.keyboard.press("Enter")
    planner.page.wait_for_selector(".gk-banner")
    assert changed(api, draft) == {}
    planner.page.unroute(re.compile(r"/(api|healthz)"))
    planner.saved()
    assert grid["properties"]["grid_no"] in changed(api, draft)


def corner_of(grid: dict[str, Any]) -> Place:
    """A corner of a grid."""
    lon, lat = shapely.get_coordinates(shape(grid["geometry"]))[0]
    return float(lon), float(lat)


def on_lattice(grid: dict[str, Any]) -> set[tuple[int, int]]:
    """The corners of a grid in steps of the lattice."""
    return {(round(lon * 2**24), round(lat * 2**24)) for lon, lat in shapely.get_coordinates(shape(grid["geometry"]))}


def test_escape_gives_a_drag_up_and_everything_is_where_it_was(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    corner = corner_of(grids(api)[20])
    planner = Planner.start(visit, town_server)
    draft = planner.begin("escape")
    planner.look_at(corner)
    planner.take("move")
    planner.move(corner)
    planner.page.mouse.down()
    x, y = planner.pixels(corner)
    planner.page.mouse.move(x + 30, y + 20, steps=6)
    assert planner.painted()["moving"] > 0
    planner.page.keyboard.press("Escape")
    assert planner.painted()["moving"] == 0
    planner.page.mouse.up()
    planner.painted()
    assert planner.has_border(corner)
    assert api.get(f"/drafts/{draft}").json()["revision"] == 1


def test_a_corner_is_chosen_and_moved_by_keys_alone(visit: Start, town_server: str, api: httpx2.Client) -> None:
    grid = grids(api)[60]
    name = grid["properties"]["name"]
    planner = Planner.start(visit, town_server)
    draft = planner.begin("keys")
    planner.page.fill("#gkp-find", name)
    planner.page.press("#gkp-find", "Enter")
    assert name in planner.page.inner_text("#gkp-selection")
    planner.page.focus(".folium-map")
    planner.page.keyboard.press("c")
    planner.page.keyboard.press("]")
    for _ in range(3):
        planner.page.keyboard.press("Shift+ArrowUp")
    planner.saved()
    after = changed(api, draft)[grid["properties"]["grid_no"]]
    was, now = on_lattice(grid), on_lattice(after)
    (old,), (new,) = was - now, now - was
    assert 25 < (new[1] - old[1]) / 2**24 * 111_320 < 35, "three steps of ten metres to the north"


def slowed(planner: Planner) -> None:
    """Let every edit take half a second to be saved."""

    def later(route: Route) -> None:
        planner.page.wait_for_timeout(500)
        route.continue_()

    planner.page.route(re.compile(r"/edits$"), later)


def test_keys_that_come_while_an_edit_is_saved_break_nothing(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    planner = Planner.start(visit, town_server)
    draft = planner.begin("impatient")
    slowed(planner)
    planner.choose(grids(api)[85])
    planner.page.focus(".folium-map")
    planner.page.keyboard.press("c")
    planner.page.keyboard.press("]")
    planner.page.keyboard.press("Shift+ArrowUp")
    with planner.page.expect_request(re.compile(r"/edits$")):
        planner.page.keyboard.press("Enter")
    planner.page.keyboard.press("Shift+ArrowUp")
    planner.saved()
    planner.page.wait_for_timeout(1000)
    assert planner.status().startswith("Saved"), planner.status()
    assert planner.painted()["moving"] == 0
    assert api.get(f"/drafts/{draft}").json()["revision"] == 2
    assert planner.complaints() == []


def test_a_second_enter_does_not_make_the_edit_twice(visit: Start, town_server: str, api: httpx2.Client) -> None:
    one = grids(api)[20]
    planner = Planner.start(visit, town_server)
    draft = planner.begin("twice")
    slowed(planner)
    planner.look_at(middle_of(one), zoom=15)
    planner.take("merge")
    planner.draw(middle_of(one), middle_of(beside(api, one)))
    planner.page.focus(".folium-map")
    planner.page.keyboard.press("Enter")
    planner.page.keyboard.press("Enter")
    planner.saved()
    planner.page.wait_for_timeout(1000)
    assert planner.status().startswith("Saved"), planner.status()
    assert api.get(f"/drafts/{draft}").json()["revision"] == 2


def test_a_scheduled_draft_can_be_withdrawn(visit: Start, town_server: str, api: httpx2.Client) -> None:
    planner = Planner.start(visit, town_server)
    draft = planner.begin("later")
    planner.split(grids(api)[70])
    planner.page.click("#gkp-tab-draft")
    planner.page.click("#gkp-publish-open")
    planner.page.check("#gkp-at-later")
    planner.page.fill("#gkp-reason", "from tomorrow")
    planner.page.click("#gkp-publish-go")
    planner.page.wait_for_selector("#gkp-scheduled:visible")
    assert planner.painted()["grids"] > 0
    assert api.get(f"/drafts/{draft}").json()["state"] == "scheduled"
    assert planner.page.locator("[data-tool=split]").is_disabled()
    planner.page.click("#gkp-withdraw")
    planner.page.wait_for_selector("#gkp-scheduled", state="hidden")
    assert api.get(f"/drafts/{draft}").json()["state"] == "withdrawn"
    assert planner.complaints() == []


def test_a_draft_that_became_stale_is_done_again_on_the_newest_version(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    grid = grids(api)[10]
    mine = Planner.start(visit, town_server)
    draft = mine.begin("stale")
    mine.split(grid)
    other = Planner.start(visit, town_server)
    theirs = other.begin("faster")
    other.split(grids(api)[110])
    tag = api.get(f"/drafts/{theirs}").headers["etag"]
    answer = api.post(f"/drafts/{theirs}/publish", json={"reason": "faster"}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text
    mine.page.click("#gkp-tab-draft")
    mine.page.click("#gkp-publish-open")
    mine.page.fill("#gkp-reason", "too late")
    mine.page.click("#gkp-publish-go")
    mine.page.wait_for_selector("#gkp-conflict button")
    mine.page.click("#gkp-conflict >> text=Do it again on the newest version")
    mine.page.wait_for_function(f"() => !location.search.includes('draft={draft}')")
    mine.saved()
    renewed = mine.draft()
    assert grid["properties"]["grid_no"] in changed(api, renewed)
    assert api.get(f"/drafts/{renewed}").json()["is_stale"] is False

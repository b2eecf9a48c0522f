"""What others do meanwhile: nobody draws on a map that is older than the draft, or newer than its base."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.pages.planning import Place, Planner, Start, between, changed, grids, halving


def split_elsewhere(api: httpx2.Client, draft: int, grid: dict[str, Any]) -> Place:
    """Split a grid of a draft over HTTP, as another planner does: a place on the new border."""
    number = grid["properties"]["grid_no"]
    line = {"type": "LineString", "coordinates": halving(grid)}
    tag = api.get(f"/drafts/{draft}").headers["etag"]
    edit = {"kind": "split", "grid": number, "line": line, "datum": "wgs84"}
    answer = api.post(f"/drafts/{draft}/edits", json=edit, headers={"If-Match": tag, "X-Actor": "other"})
    assert answer.status_code == 200, answer.text
    drawn = changed(api, draft)
    new = next(one for one in drawn.values() if one["properties"]["status"] == "new")
    return between(new, drawn[number])


def publish_elsewhere(api: httpx2.Client, grid: dict[str, Any]) -> Place:
    """Publish a draft of one's own that splits a grid: a place on the new border."""
    draft = api.post("/drafts", json={"scheme": "duty", "name": "elsewhere"}).json()["id"]
    border = split_elsewhere(api, draft, grid)
    tag = api.get(f"/drafts/{draft}").headers["etag"]
    answer = api.post(f"/drafts/{draft}/publish", json={"reason": "elsewhere"}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text
    return border


def test_a_comment_brings_what_another_planner_drew_meanwhile(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    planner = Planner.start(visit, town_server)
    draft = planner.begin("comment")
    border = split_elsewhere(api, draft, grids(api)[20])
    planner.look_at(border)
    assert not planner.has_border(border)
    planner.page.fill("#gkp-comment", "good so far")
    planner.page.press("#gkp-comment", "Enter")
    planner.page.wait_for_selector("#gkp-comments li")
    planner.painted()
    assert planner.has_border(border), "who comments on the newest draft sees it before drawing on it"
    assert planner.complaints() == []


def test_a_draft_stays_on_the_ground_it_began_on_when_others_publish(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    planner = Planner.start(visit, town_server)
    planner.begin("base")
    border = publish_elsewhere(api, grids(api)[70])
    planner.look_at(border)
    planner.page.click("#gkp-tab-history")
    planner.page.click("#gkp-day-form button")
    planner.page.wait_for_selector("#gkp-past:visible")
    planner.page.click("#gkp-past-leave")
    planner.page.wait_for_selector("#gkp-past", state="hidden")
    planner.painted()
    assert not planner.has_border(border), "the border that was published since is not in this draft"
    assert planner.page.locator("#gkp-versions li").count() == len(api.get("/schemes/duty/versions").json()["versions"])
    planner.page.click("#gkp-tab-draft")
    planner.page.select_option("#gkp-draft", "")
    planner.painted()
    assert planner.has_border(border)
    assert planner.complaints() == []


def test_an_older_version_is_brought_back_after_another_came_meanwhile(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    publish_elsewhere(api, grids(api)[90])
    planner = Planner.start(visit, town_server)
    publish_elsewhere(api, grids(api)[30])
    planner.page.click("#gkp-tab-history")
    reinstate(planner, version=1)
    planner.page.click("#gkp-conflict >> text=Load the newest")
    planner.painted()
    reinstate(planner, version=1)
    planner.page.wait_for_function("() => document.getElementById('gk-status').textContent.includes('is published')")
    assert api.get("/schemes/duty/versions").json()["versions"][-1]["reason"] == "back to the first"
    assert planner.complaints() == []


def reinstate(planner: Planner, *, version: int) -> None:
    """Ask for an older version back, with a reason."""
    planner.page.click(f"#gkp-versions [data-version='{version}'] >> text=Reinstate")
    planner.page.fill("#gkp-rollback-reason", "back to the first")
    planner.page.click("#gkp-rollback button[type=submit]")


def test_leaving_a_draft_leaves_the_past_too(visit: Start, town_server: str) -> None:
    planner = Planner.start(visit, town_server)
    planner.begin("left")
    planner.page.click("#gkp-tab-history")
    planner.page.click("#gkp-day-form button")
    planner.page.wait_for_selector("#gkp-past:visible")
    planner.page.click("#gkp-tab-draft")
    planner.page.select_option("#gkp-draft", "")
    planner.painted()
    assert not planner.page.locator("#gkp-past").is_visible(), "the map of today says nothing of another day"
    assert planner.page.locator("#gk-empty").is_visible()


def test_the_number_of_a_draft_opens_it_with_its_scheme(visit: Start, town_server: str, api: httpx2.Client) -> None:
    other = next(one["name"] for one in api.get("/schemes").json()["schemes"] if one["name"] != "duty")
    made = api.post("/drafts", json={"scheme": other, "name": "by number"}).json()
    planner = Planner.start(visit, town_server, query=f"lang=en&draft={made['id']}")
    assert planner.page.input_value("#gkp-scheme") == other
    assert planner.page.input_value("#gkp-draft") == str(made["id"])
    planner = Planner.start(visit, town_server, query="lang=en&draft=999999")
    assert planner.status() == "There is no such draft."
    assert planner.painted()["grids"] > 0


def test_an_instant_is_the_local_time_on_days_of_another_length(visit: Start, town_server: str) -> None:
    planner = Planner.start(visit, town_server)
    for day, time, instant in (
        ("2026-11-01", "08:00", "2026-11-01T14:00:00.000Z"),
        ("2026-03-08", "08:00", "2026-03-08T13:00:00.000Z"),
        ("2026-03-08", "00:00", "2026-03-08T06:00:00.000Z"),
    ):
        told = planner.page.evaluate(
            "([day, time]) => gridkeeper.times.instant(day, time, 'America/Chicago')", [day, time]
        )
        assert told == instant

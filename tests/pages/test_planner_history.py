"""What was published when, at the page: two versions side by side, an older one shown and brought back; files."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import shapely
from shapely.geometry import mapping, shape

from tests.pages.planning import Planner, Start, between, changed, grids


def published(planner: Planner, api: httpx2.Client, draft: int) -> None:
    """Publish a draft over HTTP, and open the page again."""
    tag = api.get(f"/drafts/{draft}").headers["etag"]
    answer = api.post(f"/drafts/{draft}/publish", json={"reason": "for a test"}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text
    planner.seen.open(f"{planner.base}/planner?scheme=duty&lang=en")


def test_versions_are_compared_shown_and_brought_back(visit: Start, town_server: str, api: httpx2.Client) -> None:
    before = grids(api)
    grid = before[40]
    planner = Planner.start(visit, town_server)
    draft = planner.begin("history")
    planner.split(grid)
    new = next(one for one in changed(api, draft).values() if one["properties"]["status"] == "new")
    border = between(new, changed(api, draft)[grid["properties"]["grid_no"]])
    published(planner, api, draft)

    planner.page.click("#gkp-tab-history")
    planner.page.click("#gkp-differ-form button")
    assert planner.painted()["shapes"] > 0
    told = planner.page.inner_text("#gkp-differences")
    assert grid["properties"]["name"] in told
    assert "new" in planner.page.inner_text(f"#gkp-differences [data-grid='{new['properties']['grid_no']}']")

    planner.look_at(border, zoom=13)
    planner.page.click("#gkp-versions [data-version='1'] >> text=Show")
    planner.page.wait_for_selector("#gkp-past:visible")
    assert planner.painted()["grids"] == len(before)
    planner.page.click("#gkp-past-leave")
    planner.page.wait_for_selector("#gkp-past", state="hidden")
    assert planner.painted()["grids"] == len(before) + 1

    planner.page.click("#gkp-versions [data-version='1'] >> text=Reinstate")
    planner.page.fill("#gkp-rollback-reason", "it did not work out")
    planner.page.click("#gkp-rollback button[type=submit]")
    planner.page.wait_for_function(
        "() => document.getElementById('gk-status').textContent.startsWith('Version 3 is published')"
    )
    assert planner.painted()["grids"] == len(before)
    assert [one["reason"] for one in api.get("/schemes/duty/versions").json()["versions"]][1:] == [
        "for a test",
        "it did not work out",
    ]
    assert planner.complaints() == []


def test_a_draft_goes_out_as_a_file_and_comes_back(
    visit: Start, town_server: str, api: httpx2.Client, tmp_path: Path
) -> None:
    planner = Planner.start(visit, town_server)
    draft = planner.begin("out and back")
    planner.split(grids(api)[90])
    planner.page.click("#gkp-tab-draft")
    with planner.page.expect_download() as download:
        planner.page.click("#gkp-export-geojson")
    file = tmp_path / "draft.geojson"
    download.value.save_as(file)
    merged_by_hand(file, api, draft)
    planner.page.set_input_files("#gkp-import", file)
    planner.page.wait_for_function("() => gridkeeper.desk.store.now().revision === 3")
    planner.painted()
    assert not any(one["properties"]["status"] == "new" for one in changed(api, draft).values())
    assert "imported boundaries" in (planner.page.locator("#gkp-trail").text_content() or "")
    assert planner.complaints() == []


def merged_by_hand(file: Path, api: httpx2.Client, draft: int) -> None:
    """Give the ground of the draft's new grid back to the grid it came from, as one might do in QGIS."""
    collection = json.loads(file.read_text(encoding="utf-8"))
    by_no = {one["properties"]["grid_no"]: one for one in collection["features"]}
    drawn = changed(api, draft)
    new = next(number for number, one in drawn.items() if one["properties"]["status"] == "new")
    giver = grids(api)[90]["properties"]["grid_no"]
    ground = shapely.union_all([shape(by_no[number]["geometry"]) for number in (giver, new)])
    by_no[giver]["geometry"] = mapping(ground)
    collection["features"].remove(by_no[new])
    file.write_text(json.dumps(collection), encoding="utf-8")


def test_what_work_takes_is_kept_with_the_draft(visit: Start, town_server: str, api: httpx2.Client) -> None:
    planner = Planner.start(visit, town_server)
    draft = planner.begin("weights")
    planner.split(grids(api)[30])
    planner.page.click("#gkp-tab-suggest")
    planner.page.click("text=What work takes")
    planner.page.fill("#gkp-weight-case", "90")
    planner.page.click("#gkp-weights-form button")
    planner.painted()
    assert api.get(f"/drafts/{draft}").json()["settings"]["weights"]["case"] == 90
    planner.page.click("#gkp-tab-effects")
    planner.page.select_option("#gkp-measure", "people")
    planner.painted()
    planner.page.fill("#gkp-low", "500")
    planner.page.fill("#gkp-high", "900")
    planner.page.click("#gkp-band-set")
    planner.painted()
    assert "Target 500 to 900: outside it" in planner.page.inner_text("#gkp-balance")
    assert api.get(f"/drafts/{draft}").json()["settings"]["band"] == {"low": 500, "high": 900}

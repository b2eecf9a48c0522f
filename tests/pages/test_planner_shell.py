"""The planner's page as a page: both languages, phone and desk, keyboard, no other host, hostile names."""

from __future__ import annotations

import httpx2
import pytest

from tests.pages.planning import Planner, Start, changed, grids, middle_of
from tests.pages.test_case_map_shell import _FOCUSABLE as FOCUSABLE
from tests.pages.test_case_map_shell import _FOCUSED as FOCUSED
from tests.pages.test_case_map_shell import _HOSTILE as HOSTILE
from tests.pages.test_case_map_shell import _WIDTHS as WIDTHS
from tests.pages.test_case_map_shell import PHONE


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_planner_asks_nobody_else_and_nothing_complains(
    visit: Start, town_server: str, api: httpx2.Client, lang: str
) -> None:
    planner = Planner.start(visit, town_server, query=f"scheme=duty&lang={lang}")
    planner.begin(f"alone {lang}")
    planner.split(grids(api)[25])
    assert planner.page.locator("[data-layer=grids] canvas[data-colour]").count() == 4
    for tab in ("effects", "suggest", "history", "draft"):
        planner.page.click(f"#gkp-tab-{tab}")
        planner.painted()
    assert planner.seen.elsewhere(town_server) == []
    assert planner.seen.violations() == []
    assert planner.complaints() == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_grid_is_split_by_touch_on_a_phone_that_never_scrolls_sideways(
    visit: Start, town_server: str, api: httpx2.Client, lang: str
) -> None:
    grid = grids(api)[35 if lang == "zh" else 75]
    planner = Planner.start(visit, town_server, query=f"scheme=duty&lang={lang}", **PHONE)
    assert planner.page.evaluate(WIDTHS) == [390, 390, 390]
    planner.page.tap("#gk-empty button")
    planner.page.tap("#gkp-new-form button[type=submit]")
    planner.page.wait_for_selector("[data-tool=split]:not([disabled])")
    planner.painted()
    draft = planner.draft()
    planner.look_at(middle_of(grid), zoom=15)
    planner.page.tap("[data-tool=split]")
    x, y = planner.pixels(middle_of(grid))
    for away in (-130, 130):
        planner.page.touchscreen.tap(x + away, y)
        planner.page.wait_for_timeout(400)
    assert planner.painted()["proposed"] == 2
    planner.page.tap("#gkp-finish")
    planner.saved()
    assert grid["properties"]["grid_no"] in changed(api, draft)
    planner.page.tap("button[data-opens=gk-panel]")
    planner.page.tap("#gkp-tab-effects")
    assert planner.page.locator("#gkp-summary").is_visible()
    assert planner.page.evaluate(WIDTHS) == [390, 390, 390]


def test_a_wide_planner_does_not_scroll(visit: Start, town_server: str) -> None:
    planner = Planner.start(visit, town_server)
    size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert planner.page.evaluate(size) == [1280, 800]


def test_every_control_of_the_planner_is_reached_by_tab(visit: Start, town_server: str) -> None:
    planner = Planner.start(visit, town_server, height=1000)
    planner.begin("keyboard")
    planner.page.evaluate("document.activeElement.blur()")
    wanted = {str(place) for place in planner.page.evaluate(FOCUSABLE)}
    reached = set()
    for _ in range(3 * len(wanted)):
        planner.page.keyboard.press("Tab")
        place, is_shown, html = planner.page.evaluate(FOCUSED)
        if place is not None:
            assert is_shown or 'type="file"' in html, f"no visible focus on {html}"
            reached.add(place)
        if reached == wanted:
            break
    assert wanted - reached == set()


def test_a_hostile_name_of_a_draft_stays_text(visit: Start, town_server: str, api: httpx2.Client) -> None:
    made = api.post("/drafts", json={"scheme": "duty", "name": HOSTILE[:100]}, headers={"X-Actor": HOSTILE[:90]})
    assert made.status_code == 201
    api.post(
        f"/drafts/{made.json()['id']}/comments", json={"text": HOSTILE}, headers={"If-Match": made.headers["etag"]}
    )
    planner = Planner.start(visit, town_server, query=f"scheme=duty&lang=en&draft={made.json()['id']}")
    assert HOSTILE in planner.page.inner_text("#gkp-comments")
    assert planner.page.locator("img[src=x]").count() == 0
    assert planner.page.evaluate("window.hacked === undefined")
    assert planner.seen.violations() == []


def test_the_language_switch_keeps_the_draft(visit: Start, town_server: str) -> None:
    planner = Planner.start(visit, town_server, query="scheme=duty&lang=zh")
    draft = planner.begin("方案")
    planner.page.click("[data-lang=en]")
    planner.seen.ready()
    assert planner.page.get_attribute("html", "lang") == "en"
    assert planner.page.input_value("#gkp-draft") == str(draft)


def test_the_chinese_planner_has_no_latin_words_but_names_and_keys(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    grid = grids(api)[65]
    planner = Planner.start(visit, town_server, query="scheme=duty&lang=zh")
    planner.page.fill("#gkp-actor", "王规划")
    planner.page.press("#gkp-actor", "Tab")
    planner.begin("方案")
    planner.split(grid)
    planner.page.click("#gkp-tab-history")
    planner.click(middle_of(grid))
    planner.page.wait_for_selector("#gkp-owners li")
    planner.page.click("#gkp-tab-effects")
    planner.painted()
    names: set[str] = set()
    for path, rows, keys in (
        ("schemes", "schemes", ("name", "title")),
        ("drafts", "drafts", ("name", "owner")),
        ("schemes/duty/versions", "versions", ("actor", "reason")),
    ):
        names |= {one[key] for one in api.get(f"/{path}").json()[rows] for key in keys if one[key]}
    # A tool's key stands behind its name.
    assert planner.seen.latin_words(names, besides=r"\([A-Z]\)") == set()

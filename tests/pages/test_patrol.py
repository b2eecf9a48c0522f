"""The patrol page in a real browser: coverage, traces, playback and what nobody was near, as they are painted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from maps.styles import INK, NONE, SEQUENTIAL, TIMES
from tests.pages import canvas
from tests.pages.browser import Visit

Start = Callable[..., Visit]
SUPERVISOR = {"X-Actor": "sue", "X-Role": "supervisor"}
# The whole day before the sample was made: today's walks go up to that moment only.
DAY = (datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(days=1)).date().isoformat()
TEAM = "一队"
_ROWS = """(table) => [...document.querySelectorAll(`#gkr-list-${table} tbody tr`)].map((row) =>
  [...row.cells].map((cell) => cell.textContent))"""
_PLAY_TO = """(share) => {
  const slider = document.getElementById("gkr-play-at");
  slider.value = Number(slider.min) + (slider.max - slider.min) * share;
  slider.dispatchEvent(new Event("input"));
}"""


class Patrol:
    """Somebody at the patrol page; `seen` is the browser."""

    def __init__(self, seen: Visit, base: str) -> None:
        self.seen, self.page, self.base = seen, seen.page, base

    @classmethod
    def start(
        cls,
        visit: Start,
        base: str,
        *,
        query: str = "",
        lang: str = "en",
        who: dict[str, str] | None = None,
        **options: Any,
    ) -> Patrol:
        """Open the page as somebody and wait until it is drawn."""
        one = cls(visit(**options), base)
        said = SUPERVISOR if who is None else who
        one.seen.sit_down(said.get("X-Actor", ""), said.get("X-Role", ""))
        one.seen.open(f"{base}/patrol?lang={lang}&from={DAY}&to={DAY}&{query}")
        return one

    def painted(self) -> dict[str, int]:
        """Wait until nothing is under way: what is painted."""
        return self.seen.settled()

    def rows(self, table: str) -> list[list[str]]:
        """What a table says."""
        found: list[list[str]] = self.page.evaluate(_ROWS, table)
        return found

    def times(self) -> set[str]:
        """The colours of times that the traces on the map have."""
        pixels = canvas.pixels_of(self.page, "traces", *TIMES)
        return {colour for colour, count in zip(TIMES, pixels, strict=True) if count > 50}

    def complaints(self) -> list[str]:
        """What the browser complained about; that these tests read pixels is none."""
        return [one for one in self.seen.complaints if "willReadFrequently" not in one]


@pytest.fixture(scope="module")
def told(town_server: str) -> Iterator[Callable[..., dict[str, Any]]]:
    """Ask the service about that day, as a supervisor."""
    with httpx2.Client(base_url=f"{town_server}/api/v1/patrols", headers=SUPERVISOR, timeout=60) as client:

        @cache
        def ask(part: str, **more: str) -> dict[str, Any]:
            answer = client.get(f"/{part}", params={"from": DAY, "to": DAY, **more})
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

        yield ask


def test_a_day_a_team_and_a_grid_are_chosen_and_painted(
    visit: Start, town_server: str, told: Callable[..., dict[str, Any]]
) -> None:
    patrol = Patrol.start(visit, town_server)
    assert patrol.painted()["traces"] == 0, "nobody's way is read before somebody is chosen"
    _coverage_is_painted(patrol, told("coverage"))

    patrol.page.select_option("#gkr-team", TEAM)
    painted = patrol.painted()
    traces = told("traces", team=TEAM)["traces"]
    assert painted["traces"] == len(traces) > 1
    assert painted["moved"] == sum(one["kind"].count("moved") for one in traces)
    assert painted["gaps"] == sum(one["kind"].count("gap") for one in traces)
    assert painted["stops"] == sum(len(one["stops"]) for one in traces) > 0
    assert patrol.times() == set(TIMES)
    _coverage_is_painted(patrol, told("coverage", team=TEAM))

    patrol.page.check("#gk-layer-unvisited_streets")
    patrol.painted()
    streets = told("unvisited", team=TEAM, what="streets")["features"]
    assert len(streets) == int(patrol.page.inner_text("[data-layer=unvisited_streets] .gkr-never + span + b")) + int(
        patrol.page.inner_text("[data-layer=unvisited_streets] .gkr-long + span + b")
    )
    assert canvas.pixels_of(patrol.page, "unvisited", INK["unvisited"])[0] > 200

    code = max(told("coverage", team=TEAM)["grids"], key=lambda one: one["visits"])["code"]
    patrol.page.select_option("#gkr-grid", code)
    painted = patrol.painted()
    assert painted["traces"] == len(told("traces", team=TEAM, grid=code)["traces"]) > 0
    assert [row[0] for row in patrol.rows("grids")] == [code]
    assert f"grid={code}" in patrol.page.url
    assert patrol.complaints() == []
    assert patrol.seen.elsewhere(town_server) == []


def test_traces_are_played_back(visit: Start, town_server: str) -> None:
    patrol = Patrol.start(visit, town_server, query=f"team={TEAM}")
    whole = patrol.painted()
    patrol.page.evaluate(_PLAY_TO, 0.3)
    part = patrol.painted()
    assert 0 < part["moved"] < whole["moved"] * 0.5
    assert part["heads"] == whole["traces"]
    assert patrol.times() == set(TIMES[:2]), "what is later is not there yet"
    patrol.page.click("#gkr-play-go")
    patrol.page.wait_for_function("(played) => gridkeeper.painted.played > played + 60000", arg=part["played"])
    patrol.page.click("#gkr-play-go")
    assert patrol.painted()["moved"] > part["moved"]
    patrol.page.click("#gkr-play-all")
    assert patrol.painted()["moved"] == whole["moved"]
    assert patrol.painted()["heads"] == 0


def test_a_number_opens_into_its_fixes_and_a_file(
    visit: Start, town_server: str, told: Callable[..., dict[str, Any]]
) -> None:
    patrol = Patrol.start(visit, town_server, accept_downloads=True)
    patrol.page.click("button[data-opens=gk-list]:visible")
    patrol.page.focus("#gkr-tab-grids")
    patrol.page.keyboard.press("ArrowRight")
    known = told("coverage")["people"]
    assert [row[0] for row in patrol.rows("people")] == [one["name"] for one in known]
    number = next(at for at, one in enumerate(known) if one["km"])
    patrol.page.click(f"#gkr-list-people tbody tr:nth-child({number + 1}) td:nth-child(3) button")
    painted = patrol.painted()
    (trace,) = told("traces", staff=known[number]["staff_no"])["traces"]
    assert (painted["traces"], painted["fixes"]) == (1, len(trace["at"]))
    assert painted["dropped"] <= len(trace["dropped"]), "a stray may lie out of view"
    assert len(patrol.rows("fixes")) == min(500, len(trace["at"]) + len(trace["dropped"]))
    with patrol.page.expect_download() as downloading:
        patrol.page.click("#gkr-files [data-format=gpx]")
    content = Path(downloading.value.path()).read_text(encoding="utf-8")
    assert content.count("<trkpt") == len(trace["at"])
    patrol.page.click("#gkr-tab-grids")
    grid = max(told("coverage")["grids"], key=lambda one: one["visits"])
    patrol.page.get_by_role("row", name=grid["code"]).get_by_role(
        "button", name=str(grid["visits"]), exact=True
    ).click()
    assert patrol.painted()["traces"] == len(told("traces", grid=grid["code"])["traces"]) > 0
    assert 0 < len(patrol.rows("fixes")) <= 500


def test_a_worker_sees_the_own_trace_and_who_looked_and_others_are_told_why_not(
    visit: Start, town_server: str, told: Callable[..., dict[str, Any]]
) -> None:
    staff_no = told("coverage")["people"][0]["staff_no"]
    told("traces", staff=staff_no)  # a look of the supervisor's
    worker = {"X-Actor": staff_no, "X-Role": "grid_worker"}
    patrol = Patrol.start(visit, town_server, who=worker)
    assert patrol.painted()["traces"] == 1
    assert [row[-1] for row in patrol.rows("people")] == [staff_no]
    patrol.page.click("#gkr-views-open")
    patrol.page.wait_for_selector("#gkr-views-rows tbody tr")
    assert "sue" in patrol.page.inner_text("#gkr-views-rows")
    nobody = Patrol.start(visit, town_server, who={})
    assert "supervising role" in nobody.page.inner_text("#gk-empty")
    assert nobody.rows("people") == []
    nobody.page.click("#gk-empty button")
    assert nobody.page.locator("#gkd-person").is_visible()


def test_the_page_speaks_chinese_fits_a_phone_and_prints(
    visit: Start, town_server: str, told: Callable[..., dict[str, Any]]
) -> None:
    patrol = Patrol.start(visit, town_server, lang="zh", query=f"team={TEAM}", width=390, height=844)
    assert patrol.page.evaluate("document.documentElement.scrollWidth") == 390
    patrol.page.click("[data-opens=gk-panel]:visible")
    patrol.page.check("#gk-layer-live")
    patrol.painted()
    patrol.page.click("[data-opens=gk-list]:visible")
    assert patrol.page.locator("#gkr-list-grids table").is_visible()
    _speaks_chinese_alone(patrol, told("coverage", team=TEAM))
    patrol.page.emulate_media(media="print")
    for shown in (".gkr-report-head", "#gkr-list-grids table", "#gkr-list-people table", "#gkr-total", "#gk-legend"):
        assert patrol.page.locator(shown).is_visible(), shown
    for hidden in (".gk-header", "#gkr-filters", "#gkr-play", "#gkr-list-fixes"):
        assert not patrol.page.locator(hidden).is_visible(), hidden


def _coverage_is_painted(patrol: Patrol, found: dict[str, Any]) -> None:
    """Table, legend and map say the same of each grid, and what the service says."""
    told = {one["code"]: one["area_share"] for one in found["grids"]}
    rows = {row[0]: row[2] for row in patrol.rows("grids")}
    assert rows.keys() == told.keys()
    for code, share in told.items():
        if share is None:
            assert rows[code] == "withheld"
        else:
            assert float(rows[code].removesuffix("%")) == pytest.approx(share * 100, abs=0.051)
    expected = {code: _colour(share) for code, share in told.items()}
    marks = patrol.page.locator("[data-layer=grids] li b").all_inner_texts()
    assert sum(int(text.split()[0]) for text in marks) == len(told)
    painted: dict[str, str] = patrol.page.evaluate(
        """(codes) => {
          const layer = Object.values(gridkeeper.map._layers).find((one) => one.setValues);
          return Object.fromEntries(layer.grids.map(({ properties: one }) => [one.code, layer.colour(one.grid_no)]));
        }"""
    )
    assert painted == expected
    colours = sorted(set(expected.values()))
    assert min(canvas.pixels_of(patrol.page, "grids", *colours)) > 100, "what is told is not on the map"


def _colour(share: float | None) -> str:
    if share is None:
        return INK["withheld"]
    return NONE if share <= 0 else SEQUENTIAL[min(4, -int(-share * 5 // 1) - 1)]


def _speaks_chinese_alone(patrol: Patrol, found: dict[str, Any]) -> None:
    names = {"sue"}
    for part in ("people", "points", "plans"):
        for one in found[part]:
            names |= {one[key] for key in ("name", "label", "staff_no", "device") if one.get(key)}
    assert patrol.seen.latin_words(names, besides=r"\b[A-Z]-?\d+\b") == set()

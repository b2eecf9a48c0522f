"""The dispatch page in a real browser: a report comes in and goes round the whole loop, everything as it is painted."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser

from maps.styles import CLOCKS
from tests.cluster import Cluster, Database
from tests.imports import COLUMNS, take_cases, write_csv
from tests.pages.browser import Visit
from tests.pages.dispatching import Dispatcher, photo_of, report, take
from tests.pages.line import Line
from tests.server import served

Start = Callable[..., Visit]
# In no grid, but near the town: such a report waits for a dispatcher.
OUTSIDE = (113.617135, 34.750002)
INSIDE = (113.64, 34.76)
NEXT_GRID = (113.637, 34.758)
_WIDTH = "(image) => image.decode().then(() => image.naturalWidth)"
_HAS = "(numbers) => numbers.map((one) => gridkeeper.store.row(one) !== undefined)"
_LEFT = re.compile(r"(?:(\d+) d )?(\d\d):(\d\d):(\d\d) (left|over)")


@pytest.fixture(scope="module")
def sample(cluster: Cluster, sample_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """A database with the sample town, for the tests of this file."""
    with cluster.clone(sample_template, next(clone_name)) as made:
        yield made


@pytest.fixture(scope="module")
def town_server(sample: Database) -> Iterator[str]:
    """The service on it."""
    with served(sample) as url:
        yield url


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    """The line of the dispatcher's browser to the service."""
    one = Line()
    yield one
    one.close()


@pytest.fixture(scope="module")
def dispatcher(browser: Browser, town_server: str, line: Line) -> Iterator[Dispatcher]:
    """A dispatcher whose page, in English, stays open from test to test as it does through a day."""
    one = Dispatcher.start(partial(Visit.start, browser), town_server, proxy={"server": line.url})
    yield one
    one.page.context.close()


def test_a_report_goes_round_the_whole_loop_on_the_open_page(dispatcher: Dispatcher, api: httpx2.Client) -> None:
    number = str(_appears_within_a_second(dispatcher, api))
    dispatcher.open(number)
    assert (dispatcher.state(), dispatcher.stage()) == ("queued", "dispatch")
    _clock_is_right(dispatcher, api, number)

    dispatcher.page.locator("[data-choice='0']").click()
    dispatcher.wait_for("dispatched")
    assert dispatcher.stage() == "handle"
    assert {"handle.accept.1", "handle.end.1"} <= dispatcher.clocks().keys()
    _clock_is_right(dispatcher, api, number)

    dispatcher.step("accept")
    _submit_if_asked(dispatcher)
    dispatcher.wait_for("handling")
    assert "met" in dispatcher.clocks()["handle.accept.1"]
    _clock_is_right(dispatcher, api, number)

    dispatcher.begin("feed_back")
    dispatcher.fill("note", "Lamp replaced")
    dispatcher.attach(photo_of("gold"))
    dispatcher.send()
    dispatcher.wait_for("fed_back")
    assert dispatcher.stage() == "verify"
    assert dispatcher.page.locator("#gkd-photos img").evaluate(_WIDTH) > 0

    dispatcher.step("fail", reason="It is dark still")
    dispatcher.wait_for("handling")
    assert dispatcher.stage() == "handle"
    assert "Reworked: 1" in dispatcher.page.inner_text("#gkd-case-flags")
    assert "handle.end.2" in dispatcher.clocks()
    _clock_is_right(dispatcher, api, number)

    dispatcher.step("feed_back", note="Fuse replaced too")
    dispatcher.wait_for("fed_back")
    dispatcher.begin("pass")
    dispatcher.send()
    dispatcher.wait_for("verified")
    dispatcher.step("assess", grade="5")
    dispatcher.wait_for("assessed")
    assert dispatcher.stage() == "archive"
    dispatcher.step("archive")
    _submit_if_asked(dispatcher)
    dispatcher.wait_for("archived")

    assert dispatcher.stage() == ""
    assert dispatcher.page.locator(".gkd-stage-done").count() == 6
    expected = "archive assess pass feed_back fail feed_back accept dispatch queued received"
    assert dispatcher.kinds() == expected.split()
    assert not dispatcher.row(number).count(), "what is archived leaves the list"
    assert dispatcher.complaints() == []
    assert dispatcher.seen.elsewhere(dispatcher.base) == []


def test_what_happens_elsewhere_is_painted_on_list_map_and_open_case(
    dispatcher: Dispatcher, api: httpx2.Client
) -> None:
    number = report(api, INSIDE)["number"]
    dispatcher.open(number)
    assert dispatcher.state() == "dispatched"
    take(api, number, "accept")
    dispatcher.wait_for("handling")
    assert "Being handled" in dispatcher.row(number).inner_text()
    take(api, number, "suspend", reason="Waits for a part")
    dispatcher.wait_for("suspended")
    dispatcher.page.keyboard.press("Escape")
    dispatcher.page.wait_for_selector(f"#gkd-row-{number}.gkd-is-paused")
    dispatcher.painted()
    assert CLOCKS["paused"] in dispatcher.inks(*INSIDE)


def test_an_overtaken_dispatcher_sees_the_newer_state_and_keeps_what_was_typed(
    dispatcher: Dispatcher, api: httpx2.Client
) -> None:
    number = report(api, INSIDE)["number"]
    dispatcher.open(number)
    dispatcher.begin("suspend")
    dispatcher.fill("reason", "Waits for the water works")
    take(api, number, "accept")
    dispatcher.wait_for("handling")
    dispatcher.send()
    dispatcher.page.wait_for_selector("#gkd-conflict:not([hidden])")
    assert "Being handled" in dispatcher.page.inner_text("#gkd-conflict")
    assert dispatcher.page.input_value("[data-field=reason] textarea") == "Waits for the water works"
    assert api.get(f"/cases/{number}").json()["state"] == "handling", "nothing was overwritten"
    dispatcher.send()
    dispatcher.wait_for("suspended")


def test_a_step_that_is_not_possible_any_more_says_which_ones_are(dispatcher: Dispatcher, api: httpx2.Client) -> None:
    number = report(api, INSIDE)["number"]
    take(api, number, "accept")
    dispatcher.open(number)
    dispatcher.begin("ask_extension")
    dispatcher.fill("reason", "More hands are needed")
    take(api, number, "feed_back", note="done")
    dispatcher.wait_for("fed_back")
    dispatcher.fill("amount", "2")
    dispatcher.send()
    dispatcher.page.wait_for_selector("#gkd-conflict:not([hidden])")
    assert "Pass" in dispatcher.page.inner_text("#gkd-conflict")
    assert dispatcher.page.input_value("[data-field=reason] textarea") == "More hands are needed"


def test_a_lost_line_is_told_and_what_happened_meanwhile_is_read_anew(
    dispatcher: Dispatcher, line: Line, sample: Database, api: httpx2.Client, tmp_path: Path
) -> None:
    kept, merged = (report(api, INSIDE, description="A burst pipe")["number"] for _ in range(2))
    dispatcher.open(kept)
    line.cut()
    dispatcher.page.wait_for_selector(".gkd-count .gkd-lost:not([hidden])")
    dispatcher.page.fill("#gkd-text", "")
    dispatcher.painted()
    assert dispatcher.is_lost(), "whatever else is painted meanwhile"

    take(api, kept, "accept")
    take(api, merged, "merge", into=kept)
    # Who follows is told to read all cases anew.
    take_cases(sample.app, write_csv(tmp_path / "cases.csv", [("burst-1", *INSIDE)], header=list(COLUMNS)))
    queue = api.get("/dispatch/queue", params={"limit": 1}).json()
    line.mend()
    dispatcher.wait_for("handling")
    dispatcher.page.wait_for_function("(total) => gridkeeper.store.size === total", arg=queue["total"])
    assert [one for one in dispatcher.seen.requests if "/dispatch/cases?" in one]
    assert dispatcher.page.evaluate(_HAS, [kept, merged]) == [True, False]
    assert not dispatcher.is_lost()
    take(api, kept, "suspend", reason="Waits for a part")
    dispatcher.wait_for("suspended")


def test_a_grid_is_overridden_with_a_reason_by_a_click_on_the_right_one(
    dispatcher: Dispatcher, api: httpx2.Client
) -> None:
    filed = report(api, INSIDE)
    number, before = filed["number"], filed["grid"]["code"]
    dispatcher.open(number)
    dispatcher.begin("override_grid")
    dispatcher.fill("reason", "The wall belongs to the next yard")
    dispatcher.page.locator("[data-field=grid] button").click()
    dispatcher.click_map(*NEXT_GRID)
    code = dispatcher.page.locator("[data-field=grid] input").input_value()
    dispatcher.send()
    dispatcher.page.wait_for_selector("#gkd-events [data-kind=override_grid]")
    dispatcher.painted()
    case = api.get(f"/cases/{number}").json()
    assert case["grid"]["code"] == code != before
    assert case["override"]["reason"] == "The wall belongs to the next yard"
    assert "Grid overridden" in dispatcher.page.inner_text("#gkd-case-flags")


def test_a_referee_settles_a_disputed_owner_with_a_reason(dispatcher: Dispatcher, api: httpx2.Client) -> None:
    number = report(api, INSIDE)["number"]
    take(api, number, "return", reason="Not ours", right_owner={"department": "D02"})
    with dispatcher.as_one_with("referee"):
        dispatcher.open(number)
        best = dispatcher.page.locator("[data-choice='0']")
        named = best.inner_text()
        best.click()
        dispatcher.page.wait_for_selector("[data-field=reason] textarea")
        chosen = dispatcher.page.locator("[data-field=owner] select").evaluate(
            "(one) => one.selectedOptions[0].textContent"
        )
        assert chosen in named, "the proposal that was clicked is filled in"
        dispatcher.send()
        assert "Reason" in dispatcher.page.inner_text("#gkd-fault")
        dispatcher.fill("reason", "The catalogue says so")
        dispatcher.send()
        dispatcher.wait_for("dispatched")
        assert dispatcher.kinds()[0] == "settle"


def test_an_urgent_matter_is_given_to_who_is_nearest(dispatcher: Dispatcher, api: httpx2.Client) -> None:
    report(api, INSIDE, category="99999", description="A grey cat")
    (task,) = api.get("/dispatch/queue", params={"text": "grey cat", "limit": 1}).json()["rows"]
    lead, name = task["staff"]["staff_no"], task["staff"]["name"]
    body = {"lon": OUTSIDE[0], "lat": OUTSIDE[1], "datum": "wgs84"}
    api.put(f"/staff/{lead}/position", json=body, headers={"X-Actor": lead, "X-Role": "grid_lead"}).raise_for_status()
    number = report(api, OUTSIDE, category="99999", urgency="urgent")["number"]
    dispatcher.open(number)
    near = dispatcher.page.locator("[data-nearest]")
    near.wait_for()
    assert near.get_attribute("data-nearest") == lead
    near.dblclick()
    dispatcher.wait_for("dispatched")
    assert dispatcher.page.inner_text("#gkd-said") == "", "a second click is nobody who was faster"
    assert name in dispatcher.page.inner_text("#gkd-facts")


def test_whoever_has_no_role_may_look_and_is_asked_who_he_is(
    visit: Start, town_server: str, api: httpx2.Client
) -> None:
    number = report(api, INSIDE)["number"]
    nobody = Dispatcher.start(visit, town_server, name="", roles="")
    nobody.open(number)
    assert nobody.page.locator("[data-step]").count() == 0
    nobody.page.click("#gkd-nobody-open")
    nobody.page.fill("#gkd-person-name", "李敏")
    nobody.page.check("#gkd-person-roles [value=shift_chief]")
    nobody.page.click("#gkd-person-form [type=submit]")
    nobody.page.wait_for_selector("[data-step=suspend]", state="attached")
    nobody.step("suspend", reason="Waits for a part")
    nobody.wait_for("suspended")
    assert api.get(f"/cases/{number}").json()["events"][-1]["actor"] == "李敏"


def _appears_within_a_second(dispatcher: Dispatcher, api: httpx2.Client) -> str:
    """The number of a report that is filed, and painted in the list within a second."""
    dispatcher.page.fill("#gkd-text", "Street lamp")
    dispatcher.painted()
    number: str = report(api, OUTSIDE, description="Lamp out")["number"]
    begun = time.perf_counter()
    dispatcher.page.wait_for_function(
        "(number) => gridkeeper.store.row(number) !== undefined", arg=number, polling="raf", timeout=1000
    )
    assert time.perf_counter() - begun < 1
    dispatcher.look_up(number)
    return number


def _submit_if_asked(dispatcher: Dispatcher) -> None:
    dispatcher.page.wait_for_timeout(200)
    if dispatcher.page.locator("#gkd-form [type=submit]").is_visible():
        dispatcher.send()


def _clock_is_right(dispatcher: Dispatcher, api: httpx2.Client, number: str) -> None:
    """The clock that is painted tells the time to the deadline that is stored, and runs."""
    due = datetime.fromisoformat(api.get(f"/cases/{number}").json()["due_at"])
    first = _seconds(dispatcher.left())
    assert abs(first - (due - datetime.now(UTC)).total_seconds()) < 4
    dispatcher.page.wait_for_timeout(2100)
    assert 1 <= first - _seconds(dispatcher.left()) <= 4


def _seconds(text: str) -> int:
    """The seconds of "2 d 01:02:03 left"; below zero for what is over."""
    found = _LEFT.fullmatch(text)
    assert found, text
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[:4])
    size = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return size if found[5] == "left" else -size

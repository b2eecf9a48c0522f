"""The dispatch page in a real browser: a report comes in and goes round the whole loop, everything as it is painted."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx2
import pytest

from maps.styles import CLOCKS
from tests.pages.browser import Visit
from tests.pages.dispatching import Dispatcher, photo_of, report, take

Start = Callable[..., Visit]
# In no grid, but near the town: such a report waits for a dispatcher.
OUTSIDE = (113.617135, 34.750002)
INSIDE = (113.64, 34.76)
_WIDTH = "(image) => image.decode().then(() => image.naturalWidth)"
_LEFT = re.compile(r"(?:(\d+) d )?(\d\d):(\d\d):(\d\d) (left|over)")


@pytest.fixture
def dispatcher(visit: Start, town_server: str) -> Dispatcher:
    """A dispatcher with the page open, in English."""
    return Dispatcher.start(visit, town_server)


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

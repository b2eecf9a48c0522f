"""The tasks of one person on a telephone."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import FilePayload

from tests.pages.browser import Visit
from tests.pages.dispatching import Dispatcher, photo_of, report

Start = Callable[..., Visit]
INSIDE = (113.64, 34.76)
# What is fed back waits for others.
MINE = ("reported", "on_site", "dispatched", "handling", "extension_asked", "suspended", "deferred", "waiting")
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}


@pytest.fixture
def phone(visit: Start, town_server: str, api: httpx2.Client) -> Dispatcher:
    """The telephone of the person who answers for the grid of `INSIDE`, standing there."""
    report(api, INSIDE, category="99999", description="A tabby cat")
    (task,) = api.get("/dispatch/queue", params={"text": "tabby cat", "limit": 1}).json()["rows"]
    here = {"longitude": INSIDE[0], "latitude": INSIDE[1]}
    one = Dispatcher(visit(**PHONE, geolocation=here, permissions=["geolocation"]), town_server)
    one.seen.sit_down("Hua", "grid_lead")
    one.seen.open(f"{town_server}/tasks?lang=en&staff={task['staff']['staff_no']}")
    return one


def test_tasks_stand_by_deadline_with_a_way_there(phone: Dispatcher, api: httpx2.Client) -> None:
    staff_no = phone.page.input_value("#gkt-staff")
    found = api.get("/dispatch/queue", params={"staff": staff_no, "limit": 100}).json()["rows"]
    rows = [one for one in found if one["state"] in MINE]
    shown = [one.get_attribute("data-number") for one in phone.page.locator(".gkt-task").all()]
    assert shown == [one["number"] for one in rows]
    way = phone.page.locator(".gkt-task a").first
    assert (way.get_attribute("href") or "").startswith("geo:3")
    assert f"{rows[0]['lat']:.6f}" in way.inner_text()
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_task_is_accepted_and_fed_back_with_a_photo(phone: Dispatcher, api: httpx2.Client) -> None:
    staff_no = phone.page.input_value("#gkt-staff")
    number = report(api, INSIDE, category="99999")["number"]
    task = phone.page.locator(f".gkt-task[data-number='{number}']")
    task.wait_for()
    task.locator("[data-act=accept]").click()
    phone.page.wait_for_selector("#gkd-form:not([hidden])")
    phone.send()
    phone.wait_for("handling")
    phone.begin("feed_back")
    phone.fill("note", "Swept")
    phone.attach(photo_of("green"))
    phone.send()
    phone.wait_for("fed_back")
    found = api.get(f"/cases/{number}").json()
    assert (found["state"], len(found["photos"])) == ("fed_back", 1)
    assert api.get("/dispatch/queue", params={"staff": staff_no, "state": "fed_back"}).json()["total"] >= 1


def test_a_report_of_ones_own_has_the_place_where_one_stands_and_photos(phone: Dispatcher, api: httpx2.Client) -> None:
    phone.page.click("#gkt-report-open")
    phone.page.get_by_text("Where I am").click()
    phone.page.wait_for_function("() => /113\\.64/.test(document.querySelector('#gkt-place output').textContent)")
    phone.page.fill("#gkt-text", "Bins are full")
    file = FilePayload(name="bins.jpg", mimeType="image/jpeg", buffer=photo_of("brown"))
    phone.page.set_input_files("#gkt-photos", files=[file])
    phone.page.click("#gkt-report [type=submit]")
    phone.page.wait_for_selector("#gkd-case:not([hidden])")
    phone.painted()
    found = api.get(f"/cases/{phone.page.inner_text('#gkd-number')}").json()
    assert (found["description"], len(found["photos"])) == ("Bins are full", 1)
    assert abs(found["position"]["lon"] - INSIDE[0]) < 1e-6


def test_the_other_way_to_a_place_is_a_tap_on_the_map(phone: Dispatcher) -> None:
    phone.page.click("#gkt-report-open")
    phone.page.locator("#gkt-place").get_by_text("Choose on the map").click()
    phone.click_map(113.65, 34.75)
    phone.page.wait_for_function("() => /113\\.6/.test(document.querySelector('#gkt-place output').textContent)")
    assert phone.page.locator("#gkt-report").is_visible()
    assert phone.seen.elsewhere(phone.base) == []
    assert phone.complaints() == []

"""Somebody at the dispatch page: what is painted, and hands that work on cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import httpx2
from PIL import Image
from playwright.sync_api import FilePayload, Locator

from tests.pages import canvas
from tests.pages.browser import Visit

Start = Callable[..., Visit]
EVERY_ROLE = "acceptor dispatcher shift_chief supervisor referee handler grid_lead verifier assessor archivist"
_ROLES = """(roles) => {
  const before = localStorage.getItem("gridkeeper.roles");
  localStorage.setItem("gridkeeper.roles", roles);
  return before;
}"""
_IS_OPEN = "(number) => document.getElementById('gkd-number').textContent === number"


class Dispatcher:
    """One person at the dispatch page; `seen` is their browser."""

    def __init__(self, seen: Visit, base: str) -> None:
        self.seen, self.page, self.base = seen, seen.page, base

    @classmethod
    def start(
        cls,
        visit: Start,
        base: str,
        *,
        query: str = "lang=en",
        name: str = "Wang",
        roles: str = EVERY_ROLE,
        **options: Any,
    ) -> Dispatcher:
        """Open the page as somebody and wait until it is drawn."""
        one = cls(visit(**options), base)
        one.seen.sit_down(name, roles)
        one.seen.open(f"{base}/dispatch?{query}")
        return one

    def painted(self) -> dict[str, int]:
        """Wait until nothing is under way: what is painted."""
        return self.seen.settled()

    def row(self, number: str) -> Locator:
        """The row of a case in the list."""
        return self.page.locator(f"#gkd-row-{number}")

    def numbers(self) -> list[str]:
        """The numbers of the rows that the list has drawn, from above."""
        rows = self.page.locator(".gkd-row:not([hidden])").all()
        found = [(float((one.bounding_box() or {"y": 0})["y"]), one.get_attribute("data-number") or "") for one in rows]
        return [number for _, number in sorted(found)]

    def look_up(self, number: str) -> None:
        """Search for a case by its number, so that its row is drawn."""
        self.page.fill("#gkd-text", number)
        self.row(number).wait_for()

    def open(self, number: str) -> None:
        """Open a case."""
        self.look_up(number)
        self.row(number).click()
        self.page.wait_for_function(_IS_OPEN, arg=number)
        self.painted()

    def state(self) -> str:
        """The state that the open case shows."""
        return self.page.locator(".gkd-now-state").get_attribute("data-state") or ""

    def stage(self) -> str:
        """The step of the loop that is marked as the present one; empty for none."""
        now = self.page.locator("[aria-current=step][data-stage]")
        return (now.get_attribute("data-stage") or "") if now.count() else ""

    def left(self) -> str:
        """What the clock of the open case says."""
        return self.page.inner_text(".gkd-now-left")

    def clocks(self) -> dict[str, str]:
        """The clocks of the open case: stage.milestone.round -> what stands there."""
        rows = self.page.locator("#gkd-clocks [data-clock]").all()
        return {one.get_attribute("data-clock") or "": one.inner_text() for one in rows}

    def kinds(self) -> list[str]:
        """The kinds of the events that are shown, the newest first."""
        return [one.get_attribute("data-kind") or "" for one in self.page.locator("#gkd-events li").all()]

    def step(self, name: str, **fields: str) -> None:
        """Take a step by its button and fill in its form, if it has one."""
        self.begin(name)
        if fields:
            for field, value in fields.items():
                self.fill(field, value)
            self.send()

    def begin(self, name: str) -> None:
        """Press the button of a step."""
        button = self.page.locator(f"[data-step={name}]")
        if not button.is_visible():
            self.page.click(".gkd-more-steps summary")
        button.click()

    def fill(self, field: str, value: str) -> None:
        """Fill in a field of the form."""
        control = self.page.locator(f"[data-field={field}] :is(textarea, select, input)").first
        if control.evaluate("(node) => node.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)

    def send(self) -> None:
        """Send the form."""
        self.page.click("#gkd-form [type=submit]")

    def wait_for(self, state: str) -> None:
        """Wait until the open case is painted in a state."""
        self.page.wait_for_selector(f".gkd-now-state[data-state={state}]")
        self.painted()

    def attach(self, photo: bytes) -> None:
        """Add a photo to the form, and wait until it was sent."""
        file = FilePayload(name="result.jpg", mimeType="image/jpeg", buffer=photo)
        self.page.set_input_files("[data-field=photos] input[type=file]", files=[file])
        self.page.wait_for_selector("[data-field=photos] img")

    def inks(self, lon: float, lat: float) -> set[str]:
        """The colours painted on the map at a place."""
        return canvas.colours(self.page, "cases", (lon, lat))

    def click_map(self, lon: float, lat: float) -> None:
        """Click a place on the map."""
        self.page.mouse.click(*canvas.spot(self.page, (lon, lat)))

    @contextmanager
    def as_one_with(self, roles: str) -> Iterator[None]:
        """Work in other roles for a while."""
        before: str = self.page.evaluate(_ROLES, roles)
        yield
        self.page.evaluate(_ROLES, before)

    def is_lost(self) -> bool:
        """Whether the page says that events do not come."""
        return self.page.is_visible(".gkd-count .gkd-lost")

    def complaints(self) -> list[str]:
        """What the browser complained about; refusals by the service, and that these tests read pixels, are none."""
        expected = ("status of 4", "willReadFrequently")
        return [one for one in self.seen.complaints if not any(part in one for part in expected)]


def report(api: httpx2.Client, place: tuple[float, float], **said: Any) -> dict[str, Any]:
    """File a report: the answer."""
    body = {"lon": place[0], "lat": place[1], "datum": "wgs84", "category": "01037", **said}
    answer = api.post("/cases", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def take(api: httpx2.Client, number: str, step: str, **fields: Any) -> dict[str, Any]:
    """Take a step as somebody else, without a browser: the case after it."""
    headers = {"X-Actor": "Zhao", "X-Role": EVERY_ROLE}
    tag = api.get(f"/cases/{number}", headers=headers).headers["etag"]
    answer = api.post(f"/cases/{number}/steps", json={"step": step, **fields}, headers=headers | {"If-Match": tag})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def photo_of(colour: str) -> bytes:
    """A small photo, as a telephone would make it."""
    file = BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, "JPEG")
    return file.getvalue()

"""A planner at the page /planner: hands on the map, and what is painted there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import shapely
from shapely.geometry import shape

from tests.pages import canvas
from tests.pages.browser import Visit

Start = Callable[..., Visit]
Place = canvas.Place
REFUSED = re.compile(r"status of 4\d\d")


class Planner:
    """One person at the planner; `seen` is their browser."""

    def __init__(self, seen: Visit, base: str) -> None:
        self.seen, self.page, self.base = seen, seen.page, base

    @classmethod
    def start(cls, visit: Start, base: str, *, query: str = "scheme=duty&lang=en", **options: Any) -> Planner:
        """Open the page and wait until it is drawn."""
        one = cls(visit(**options), base)
        one.seen.open(f"{base}/planner?{query}")
        return one

    def begin(self, name: str) -> int:
        """Start a draft: its number."""
        self.page.click("#gkp-new")
        self.page.fill("#gkp-new-name", name)
        self.page.press("#gkp-new-name", "Enter")
        self.page.wait_for_selector("[data-tool=split]:not([disabled])")
        self.painted()
        return self.draft()

    def draft(self) -> int:
        """The number of the draft that is open."""
        return int(parse_qs(urlsplit(self.page.url).query)["draft"][0])

    def painted(self) -> dict[str, int]:
        """Wait until nothing is under way: what is painted."""
        return self.seen.settled()

    def look_at(self, place: Place, *, zoom: int = 16) -> None:
        """Bring a place to the middle of the map."""
        self.page.evaluate(
            "([lon, lat, zoom]) => { gridkeeper.map.setView([lat, lon], zoom, {animate: false}); }", [*place, zoom]
        )
        self.painted()

    def pixels(self, place: Place) -> Place:
        """Where a place is on the screen."""
        return canvas.spot(self.page, place)

    def move(self, place: Place, *, steps: int = 1) -> None:
        """Bring the pointer to a place."""
        self.page.mouse.move(*self.pixels(place), steps=steps)

    def click(self, place: Place) -> None:
        """Click a place, as a hand does: it goes there first."""
        self.move(place)
        self.page.mouse.click(*self.pixels(place))

    def in_view(self, place: Place) -> bool:
        """Whether a place is on the map now, and not below its buttons."""
        return bool(
            self.page.evaluate("([lon, lat]) => gridkeeper.map.getBounds().pad(-0.2).contains([lat, lon])", list(place))
        )

    def choose(self, grid: dict[str, Any]) -> None:
        """Select a grid by its code, and stay where the map is."""
        where = "(() => { const { lng, lat } = gridkeeper.map.getCenter(); return [lng, lat]; })()"
        centre = self.page.evaluate(where)
        zoom = self.page.evaluate("gridkeeper.map.getZoom()")
        self.page.click("#gkp-tab-draft")
        self.page.fill("#gkp-find", grid["properties"]["code"])
        self.page.press("#gkp-find", "Enter")
        self.look_at((centre[0], centre[1]), zoom=zoom)

    def draw(self, *places: Place) -> None:
        """Click places one after the other, slowly enough not to be taken for double clicks."""
        for place in places:
            self.click(place)
            self.page.wait_for_timeout(400)

    def take(self, tool: str) -> None:
        """Take up a tool."""
        self.page.click(f"[data-tool={tool}]")

    def split(self, grid: dict[str, Any]) -> None:
        """Split a grid across."""
        self.look_at(middle_of(grid))
        self.take("split")
        self.draw(*halving(grid))
        self.page.keyboard.press("Enter")
        self.saved()

    def saved(self) -> dict[str, int]:
        """Wait for the note that an edit was saved: what is painted then."""
        self.page.wait_for_function("() => /^(Saved|已保存)/.test(document.getElementById('gk-status').textContent)")
        return self.painted()

    def status(self) -> str:
        """The status line."""
        return str(self.page.inner_text("#gk-status"))

    def inks(self, place: Place, *, pane: str = "grids", half: int = 1) -> list[list[int]]:
        """The colours painted at and beside a place."""
        return canvas.inks(self.page, pane, place, half=half)

    def has_border(self, place: Place) -> bool:
        """Whether a border is painted at a place."""
        darkness = [sum(ink[:3]) for ink in self.inks(place, half=2)]
        return max(darkness) - min(darkness) > 60

    def count_of(self, colour: str, *, pane: str) -> int:
        """How many pixels of a colour such as '#c4001a' a canvas has."""
        return canvas.pixels_of(self.page, pane, colour)[0]

    def table(self, grid_no: int) -> dict[str, list[str]]:
        """What the panel says of a grid: measure -> before, after, change."""
        rows = self.page.locator(f"#gkp-grids [data-grid='{grid_no}'] tbody tr")
        return {
            row.get_attribute("data-measure") or "": [cell.strip() for cell in row.locator("td").all_inner_texts()]
            for row in rows.all()
        }

    def complaints(self) -> list[str]:
        """What the browser complained about; refusals by the service, and that these tests read pixels, are none."""
        return [one for one in self.seen.complaints if not REFUSED.search(one) and "willReadFrequently" not in one]


def between(one: dict[str, Any], other: dict[str, Any]) -> Place:
    """A place on the border of two grids, away from its middle, where a name may be written."""
    rings = [shape(grid["geometry"]).boundary for grid in (one, other)]
    border = shapely.line_merge(shapely.intersection(*rings))
    lon, lat = shapely.get_coordinates(shapely.get_parts(border)[0].interpolate(0.15, normalized=True))[0]
    return float(lon), float(lat)


def middle_of(grid: dict[str, Any]) -> Place:
    """A place well inside a grid."""
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(shape(grid["geometry"])))[0]
    return float(lon), float(lat)


def beside(api: httpx2.Client, grid: dict[str, Any]) -> dict[str, Any]:
    """The neighbour with which a grid has the longest border."""
    ground = shape(grid["geometry"])
    others = [one for one in grids(api) if one["properties"]["grid_no"] != grid["properties"]["grid_no"]]
    return max(others, key=lambda one: shapely.intersection(ground, shape(one["geometry"])).length)


def halving(grid: dict[str, Any]) -> tuple[Place, Place]:
    """The ends of a line over a grid through its inside, from outside to outside."""
    west, _, east, _ = shape(grid["geometry"]).bounds
    latitude = middle_of(grid)[1]
    reach = (east - west) * 0.05
    return (west - reach, latitude), (east + reach, latitude)


def has_colour(inks: list[list[int]], colour: str) -> bool:
    """Whether a colour such as '#c4001a' is among those painted, however much of what lies below shines through."""
    parts = canvas.parts_of(colour)
    return any(max(abs(one - other) for one, other in zip(ink[:3], parts, strict=True)) <= 3 for ink in inks)


def changed(api: httpx2.Client, draft: int) -> dict[int, dict[str, Any]]:
    """What a draft changes, by number."""
    found = api.get(f"/drafts/{draft}/changes").json()["changed"]["features"]
    return {one["properties"]["grid_no"]: one for one in found}


def grids(api: httpx2.Client, **query: str) -> list[dict[str, Any]]:
    """The grids of the duty scheme."""
    found: list[dict[str, Any]] = api.get(
        "/layers/grids/items", params={"scheme": "duty", "limit": 1000, **query}
    ).json()["features"]
    return found

"""What is painted on the canvases of a page's map, and where a place of the map is on the screen."""

from __future__ import annotations

from playwright.sync_api import Page

Place = tuple[float, float]
_PIXELS = """([lon, lat]) => {
  const frame = gridkeeper.map.getContainer().getBoundingClientRect();
  const at = gridkeeper.map.latLngToContainerPoint([lat, lon]);
  return [frame.left + at.x, frame.top + at.y];
}"""
# The colours of a small square of a canvas around a place, the empty ones left out.
_INKS = """([pane, lon, lat, half]) => {
  const canvas = document.querySelector(`.leaflet-${pane}-pane canvas`);
  const box = canvas.getBoundingClientRect();
  const frame = gridkeeper.map.getContainer().getBoundingClientRect();
  const at = gridkeeper.map.latLngToContainerPoint([lat, lon]);
  const [x, y] = [Math.round(frame.left + at.x - box.left), Math.round(frame.top + at.y - box.top)];
  const { data } = canvas.getContext("2d").getImageData(x - half, y - half, 2 * half + 1, 2 * half + 1);
  const found = [];
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 0) found.push([...data.slice(at, at + 4)]);
  return found;
}"""
_ON_CANVAS = """([pane, colours]) => {
  const canvas = document.querySelector(`.leaflet-${pane}-pane canvas`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const count = colours.map(() => 0);
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] <= 200) continue;
    const near = ([r, g, b]) => Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 12;
    const found = colours.findIndex(near);
    if (found >= 0) count[found] += 1;
  }
  return count;
}"""


def spot(page: Page, place: Place) -> tuple[float, float]:
    """Where a longitude and latitude is on the screen."""
    x, y = page.evaluate(_PIXELS, list(place))
    return x, y


def inks(page: Page, pane: str, place: Place, *, half: int = 2) -> list[list[int]]:
    """Red, green, blue and alpha of what is painted in a small square around a place, the empty ones left out."""
    found: list[list[int]] = page.evaluate(_INKS, [pane, *place, half])
    return found


def colours(page: Page, pane: str, place: Place, *, half: int = 2) -> set[str]:
    """The colours, like "#c4001a", that are painted in full in a small square around a place."""
    return {f"#{r:02x}{g:02x}{b:02x}" for r, g, b, alpha in inks(page, pane, place, half=half) if alpha > 200}


def pixels_of(page: Page, pane: str, *colours: str) -> list[int]:
    """How many pixels of a canvas have about each of these colours."""
    found: list[int] = page.evaluate(_ON_CANVAS, [pane, [parts_of(one) for one in colours]])
    return found


def parts_of(colour: str) -> list[int]:
    """Red, green and blue of a colour such as '#c4001a'."""
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]

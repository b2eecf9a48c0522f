"""How fast the pages are: the map with 50,000 cases, the planner with 10,000 grids, dispatch with 100,000 open cases.

Headless Chromium draws in software on the same machine as the service and the database.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas
from locating.ground import cells_of
from playwright.sync_api import Browser, Page, sync_playwright
from rounds import Promise, Report, Row, options
from serving import GRIDKEEPER, served
from settled import settle
from sqlalchemy import text

from data.roles import OWNER
from data.session import engine, unit_of_work
from data.settings import DatabaseSettings

CASES = 50_000
GRIDS = 10_000
OPEN = 100_000
# All grids at once, and so near that a hand would take hold of a corner.
ZOOMS = (None, 16)
FLAGS = [
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
FRAMES = """() => {
  window.benchFrames = []; window.benchStop = false; let last = performance.now();
  const tick = (now) => {
    window.benchFrames.push(now - last); last = now;
    if (!window.benchStop) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""
# Where a corner of a grid is on the screen, once the map shows it.
CORNER = """([row, zoom]) => {
  const { map, desk } = gridkeeper;
  const spot = (at) => {
    const [corner] = desk.ground.corners(desk.ground.all()[at]);
    const [lon, lat] = desk.ground.degrees(corner.place);
    return [lat, lon];
  };
  if (zoom) map.setView(spot(row), zoom, {animate: false});
  const all = desk.ground.all().length;
  let at = row;
  while (!map.getBounds().pad(-0.2).contains(spot(at))) at = (at + 1) % all;
  const frame = map.getContainer().getBoundingClientRect();
  const { x, y } = map.latLngToContainerPoint(spot(at));
  return [frame.left + x, frame.top + y];
}"""


# Every case of the town is open again, and due within the last day or the next two weeks.
OPEN_ALL = """
UPDATE cases SET state = 'handling', paused_state = NULL, queue_reason = NULL, closed_at = NULL, merged_into = NULL,
    clock = 'running', due_at = now() + (random() * 15 - 1) * interval '1 day', due_milestone = 'end'
"""


@contextmanager
def service(database: str, *filled_by: str, then: Callable[[DatabaseSettings], None] | None = None) -> Iterator[str]:
    """The service's address, on a database that a command of ours fills, and then something else."""
    settings = DatabaseSettings(database=database)
    subprocess.run([GRIDKEEPER[0], *filled_by], env={**os.environ, "GRIDKEEPER_DATABASE": database}, check=True)
    if then is not None:
        then(settings)
    with served(settings) as found:
        yield f"http://127.0.0.1:{found.port}"


def first_paint_s(page: Page, url: str) -> float:
    """Seconds from the request for the page to the first cases on it."""
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function("() => window.gridkeeper?.painted?.cases > 0", polling="raf", timeout=60_000)
    return time.perf_counter() - start


def pan_frames_ms(page: Page) -> list[float]:
    """Times between frames while the mouse drags the map to and fro."""
    page.evaluate(FRAMES)
    for turn in range(6):
        way = 1 if turn % 2 == 0 else -1
        page.mouse.move(800, 450)
        page.mouse.down()
        for step in range(30):
            page.mouse.move(800 + way * step * 9, 450 + way * step * 4)
            page.wait_for_timeout(8)
        page.mouse.up()
        page.wait_for_timeout(250)
    frames: list[float] = page.evaluate("() => window.benchFrames")
    return frames[1:]


def mesh_file() -> Path:
    """A file with the grids of a city, each with about a hundred corners."""
    home = Path(os.environ["GRIDKEEPER_HOME"])
    file = home / "mesh.gpkg"
    cells = cells_of(home, GRIDS)
    codes = [f"M{number:05d}" for number in range(GRIDS)]
    geopandas.GeoDataFrame({"code": codes}, geometry=cells, crs="EPSG:4326").to_file(file)
    return file


def new_draft(url: str) -> int:
    """A draft of the mesh: its number."""
    body = json.dumps({"scheme": "mesh", "name": "drag"}).encode()
    request = urllib.request.Request(f"{url}/api/v1/drafts", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return int(json.load(answer)["id"])


def drag_frames_ms(page: Page, url: str, *, turns: int) -> list[float]:
    """Times between frames while the mouse drags shared corners, previews being asked for all the while."""
    page.goto(f"{url}/planner?scheme=mesh&lang=en&draft={new_draft(url)}")
    page.wait_for_function("() => window.gridkeeper?.painted?.grids > 0", timeout=120_000)
    page.evaluate("gridkeeper.idle()")
    page.click("[data-tool=move]")
    frames: list[float] = []
    for zoom in ZOOMS:
        for turn in range(turns):
            x, y = page.evaluate(CORNER, [turn * 1741 % GRIDS, zoom])
            page.evaluate("gridkeeper.idle()")
            page.mouse.move(x, y)
            page.evaluate(FRAMES)
            page.mouse.down()
            for step in range(60):
                page.mouse.move(x + step % 20, y + step % 15)
                page.wait_for_timeout(8)
            assert page.evaluate("gridkeeper.painted.moving") > 1, "no corner was held"
            frames += page.evaluate("() => { window.benchStop = true; return window.benchFrames.slice(1); }")
            page.keyboard.press("Escape")
            page.mouse.up()
    return frames


def cases_rows(browser: Browser, rounds: int) -> tuple[list[Row], list[Promise]]:
    """The case map: first paint, and frames during a pan."""
    paints: list[float] = []
    frames: list[float] = []
    with service("bench_page", "demo", "--cases", str(CASES), "--if-empty") as url:
        for _ in range(rounds):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            paints.append(first_paint_s(page, f"{url}/?lang=en"))
            page.wait_for_timeout(1500)
            frames += pan_frames_ms(page)
            page.close()
    paint, p95 = statistics.median(paints), percentile95(frames)
    return [Row("first paint of cases", paint, 1 / paint, 1.0), *frame_rows("frame during a pan", frames)], [
        Promise(f"p95 frame during a pan with {CASES:,} cases in ms, at most", 50, p95, p95 <= 50),
        Promise("first paint in s, at most", 2, paint, paint <= 2),
    ]


def planner_rows(browser: Browser, rounds: int) -> tuple[list[Row], list[Promise]]:
    """The planner: frames while a corner is dragged."""
    with service("bench_planner", "import", "grids", str(mesh_file()), "--scheme", "mesh") as url:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        frames = drag_frames_ms(page, url, turns=2 * rounds)
        page.close()
    p95 = percentile95(frames)
    return frame_rows("frame during a drag", frames), [
        Promise(f"p95 frame while a corner is dragged among {GRIDS:,} grids in ms, at most", 50, p95, p95 <= 50)
    ]


def dispatch_rows(browser: Browser, rounds: int) -> tuple[list[Row], list[Promise]]:
    """The dispatch page: first paint, and frames during a pan."""
    paints: list[float] = []
    frames: list[float] = []
    with service("bench_dispatch_page", "demo", "--cases", str(OPEN), "--if-empty", then=_open_all) as url:
        for _ in range(rounds):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            paints.append(first_paint_s(page, f"{url}/dispatch?lang=en"))
            page.wait_for_timeout(1500)
            assert page.evaluate("gridkeeper.painted.open") > OPEN * 0.99, "not every case is open"
            frames += pan_frames_ms(page)
            page.close()
    paint, p95 = statistics.median(paints), percentile95(frames)
    return [
        Row("first paint of open cases", paint, 1 / paint, 1.0),
        *frame_rows("frame during a pan of them", frames),
    ], [
        Promise(f"p95 frame during a pan with {OPEN:,} open cases in ms, at most", 50, p95, p95 <= 50),
        Promise("first paint of them in s, at most", 2, paint, paint <= 2),
    ]


def _open_all(settings: DatabaseSettings) -> None:
    bind = engine(settings, role=OWNER, statement_limit_s=0)
    with unit_of_work(bind) as session:
        session.execute(text(OPEN_ALL))
    bind.dispose()
    settle(settings, vacuum=("cases",))


def percentile95(frames: list[float]) -> float:
    """The 95th percentile."""
    return sorted(frames)[int(len(frames) * 0.95)]


def frame_rows(name: str, frames: list[float]) -> list[Row]:
    """Median and p95 of frames in ms."""
    named = {"median": statistics.median(frames), "p95": percentile95(frames)}
    return [Row(f"{name}, {what}", ms / 1000, 1000 / ms, 1.0) for what, ms in named.items()]


def main() -> None:
    """Measure and report."""
    chosen = options("page")
    rounds = 2 if chosen.quick else 5
    report = Report("page")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for measured in (cases_rows, planner_rows, dispatch_rows):
            rows, promises = measured(browser, rounds)
            report.rows += rows
            report.promises += promises
        browser.close()
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()

"""How fast the map is for the person at it: first paint, and frames during a scripted pan, with 50,000 cases.

Headless Chromium draws in software on the same machine as the service and the database.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rounds import Promise, Report, Row, options

GRIDKEEPER = Path(sys.executable).with_name("gridkeeper")
DATABASE = "bench_page"
CASES = 50_000
FLAGS = [
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
FRAMES = """() => {
  window.benchFrames = []; let last = performance.now();
  const tick = (now) => { window.benchFrames.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}"""


@contextmanager
def service() -> Iterator[str]:
    """The service on a free port, on a database with the sample town and its many cases."""
    env = {**os.environ, "GRIDKEEPER_DATABASE": DATABASE}
    subprocess.run([GRIDKEEPER, "demo", "--cases", str(CASES), "--if-empty"], env=env, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([GRIDKEEPER, "serve", "--port", str(port)], env=env, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/healthz")
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} does not answer")


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


def main() -> None:
    """Measure and report."""
    chosen = options("page")
    rounds = 2 if chosen.quick else 5
    paints: list[float] = []
    frames: list[float] = []
    with service() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for _ in range(rounds):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            paints.append(first_paint_s(page, f"{url}/?lang=en"))
            page.wait_for_timeout(1500)
            frames += pan_frames_ms(page)
            page.close()
        browser.close()
    paint = statistics.median(paints)
    p95 = sorted(frames)[int(len(frames) * 0.95)]
    report = Report("page")
    report.rows = [
        Row("first paint of cases", paint, 1 / paint, 1.0),
        Row("frame during a pan, median", statistics.median(frames) / 1000, 1000 / statistics.median(frames), 1.0),
        Row("frame during a pan, p95", p95 / 1000, 1000 / p95, 1.0),
    ]
    report.promises = [
        Promise("p95 frame during a pan with 50,000 cases in ms, at most", 50, p95, p95 <= 50),
        Promise("first paint in s, at most", 2, paint, paint <= 2),
    ]
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()

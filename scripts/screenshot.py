"""Take the pictures of the README from a running service, where nothing has to be done on the page first.

Usage: scripts/serve in one terminal, then .venv/bin/python scripts/screenshot.py [ADDRESS]
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).resolve().parent.parent / "docs/pictures"
ADDRESS = "http://127.0.0.1:8000"
SIZE = {"width": 1280, "height": 800}
LARGEST_BYTES = 400_000
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]


PAGES = {
    "map-en": "/?lang=en",
    "map-zh": "/?lang=zh",
    "hotspots-en": "/hotspots?lang=en&what=gi",
    "reach-en": "/reach?lang=en",
}


def main() -> None:
    """Take the pictures."""
    address = sys.argv[1] if len(sys.argv) > 1 else ADDRESS
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, path in PAGES.items():
            take(browser.new_page(viewport=SIZE), address + path, PICTURES / f"{name}.png")
        browser.close()


def take(page: Page, url: str, file: Path) -> None:
    """One picture, once the page has drawn what it asked for."""
    page.goto(url)
    page.evaluate("() => gridkeeper.ready")
    page.evaluate("() => gridkeeper.idle()")
    page.wait_for_timeout(1_000)  # the last tiles are drawn in later frames
    page.screenshot(path=file)
    Image.open(file).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    size = file.stat().st_size
    print(f"{file}: {size:,} bytes")
    if size > LARGEST_BYTES:
        sys.exit(f"The picture is larger than {LARGEST_BYTES:,} bytes; show less on the page.")


if __name__ == "__main__":
    main()

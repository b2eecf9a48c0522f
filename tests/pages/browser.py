"""Debian's Chromium, cut off from every host but this one, and what a page did in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright

CHROMIUM = "/usr/bin/chromium"
_QUIET = (
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
_ONLY_HERE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
_WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) =>
  violations.push(`${event.violatedDirective} ${event.blockedURI}`));
window.failed = new Promise((_, fail) => {
  addEventListener('error', ({ error }) => { if (error) fail(error); });
  addEventListener('unhandledrejection', ({ reason }) => fail(reason));
});
failed.catch(() => {});
"""
# What a page promises, or the first error of its scripts, or the end of patience: whatever comes first.
_AWAITED = """(what) => Promise.race([
  failed,
  (async () => what === 'ready' ? gridkeeper.ready : gridkeeper.idle())(),
  new Promise((_, fail) => setTimeout(() => fail(new Error(`not ${what} after 60 s`)), 60000)),
])"""
_SITS_HERE = """([name, roles]) => {
  localStorage.setItem("gridkeeper.actor", name);
  localStorage.setItem("gridkeeper.roles", roles);
}"""
_TEXTS = """() => {
  const found = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!["SCRIPT", "STYLE"].includes(walker.currentNode.parentElement.tagName)) found.push(walker.currentNode.data);
  }
  for (const node of document.querySelectorAll("*")) {
    for (const name of ["aria-label", "title", "placeholder", "alt"]) {
      if (node.hasAttribute(name)) found.push(node.getAttribute(name));
    }
  }
  return found;
}"""
_ALLOWED = Path(__file__).parent / "latin_allowed.txt"
_OWN = ("data:", "blob:", "about:")


def launch(playwright: Playwright) -> Browser:
    """Chromium without a graphics card and without a way out."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*_QUIET, _ONLY_HERE])


@dataclass
class Visit:
    """One page, with everything it asked for and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def start(cls, browser: Browser, *, width: int = 1280, height: int = 800, **options: Any) -> Visit:
        """A new, empty page in a context of its own."""
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(15_000)
        page = context.new_page()
        visit = cls(page)
        page.add_init_script(_WATCH)
        page.on("request", lambda request: visit.requests.append(request.url))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("console", visit._hear)
        return visit

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")

    def sit_down(self, name: str, roles: str) -> None:
        """Be somebody in some roles on every page that is opened from now on."""
        self.page.add_init_script(f"({_SITS_HERE})({[name, roles]})")

    def open(self, url: str) -> dict[str, int]:
        """Load a page and wait until it is drawn: what is painted."""
        self.page.goto(url)
        return self.ready()

    def ready(self) -> dict[str, int]:
        """Wait until the page is drawn for the first time: what is painted. An error in its scripts is raised."""
        painted: dict[str, int] = self.page.evaluate(_AWAITED, "ready")
        return painted

    def settled(self) -> dict[str, int]:
        """Wait until nothing is under way: what is painted. An error in the page's scripts is raised."""
        painted: dict[str, int] = self.page.evaluate(_AWAITED, "idle")
        return painted

    def latin_words(self, names: Iterable[str], *, besides: str = r"(?!)") -> set[str]:
        """The Latin words of all texts of the page, labels and titles too, but for those that any page may have.

        Args:
            names: What is called so in the data; it is taken out, the longest first.
            besides: A pattern of what else is taken out.
        """
        text = "\n".join(self.page.evaluate(_TEXTS))
        for name in sorted(names, key=len, reverse=True):
            text = text.replace(name, "")
        lines = _ALLOWED.read_text(encoding="utf-8").splitlines()
        found = set(re.findall(r"[A-Za-z]+", re.sub(besides, "", text)))
        return found - {line for line in lines if not line.startswith("#")}

    def violations(self) -> list[str]:
        """What the content security policy stopped."""
        found: list[str] = self.page.evaluate("violations")
        return found

    def elsewhere(self, base: str) -> list[str]:
        """Requests that did not go to the page's own place."""
        return [url for url in self.requests if not url.startswith((base, *_OWN))]

"""What all pages share: one control over time, one legend, one sheet to take along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from maps.assets import own, text
from maps.styles import DENSITY, DIVERGING, SEQUENTIAL
from tests.pages.browser import Visit

DAY = (datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(days=1)).date().isoformat()
_CONTROL = """(speeds) => {
  document.getElementById("shared")?.remove();
  const place = document.createElement("div");
  place.id = "shared";
  document.querySelector(".gk-stage").append(place);
  window.heard = [];
  window.control = gridkeeper.timeControl(place, { label: "Weeks", speeds, say: (at) => `minute ${at}` });
  control.on((at) => heard.push(at === Infinity ? "all" : at));
}"""
_GROUPS = """([hot, cold, ramp]) => [{
  id: "shared", title: "Hot and cold",
  rows: [
    { colour: hot, outline: true, text: "hot", value: "3 grids" },
    { colour: cold, pattern: gridkeeper.config.palette.cold_pattern, text: "cold" },
    { mark: "gk-dot gk-dot-queued", text: "queued" },
    { ramp, from: "0", to: "12" },
  ],
  facts: { n: 1234, method: "Gi*", seed: "42", bandwidth: null },
}]"""
_MARKS = """() => [...document.querySelectorAll("[data-layer=shared] canvas[data-colour]")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const found = new Set();
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) found.add(data.slice(at, at + 3).join());
  const wanted = [1, 3, 5].map((at) => parseInt(canvas.dataset.colour.slice(at, at + 2), 16)).join();
  return [canvas.dataset.pattern ?? "", found.has(wanted), found.size > 6];
})"""


@pytest.fixture(scope="module")
def page(browser: Browser, town_server: str) -> Iterator[Page]:
    """The patrol page, with what takes sheets along loaded too."""
    seen = Visit.start(browser, accept_downloads=True)
    seen.sit_down("sue", "supervisor")
    seen.open(f"{town_server}/patrol?lang=en&from={DAY}&to={DAY}")
    seen.page.evaluate(text(own("js/picture.js")))
    yield seen.page
    assert [one for one in seen.complaints if "willReadFrequently" not in one] == []
    seen.page.context.close()


def test_steps_are_played_to_the_end_and_each_is_told_once(page: Page) -> None:
    page.evaluate(_CONTROL, [4, 8, 16])
    assert page.locator("#shared").is_hidden()
    page.evaluate("control.setSteps(['one', 'two', 'three'].map((label) => ({ label })))")
    assert page.inner_text("#shared-time") == "Whole period"
    page.click("#shared-go")
    page.wait_for_function("() => control.at() === 2 && document.getElementById('shared-go').textContent === 'Play'")
    assert page.evaluate("heard") == [0, 1, 2]
    assert page.inner_text("#shared-time") == "three"
    page.focus("#shared-at")
    page.keyboard.press("Home")
    assert (page.inner_text("#shared-time"), page.get_attribute("#shared-at", "aria-valuetext")) == ("one", "one")
    page.click("#shared-all")
    assert page.evaluate("heard") == [0, 1, 2, 0, "all"]
    page.evaluate("control.setSteps([])")
    assert page.locator("#shared").is_hidden()


def test_a_span_is_gone_over_by_keys_and_by_playing(page: Page) -> None:
    page.evaluate(_CONTROL, None)
    page.evaluate("control.setSpan([0, 15], { step: 0.5 })")
    assert (page.inner_text("#shared-time"), page.locator("#shared-speed").is_hidden()) == ("minute 15", True)
    page.evaluate("control.turn(7.5)")
    page.focus("#shared-at")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("heard") == [7.5, 8]
    page.keyboard.press("Space")
    page.wait_for_function("() => control.at() > 8.2")
    page.keyboard.press("Space")
    assert page.get_attribute("#shared-go", "aria-pressed") == "false"
    assert 8.2 < page.evaluate("control.at()") < 15
    page.evaluate("control.hide()")
    assert page.locator("#shared").is_hidden()


def test_a_legend_has_marks_as_on_the_map_and_says_how_it_was_made(page: Page) -> None:
    page.evaluate(
        f"(colours) => gridkeeper.legend(document.getElementById('gk-legend')).show(({_GROUPS})(colours))",
        [DIVERGING[-1], DIVERGING[0], list(DENSITY)],
    )
    assert page.locator("[data-layer=shared] li").all_inner_texts() == ["hot\n3 grids", "cold", "queued", "0\n12"]
    facts = [
        (one.get_attribute("data-fact"), one.inner_text()) for one in page.locator("[data-layer=shared] dl div").all()
    ]
    assert facts == [("n", "Cases\n1,234"), ("method", "Method\nGi*"), ("seed", "Seed\n42")]
    (hot, cold) = page.evaluate(_MARKS)
    assert (hot[:2], cold) == (["", True], ["hatch", True, True])


def test_a_sheet_has_map_legend_and_facts_as_picture_and_as_pdf(page: Page, tmp_path: Path) -> None:
    png = Image.open(BytesIO(_saved(page, tmp_path, "png"))).convert("RGB")
    size = page.evaluate("[gridkeeper.map.getSize().x, gridkeeper.map.getSize().y]")
    assert png.width > 2 * (size[0] + 280)
    assert png.height > 2 * size[1]
    split = 2 * (28 + size[0])
    told, mapped = (_colours(png.crop(box)) for box in ((split, 0, *png.size), (0, 0, split, png.height)))
    assert {DIVERGING[0], DIVERGING[-1], *DENSITY} <= told, "all of the legend"
    assert not {DIVERGING[0], DIVERGING[-1]} & mapped
    assert len(mapped) > 20, "the map is drawn"
    assert SEQUENTIAL[0] not in told, "the sheet has the legend that it is given"
    # The map is drawn twice as fine for paper, and as before afterwards.
    assert page.evaluate("document.querySelector('.leaflet-grids-pane canvas').width") == pytest.approx(
        size[0] * 1.4, abs=3
    )

    pdf = _saved(page, tmp_path, "pdf")
    assert pdf.startswith(b"%PDF-1.4\n")
    start = int(re.findall(rb"startxref\n(\d+)\n%%EOF\n$", pdf)[0])
    places = [int(one) for one in re.findall(rb"^(\d{10}) 00000 n $", pdf[start:], re.MULTILINE)]
    assert [pdf[at : at + 7] for at in places] == [b"%d 0 obj" % (number + 1) for number in range(6)]
    length = int(re.findall(rb"/DCTDecode/Length (\d+)", pdf)[0])
    begin = pdf.index(b"stream\n", places[4]) + 7
    assert pdf[begin + length : begin + length + 10] == b"\nendstream"
    assert Image.open(BytesIO(pdf[begin : begin + length])).size == png.size
    assert "热点".encode("utf-16-be").hex().encode() in pdf


def _saved(page: Page, folder: Path, form: str) -> bytes:
    with page.expect_download() as downloading:
        page.evaluate(
            f"""([form, colours]) => gridkeeper.picture({{
              map: gridkeeper.map, title: "热点", subtitle: "{DAY}", facts: {{ n: 7 }}, name: "sheet",
              legend: ({_GROUPS})(colours),
            }}).save(form)""",
            [form, [DIVERGING[-1], DIVERGING[0], list(DENSITY)]],
        )
    assert downloading.value.suggested_filename == f"sheet.{form}"
    downloading.value.save_as(folder / form)
    return (folder / form).read_bytes()


def _colours(image: Image.Image) -> set[str]:
    found: list[tuple[int, Any]] = image.getcolors(image.width * image.height) or []
    return {f"#{r:02x}{g:02x}{b:02x}" for _, (r, g, b) in found}

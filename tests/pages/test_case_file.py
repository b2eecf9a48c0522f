"""The case map as one file, opened without any server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maps.cases import MOST_POINTS, cases_map
from tests.frames import town_frames
from tests.pages.browser import Visit

Start = Callable[..., Visit]


@pytest.mark.parametrize(("number", "lang"), [(40, "zh"), (MOST_POINTS + 1, "en")])
def test_a_file_opens_alone_and_paints_every_case(visit: Start, tmp_path: Path, number: int, lang: str) -> None:
    grids, cases = town_frames(cases=number)
    file = tmp_path / "cases.html"
    cases_map(grids, cases, lang=lang, time_zone="Asia/Shanghai").save(file)
    seen = visit()
    painted = seen.open(file.as_uri())
    assert seen.elsewhere(file.as_uri()) == []
    assert seen.complaints == []
    assert seen.violations() == []
    assert painted["grids"] == len(grids)
    assert painted["cases"] == number
    assert (painted["bins"] > 0) == (number > MOST_POINTS)


def test_a_large_file_says_that_it_sums_up(visit: Start, tmp_path: Path) -> None:
    cases_map(*town_frames(cases=MOST_POINTS + 1), lang="en").save(tmp_path / "cases.html")
    seen = visit()
    seen.open((tmp_path / "cases.html").as_uri())
    assert "more than 5,000, so single ones are not drawn" in seen.page.inner_text("#gk-legend")


def test_a_case_in_a_file_is_opened_from_the_list(visit: Start, tmp_path: Path) -> None:
    cases_map(*town_frames(cases=40), lang="en").save(tmp_path / "cases.html")
    seen = visit(height=900)
    seen.open((tmp_path / "cases.html").as_uri())
    seen.page.click("#gk-list-cases tbody tr:first-child button")
    assert "C-0" in seen.page.inner_text(".leaflet-popup .gk-card")

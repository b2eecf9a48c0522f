"""The catalogues of what pages say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gis.errors import GridError
from layers.cases.reasons import ROLES
from maps.shell import MENU
from maps.strings import LANGUAGES, catalogue, t
from maps.styles import STATES

MAPS = Path(__file__).resolve().parents[2] / "maps"
_ALLOWED = Path(__file__).resolve().parents[1] / "pages/latin_allowed.txt"
# Keys made of a family and a word of the data.
_FAMILIES = (
    *("page", "kind", "state", "role", "period", "layer", "legend", "language", "language.short"),
    *(
        "tool",
        "draft",
        "edit",
        "event",
        "grid_status",
        "measure",
        "duty",
        "problem",
        "weight",
        "planner.tab",
        "planner.step",
        "dispatch.key",
        "tasks.act",
        "clock",
        "clock_name",
        "milestone",
        "field",
        "unit",
        "place",
        "fact",
        "patrol.preset",
        "patrol.measure",
        "patrol.leg",
        "patrol.point",
        "patrol.tab",
        "patrol.none",
        "patrol.way",
        "hotspots.what",
        "hotspots.hint",
        "hotspots.per",
        "hotspots.value",
        "hotspots.permutations",
        "hotspots.step",
        "hotspots.format",
        "hotspots.tab",
        "hotspots.none",
        "hotspots.title",
        "hotspots.unit",
        "hotspots.method",
        "hotspots.moran",
        "hotspots.emerging",
        "hotspots.base",
        "reach.service",
        "reach.level",
        "reach.measure",
        "reach.unit",
        "reach.tab",
        "reach.none",
        "reach.format",
        "reach.sites",
        "reach.play",
    ),
)


def test_both_languages_have_the_same_keys_in_the_same_order() -> None:
    assert list(catalogue("zh")) == list(catalogue("en"))


def test_both_languages_ask_for_the_same_values() -> None:
    for key, text in catalogue("zh").items():
        assert _values(text) == _values(catalogue("en")[key]), key


def test_no_text_is_empty() -> None:
    assert [key for lang in LANGUAGES for key, text in catalogue(lang).items() if not text.strip()] == []


def test_chinese_texts_have_no_latin_words_but_the_allowed() -> None:
    allowed = set(_ALLOWED.read_text(encoding="utf-8").splitlines())
    for key, text in catalogue("zh").items():
        words = set(re.findall(r"[A-Za-z]+", re.sub(r"\{\w+\}", "", text)))
        assert words <= allowed, f"{key}: {text}"


def test_every_state_and_page_has_a_word() -> None:
    for state in STATES:
        assert t("zh", f"state.{state}")
    for page, _ in MENU:
        assert t("en", f"page.{page}")
    assert all(set(names) == set(LANGUAGES) for names in ROLES.values())


def test_every_text_is_used_somewhere() -> None:
    sources = [file for pattern in ("*.py", "templates/*.html", "static/js/*.js") for file in MAPS.glob(pattern)]
    code = "\n".join(file.read_text(encoding="utf-8") for file in sources)
    for key in catalogue("zh"):
        family = key.rpartition(".")[0]
        assert f'"{key}"' in code or f"'{key}'" in code or family in _FAMILIES, f"nothing says {key}"


def test_every_text_that_a_script_asks_for_exists() -> None:
    for file in MAPS.glob("static/js/*.js"):
        for key in re.findall(r'\bt\("([a-z_.]+)"', file.read_text(encoding="utf-8")):
            assert key in catalogue("zh"), f"{file.name}: {key}"


def test_whatever_a_draft_may_be_refused_for_has_words() -> None:
    errors = (MAPS.parent / "docs/errors.md").read_text(encoding="utf-8")
    sections = "".join(re.findall(r"^## (?:Edits of grids|Drafts)$.*?(?=^## )", errors, re.MULTILINE | re.DOTALL))
    codes = set(re.findall(r"^### `(\w+)`\nHTTP", sections, re.MULTILINE))
    assert len(codes) > 30
    # The page draws in the stored datum and says what it saw; a conflict has a card of its own.
    never = {"datum_not_stored", "if_match_missing", "draft_changed", "draft_stale", "versions_changed"}
    assert {code for code in codes - never if f"problem.{code}" not in catalogue("zh")} == set()


def test_an_unknown_text_language_or_value_is_an_error() -> None:
    with pytest.raises(GridError, match=r"nothing\.like\.this"):
        t("zh", "nothing.like.this")
    with pytest.raises(GridError, match="zh and en"):
        catalogue("fr")
    with pytest.raises(GridError, match="'n' is missing"):
        t("en", "unit.metres")


def _values(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))

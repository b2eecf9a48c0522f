"""The past of a scheme: its versions, what changed between two of them, whose a place was when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from shapely.geometry import mapping, shape
from sqlalchemy.orm import Session

from layers.errors import NotFound
from layers.grids.schemes import scheme_named
from layers.grids.versions import cells_of
from layers.rezoning.carrying_out import Asked
from layers.rezoning.history import differences, history_of_place, versions
from layers.rezoning.publishing import roll_back
from tests.plans_of_town import SCHEME, give, merge_top, split_first, take_plan_scheme
from tests.publications import LI, lead, published
from tests.town import FIRST, LEAD_CHANGED, METRIC_SRID, MOVED, at, squares


@pytest.fixture
def past(town_session: Session) -> Session:
    """The plan scheme in four versions: P01 split, P08 merged into P07, the first brought back."""
    take_plan_scheme(town_session)
    lead(town_session, "P01", "P01")
    published(town_session, split_first(1.5))
    published(town_session, merge_top(), asked=Asked(reason="one school"))
    roll_back(town_session, LI, SCHEME, to_version=1, seen_version=3, asked=Asked(reason="no", reinstated=True))
    return town_session


def test_versions_tell_since_when_who_why_and_how_much(past: Session):
    found = versions(past, SCHEME)
    told = [
        tuple(one[name] for name in ("version", "actor", "reason", "grids", "added", "changed", "ended"))
        for one in found["versions"]
    ]
    assert told == [
        (1, "planner", "import of grids.gpkg", 8, 8, 0, 0),
        (2, "wang", "too much work in P01", 9, 1, 2, 0),
        (3, "wang", "one school", 8, 0, 1, 1),
        (4, "li", "no", 8, 1, 3, 1),
    ]
    instants = [(one["since"], one["until"]) for one in found["versions"]]
    assert instants[0][0] is None
    assert [until for _, until in instants[:-1]] == [since for since, _ in instants[1:]]
    assert instants[-1][1] is None
    assert [one["draft"] is None for one in found["versions"]] == [True, False, False, True]
    assert found["newest"] == 4


def test_the_number_of_grids_told_is_the_number_there_was(past: Session):
    scheme = scheme_named(past, SCHEME)
    for one in versions(past, SCHEME)["versions"]:
        assert len(cells_of(past, scheme, version=one["version"]).code) == one["grids"]


def test_versions_of_a_scheme_that_was_imported_twice(town_session: Session):
    told = versions(town_session, "duty")["versions"]
    assert [(one["since"], one["until"], one["grids"], one["added"], one["changed"], one["ended"]) for one in told] == [
        (FIRST, MOVED, 9, 9, 0, 0),
        (MOVED, None, 8, 0, 3, 1),
    ]


def handed(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    rows = [
        (one["properties"]["from"] and one["properties"]["from"]["code"], one["properties"]["to"]["code"])
        for one in found["features"]
    ]
    return sorted(rows, key=str)


def test_the_difference_of_two_versions_is_ground_that_changed_hands_and_a_table(past: Session):
    found = differences(past, SCHEME, before=1, after=3)
    assert handed(found) == [("P01", "P01-1"), ("P08", "P07")]
    grids = {one["code"]: one for one in found["grids"]}
    assert {code: one["status"] for code, one in grids.items()} == {
        "P01": "changed", "P01-1": "added", "P05": "changed", "P07": "changed", "P08": "ended",
    }  # fmt: skip
    assert grids["P01-1"]["area_m2_before"] is None
    assert grids["P07"]["area_m2_after"] == pytest.approx(2 * grids["P07"]["area_m2_before"], rel=1e-3)
    (split,) = [one for one in found["features"] if one["properties"]["to"]["code"] == "P01-1"]
    assert shape(split["geometry"]).symmetric_difference(squares((1.5, 0, 2, 2))).area < 1e-12
    assert split["properties"]["area_m2"] == pytest.approx(grids["P01-1"]["area_m2_after"], rel=1e-6)


def test_the_difference_backwards_is_the_same_ground_given_back(past: Session):
    assert handed(differences(past, SCHEME, before=3, after=1)) == [("P01-1", "P01"), ("P07", "P08")]


def test_a_version_that_was_brought_back_is_no_different(past: Session):
    found = differences(past, SCHEME, before=1, after=4)
    assert (found["features"], found["grids"]) == ([], [])


def test_ground_of_nobody_comes_from_nobody(past: Session):
    published(past, give(None, 4, area=mapping(squares((8, 0, 9, 2)))))
    assert handed(differences(past, SCHEME, before=4, after=5)) == [(None, "P04")]


@pytest.mark.parametrize(("scheme", "before", "after"), [("nothing", 1, 2), (SCHEME, 1, 9), (SCHEME, 9, 1)])
def test_what_was_never_published_cannot_be_compared(past: Session, scheme: str, before: int, after: int):
    with pytest.raises(NotFound):
        differences(past, scheme, before=before, after=after)


def owners(found: dict[str, Any]) -> list[str | None]:
    return [one["grid"] and one["grid"]["code"] for one in found["versions"]]


def test_a_place_has_its_owner_version_by_version(past: Session):
    lon, lat = at(1.75, 1)
    assert owners(history_of_place(past, lon, lat, datum="wgs84", scheme=SCHEME)) == ["P01", "P01-1", "P01-1", "P01"]
    lon, lat = at(7, 3)
    assert owners(history_of_place(past, lon, lat, datum="wgs84", scheme=SCHEME)) == ["P08", "P08", "P07", "P08"]
    lon, lat = at(-3, 1)
    assert owners(history_of_place(past, lon, lat, datum="wgs84", scheme=SCHEME)) == [None] * 4


def test_on_a_border_the_lowest_number_of_each_version_owned_it(past: Session):
    lon, lat = at(1.5, 1)  # the cut between P01 and its new neighbour, which has a higher number
    assert owners(history_of_place(past, lon, lat, datum="wgs84", scheme=SCHEME)) == ["P01"] * 4


def test_the_leads_of_that_time_are_told(town_session: Session):
    found = history_of_place(town_session, *at(1, 3), datum="wgs84", scheme="duty")["versions"]
    leads = [[(one["name"], one["since"], one["until"]) for one in version["leads"]] for version in found]
    first, moved, changed = (instant.isoformat() for instant in (FIRST, MOVED, LEAD_CHANGED))
    assert leads == [
        [("Feng 冯八", first, moved)],
        [("Feng 冯八", moved, changed), ("Chen 陈九", changed, None)],
    ]


def test_the_place_is_asked_for_in_its_own_datum(past: Session):
    found = history_of_place(past, *at(1.75, 1), datum="gcj02", scheme=SCHEME)
    assert found["position"]["lon"] != pytest.approx(at(1.75, 1)[0], abs=1e-4)


def test_a_grid_that_got_people_by_a_split_shows_them_since_then(past: Session):
    since = versions(past, SCHEME)["versions"][1]["since"]
    found = history_of_place(past, *at(1.75, 1), datum="wgs84", scheme=SCHEME)["versions"]
    assert [[one["name"] for one in version["leads"]] for version in found] == [["Wang 王一"]] * 4
    assert datetime.fromisoformat(found[1]["leads"][0]["since"]) == since
    assert since > datetime(2026, 1, 1, tzinfo=UTC)
    assert scheme_named(past, SCHEME).metric_srid == METRIC_SRID

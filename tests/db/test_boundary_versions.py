"""Campaign: in whatever order boundaries are published and cases come in, each is judged by the version of its time."""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from data.session import unit_of_work
from gis.errors import BadInput
from layers.actor import Actor
from layers.cases.backfill import place_existing
from layers.cases.check import check
from layers.cases.intake import Report, receive
from layers.errors import Conflict
from layers.grids.lookup import places_at
from layers.grids.schemes import SchemeSpec, scheme_named
from tests.cluster import Cluster, Database
from tests.forms import forms
from tests.histories import BEGINNING, DAYS, Arrive, Case, Dealt, Place, Publish, Step, Versions, histories
from tests.imports import rows_of, take_cases, take_grids, write_csv
from tests.town import METRIC_SRID, at

_PLACEMENTS = """
    SELECT COALESCE(c.source_id, c.description) AS name, s.name AS scheme, p.version, g.code, p.routing
    FROM cases c JOIN placements p ON p.case_id = c.id JOIN schemes s ON s.id = p.scheme_id
    LEFT JOIN grids g ON g.id = p.grid_id WHERE c.tree = :tree"""

_HALVES: Dealt = ("A",) * 6 + ("B",) * 6
_QUARTERS: Dealt = ("A",) * 3 + ("B",) * 3 + ("C",) * 3 + ("D",) * 3
_BEGIN = Publish("routing", _HALVES, None)
_CASE: Case = ((1, 1), DAYS[2])
_CASE_IN_A_FILE, _CASE_BY_ITSELF = Arrive([_CASE], in_a_file=True), Arrive([_CASE], in_a_file=False)
# Histories that once went wrong, or that a wrong sign would spoil.
BESIDE_BEGINS_AFTER_A_CASE: list[Step] = [_BEGIN, Publish("beside", _HALVES, DAYS[3]), _CASE_IN_A_FILE, _CASE_BY_ITSELF]
BESIDE_IS_PUBLISHED_AFTER_A_CASE: list[Step] = [
    _BEGIN,
    _CASE_IN_A_FILE,
    Publish("beside", _HALVES, DAYS[1]),
    _CASE_BY_ITSELF,
]
VERSIONS_BEGIN_WITH_A_CASE: list[Step] = [
    _BEGIN,
    Publish("routing", _QUARTERS, DAYS[2]),
    _CASE_IN_A_FILE,
    Publish("routing", _HALVES, DAYS[2]),
    Publish("beside", _HALVES, DAYS[2]),
    Publish("beside", _QUARTERS, DAYS[2]),
    Publish("routing", _QUARTERS, DAYS[3]),
    Publish("routing", _HALVES, DAYS[3]),
    Arrive([((7, 1), DAYS[3])], in_a_file=False),
    Publish("beside", _QUARTERS, DAYS[3]),
]


@dataclass
class City:
    """A city of its own in the database, and beside it what must hold."""

    database: Database
    folder: Path
    name: str
    schemes: dict[str, Versions]
    asked: list[tuple[Place, datetime]] = field(default_factory=list)
    # By case: where and when it happened, and the scheme that routed it.
    placed: dict[str, tuple[Place, datetime, str]] = field(default_factory=dict)

    def spec(self, scheme: str) -> SchemeSpec:
        extent = self.schemes[scheme].extent
        priority = 10 if extent == "partial" else 0
        return SchemeSpec(
            name=f"{self.name}-{scheme}", tree=self.name, extent=extent, priority=priority, metric_srid=METRIC_SRID
        )

    def publish(self, step: Publish) -> None:
        refusal, spec = self.refusal(step), self.spec(step.scheme)
        with (
            pytest.raises(Conflict) if refusal else nullcontext() as refused,
            unit_of_work(self.database.app) as session,
        ):
            done = take_grids(session, step.cells, spec=spec, accept_problems=True, since=step.since).published
            place_existing(session, scheme_named(session, spec.name))
        if refused:
            assert refused.value.code == refusal
            return
        versions = self.schemes[step.scheme]
        versions.add(step.dealt, done.since or BEGINNING)
        assert done.version == len(versions.since)

    def refusal(self, step: Publish) -> str | None:
        begins = step.since or datetime.now(UTC)
        before = self.schemes[step.scheme].since
        if not before:
            return None
        if begins <= before[-1]:
            return "version_order"
        return "cases_after" if any(when >= begins for _, when, _ in self.placed.values()) else None

    def arrive(self, step: Arrive) -> None:
        coming = {str(len(self.asked) + no): case for no, case in enumerate(step.cases)}
        now, beside = datetime.now(UTC), self.schemes["beside"]
        expected = {}
        for name, (place, said) in coming.items():
            when = said or now
            self.asked.append((place, when))
            if self.schemes["routing"].at(when):
                routes = beside.extent == "partial" and beside.owner(place, when)
                expected[name] = (place, when, "beside" if routes else "routing")
        (self.take_file if step.in_a_file else self.take_singly)(coming, expected.keys())
        self.placed |= expected

    def take_singly(self, coming: dict[str, Case], expected: Set[str]) -> None:
        for name, ((column, row), when) in coming.items():
            x, y = at(column / 2, row / 2)
            scheme = self.spec("routing").name
            report = Report(x=x, y=y, datum="wgs84", scheme=scheme, description=name, occurred_at=when)
            good = nullcontext() if name in expected else pytest.raises(BadInput, match="had no boundaries")
            with good, unit_of_work(self.database.app) as session:
                receive(session, Actor("wang"), report)

    def take_file(self, coming: dict[str, Case], expected: Set[str]) -> None:
        rows = [
            (name, *at(column / 2, row / 2), when.isoformat() if when else "")
            for name, ((column, row), when) in coming.items()
        ]
        file = write_csv(self.folder / f"{self.name}.csv", rows, header=("id", "lon", "lat", "at"))
        done = take_cases(self.database.app, file, scheme=self.spec("routing").name, columns={"at": "at"})
        refused = len(coming) - len(expected)
        assert (done.stored, done.reasons) == (len(expected), {"no_boundaries_then": refused} if refused else {})

    def require_placements(self) -> None:
        """Every placement is the one of its time, and no other is there."""
        expected = {
            (name, self.spec(scheme).name): (*placement, scheme == routes)
            for name, (place, when, routes) in self.placed.items()
            for scheme, versions in self.schemes.items()
            if (placement := versions.placement(place, when))
        }
        stored = rows_of(self.database.app, _PLACEMENTS, tree=self.name)
        assert {(one.name, one.scheme): (one.version, one.code, one.routing) for one in stored} == expected

    def require_answers(self, session: Session) -> None:
        """Whoever asks now whose a place was then is told the same, also where no case was taken."""
        for place, when in self.asked:
            expected = {
                self.spec(scheme).name: (versions.at(when), versions.owner(place, when))
                for scheme, versions in self.schemes.items()
                if versions.at(when)
            }
            x, y = at(place[0] / 2, place[1] / 2)
            if not self.schemes["routing"].at(when):
                with pytest.raises(BadInput, match="had no boundaries"):
                    places_at(session, x, y, at=when, scheme=self.spec("routing").name)
                continue
            found = places_at(session, x, y, at=when, scheme=self.spec("routing").name)
            assert {one.scheme: (one.version, one.grid and one.grid.code) for one in found} == expected


@pytest.fixture(scope="module")
def empty(cluster: Cluster, empty_template: str, clone_name: Iterator[str]) -> Iterator[Database]:
    """A database for all cities of a campaign; each has its own name."""
    with cluster.clone(empty_template, next(clone_name)) as made:
        yield made


@pytest.mark.parametrize("examples", forms(short=8, long=200))
def test_each_case_is_judged_by_the_boundaries_of_its_time(empty: Database, tmp_path: Path, examples: int):
    names = (f"city{examples}-{number}" for number in count())

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @example(steps=BESIDE_BEGINS_AFTER_A_CASE, extent="whole")
    @example(steps=BESIDE_IS_PUBLISHED_AFTER_A_CASE, extent="partial")
    @example(steps=VERSIONS_BEGIN_WITH_A_CASE, extent="whole")
    @given(steps=histories(), extent=st.sampled_from(["whole", "partial"]))
    def holds(steps: list[Step], extent: str) -> None:
        city = City(empty, tmp_path, next(names), {"routing": Versions("whole"), "beside": Versions(extent)})
        for step in steps:
            city.publish(step) if isinstance(step, Publish) else city.arrive(step)
        city.require_placements()
        with Session(empty.app) as session:
            city.require_answers(session)
            for scheme, versions in city.schemes.items():
                if versions.since:
                    assert check(session, scheme=city.spec(scheme).name).differences == []

    holds()

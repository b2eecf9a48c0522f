"""Millions of cases of a city of their own, a few open, some of those late; and how soon the late ones are told."""

from __future__ import annotations

import time

import numpy as np
from settled import settle
from sqlalchemy import Engine, text

from data.roles import OWNER
from data.session import engine, unit_of_work
from data.settings import DatabaseSettings
from data.tables import Scheme
from layers.dispatch.queue import Filters, page

TREE = "bench"
PAGE = 100
_OPEN_OF, _LATE_OF = 100, 10
_PLACE = text(
    """
    INSERT INTO placements (case_id, scheme_id, version, grid_id, near_border, routing)
    SELECT id, :scheme, 1, (ARRAY(SELECT id FROM grids))[1 + id % (SELECT count(*) FROM grids)], false, true
    FROM cases
    WHERE tree = :tree
    """
)
_FILL = text(
    """
    INSERT INTO cases (
        tree, scheme_id, source, state, clock, due_at, due_milestone, occurred_at, occurred_precision, received_at,
        raw_x, raw_y, raw_datum, reasons, geom, matter_id, department_id, staff_id
    )
    SELECT :tree, :scheme, 'bench', state, clock, due_at, CASE WHEN due_at IS NOT NULL THEN 'end' END,
        at, 'instant', at, x, y, 'wgs84', '[]', ST_SetSRID(ST_MakePoint(x, y), 4326),
        matter[1 + n % cardinality(matter)], unit[1 + n % cardinality(unit)], person[1 + n % cardinality(person)]
    FROM (
        SELECT (SELECT array_agg(id) FROM matters) AS matter, (SELECT array_agg(id) FROM departments) AS unit,
            (SELECT array_agg(id) FROM staff) AS person
    ) known, (
        SELECT n, 113 + random() AS x, 34 + random() AS y, now() - random() * interval '1 year' AS at,
            CASE WHEN n % :open_of = 0 THEN 'handling' ELSE 'archived' END AS state,
            CASE WHEN n % :open_of = 0 THEN 'running' ELSE 'stopped' END AS clock,
            CASE WHEN n % (:open_of * :late_of) = 0 THEN now() - random() * interval '30 days'
                WHEN n % :open_of = 0 THEN now() + interval '1 day' + random() * interval '30 days' END AS due_at
        FROM generate_series(1, :cases) AS n
    ) made
    """
)


def fill(settings: DatabaseSettings, cases: int) -> None:
    """Put the cases into the database."""
    print(f"Inserting {cases:,} cases (not timed)", flush=True)
    owner = engine(settings, role=OWNER, statement_limit_s=0)
    with unit_of_work(owner) as session:
        scheme = Scheme(
            name=TREE, tree=TREE, title=TREE, kind="beats", extent="partial", metric_srid=32649, time_zone="UTC"
        )
        session.add(scheme)
        session.flush()
        session.execute(text("DROP INDEX ix_cases_geom"))
        given = {"tree": TREE, "scheme": scheme.id, "open_of": _OPEN_OF, "late_of": _LATE_OF, "cases": cases}
        session.execute(_FILL, given)
        session.execute(_PLACE, {"tree": TREE, "scheme": scheme.id})
        session.execute(text("CREATE INDEX ix_cases_geom ON cases USING gist (geom)"))
    owner.dispose()
    settle(settings, vacuum=("placements", "cases"))


def late(bind: Engine, times: int) -> tuple[np.ndarray, int, int]:
    """Seconds of the first page of late cases with their exact number, asked again and again; rows, and the number."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        with unit_of_work(bind) as session:
            found = page(session, TREE, filters=Filters(overdue=True), limit=PAGE)
        seconds.append(time.perf_counter() - started)
    return np.array(seconds), found.rows.count('"number"'), found.overdue

"""Cases that wait: many at once, in all states and clocks, for tests of the lists of the dispatch centre."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from layers.cases.loop import closed_states, states

# Case n of a fill: its state by n, its deadline n minutes after (or before) the instant `now`; every tenth has none.
_FILL = """
WITH made AS (
    INSERT INTO cases (tree, scheme_id, source, category, description, state, queue_reason, merged_into, occurred_at,
        occurred_precision, received_at, raw_x, raw_y, raw_datum, reasons, geom, clock, due_at, urgency, supervised,
        level, matter_id, department_id, staff_id)
    SELECT 'town', s.id, 'test', 'c' || n % 3, '第' || n || '号', state, CASE state WHEN 'queued' THEN 'outside' END,
        CASE state WHEN 'merged' THEN 1 END, CAST(:now AS timestamptz), 'instant',
        CAST(:now AS timestamptz) - n * interval '1 s', 0, 0, 'wgs84', '[]',
        ST_SetSRID(ST_MakePoint(113.6255 + n * 1e-6, 34.7505), 4326),
        CASE WHEN state = ANY(:closed) THEN 'stopped' WHEN n % 100 = 0 THEN 'beyond_calendar'
            WHEN n % 10 = 0 THEN 'no_limit' ELSE 'running' END,
        CASE WHEN state <> ALL(:closed) AND n % 10 > 0
            THEN CAST(:now AS timestamptz) + (n - :late) * interval '1 minute' END,
        CASE WHEN n % 7 = 0 THEN 'urgent' ELSE 'normal' END, n % 11 = 0, n % 4,
        (SELECT id FROM matters WHERE code = :matter AND n % 2 = 0), (SELECT id FROM departments WHERE n % 3 = 0),
        (SELECT id FROM staff WHERE staff_no = 'P01' AND n % 5 = 0)
    FROM generate_series(1, :cases) n, schemes s,
        LATERAL (SELECT (CAST(:states AS text[]))[1 + n % cardinality(CAST(:states AS text[]))] AS state) st
    WHERE s.name = 'duty'
    RETURNING id, scheme_id
)
INSERT INTO placements (case_id, scheme_id, version, grid_id, near_border, routing)
SELECT made.id, made.scheme_id, 2, g.id, false, true
FROM made JOIN grids g ON g.scheme_id = made.scheme_id AND g.code = CASE WHEN made.id % 2 = 0 THEN 'D01' ELSE 'D03' END
"""
_CATALOGUE = """
INSERT INTO departments (tree, code, name_zh, name_en) VALUES ('town', 'U1', '城管局', 'Urban management');
INSERT INTO matters (tree, standard, code, name_zh, name_en, class_zh, class_en)
    VALUES ('town', '2026', '04-01', '街面秩序', 'Street order', '街面', 'Street');
INSERT INTO matters (tree, standard, code, name_zh, name_en, class_zh, class_en, same_as)
    SELECT 'town', '2013', '3-07', '占道', 'Blocking', '街面', 'Street', id FROM matters WHERE code = '04-01'
"""


def fill(session: Session, cases: int, *, now: str, late: int = 0) -> None:
    """Put many cases into the town.

    Args:
        session: An open session.
        cases: How many; their states take turns.
        now: The instant at which deadlines are looked at.
        late: So many minutes before it the first deadlines lie.
    """
    for part in _CATALOGUE.split(";"):
        session.execute(text(part))
    values = {"cases": cases, "now": now, "late": late, "closed": list(closed_states()), "states": list(states())}
    session.execute(text(_FILL), values | {"matter": "04-01"})

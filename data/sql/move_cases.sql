-- Staged moves become cases as they are now, with an event each. A task grid that is the case's own is not repeated, and
-- who led the own grid when it happened is told where that is somebody else. Parameters: at, actor, role, version.
WITH moved AS (
    UPDATE cases c
    SET state = m.state, queue_reason = m.queue_reason, staff_id = m.staff_id,
        owner_staff_id = NULLIF(led.staff_id, m.staff_id), task_grid_id = NULLIF(m.task_grid_id, p.grid_id),
        reasons = m.reasons, revision = c.revision + 1
    FROM stage_moves m
    JOIN placements p ON p.case_id = m.case_id AND p.routing
    JOIN cases was ON was.id = m.case_id
    LEFT JOIN LATERAL (
        SELECT d.staff_id FROM duties d
        WHERE d.grid_id = p.grid_id AND d.leads AND d.valid @> was.occurred_at ORDER BY d.id LIMIT 1
    ) led ON true
    WHERE c.id = m.case_id
)
INSERT INTO case_events (case_id, at, kind, actor, role, scheme_version, detail)
-- Never before what was told of the case already: a version begins a moment before it is published.
SELECT m.case_id, GREATEST(:at, (SELECT max(e.at) FROM case_events e WHERE e.case_id = m.case_id)), m.kind, :actor, :role,
    :version, m.detail
FROM stage_moves m ORDER BY m.case_id

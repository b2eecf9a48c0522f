-- One step of a case: its row, its event and its clocks. Parameters: id, tree, the columns that a step may change, at,
-- kind, actor, role, version, detail, event_lon and event_lat (or null), clocks (see case_clocks).
WITH written AS (
    UPDATE cases SET
        state = :state, queue_reason = :queue_reason, staff_id = :staff_id, owner_staff_id = :owner_staff_id,
        task_grid_id = :task_grid_id, reasons = CAST(:reasons AS jsonb), department_id = :department_id,
        assisting = CAST(:assisting AS bigint[]), revision = revision + 1, clock = :clock, due_at = :due_at,
        due_milestone = :due_milestone, paused_state = :paused_state, reworks = :reworks, returns = :returns,
        level = :level, supervised = :supervised, merged_into = :merged_into, closed_at = :closed_at
    WHERE id = :id
), told AS (
    INSERT INTO case_events (case_id, at, kind, actor, role, scheme_version, detail, geom)
    VALUES (
        :id, :at, :kind, :actor, :role, :version, CAST(:detail AS jsonb),
        ST_SetSRID(ST_MakePoint(CAST(:event_lon AS float8), CAST(:event_lat AS float8)), 4326)
    )
)
INSERT INTO case_clocks AS known (case_id, tree, stage, round, milestone, started_at, due_at, met_at, void)
SELECT :id, :tree, n.stage, n.round, n.milestone, n.started_at, n.due_at, n.met_at, n.void
FROM jsonb_to_recordset(CAST(:clocks AS jsonb)) AS n (
    stage text, round smallint, milestone text, started_at timestamptz, due_at timestamptz, met_at timestamptz, void bool
)
ON CONFLICT (case_id, stage, round, milestone) DO UPDATE
SET started_at = EXCLUDED.started_at, due_at = EXCLUDED.due_at, met_at = EXCLUDED.met_at, void = EXCLUDED.void
WHERE (known.started_at, known.due_at, known.met_at, known.void)
    IS DISTINCT FROM (EXCLUDED.started_at, EXCLUDED.due_at, EXCLUDED.met_at, EXCLUDED.void)

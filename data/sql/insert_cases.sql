-- Staged cases become cases. Parameters: tree, scheme_id, batch_id, dataset, closed and paused (text[]: such states).
INSERT INTO cases (
    id, tree, scheme_id, batch_id, dataset, source_id, source, category, description, state, queue_reason,
    occurred_at, occurred_precision, received_at, raw_x, raw_y, raw_datum, staff_id, owner_staff_id, task_grid_id,
    reasons, geom, matter_id, urgency, place_class, department_id, assisting, closed_at, due_at, due_milestone, clock,
    paused_state
)
SELECT s.id, :tree, :scheme_id, :batch_id, :dataset, s.source_id, s.source, s.category, s.description, s.state,
    s.queue_reason, s.occurred_at, s.occurred_precision, s.received_at, s.raw_x, s.raw_y, s.raw_datum, s.staff_id,
    NULLIF(owner.staff_id, s.staff_id), s.task_grid_id, s.reasons, ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326),
    s.matter_id, s.urgency, s.place_class, s.department_id, s.assisting, s.closed_at, s.due_at,
    CASE WHEN s.due_at IS NOT NULL THEN 'end' END,
    CASE WHEN s.clock = 'no_limit' AND s.state = ANY(CAST(:closed AS text[])) THEN 'stopped' ELSE s.clock END,
    -- What comes in a pause was being handled before.
    CASE WHEN s.state = ANY(CAST(:paused AS text[])) THEN 'handling' END
FROM stage_cases s
LEFT JOIN (
    -- Who led the owning grid when it happened.
    SELECT DISTINCT ON (s.row_no) s.row_no, d.staff_id
    FROM stage_cases s
    JOIN duties d ON d.grid_id = s.owner_grid_id AND d.leads AND d.valid @> s.occurred_at
    ORDER BY s.row_no, d.id
) owner USING (row_no)

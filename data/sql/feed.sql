-- Events after a cursor, in the order of their transactions, each with its case as it stands now, ready to be sent.
-- Parameters: xact, id (the cursor), below (no transaction that may still be open), limit, stages (jsonb: state to stage).
WITH told AS MATERIALIZED (
    SELECT xact, id, case_id, at, kind
    FROM case_events
    WHERE xact IS NOT NULL AND (xact, id) > (:xact, :id) AND xact < :below
    ORDER BY xact, id
    LIMIT :limit
)
SELECT told.xact, told.id, c.tree, told.kind, CAST(json_build_object(
    'event', told.id, 'number', c.id::text, 'tree', c.tree, 'kind', told.kind, 'at', told.at,
    'state', c.state, 'stage', CAST(:stages AS jsonb) -> c.state, 'queue_reason', c.queue_reason,
    'clock', c.clock, 'due_at', c.due_at, 'due_milestone', c.due_milestone,
    'level', c.level, 'supervised', c.supervised, 'urgency', c.urgency, 'revision', c.revision,
    'received_at', c.received_at, 'category', c.category,
    'matter', CASE WHEN matter.id IS NOT NULL THEN json_build_object(
        'id', matter.id, 'standard', matter.standard, 'code', matter.code, 'zh', matter.name_zh, 'en', matter.name_en
    ) END,
    'department', CASE WHEN unit.id IS NOT NULL THEN json_build_object(
        'id', unit.id, 'code', unit.code, 'zh', unit.name_zh, 'en', unit.name_en
    ) END,
    'staff', CASE WHEN person.id IS NOT NULL THEN json_build_object(
        'id', person.id, 'staff_no', person.staff_no, 'name', person.name
    ) END,
    'grid', task.code, 'grid_name', task.name, 'grid_area', area.code, 'lon', ST_X(c.geom), 'lat', ST_Y(c.geom)
) AS text) AS body
FROM told
JOIN cases c ON c.id = told.case_id
LEFT JOIN placements p ON p.case_id = c.id AND p.routing
LEFT JOIN grids task ON task.id = COALESCE(p.override_grid_id, c.task_grid_id, p.grid_id)
LEFT JOIN areas area ON area.id = task.area_id
LEFT JOIN staff person ON person.id = c.staff_id
LEFT JOIN departments unit ON unit.id = c.department_id
LEFT JOIN matters matter ON matter.id = c.matter_id
ORDER BY told.xact, told.id

-- A page of the open cases in the order in which they are to be seen to, with how many there are and how many are late.
-- What no deadline can be found for comes first, then the earliest deadline, then what has none.
-- Parameters: tree, now, overdue (bool), ahead, due, id (the place to go on after), limit; and those of
-- filters, null for any: state, clock (names), matter, department, staff, grid, area (ids), words.
-- Filters that are null fall out when the statement is planned, as its values are written into it. The states are written
-- out as in the index of the open cases, for a plan made once does not see parameters.
WITH fits AS NOT MATERIALIZED (
    SELECT c.*
    FROM cases c
    WHERE c.tree = :tree
        AND (CAST(:state AS text[]) IS NULL OR c.state = ANY(CAST(:state AS text[])))
        AND (CAST(:clock AS text[]) IS NULL OR c.clock = ANY(CAST(:clock AS text[])))
        AND (CAST(:matter AS bigint[]) IS NULL OR c.matter_id = ANY(CAST(:matter AS bigint[])))
        AND (CAST(:department AS bigint[]) IS NULL OR c.department_id = ANY(CAST(:department AS bigint[])))
        AND (CAST(:staff AS bigint[]) IS NULL OR c.staff_id = ANY(CAST(:staff AS bigint[])))
        AND ((CAST(:grid AS bigint[]) IS NULL AND CAST(:area AS bigint[]) IS NULL) OR EXISTS (
            SELECT FROM placements p
            JOIN grids g ON g.id = COALESCE(p.override_grid_id, c.task_grid_id, p.grid_id)
            WHERE p.case_id = c.id AND p.routing
                AND (CAST(:grid AS bigint[]) IS NULL OR g.id = ANY(CAST(:grid AS bigint[])))
                AND (CAST(:area AS bigint[]) IS NULL OR g.area_id = ANY(CAST(:area AS bigint[])))
        ))
        AND (CAST(:words AS text) IS NULL
            OR strpos(lower(concat_ws(' ', c.id, c.category, c.description)), CAST(:words AS text)) > 0)
), page AS MATERIALIZED (
    SELECT c.id, c.state, c.clock, c.due_at, c.level, c.urgency, c.supervised, c.queue_reason, c.category,
        c.description, c.geom, c.received_at, c.revision, c.task_grid_id, c.staff_id, c.department_id, c.matter_id,
        c.clock <> 'beyond_calendar' AS ahead, COALESCE(c.due_at, 'infinity') AS due
    FROM fits c
    WHERE NOT (c.state IN ('archived', 'rejected', 'merged'))
        AND (c.clock <> 'beyond_calendar', COALESCE(c.due_at, 'infinity'), c.id)
            > (:ahead, CAST(:due AS timestamptz), :id)
        AND (NOT :overdue OR (c.clock <> 'beyond_calendar' AND COALESCE(c.due_at, 'infinity') < :now))
    ORDER BY c.clock <> 'beyond_calendar', COALESCE(c.due_at, 'infinity'), c.id
    LIMIT :limit + 1
), told AS (
    -- A row made into JSON takes half as long as an object of as many names and values, one of texts a third.
    SELECT c.ahead, c.due, c.id, row_to_json(shown) AS body
    FROM (SELECT * FROM page ORDER BY ahead, due, id LIMIT :limit) c
    LEFT JOIN placements p ON p.case_id = c.id AND p.routing
    LEFT JOIN grids task ON task.id = COALESCE(p.override_grid_id, c.task_grid_id, p.grid_id)
    LEFT JOIN staff person ON person.id = c.staff_id
    LEFT JOIN departments unit ON unit.id = c.department_id
    LEFT JOIN matters matter ON matter.id = c.matter_id
    CROSS JOIN LATERAL (SELECT
        CAST(c.id AS text) AS number, c.state, c.clock, c.due_at, c.level, c.urgency = 'urgent' AS urgent, c.supervised,
        CASE WHEN c.ahead THEN c.queue_reason ELSE c.clock END AS reason,
        CASE WHEN matter.id IS NOT NULL THEN json_object(ARRAY[
            'code', matter.code, 'zh', matter.name_zh, 'en', matter.name_en
        ]) END AS matter,
        CASE WHEN unit.id IS NOT NULL THEN json_object(ARRAY[
            'code', unit.code, 'zh', unit.name_zh, 'en', unit.name_en
        ]) END AS department,
        CASE WHEN task.id IS NOT NULL THEN json_object(ARRAY['code', task.code, 'name', task.name]) END AS grid,
        CASE WHEN person.id IS NOT NULL THEN json_object(ARRAY[
            'staff_no', person.staff_no, 'name', person.name
        ]) END AS staff,
        c.category, c.description, ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat, c.received_at, c.revision
    ) AS shown
)
SELECT COALESCE((SELECT CAST(json_agg(body ORDER BY ahead, due, id) AS text) FROM told), '[]') AS rows,
    (SELECT count(*) FROM page) > :limit AS is_more,
    last.ahead, CASE WHEN last.due < 'infinity' THEN last.due END AS due, last.id,
    -- Two ends, for the planner does not know :now: behind one end it would expect a third of all cases there ever were.
    (SELECT count(*) FROM fits WHERE due_at >= '-infinity' AND due_at < :now) AS overdue,
    CASE WHEN :overdue THEN NULL
        ELSE (SELECT count(*) FROM fits WHERE NOT (state IN ('archived', 'rejected', 'merged'))) END AS total
FROM (VALUES (1)) AS one
LEFT JOIN (SELECT ahead, due, id FROM told ORDER BY ahead DESC, due DESC, id DESC LIMIT 1) AS last ON true

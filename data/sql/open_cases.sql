-- Every open case of a city as numbers alone, for `data.fixed_rows`. Parameters: tree, closed (states), states, clocks
-- (arrays of names, of which the place is told), only (ids; null for all). 0 stands for nothing, 'infinity' for no deadline.
SELECT c.id, c.geom, c.state, c.clock, c.due_at, c.received_at, c.level, c.urgent, c.supervised, c.matter_id,
    c.department_id, c.staff_id, COALESCE(p.override_grid_id, c.task_grid_id, p.grid_id, 0), c.revision
FROM (
    SELECT id, geom, CAST(array_position(CAST(:states AS text[]), state) AS smallint) AS state,
        CAST(array_position(CAST(:clocks AS text[]), clock) AS smallint) AS clock,
        COALESCE(due_at, 'infinity') AS due_at, received_at, level,
        CAST(CAST(urgency = 'urgent' AS int) AS smallint) AS urgent, CAST(CAST(supervised AS int) AS smallint) AS supervised,
        COALESCE(matter_id, 0) AS matter_id, COALESCE(department_id, 0) AS department_id,
        COALESCE(staff_id, 0) AS staff_id, task_grid_id, CAST(revision AS bigint) AS revision
    FROM cases
    WHERE tree = :tree AND state <> ALL(CAST(:closed AS text[]))
        AND (CAST(:only AS bigint[]) IS NULL OR id = ANY(CAST(:only AS bigint[])))
    -- In the order of the places' index they are found in half of the time; and never are the places of all cases read.
    ORDER BY id
    OFFSET 0
) AS c
LEFT JOIN LATERAL (
    SELECT grid_id, override_grid_id FROM placements WHERE case_id = c.id AND routing LIMIT 1
) AS p ON true

-- Cases that a step reads and writes, held until the transaction ends; in the order of their numbers, so that two who
-- want the same two do not wait for each other. Parameters: ids (bigint[]).
SELECT c.id, c.tree, c.state, c.revision, c.queue_reason, c.staff_id, c.department_id, c.assisting, c.received_at,
    c.matter_id, c.urgency, c.place_class, c.merged_into, c.occurred_at, c.reasons, c.task_grid_id, c.owner_staff_id,
    ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat, s.name AS scheme, p.version, COALESCE(p.override_grid_id, p.grid_id) AS grid_id
FROM cases c
JOIN schemes s ON s.id = c.scheme_id
LEFT JOIN placements p ON p.case_id = c.id AND p.routing
WHERE c.id = ANY(CAST(:ids AS bigint[]))
ORDER BY c.id
FOR UPDATE OF c

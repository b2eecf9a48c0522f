-- All there is to know of one case, in one row. Parameter: id.
SELECT c.id::text AS number, c.state, c.queue_reason, c.category, c.description, c.source, c.dataset, c.source_id,
    c.occurred_at, c.occurred_precision, c.received_at, c.reasons,
    json_build_object('lon', ST_X(c.geom), 'lat', ST_Y(c.geom)) AS position,
    json_build_object('x', c.raw_x, 'y', c.raw_y, 'datum', c.raw_datum) AS raw,
    s.name AS scheme, by_scheme.name AS routed_by, p.version, p.outside_m, p.edge_distance_m, p.near_border,
    own.body AS grid, nearest.body AS nearest_grid, second.body AS second_grid, task.body AS task_grid,
    CASE WHEN p.override_grid_id IS NOT NULL
        THEN json_build_object('by', p.override_by, 'reason', p.override_reason) END AS override,
    CASE WHEN person.id IS NOT NULL
        THEN json_build_object('name', person.name, 'phone', person.phone) END AS person,
    CASE WHEN owner.id IS NOT NULL
        THEN json_build_object('name', owner.name, 'phone', owner.phone, 'role', owner_duty.role) END AS owner_person,
    (
        SELECT json_agg(json_build_object(
            'at', e.at, 'kind', e.kind, 'actor', e.actor, 'role', e.role, 'detail', e.detail
        ) ORDER BY e.id)
        FROM case_events e WHERE e.case_id = c.id
    ) AS events
FROM cases c
JOIN schemes s ON s.id = c.scheme_id
JOIN placements p ON p.case_id = c.id AND p.routing
JOIN schemes by_scheme ON by_scheme.id = p.scheme_id
LEFT JOIN staff person ON person.id = c.staff_id
LEFT JOIN staff owner ON owner.id = c.owner_staff_id
LEFT JOIN LATERAL (
    SELECT role FROM duties
    WHERE staff_id = owner.id AND grid_id = p.grid_id AND leads AND valid @> c.occurred_at ORDER BY id LIMIT 1
) owner_duty ON true
LEFT JOIN LATERAL (
    SELECT json_build_object('grid_no', grid_no, 'code', code, 'name', name) AS body
    FROM grids WHERE id = COALESCE(p.override_grid_id, p.grid_id)
) own ON true
LEFT JOIN LATERAL (
    SELECT json_build_object('grid_no', grid_no, 'code', code, 'name', name) AS body
    FROM grids WHERE id = p.nearest_grid_id
) nearest ON true
LEFT JOIN LATERAL (
    SELECT json_build_object('grid_no', grid_no, 'code', code, 'name', name) AS body
    FROM grids WHERE id = p.second_grid_id
) second ON true
LEFT JOIN LATERAL (
    SELECT json_build_object('grid_no', grid_no, 'code', code, 'name', name) AS body
    FROM grids WHERE id = c.task_grid_id
) task ON true
WHERE c.id = :id

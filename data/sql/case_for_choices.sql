-- What decides on who should have a case, and on which others may be the same, in one row. Parameter: id.
SELECT c.id, c.tree, c.matter_id, c.category, c.urgency, c.place_class, c.received_at, c.occurred_at,
    ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat, COALESCE(p.override_grid_id, c.task_grid_id, p.grid_id) AS grid_id,
    p.edge_distance_m, p.outside_m, beside.id AS beside_id, beside.name AS beside
FROM cases c
JOIN placements p ON p.case_id = c.id AND p.routing
-- The grid that it may belong to as well: across a border that is near, or the nearest to a place in none.
LEFT JOIN grids beside ON beside.id = CASE
    WHEN p.grid_id IS NULL THEN p.nearest_grid_id
    WHEN p.near_border AND p.override_grid_id IS NULL THEN p.second_grid_id
END
WHERE c.id = :id

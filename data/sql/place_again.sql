-- A case lies elsewhere than was told: its point, and its place in every scheme of its city that has something to say
-- there. What a dispatcher chose instead was about the old place. Parameters: id, lon, lat, placements.
UPDATE cases SET geom = ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) WHERE id = :id;
INSERT INTO placements AS p (
    case_id, scheme_id, version, grid_id, nearest_grid_id, outside_m, edge_distance_m, near_border, second_grid_id,
    routing
)
SELECT :id, n.scheme_id, n.version, n.grid_id, n.nearest_grid_id, n.outside_m, n.edge_distance_m, n.near_border,
    n.second_grid_id, false
FROM jsonb_to_recordset(CAST(:placements AS jsonb)) AS n (
    scheme_id int, version int, grid_id bigint, nearest_grid_id bigint, outside_m float8, edge_distance_m float8,
    near_border bool, second_grid_id bigint
)
ON CONFLICT (case_id, scheme_id) DO UPDATE
SET version = EXCLUDED.version, grid_id = EXCLUDED.grid_id, nearest_grid_id = EXCLUDED.nearest_grid_id,
    outside_m = EXCLUDED.outside_m, edge_distance_m = EXCLUDED.edge_distance_m, near_border = EXCLUDED.near_border,
    second_grid_id = EXCLUDED.second_grid_id, override_grid_id = NULL, override_by = NULL, override_reason = NULL;
SELECT retract_uncovered(:id)

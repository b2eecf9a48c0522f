-- Places of cases in one scheme, judged by its newest boundaries, take the place of those they had. Staged as for a
-- placement; row_no is the case id. Parameters: scheme_id, cases (bigint[], all that were judged).
UPDATE placements p
SET version = s.version, grid_id = s.grid_id, nearest_grid_id = s.nearest_grid_id, outside_m = s.outside_m,
    edge_distance_m = s.edge_distance_m, near_border = s.near_border, second_grid_id = s.second_grid_id
FROM stage_placements s
WHERE p.case_id = s.row_no AND p.scheme_id = s.scheme_id;
INSERT INTO placements (
    case_id, scheme_id, version, grid_id, nearest_grid_id, outside_m, edge_distance_m, near_border, second_grid_id,
    routing
)
SELECT row_no, scheme_id, version, grid_id, nearest_grid_id, outside_m, edge_distance_m, near_border, second_grid_id,
    false
FROM stage_placements
ON CONFLICT DO NOTHING;
SELECT retract_placements(:scheme_id, ARRAY(
    SELECT id FROM unnest(CAST(:cases AS bigint[])) AS id
    WHERE NOT EXISTS (SELECT FROM stage_placements s WHERE s.row_no = id)
))

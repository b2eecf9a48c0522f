-- Staged placements of staged cases.
INSERT INTO placements (
    case_id, scheme_id, version, grid_id, nearest_grid_id, outside_m, edge_distance_m, near_border, second_grid_id,
    routing
)
SELECT s.id, p.scheme_id, p.version, p.grid_id, p.nearest_grid_id, p.outside_m, p.edge_distance_m, p.near_border,
    p.second_grid_id, p.routing
FROM stage_placements p
JOIN stage_cases s USING (row_no)

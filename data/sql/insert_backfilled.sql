-- Staged placements of stored cases; row_no is the case id. A place where the scheme had no boundaries is left out.
INSERT INTO placements (
    case_id, scheme_id, version, grid_id, nearest_grid_id, outside_m, edge_distance_m, near_border, second_grid_id,
    routing
)
SELECT row_no, scheme_id, version, grid_id, nearest_grid_id, outside_m, edge_distance_m, near_border, second_grid_id,
    routing
FROM stage_placements
WHERE version > 0

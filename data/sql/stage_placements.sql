-- Staging for placements; row_no is the row of the file, or the case id when cases are placed afterwards.
CREATE TEMPORARY TABLE stage_placements (
    row_no bigint NOT NULL,
    scheme_id int NOT NULL,
    version int NOT NULL,
    grid_id bigint,
    nearest_grid_id bigint,
    outside_m float8,
    edge_distance_m float8,
    near_border bool NOT NULL,
    second_grid_id bigint,
    routing bool NOT NULL
) ON COMMIT DROP

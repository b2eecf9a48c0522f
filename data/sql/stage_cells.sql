-- Staging for the cells of a new version; gone with the transaction.
CREATE TEMPORARY TABLE stage_cells (
    grid_no int NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    area_id bigint,
    is_new bool NOT NULL,
    area_m2 float8 NOT NULL,
    geom geometry(MultiPolygon, 4326) NOT NULL
) ON COMMIT DROP

-- The cells that hold in one version of a scheme, beside those of other versions, and room for points to place in them.
-- Both tables go with the transaction and serve all of it: a table made anew for each of a thousand chunks would leave
-- a thousand locks. Metres carry no SRID here, so that schemes with different metric CRSs can share the tables.
-- Parameters: scheme_id, version, srid.
CREATE TEMPORARY TABLE IF NOT EXISTS placing_cells (
    scheme_id int NOT NULL,
    version int NOT NULL,
    grid_id bigint NOT NULL,
    grid_no int NOT NULL,
    geom geometry(MultiPolygon, 4326) NOT NULL,
    geom_m geometry(MultiPolygon) NOT NULL
) ON COMMIT DROP;
CREATE INDEX IF NOT EXISTS placing_cells_geom_m ON placing_cells USING gist (scheme_id, version, geom_m);
-- A point that the metric CRS does not reach has no metres.
CREATE TEMPORARY TABLE IF NOT EXISTS placing_points (
    row_no bigint PRIMARY KEY,
    lon float8 NOT NULL,
    lat float8 NOT NULL,
    x_m float8,
    y_m float8,
    geom geometry(Point, 4326) GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED,
    geom_m geometry(Point) GENERATED ALWAYS AS (ST_MakePoint(x_m, y_m)) STORED
) ON COMMIT DROP;
CREATE INDEX IF NOT EXISTS placing_points_geom ON placing_points USING gist (geom);
CREATE INDEX IF NOT EXISTS placing_points_geom_m ON placing_points USING gist (geom_m);
INSERT INTO placing_cells
SELECT b.scheme_id, v.version, b.grid_id, b.grid_no, b.geom,
    ST_SetSRID(ST_Transform(ST_Segmentize(b.geom, 0.00390625), :srid), 0)
FROM scheme_versions v
JOIN boundaries b ON b.scheme_id = v.scheme_id AND b.valid @> COALESCE(lower(v.valid), '-infinity')
WHERE v.scheme_id = :scheme_id AND v.version = :version
    AND NOT EXISTS (SELECT FROM placing_cells known WHERE known.scheme_id = :scheme_id AND known.version = :version);
ANALYZE placing_cells

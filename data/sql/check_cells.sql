-- For `check`: the boundaries of one scheme in its metric CRS, borders cut at 2^-8 degree first (see gis.ownership
-- for the rule in words). Parameters: scheme_id, srid.
CREATE TEMPORARY TABLE check_cells ON COMMIT DROP AS
SELECT b.grid_id, b.grid_no, b.valid, b.geom, m.geom AS geom_m, ST_Boundary(m.geom) AS border_m
FROM boundaries b
CROSS JOIN LATERAL (SELECT ST_Transform(ST_Segmentize(b.geom, 0.00390625), :srid) AS geom) m
WHERE b.scheme_id = :scheme_id;
CREATE INDEX ON check_cells USING gist (geom);
CREATE INDEX ON check_cells USING gist (geom_m);
ANALYZE check_cells

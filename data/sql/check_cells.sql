-- For `check`: the boundaries of one scheme in its metric CRS, borders cut at 2^-8 degree first (see gis.ownership
-- for the rule in words). An overlapped cell shares ground with another, so that a second choice may be near where no
-- border of its own is. Parameters: scheme_id, srid.
CREATE TEMPORARY TABLE check_cells ON COMMIT DROP AS
SELECT b.grid_id, b.grid_no, b.valid, b.geom, m.geom AS geom_m, ST_Boundary(m.geom) AS border_m,
    false AS overlapped
FROM boundaries b
CROSS JOIN LATERAL (SELECT ST_Transform(ST_Segmentize(b.geom, 0.00390625), :srid) AS geom) m
WHERE b.scheme_id = :scheme_id;
CREATE INDEX ON check_cells USING gist (geom);
CREATE INDEX ON check_cells USING gist (geom_m);
ANALYZE check_cells;
UPDATE check_cells SET overlapped = true
WHERE grid_id IN (
    SELECT unnest(ARRAY[one.grid_id, other.grid_id])
    FROM check_cells one
    JOIN check_cells other ON other.geom && one.geom AND other.valid && one.valid AND other.grid_id > one.grid_id
    WHERE ST_Relate(one.geom, other.geom, 'T********')
)

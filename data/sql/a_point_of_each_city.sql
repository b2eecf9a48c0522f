-- A point inside some grid of today, in one scheme of each city that covers the whole of it, and what instant it is.
SELECT DISTINCT ON (s.tree) s.name AS scheme, ST_X(inside.point) AS lon, ST_Y(inside.point) AS lat, statement_timestamp() AS now
FROM schemes s
CROSS JOIN LATERAL (
    SELECT ST_PointOnSurface(geom) AS point FROM boundaries WHERE scheme_id = s.id AND valid @> statement_timestamp() LIMIT 1
) inside
WHERE s.extent = 'whole'
ORDER BY s.tree, s.id

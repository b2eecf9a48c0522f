-- Every scheme that has ground now, with its bounds and sums; a case counts in every scheme in which it has a place.
SELECT s.name, s.title, s.kind, s.extent, s.priority, s.tree, s.time_zone, s.version, ground.grids, COALESCE(c.cases, 0) AS cases,
    ARRAY[ST_XMin(ground.box), ST_YMin(ground.box), ST_XMax(ground.box), ST_YMax(ground.box)] AS bounds
FROM schemes s
JOIN (
    SELECT scheme_id, count(*) AS grids, ST_Extent(geom) AS box FROM boundaries WHERE valid @> now() GROUP BY scheme_id
) ground ON ground.scheme_id = s.id
LEFT JOIN (SELECT scheme_id, count(*) AS cases FROM placements GROUP BY scheme_id) c ON c.scheme_id = s.id
ORDER BY s.tree, s.kind <> 'duty', s.name

-- Grids whose ground differs between two versions of a scheme, in the order of their numbers.
-- Parameters: scheme_id, before and after (numbers of versions).
WITH held AS (
    SELECT b.*, v.version = :before AS was, v.version = :after AS now
    FROM scheme_versions v
    JOIN boundaries b ON b.scheme_id = v.scheme_id AND b.valid @> COALESCE(lower(v.valid), '-infinity')
    WHERE v.scheme_id = :scheme_id AND v.version IN (:before, :after)
)
SELECT g.grid_no, g.code, g.name,
    CASE WHEN old.id IS NULL THEN 'added' WHEN new.id IS NULL THEN 'ended' ELSE 'changed' END AS status,
    old.area_m2 AS area_m2_before, new.area_m2 AS area_m2_after,
    ST_AsBinary(old.geom) AS geom_before, ST_AsBinary(new.geom) AS geom_after
FROM (SELECT * FROM held WHERE was) old
FULL JOIN (SELECT * FROM held WHERE now) new ON new.grid_id = old.grid_id
JOIN grids g ON g.id = COALESCE(old.grid_id, new.grid_id)
-- A grid that was brought back to the ground it had is not changed.
WHERE old.id IS DISTINCT FROM new.id AND ST_AsBinary(old.geom) IS DISTINCT FROM ST_AsBinary(new.geom)
ORDER BY g.grid_no

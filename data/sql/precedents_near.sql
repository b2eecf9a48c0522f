-- Settled disputes about what a case is about, in its grid or within a distance of it, the nearest first. Of a case that
-- was settled more than once the newest decision counts. What the catalogue does not know is the same where it is called
-- the same. Parameters: tree, matter_id, category, lon, lat, grid_id, within_m, most.
WITH settled AS (
    SELECT DISTINCT ON (r.case_id) r.case_id, r.department_id, r.staff_id, r.reason
    FROM precedents r
    WHERE r.tree = :tree
        AND (r.matter_id = :matter_id OR (CAST(:matter_id AS bigint) IS NULL AND r.matter_id IS NULL))
    ORDER BY r.case_id, r.at DESC, r.id DESC
)
SELECT s.department_id, s.staff_id, s.reason, s.case_id::text AS number, round(away.metres)::int AS away_m
FROM settled s
JOIN cases c ON c.id = s.case_id
JOIN placements p ON p.case_id = c.id AND p.routing
CROSS JOIN LATERAL (
    SELECT ST_Distance(
        CAST(c.geom AS geography), CAST(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geography)
    ) AS metres
) away
WHERE (away.metres <= :within_m OR COALESCE(p.override_grid_id, c.task_grid_id, p.grid_id) = :grid_id)
    AND (CAST(:matter_id AS bigint) IS NOT NULL OR c.category IS NOT DISTINCT FROM CAST(:category AS text))
ORDER BY away.metres, s.case_id DESC
LIMIT :most

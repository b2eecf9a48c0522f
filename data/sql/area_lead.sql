-- Who is told at a level of the areas above a grid: the lead of the area of that level, or the substitute of one who is
-- away; where there is neither, the same one level higher, and so on. No row where nobody is to be found.
-- Parameters: grid (bigint), levels (text[]: that level and those above it, upwards), at.
WITH RECURSIVE above AS (
    SELECT a.id, a.parent_id, a.level FROM grids g JOIN areas a ON a.id = g.area_id WHERE g.id = :grid
    UNION ALL
    SELECT a.id, a.parent_id, a.level FROM above JOIN areas a ON a.id = above.parent_id
), holder AS (
    SELECT above.level, d.id, d.staff_id, away.id AS away, away.substitute_id
    FROM above
    JOIN duties d ON d.area_id = above.id AND d.leads AND d.valid @> CAST(:at AS timestamptz)
    LEFT JOIN LATERAL (
        SELECT x.id, x.substitute_id FROM absences x
        WHERE x.staff_id = d.staff_id AND x.valid @> CAST(:at AS timestamptz)
        ORDER BY x.substitute_id IS NULL, x.id LIMIT 1
    ) away ON true
)
SELECT CASE WHEN away IS NULL THEN staff_id ELSE substitute_id END AS staff_id
FROM holder
WHERE level = ANY(CAST(:levels AS text[])) AND (away IS NULL OR substitute_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM absences x WHERE x.staff_id = holder.substitute_id AND x.valid @> CAST(:at AS timestamptz)
))
ORDER BY array_position(CAST(:levels AS text[]), level), away IS NOT NULL, id
LIMIT 1

-- Open cases that may be the same as one, the nearest first, as `insert_case.sql` finds them for a report. Parameters: id,
-- and those of `layers.cases.duplicates.search`.
SELECT d.id::text AS number, CAST(round(CAST(away.metres AS numeric), 1) AS float8) AS distance_m,
    CAST(round(CAST(abs(EXTRACT(EPOCH FROM d.occurred_at - c.occurred_at)) / 3600 AS numeric), 1) AS float8) AS hours,
    d.state, d.description
FROM cases c
CROSS JOIN LATERAL (
    SELECT * FROM cases
    WHERE geom && ST_Expand(c.geom, :same_width, :same_height) AND NOT (state IN ('archived', 'rejected', 'merged'))
    OFFSET 0
) d
CROSS JOIN LATERAL (
    SELECT ST_Distance(CAST(d.geom AS geography), CAST(c.geom AS geography)) AS metres OFFSET 0
) away
WHERE c.id = :id AND d.id <> c.id AND d.matter_id = :same_matter AND d.tree = c.tree
    AND d.occurred_at BETWEEN CAST(:same_at AS timestamptz) - :same_within_h * interval '1 hour'
        AND CAST(:same_at AS timestamptz) + :same_within_h * interval '1 hour'
    AND away.metres <= :same_within_m
ORDER BY away.metres, d.id LIMIT :same_most

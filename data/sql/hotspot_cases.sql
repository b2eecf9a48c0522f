-- Number, place and time of the cases of one city that occurred from :since on and before :until, and whether only the
-- day of it is known. Cases that were rejected, or merged into another, are not counted. :matter is a category as it was
-- reported, :matters are the ids of matters; null for all. :west, :south, :east, :north are degrees; null for everywhere.
SELECT id, geom, occurred_at, CAST(CASE WHEN occurred_precision = 'day' THEN 1 ELSE 0 END AS smallint) AS only_day
FROM cases
WHERE tree = CAST(:tree AS text)
    AND occurred_at >= CAST(:since AS timestamptz) AND occurred_at < CAST(:until AS timestamptz)
    AND state NOT IN ('rejected', 'merged')
    AND (
        CAST(:matter AS text) IS NULL OR category = CAST(:matter AS text)
        OR matter_id = ANY(CAST(:matters AS bigint[]))
    )
    AND (
        CAST(:west AS float8) IS NULL
        OR geom && ST_MakeEnvelope(
            CAST(:west AS float8), CAST(:south AS float8), CAST(:east AS float8), CAST(:north AS float8), 4326
        )
    )

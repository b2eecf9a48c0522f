-- Buildings and streets whose name or address holds every word: what is called so goes first, then what begins so, then
-- the shorter. Parameters: tree, grams (all pairs of characters of the words), patterns (for LIKE, of each word), whole
-- (all that was asked), begins (its pattern), limit.
WITH found AS (
    SELECT 'building' AS kind, id, name, address, geom, lower(normalize(COALESCE(name, ''), NFKC)) AS called,
        lower(normalize(COALESCE(address, ''), NFKC)) AS lies
    FROM buildings
    WHERE tree = :tree AND place_grams(name, address) @> CAST(:grams AS text[])
    UNION ALL
    (
        -- A street that comes in several pieces is told once, by its longest.
        SELECT DISTINCT ON (name) 'street', id, name, NULL, geom, lower(normalize(name, NFKC)), ''
        FROM streets
        WHERE tree = :tree AND place_grams(name, NULL) @> CAST(:grams AS text[])
        ORDER BY name, ST_Length(geom) DESC, id
    )
), best AS (
    SELECT *, CASE
            WHEN :whole IN (called, lies) THEN 0
            WHEN called LIKE :begins OR lies LIKE :begins THEN 1
            ELSE 2
        END AS rank
    FROM found
    -- Pairs of characters may stand apart: only this says that the words are there.
    WHERE called || ' ' || lies LIKE ALL (CAST(:patterns AS text[]))
    ORDER BY rank, length(called), length(lies), name, address, kind, id
    LIMIT :limit
)
SELECT kind, name, address, ST_X(point) AS lon, ST_Y(point) AS lat
FROM best, ST_PointOnSurface(geom) AS point
ORDER BY rank, length(called), length(lies), name, address, kind, id

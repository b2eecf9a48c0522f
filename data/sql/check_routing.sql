-- Cases whose routing placement is not the one the rule names: the covering partial scheme of the highest priority, of
-- those that were there when the case came in, else the case's own scheme. Parameter: tree.
WITH begun AS (
    SELECT scheme_id, min(recorded_at) AS at FROM scheme_versions GROUP BY scheme_id
), ranked AS (
    SELECT p.case_id, p.scheme_id, p.routing, s.name,
        row_number() OVER (
            PARTITION BY p.case_id
            ORDER BY takes.it DESC, CASE WHEN takes.it THEN s.priority END DESC NULLS LAST, s.id <> c.scheme_id, s.id
        ) = 1 AS should_route
    FROM cases c
    JOIN placements p ON p.case_id = c.id
    JOIN schemes s ON s.id = p.scheme_id
    JOIN begun ON begun.scheme_id = s.id
    CROSS JOIN LATERAL (
        -- A scheme that came later gave the case a place and left it where it had been sent.
        SELECT CASE
            WHEN s.extent = 'partial' AND s.priority > 0 AND p.grid_id IS NOT NULL AND s.id <> c.scheme_id
            THEN COALESCE(begun.at <= (SELECT min(e.at) FROM case_events e WHERE e.case_id = c.id), true)
            ELSE false
        END AS it
    ) takes
    WHERE c.tree = :tree
)
SELECT case_id::text AS number, 'routing' AS field, name AS scheme, routing::text AS stored,
    should_route::text AS expected
FROM ranked
WHERE routing <> should_route
ORDER BY case_id

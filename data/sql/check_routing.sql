-- Cases whose routing placement is not the one the rule names: the covering partial scheme of the highest priority,
-- else the case's own scheme. Parameter: tree.
WITH ranked AS (
    SELECT p.case_id, p.scheme_id, p.routing, s.name,
        row_number() OVER (
            PARTITION BY p.case_id
            ORDER BY (s.extent = 'partial' AND s.priority > 0 AND p.grid_id IS NOT NULL AND s.id <> c.scheme_id) DESC,
                CASE WHEN s.extent = 'partial' AND p.grid_id IS NOT NULL THEN s.priority END DESC NULLS LAST,
                s.id <> c.scheme_id, s.id
        ) = 1 AS should_route
    FROM cases c
    JOIN placements p ON p.case_id = c.id
    JOIN schemes s ON s.id = p.scheme_id
    WHERE c.tree = :tree
)
SELECT case_id::text AS number, 'routing' AS field, name AS scheme, routing::text AS stored,
    should_route::text AS expected
FROM ranked
WHERE routing <> should_route
ORDER BY case_id

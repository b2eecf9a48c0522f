-- Which place routes each of some cases, by the rule that the check repeats (check_routing.sql). Parameter: cases (bigint[]).
WITH begun AS (
    SELECT scheme_id, min(recorded_at) AS at FROM scheme_versions GROUP BY scheme_id
), ranked AS (
    SELECT p.case_id, p.scheme_id,
        row_number() OVER (
            PARTITION BY p.case_id
            ORDER BY takes.it DESC, CASE WHEN takes.it THEN s.priority END DESC NULLS LAST, s.id <> c.scheme_id, s.id
        ) = 1 AS should_route
    FROM cases c
    JOIN placements p ON p.case_id = c.id
    JOIN schemes s ON s.id = p.scheme_id
    JOIN begun ON begun.scheme_id = s.id
    CROSS JOIN LATERAL (
        SELECT s.extent = 'partial' AND s.priority > 0 AND p.grid_id IS NOT NULL AND s.id <> c.scheme_id
            AND COALESCE(begun.at <= (SELECT min(e.at) FROM case_events e WHERE e.case_id = c.id), true) AS it
    ) takes
    WHERE c.id = ANY(CAST(:cases AS bigint[]))
)
UPDATE placements p SET routing = r.should_route
FROM ranked r
WHERE p.case_id = r.case_id AND p.scheme_id = r.scheme_id AND p.routing <> r.should_route

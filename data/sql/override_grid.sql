-- The grid of a code that has ground now, in the scheme by which a case is routed, else in the one it came in under,
-- chosen for the case instead of its own; no row where there is none. Parameters: id, code, actor, reason.
WITH chosen AS (
    SELECT g.id, g.grid_no, g.code, g.name
    FROM placements p
    JOIN cases c ON c.id = p.case_id
    JOIN grids g ON g.code = :code AND g.scheme_id IN (p.scheme_id, c.scheme_id)
    WHERE p.case_id = :id AND p.routing
        AND EXISTS (SELECT FROM boundaries b WHERE b.grid_id = g.id AND b.valid @> statement_timestamp())
    ORDER BY g.scheme_id <> p.scheme_id LIMIT 1
)
UPDATE placements p SET override_grid_id = chosen.id, override_by = :actor, override_reason = :reason
FROM chosen
WHERE p.case_id = :id AND p.routing
RETURNING chosen.*

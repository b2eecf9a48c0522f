-- Cases per grid of one scheme, with sums by state and category, in one row; a case counts in every scheme in which
-- it has a place. Parameters: scheme_id; since, until, state, category (null for no condition).
WITH chosen AS (
    SELECT COALESCE(p.override_grid_id, p.grid_id) AS grid_id, c.state, c.category, c.occurred_at
    FROM placements p
    JOIN cases c ON c.id = p.case_id
    WHERE p.scheme_id = :scheme_id
        AND (CAST(:since AS timestamptz) IS NULL OR c.occurred_at >= :since)
        AND (CAST(:until AS timestamptz) IS NULL OR c.occurred_at < :until)
        AND (CAST(:state AS text) IS NULL OR c.state = :state)
        AND (CAST(:category AS text) IS NULL OR c.category = :category)
), summed AS (
    SELECT GROUPING(grid_id, state, category) AS kept, grid_id, state, category, count(*) AS cases,
        min(occurred_at) AS first_at, max(occurred_at) AS last_at
    FROM chosen
    GROUP BY GROUPING SETS ((grid_id), (state), (category), ())
)
SELECT
    COALESCE((
        SELECT json_object_agg(g.grid_no, summed.cases ORDER BY g.grid_no)
        FROM summed JOIN grids g ON g.id = summed.grid_id WHERE kept = 3
    ), '{}') AS counts,
    COALESCE((SELECT cases FROM summed WHERE kept = 3 AND grid_id IS NULL), 0) AS outside,
    total.cases AS total,
    COALESCE((SELECT json_object_agg(state, cases ORDER BY state) FROM summed WHERE kept = 5), '{}') AS by_state,
    COALESCE((
        SELECT json_object_agg(category, cases ORDER BY category) FROM summed WHERE kept = 6 AND category IS NOT NULL
    ), '{}') AS by_category,
    total.first_at, total.last_at
FROM summed total
WHERE total.kept = 7

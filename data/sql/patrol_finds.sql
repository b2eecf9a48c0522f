-- How many cases people filed within the grids of a scheme, from :since on and before :until; in one grid where one is
-- named. Whoever files a case does so under the staff number.
SELECT e.actor AS staff_no, count(*) AS finds
FROM cases c
JOIN case_events e ON e.case_id = c.id AND e.kind = 'received' AND e.actor = ANY(CAST(:people AS text[]))
JOIN placements p ON p.case_id = c.id AND p.scheme_id = :scheme_id
WHERE c.tree = :tree AND c.received_at >= CAST(:since AS timestamptz) AND c.received_at < CAST(:until AS timestamptz)
    AND COALESCE(p.override_grid_id, p.grid_id) IS NOT NULL
    AND (CAST(:grid_id AS bigint) IS NULL OR COALESCE(p.override_grid_id, p.grid_id) = :grid_id)
GROUP BY e.actor

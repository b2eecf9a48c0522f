-- What is known of some grids that nobody of their own answers for at an instant: who has a duty there, who of the leads
-- is away, and how many open cases lie there now. Parameters: grids (bigint[]), at, tree, closed (states).
WITH waiting AS (
    SELECT COALESCE(p.override_grid_id, c.task_grid_id, p.grid_id) AS grid_id, count(*) AS cases
    FROM cases c
    JOIN placements p ON p.case_id = c.id AND p.routing
    WHERE c.tree = :tree AND c.state <> ALL(CAST(:closed AS text[]))
    GROUP BY 1
)
SELECT g.id, g.grid_no, g.code, g.name, area.code AS area_code, area.name AS area_name,
    EXISTS (
        SELECT FROM duties d WHERE d.grid_id = g.id AND d.valid @> CAST(:at AS timestamptz)
    ) AS has_people,
    away.name AS away, away.substitute, COALESCE(w.cases, 0) AS open_cases
FROM grids g
LEFT JOIN areas area ON area.id = g.area_id
LEFT JOIN waiting w ON w.grid_id = g.id
LEFT JOIN LATERAL (
    SELECT s.name, other.name AS substitute
    FROM duties d
    JOIN staff s ON s.id = d.staff_id
    JOIN absences a ON a.staff_id = s.id AND a.valid @> CAST(:at AS timestamptz)
    LEFT JOIN staff other ON other.id = a.substitute_id
    WHERE d.grid_id = g.id AND d.leads AND d.valid @> CAST(:at AS timestamptz)
    ORDER BY d.id, a.substitute_id IS NULL, a.id LIMIT 1
) away ON true
WHERE g.id = ANY(CAST(:grids AS bigint[]))
ORDER BY g.grid_no

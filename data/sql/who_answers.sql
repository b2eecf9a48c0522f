-- Who gets a task in each of some grids at an instant: the lead, else the named substitute, else a deputy of the same
-- place, else the same question one area higher. Null for a grid that nobody answers for. With it goes the kind of place
-- that the nearest area says it is, null where none does.
-- Parameters: grids (bigint[]), at (timestamptz), occurred_at (timestamptz or null: whose lead was the owner then).
WITH RECURSIVE place AS (
    SELECT g.id AS grid_id, 0 AS climb, g.id AS on_grid, NULL::bigint AS on_area, g.area_id AS above,
        g.name AS place_name, NULL::text AS place_class
    FROM grids g
    WHERE g.id = ANY(CAST(:grids AS bigint[]))
    UNION ALL
    SELECT p.grid_id, p.climb + 1, NULL, a.id, a.parent_id, a.name, a.place_class
    FROM place p
    CROSS JOIN LATERAL (SELECT * FROM areas WHERE id = p.above OFFSET 0) a -- OFFSET 0, or all areas are read each time
),
holder AS (
    SELECT p.grid_id, p.climb, p.place_name, d.id AS duty_id, d.role, d.leads, d.staff_id, away.id IS NOT NULL AS away,
        away.substitute_id
    FROM place p
    CROSS JOIN LATERAL (
        SELECT * FROM duties WHERE grid_id = p.on_grid AND valid @> CAST(:at AS timestamptz)
        UNION ALL
        SELECT * FROM duties WHERE area_id = p.on_area AND valid @> CAST(:at AS timestamptz)
    ) d
    LEFT JOIN LATERAL (
        SELECT id, substitute_id FROM absences
        WHERE staff_id = d.staff_id AND valid @> CAST(:at AS timestamptz)
        ORDER BY substitute_id IS NULL, id LIMIT 1
    ) away ON true
),
candidate AS (
    SELECT grid_id, climb, place_name, duty_id, role, staff_id, 'lead' AS via, 0 AS preference, NULL::bigint AS for_id
    FROM holder WHERE leads AND NOT away
    UNION ALL
    SELECT grid_id, climb, place_name, duty_id, role, substitute_id, 'substitute', 1, staff_id
    FROM holder
    WHERE leads AND away AND substitute_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM absences a
        WHERE a.staff_id = holder.substitute_id AND a.valid @> CAST(:at AS timestamptz)
    )
    UNION ALL
    SELECT grid_id, climb, place_name, duty_id, role, staff_id, 'deputy', 2, NULL
    FROM holder WHERE NOT leads AND role = 'deputy' AND NOT away
),
chosen AS (
    SELECT DISTINCT ON (grid_id) * FROM candidate ORDER BY grid_id, climb, preference, duty_id
)
SELECT g.id AS grid_id, c.staff_id, s.name, s.phone, c.role, c.via, c.climb, c.place_name,
    absent.name AS stands_in_for, owner.staff_id AS owner_staff_id,
    (
        SELECT p.place_class FROM place p
        WHERE p.grid_id = g.id AND p.place_class IS NOT NULL ORDER BY p.climb LIMIT 1
    ) AS place_class
FROM grids g
LEFT JOIN chosen c ON c.grid_id = g.id
LEFT JOIN staff s ON s.id = c.staff_id
LEFT JOIN staff absent ON absent.id = c.for_id
LEFT JOIN LATERAL (
    SELECT staff_id FROM duties
    WHERE grid_id = g.id AND leads AND valid @> CAST(:occurred_at AS timestamptz)
    ORDER BY id LIMIT 1
) owner ON true
WHERE g.id = ANY(CAST(:grids AS bigint[]))

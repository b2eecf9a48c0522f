-- What the filters of the queue name, each name with the ids that it stands for. Parameters: tree; matter, department,
-- area, grid, staff (arrays of codes). An area stands for all below it; a matter for what it became and what became it.
WITH RECURSIVE below AS (
    SELECT code, id FROM areas WHERE tree = :tree AND code = ANY(CAST(:area AS text[]))
    UNION ALL
    SELECT below.code, a.id FROM below JOIN areas a ON a.parent_id = below.id
)
SELECT 'area' AS field, code, id FROM below
UNION ALL
SELECT 'matter', named.code, meant.id
FROM matters named
JOIN matters meant ON COALESCE(meant.same_as, meant.id) = COALESCE(named.same_as, named.id)
WHERE named.tree = :tree AND meant.tree = :tree AND named.code = ANY(CAST(:matter AS text[]))
UNION ALL
SELECT 'department', code, id FROM departments WHERE tree = :tree AND code = ANY(CAST(:department AS text[]))
UNION ALL
SELECT 'grid', g.code, g.id
FROM grids g JOIN schemes s ON s.id = g.scheme_id
WHERE s.tree = :tree AND g.code = ANY(CAST(:grid AS text[]))
UNION ALL
SELECT 'staff', staff_no, id FROM staff WHERE tree = :tree AND staff_no = ANY(CAST(:staff AS text[]))

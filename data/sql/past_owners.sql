-- Who had the last cases of a kind in a grid when their handling was verified, and how many each. Those that came by file
-- tell of the department that the file named; where it named none, today's rules did, and they prove nothing.
-- Parameters: id (of the case that is asked for), grid_id, matter_id, category, done (states), reach (how many cases of the
-- grid are looked at), most.
WITH newest AS (
    SELECT case_id FROM placements WHERE grid_id = :grid_id AND routing ORDER BY case_id DESC LIMIT :reach
), past AS (
    SELECT c.department_id, CASE WHEN c.department_id IS NULL THEN c.staff_id END AS staff_id
    FROM newest n
    JOIN cases c ON c.id = n.case_id
    LEFT JOIN import_batches b ON b.id = c.batch_id
    WHERE c.state = ANY(CAST(:done AS text[])) AND c.id <> :id
        AND (c.matter_id = :matter_id OR (CAST(:matter_id AS bigint) IS NULL AND c.matter_id IS NULL
            AND c.category IS NOT DISTINCT FROM CAST(:category AS text)))
        AND CASE WHEN c.batch_id IS NULL THEN COALESCE(c.department_id, c.staff_id) IS NOT NULL
            ELSE c.department_id IS NOT NULL AND b.options -> 'columns' ->> 'department' IS NOT NULL END
    ORDER BY c.id DESC LIMIT :most
)
SELECT department_id, staff_id, count(*) AS cases, CAST(sum(count(*)) OVER () AS int) AS total
FROM past GROUP BY department_id, staff_id ORDER BY cases DESC, department_id, staff_id

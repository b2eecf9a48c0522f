-- Staged rows whose source id is stored already, and whether they say the same; a time of receipt that stands in for
-- a time nobody gave is another one in each run, and says nothing. Parameters: tree, dataset.
SELECT s.row_no,
    c.raw_x = s.raw_x AND c.raw_y = s.raw_y AND c.raw_datum = s.raw_datum
        AND c.occurred_precision = s.occurred_precision
        AND (c.occurred_at = s.occurred_at OR c.occurred_precision = 'received')
        AND c.category IS NOT DISTINCT FROM s.category AND c.description IS NOT DISTINCT FROM s.description AS same
FROM stage_cases s
CROSS JOIN LATERAL (
    -- OFFSET 0: one look into the index for each staged row, never a join that reads all cases.
    SELECT * FROM cases WHERE source_id = s.source_id AND dataset = :dataset AND tree = :tree OFFSET 0
) c
ORDER BY s.row_no

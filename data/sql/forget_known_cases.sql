-- Take the rows that are stored already out of the stage. Parameters: tree, dataset.
WITH known AS (
    DELETE FROM stage_cases s USING cases c
    WHERE c.tree = :tree AND c.dataset = :dataset AND c.source_id = s.source_id
    RETURNING s.row_no
)
DELETE FROM stage_placements p USING known WHERE p.row_no = known.row_no

-- Take the rows that are stored already out of the stage. Parameter: row_nos (bigint[]).
WITH known AS (
    DELETE FROM stage_cases WHERE row_no = ANY(CAST(:row_nos AS bigint[])) RETURNING row_no
)
DELETE FROM stage_placements p USING known WHERE p.row_no = known.row_no

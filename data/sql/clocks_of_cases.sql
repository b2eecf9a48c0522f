-- The stored clocks of some cases. Parameters: cases (bigint[]).
SELECT case_id, stage, round, milestone, started_at, due_at, met_at, void
FROM case_clocks WHERE case_id = ANY(CAST(:cases AS bigint[]))

-- Staged clocks of staged cases; they began when the case was received. Parameter: tree.
INSERT INTO case_clocks (case_id, stage, round, milestone, tree, started_at, due_at, met_at)
SELECT s.id, k.stage, 1, 'end', :tree, s.received_at, k.due_at, k.met_at
FROM stage_clocks k
JOIN stage_cases s USING (row_no)

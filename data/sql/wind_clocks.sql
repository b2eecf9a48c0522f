-- Clocks that were worked out again from events, and the face of them on the cases' rows. Parameters: faces, clocks.
WITH shown AS (
    UPDATE cases c SET clock = f.clock, due_at = f.due_at, due_milestone = f.due_milestone
    FROM jsonb_to_recordset(CAST(:faces AS jsonb)) AS f (id bigint, clock text, due_at timestamptz, due_milestone text)
    WHERE c.id = f.id
)
INSERT INTO case_clocks AS known (case_id, tree, stage, round, milestone, started_at, due_at, met_at, void)
SELECT n.case_id, n.tree, n.stage, n.round, n.milestone, n.started_at, n.due_at, n.met_at, n.void
FROM jsonb_to_recordset(CAST(:clocks AS jsonb)) AS n (
    case_id bigint, tree text, stage text, round smallint, milestone text, started_at timestamptz, due_at timestamptz,
    met_at timestamptz, void bool
)
ON CONFLICT (case_id, stage, round, milestone) DO UPDATE
SET started_at = EXCLUDED.started_at, due_at = EXCLUDED.due_at, met_at = EXCLUDED.met_at, void = EXCLUDED.void
WHERE (known.started_at, known.due_at, known.met_at, known.void)
    IS DISTINCT FROM (EXCLUDED.started_at, EXCLUDED.due_at, EXCLUDED.met_at, EXCLUDED.void)

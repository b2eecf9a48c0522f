-- Cases whose missed deadline is to go up one level now, held until the transaction ends; those that another process
-- holds are left to it. With each goes what tells the next level and who is told.
-- Asked a second time for the cases that it returned: only then is it sure that nobody was faster, for a row that was
-- waited out is looked at as it is now, but what is joined to it as it was.
-- A deadline goes up when it is missed, and again when a limit has passed since; a pause begins that wait anew. What
-- had passed already as its case came by file was missed elsewhere.
-- Parameters: now, top (the highest level), cases (bigint[] or null for any), left (bigint[], not these), limit.
SELECT c.id, c.tree, c.level + 1 AS level, c.received_at, c.matter_id, c.urgency, c.place_class, c.due_milestone,
    missed.stage, missed.round, COALESCE(p.override_grid_id, c.task_grid_id, p.grid_id, p.nearest_grid_id) AS grid_id
FROM cases c
CROSS JOIN LATERAL (
    SELECT k.stage, k.round FROM case_clocks k
    WHERE k.case_id = c.id AND k.milestone = c.due_milestone AND k.due_at = c.due_at AND k.met_at IS NULL AND NOT k.void
    ORDER BY k.started_at DESC LIMIT 1
) missed
LEFT JOIN LATERAL (
    SELECT e.at, e.next_at FROM escalations e WHERE e.case_id = c.id ORDER BY e.at DESC, e.level DESC LIMIT 1
) last ON true
LEFT JOIN placements p ON p.case_id = c.id AND p.routing
WHERE c.due_at < :now AND c.level < :top AND (CAST(:cases AS bigint[]) IS NULL OR c.id = ANY(CAST(:cases AS bigint[])))
    AND c.id <> ALL(CAST(:left AS bigint[]))
    AND (last.at IS NULL OR last.at < c.due_at OR last.next_at <= :now AND NOT EXISTS (
        SELECT FROM case_events r
        WHERE r.case_id = c.id AND r.kind = 'resume' AND r.at > last.at AND r.at + (last.next_at - last.at) > :now
    ))
    AND NOT EXISTS (SELECT FROM import_batches b WHERE b.id = c.batch_id AND b.started_at >= c.due_at)
ORDER BY c.tree, c.due_at, c.id
LIMIT :limit
FOR UPDATE OF c SKIP LOCKED

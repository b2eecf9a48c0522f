-- One event for each staged case. Those who follow the events live are told of the first one only, which stands for all.
-- Parameters: at, actor, role, batch_id.
INSERT INTO case_events (case_id, at, kind, actor, role, scheme_version, detail, xact)
SELECT s.id, :at, 'imported', :actor, :role, s.version,
    jsonb_strip_nulls(
        jsonb_build_object('batch_id', CAST(:batch_id AS bigint), 'state', s.state, 'closed_at', s.closed_at)
    ),
    CASE WHEN s.row_no = first.row_no THEN CAST(CAST(pg_current_xact_id() AS text) AS bigint) END
FROM stage_cases s
CROSS JOIN (SELECT min(row_no) AS row_no FROM stage_cases) first

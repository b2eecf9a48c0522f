-- One event for each staged case. Parameters: at, actor, role, batch_id.
INSERT INTO case_events (case_id, at, kind, actor, role, scheme_version, detail)
SELECT s.id, :at, 'imported', :actor, :role, s.version,
    jsonb_build_object('batch_id', CAST(:batch_id AS bigint), 'state', s.state)
FROM stage_cases s

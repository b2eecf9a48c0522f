-- Cases whose clocks were worked out again: an event each, and a revision more. Parameters: at, actor, role, told.
WITH told AS MATERIALIZED (
    SELECT t.case_id, t.detail FROM jsonb_to_recordset(CAST(:told AS jsonb)) AS t (case_id bigint, detail jsonb)
), raised AS (
    UPDATE cases c SET revision = c.revision + 1 FROM told WHERE c.id = told.case_id
)
INSERT INTO case_events (case_id, at, kind, actor, role, detail)
-- Never before what was told of the case already: a step may have been taken while the import waited for it.
SELECT told.case_id, GREATEST(:at, (SELECT max(e.at) FROM case_events e WHERE e.case_id = told.case_id)), 'retimed', :actor,
    :role, told.detail
FROM told ORDER BY told.case_id

-- The cases that something happened to since a transaction, in one row: how far transactions have come, whether this one
-- has written, which cases, and whether among what happened is a chunk of a file, which names none of its cases.
-- Parameters: xact, limit.
SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint) AS top,
    pg_current_xact_id_if_assigned() IS NOT NULL AS has_written,
    COALESCE(array_agg(DISTINCT case_id), '{}') AS cases, count(*) AS events,
    COALESCE(bool_or(kind = 'imported'), false) AS has_chunk
FROM (
    SELECT case_id, kind FROM case_events WHERE xact IS NOT NULL AND xact >= :xact ORDER BY xact, id LIMIT :limit
) AS told

-- Takes one webhook that has something to be told, for a while: nobody else tells it the same meanwhile, and no
-- transaction stays open while it is told. One that is not brought back in time is due again. One whose cursor no
-- transaction has reached, because the database was restored, is taken too: somebody has to notice. Parameter: lease_s.
UPDATE webhooks SET next_try_at = clock_timestamp() + CAST(:lease_s AS float8) * interval '1 second'
WHERE id = (
    SELECT w.id
    FROM webhooks w
    WHERE w.state = 'active' AND w.next_try_at <= clock_timestamp() AND (
        EXISTS (
            SELECT FROM case_events e
            WHERE e.xact IS NOT NULL AND (e.xact, e.id) > (w.cursor_xact, w.cursor_id)
                AND e.xact < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)
        )
        OR w.cursor_xact > CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)
    )
    ORDER BY w.next_try_at, w.id
    LIMIT 1
    FOR UPDATE OF w SKIP LOCKED
)
RETURNING id, url, secret, tree, kinds, cursor_xact, cursor_id, failures, next_try_at

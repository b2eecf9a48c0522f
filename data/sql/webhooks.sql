-- All webhooks, without their secrets, and how many events each has before it, counted up to 10,000.
SELECT w.id, w.url, w.tree, w.kinds, w.state, w.cursor_xact, w.cursor_id, w.failures, w.next_try_at, w.last_answer,
    w.actor, w.created_at, (
        SELECT count(*) FROM (
            SELECT FROM case_events e
            WHERE e.xact IS NOT NULL AND (e.xact, e.id) > (w.cursor_xact, w.cursor_id) LIMIT 10000
        ) ahead
    ) AS behind
FROM webhooks w
ORDER BY w.id

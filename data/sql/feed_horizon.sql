-- How far the events can be followed now: every transaction below `below` has ended, none at or above `top` has begun.
-- `waits`: whether events are there already that may be read only when an older transaction has ended.
WITH horizon AS MATERIALIZED (
    SELECT CAST(CAST(pg_snapshot_xmin(snapshot) AS text) AS bigint) AS below,
        CAST(CAST(pg_snapshot_xmax(snapshot) AS text) AS bigint) AS top
    FROM pg_current_snapshot() AS snapshot
)
SELECT below, top, EXISTS (
    SELECT FROM case_events WHERE xact IS NOT NULL AND xact >= below AND xact < top
) AS waits
FROM horizon

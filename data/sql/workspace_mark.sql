-- How far a city's cases and its ground have come: the highest number of a case, the oldest transaction that still
-- writes, the next one to begin; the newest import of buildings, streets or blocks. Parameters: tree.
SELECT COALESCE((SELECT max(id) FROM cases), 0) AS newest,
    CAST(CAST(pg_snapshot_xmin(now) AS text) AS bigint) AS oldest_writer,
    CAST(CAST(pg_snapshot_xmax(now) AS text) AS bigint) AS next_writer,
    COALESCE((
        SELECT max(id) FROM import_batches
        WHERE kind IN ('buildings', 'streets', 'atoms') AND dataset = :tree AND finished_at IS NOT NULL
    ), 0) AS ground
FROM pg_current_snapshot() AS now

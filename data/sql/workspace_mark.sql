-- How far a city's cases and its ground have come: the highest number of a case, the transactions that write just now,
-- how many imports of buildings, streets or blocks were finished. Parameters: tree.
SELECT COALESCE((SELECT max(id) FROM cases), 0) AS newest,
    -- By their locks: a snapshot does not tell of those that are younger than the last one that ended.
    ARRAY(
        SELECT DISTINCT CAST(CAST(transactionid AS text) AS bigint) FROM pg_locks WHERE locktype = 'transactionid'
    ) AS writers,
    -- Not the newest one: imports end in another order than they begin.
    (
        SELECT count(*) FROM import_batches
        WHERE kind IN ('buildings', 'streets', 'atoms') AND dataset = :tree AND finished_at IS NOT NULL
    ) AS ground

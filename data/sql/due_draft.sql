-- The scheduled draft whose instant has come first, kept from others; one that another process has is passed over, and so is
-- one of a scheme in which another comes first. Parameter: seen (bigint[], not these again).
SELECT d.id FROM drafts d
WHERE d.state = 'scheduled' AND d.publish_at <= clock_timestamp() AND d.id <> ALL(CAST(:seen AS bigint[]))
    AND NOT EXISTS (
        SELECT FROM drafts sooner
        WHERE sooner.scheme_id = d.scheme_id AND sooner.state = 'scheduled'
            AND (sooner.publish_at, sooner.id) < (d.publish_at, d.id)
    )
ORDER BY d.publish_at, d.id
LIMIT 1
FOR UPDATE SKIP LOCKED

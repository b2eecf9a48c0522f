-- The days of a city that are over and of which devices have fixes are to be summarised, each once.
INSERT INTO patrol_days_due (device_id, day)
SELECT d.id, past.day
FROM devices d
CROSS JOIN unnest(CAST(:days AS date[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]))
    AS past (day, since, until)
CROSS JOIN LATERAL (
    SELECT FROM fixes f WHERE f.device_id = d.id AND f.at >= past.since AND f.at < past.until LIMIT 1
) f
WHERE d.tree = :tree AND NOT EXISTS (SELECT FROM patrol_days_due p WHERE p.device_id = d.id AND p.day = past.day)
ORDER BY d.id, past.day
ON CONFLICT DO NOTHING

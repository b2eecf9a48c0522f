-- The first day of a device of a city that is due and over.
SELECT p.device_id, p.day, p.marked_at, p.spreads, d.label
FROM patrol_days_due p
JOIN devices d ON d.id = p.device_id AND d.tree = :tree
WHERE p.done_at IS NULL AND p.day BETWEEN CAST(:oldest AS date) AND CAST(:newest AS date)
ORDER BY p.day, p.device_id
LIMIT 1

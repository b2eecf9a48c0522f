-- Late fixes came for some days of devices: they are to be summarised again, also where somebody is at it just now and
-- cannot see those fixes yet.
INSERT INTO patrol_days_due (device_id, day)
SELECT device_id, day FROM unnest(CAST(:devices AS bigint[]), CAST(:days AS date[])) AS late (device_id, day)
ORDER BY device_id, day
ON CONFLICT (device_id, day) DO UPDATE SET marked_at = now(), done_at = NULL, spreads = true

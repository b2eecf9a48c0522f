-- Summaries of a scheme that were judged by boundaries which do not hold any more in some of their time: a version was
-- published since that reaches back into the day, or into a visit that began on it.
UPDATE patrol_days_due due SET marked_at = now(), done_at = NULL, spreads = false
FROM patrol_days p
JOIN schemes s ON s.id = p.scheme_id
WHERE s.id = :scheme_id AND p.judged_by < s.version AND due.device_id = p.device_id AND due.day = p.day
    AND due.done_at IS NOT NULL
    AND EXISTS (
        SELECT FROM scheme_versions v
        WHERE v.scheme_id = s.id AND v.version > p.judged_by AND v.valid && tstzrange(
            CAST(p.day AS timestamp) AT TIME ZONE s.time_zone,
            GREATEST(
                CAST(p.day + 1 AS timestamp) AT TIME ZONE s.time_zone,
                (SELECT max(o.left_at) FROM patrol_visits o WHERE o.patrol_day_id = p.id)
            )
        )
    )

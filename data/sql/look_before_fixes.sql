-- All that must be known before fixes are written, in one question. Kind 0: the instants known of devices within
-- stretches of time, wherever they went; 1: the shifts that meet those; 2: whether the boundaries are still those of
-- :judged_by, which stay until the transaction ends. :first and :last bound all stretches: as constants they keep the
-- other days out of the plan.
SELECT CAST(0 AS bigint) AS kind, asked.device_id, known.at AS since, known.at AS until,
    CAST(0 AS bigint) AS id, CAST(0 AS bigint) AS staff_id
FROM unnest(CAST(:devices AS bigint[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]))
    AS asked (device_id, since, until)
CROSS JOIN LATERAL (
    SELECT at FROM fixes f
    WHERE f.device_id = asked.device_id AND f.at BETWEEN asked.since AND asked.until
        AND f.at BETWEEN CAST(:first AS timestamptz) AND CAST(:last AS timestamptz)
    UNION ALL
    SELECT at FROM fixes_aside a WHERE a.device_id = asked.device_id AND a.at BETWEEN asked.since AND asked.until
    UNION ALL
    SELECT at FROM fixes_off_shift o WHERE o.device_id = asked.device_id AND o.at BETWEEN asked.since AND asked.until
) known
UNION ALL
SELECT 1, device_id, COALESCE(lower(valid), '-infinity'), COALESCE(upper(valid), 'infinity'), id, staff_id
FROM shifts
WHERE device_id = ANY(CAST(:devices AS bigint[]))
    AND valid && tstzrange(CAST(:first AS timestamptz), CAST(:last AS timestamptz), '[]')
UNION ALL
SELECT 2, 0, now(), now(), CAST(CAST(hold_versions(CAST(:judged_by AS jsonb), false) AS int) AS bigint), 0
WHERE CAST(:judged_by AS jsonb) <> '{}'

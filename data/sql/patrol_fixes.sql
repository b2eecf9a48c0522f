-- The fixes of some devices from :since on and before :until; both are written into the statement as constants, so that
-- the plan names exactly the days asked.
SELECT device_id, at, lon, lat, COALESCE(CAST(accuracy_m AS float8), 'NaN'), COALESCE(staff_id, -1),
    COALESCE(shift_id, -1)
FROM fixes
WHERE at >= CAST(:since AS timestamptz) AND at < CAST(:until AS timestamptz)
    AND device_id = ANY(CAST(:devices AS bigint[]))
LIMIT CAST(:most AS bigint)

-- The latest fix of each device of a city whose shift holds at :now, and is of that shift; :since bounds the days that
-- are looked into.
SELECT d.label AS device, p.staff_no, p.name, s.team, f.lon, f.lat, f.at
FROM devices d
JOIN shifts s ON s.device_id = d.id AND s.valid @> CAST(:now AS timestamptz)
JOIN staff p ON p.id = s.staff_id
CROSS JOIN LATERAL (
    SELECT lon, lat, at FROM fixes
    WHERE device_id = d.id AND shift_id = s.id
        AND at >= CAST(:since AS timestamptz) AND at <= CAST(:until AS timestamptz)
    ORDER BY at DESC LIMIT 1
) f
WHERE d.tree = :tree AND d.active
ORDER BY p.name, p.staff_no, d.label

-- Who may have been where in a city from :since to :until: each of its devices with each shift that meets the time; one
-- without a shift has one row, in which whoever carries it stands. Devices of a person are those of shifts and summaries
-- of that person, and those that the person carries.
WITH asked AS (
    SELECT tstzrange(CAST(:since AS timestamptz), CAST(:until AS timestamptz)) AS time
)
SELECT d.id AS device_id, d.label, d.travel, d.staff_id AS carrier_id, s.id AS shift_id, s.staff_id, s.team,
    GREATEST(lower(s.valid), lower(asked.time)) AS since, LEAST(upper(s.valid), upper(asked.time)) AS until
FROM asked
JOIN devices d ON d.tree = :tree
LEFT JOIN shifts s ON s.device_id = d.id AND s.valid && asked.time
WHERE (CAST(:device AS text) IS NULL OR d.label = :device)
    AND (CAST(:staff_id AS bigint) IS NULL OR d.staff_id = :staff_id
        OR EXISTS (SELECT FROM shifts o WHERE o.device_id = d.id AND o.staff_id = :staff_id AND o.valid && asked.time)
        OR EXISTS (SELECT FROM patrol_days p WHERE p.device_id = d.id AND p.staff_id = :staff_id))
ORDER BY d.id, s.valid

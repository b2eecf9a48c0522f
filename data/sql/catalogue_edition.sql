-- Which version of a city's catalogue holds at an instant, and how far its calendar is known; no row where none holds.
-- Parameters: tree, at (timestamptz or null: now).
SELECT c.id, c.version, c.recorded_at,
    (SELECT min(day) FROM calendar_days WHERE calendar_id = c.calendar_id) AS first_day,
    (SELECT max(day) FROM calendar_days WHERE calendar_id = c.calendar_id) AS last_day
FROM catalogues c
WHERE c.tree = :tree AND c.valid @> coalesce(CAST(:at AS timestamptz), clock_timestamp())

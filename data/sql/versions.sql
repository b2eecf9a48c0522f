-- The versions of a scheme, oldest first, with the number of grids in each and how many it added, changed and ended; a
-- grid that comes back counts as added. Parameter: scheme_id.
WITH steps AS (
    -- Each boundary begins with a version; where it ends and its grid has no other from then on, the grid ends.
    SELECT b.grid_id, b.version, upper(b.valid) AS ends,
        lag(upper(b.valid)) OVER by_time AS last_ended, lower(b.valid) AS begins,
        lead(lower(b.valid)) OVER by_time AS next_begins
    FROM boundaries b
    WHERE b.scheme_id = :scheme_id
    WINDOW by_time AS (PARTITION BY b.grid_id ORDER BY b.valid)
), counted AS (
    SELECT v.version, count(s.grid_id) FILTER (WHERE s.last_ended IS DISTINCT FROM s.begins OR s.begins IS NULL) AS added,
        count(s.grid_id) FILTER (WHERE s.last_ended = s.begins) AS changed
    FROM scheme_versions v LEFT JOIN steps s ON s.version = v.version
    WHERE v.scheme_id = :scheme_id
    GROUP BY v.version
), gone AS (
    SELECT v.version, count(*) AS ended
    FROM scheme_versions v JOIN steps s ON s.ends = lower(v.valid) AND s.next_begins IS DISTINCT FROM s.ends
    WHERE v.scheme_id = :scheme_id
    GROUP BY v.version
)
SELECT v.version, lower(v.valid) AS since, upper(v.valid) AS until, v.reason, v.actor, v.recorded_at,
    (SUM(c.added - COALESCE(gone.ended, 0)) OVER (ORDER BY v.version))::int AS grids,
    c.added, c.changed, COALESCE(gone.ended, 0) AS ended, d.id AS draft, d.name AS draft_name
FROM scheme_versions v
JOIN counted c USING (version)
LEFT JOIN gone USING (version)
LEFT JOIN drafts d ON d.scheme_id = v.scheme_id AND d.published_version = v.version
WHERE v.scheme_id = :scheme_id
ORDER BY v.version

-- Whose a point was in each version of a scheme, oldest first, with everybody who led that grid while the version held.
-- Parameters: scheme_id, lon, lat (lattice degrees).
SELECT v.version, lower(v.valid) AS since, upper(v.valid) AS until, v.reason, v.actor,
    CASE WHEN g.id IS NOT NULL
        THEN json_build_object('grid_no', g.grid_no, 'code', g.code, 'name', g.name) END AS grid,
    COALESCE(led.people, '[]') AS leads
FROM scheme_versions v
LEFT JOIN LATERAL (
    SELECT grid_id FROM boundaries b
    WHERE b.scheme_id = v.scheme_id AND b.valid @> COALESCE(lower(v.valid), '-infinity')
        AND ST_Covers(b.geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))
    ORDER BY grid_no LIMIT 1
) own ON true
LEFT JOIN grids g ON g.id = own.grid_id
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object(
        'name', s.name, 'role', d.role, 'since', lower(d.valid * v.valid), 'until', upper(d.valid * v.valid)
    ) ORDER BY d.valid, d.id) AS people
    FROM duties d
    JOIN staff s ON s.id = d.staff_id
    WHERE d.grid_id = g.id AND d.leads AND d.valid && v.valid
) led ON true
WHERE v.scheme_id = :scheme_id
ORDER BY v.version

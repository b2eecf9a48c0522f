-- Open cases that a new version of a scheme may send elsewhere: those in boxes around the ground that changed, those whose
-- task lies with a grid that ends, and those that happened after the version begins. The new boundaries are there already,
-- the cases' places are still the old ones. Parameters: scheme_id, tree, since, ended (grid ids), west, south, east, north
-- (float8[], of equal length), closed (states). They are held: who takes a step with one meanwhile waits.
WITH box AS MATERIALIZED (
    SELECT ST_MakeEnvelope(w, s, e, n, 4326) AS geom
    FROM unnest(
        CAST(:west AS float8[]), CAST(:south AS float8[]), CAST(:east AS float8[]), CAST(:north AS float8[])
    ) AS b (w, s, e, n)
), near AS (
    SELECT c.id FROM box JOIN cases c ON c.geom && box.geom WHERE c.state <> ALL(:closed)
    UNION
    SELECT case_id FROM placements WHERE grid_id = ANY(CAST(:ended AS bigint[])) AND routing
    UNION
    SELECT id FROM cases WHERE task_grid_id = ANY(CAST(:ended AS bigint[]))
    UNION
    SELECT id FROM cases WHERE occurred_at >= :since
)
SELECT c.id, c.state, c.queue_reason, c.department_id, c.staff_id, c.reasons, ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat, held.id AS held_id,
    c.occurred_at >= :since AS after,
    -- Where a partial scheme leaves a case, the scheme that was named takes it.
    CASE WHEN c.scheme_id <> :scheme_id THEN (
        SELECT b.grid_id FROM boundaries b
        WHERE b.scheme_id = c.scheme_id AND b.valid @> CAST(:since AS timestamptz) AND ST_Covers(b.geom, c.geom)
        ORDER BY b.grid_no LIMIT 1
    ) END AS elsewhere_id
FROM near
JOIN cases c USING (id)
JOIN placements p ON p.case_id = c.id AND p.routing
-- Nobody has a case whose ground an earlier version left to nobody, though its place of then is in a grid.
LEFT JOIN grids held ON held.id = COALESCE(c.task_grid_id, p.override_grid_id, p.grid_id)
    AND c.queue_reason IS DISTINCT FROM 'outside'
WHERE c.state <> ALL(:closed) AND c.tree = :tree
    AND (p.scheme_id = :scheme_id OR held.scheme_id = :scheme_id OR c.occurred_at >= :since)
ORDER BY c.id
FOR UPDATE OF c

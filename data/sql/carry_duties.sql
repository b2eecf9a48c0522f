-- Duties for grids that are made of others, and for grids that have ground again. A row for each duty given.
-- Parameters: at, to_ids and from_ids (bigint[], of equal length), back (bigint[]).
WITH again AS (
    -- The boundary that begins now is there already; the last one before it ended when the grid did.
    SELECT b.grid_id, max(upper(b.valid)) AS ended_at
    FROM boundaries b
    WHERE b.grid_id = ANY(CAST(:back AS bigint[])) AND upper(b.valid) <= :at
    GROUP BY b.grid_id
), given AS (
    SELECT d.staff_id, made.to_id AS grid_id, d.role, d.leads, d.valid * tstzrange(:at, NULL) AS valid, d.id
    FROM unnest(CAST(:to_ids AS bigint[]), CAST(:from_ids AS bigint[])) AS made (to_id, from_id)
    JOIN duties d ON d.grid_id = made.from_id AND d.valid && tstzrange(:at, NULL)
    UNION ALL
    SELECT d.staff_id, d.grid_id, d.role, d.leads, tstzrange(:at, NULL), d.id
    FROM again
    JOIN duties d ON d.grid_id = again.grid_id AND upper(d.valid) = again.ended_at
)
INSERT INTO duties (staff_id, grid_id, role, leads, valid)
SELECT staff_id, grid_id, role, leads, valid FROM given ORDER BY id
ON CONFLICT DO NOTHING
RETURNING id

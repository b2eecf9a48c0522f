-- Duties end with their grids; one that would begin later is left as it is. Parameters: at, grids (bigint[]).
UPDATE duties d SET valid = tstzrange(lower(d.valid), :at)
WHERE d.grid_id = ANY(CAST(:grids AS bigint[])) AND d.valid @> CAST(:at AS timestamptz)
    AND (lower_inf(d.valid) OR lower(d.valid) < :at)
    -- Of two that would become one and the same, one.
    AND NOT EXISTS (
        SELECT FROM duties o
        WHERE o.staff_id = d.staff_id AND o.grid_id = d.grid_id AND o.role = d.role
            AND lower(o.valid) IS NOT DISTINCT FROM lower(d.valid)
            AND (upper(o.valid) = :at OR o.id < d.id AND o.valid @> CAST(:at AS timestamptz))
    )

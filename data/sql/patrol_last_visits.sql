-- When each of some :grids was last left by anybody before :until, as far as days are summarised.
SELECT g.id, v.left_at
FROM unnest(CAST(:grids AS bigint[])) g (id)
CROSS JOIN LATERAL (
    SELECT left_at FROM patrol_visits
    WHERE grid_id = g.id AND left_at < CAST(:until AS timestamptz)
    ORDER BY left_at DESC LIMIT 1
) v

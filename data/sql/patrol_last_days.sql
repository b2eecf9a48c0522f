-- The last day before :before, and not before :since, on which anybody was near each street or building, as far as days
-- are summarised.
SELECT near.id, max(d.day) AS day
FROM patrol_days d
JOIN patrol_grid_days g ON g.patrol_day_id = d.id
CROSS JOIN LATERAL unnest(CASE WHEN :streets THEN g.street_ids ELSE g.building_ids END) AS near (id)
WHERE d.scheme_id = :scheme_id AND d.day < CAST(:before AS date) AND d.day >= CAST(:since AS date)
GROUP BY near.id

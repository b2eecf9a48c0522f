-- Cases of a city for a planner's preview: number, 1 when it happened since an instant and 2 more when it is open, place.
-- Parameters: tree, since, floor (only cases with a higher number), closed (states).
SELECT id,
    CAST(CASE WHEN occurred_at >= :since THEN 1 ELSE 0 END + CASE WHEN state <> ALL(:closed) THEN 2 ELSE 0 END AS smallint),
    geom
FROM cases
WHERE id > :floor AND tree = :tree AND (occurred_at >= :since OR state <> ALL(:closed))

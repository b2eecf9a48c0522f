-- Cases of a city that were closed or taken up again by the events between two places: number, 1 when it happened since
-- an instant and 2 more when it is open, place. Parameters: tree, since, closed (states), kinds (of events that close or
-- reopen), xact, id (after this event), below (this transaction and those after it may still be open).
SELECT c.id,
    CASE WHEN c.occurred_at >= :since THEN 1 ELSE 0 END + CASE WHEN c.state <> ALL(:closed) THEN 2 ELSE 0 END AS marks,
    ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat
FROM cases c
WHERE c.tree = :tree AND c.id IN (
    SELECT e.case_id
    FROM case_events e
    WHERE e.xact IS NOT NULL AND (e.xact, e.id) > (:xact, :id) AND e.xact < :below
        AND e.kind = ANY(CAST(:kinds AS text[]))
)

-- Cases of a city of which every event is known, or that somebody took a step with: a page in the order of their numbers.
-- What an import brought and nobody touched has no story to replay. Parameters: tree, kinds (of events), after, most.
SELECT DISTINCT e.case_id
FROM case_events e
JOIN cases c ON c.id = e.case_id
WHERE e.xact IS NOT NULL AND e.kind = ANY(:kinds) AND c.tree = :tree AND e.case_id > :after
ORDER BY e.case_id LIMIT :most

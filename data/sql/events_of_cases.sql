-- What happened to some cases, case by case, in order. Parameters: cases (bigint[]).
SELECT case_id, at, kind, detail FROM case_events WHERE case_id = ANY(CAST(:cases AS bigint[])) ORDER BY case_id, id

-- What decides on the limits of some cases, and what their rows show of their events. Parameters: cases (bigint[]).
SELECT id, tree, received_at, matter_id, urgency, place_class, state, paused_state, reworks, returns, level, supervised,
    merged_into, closed_at, clock, due_at, due_milestone
FROM cases WHERE id = ANY(CAST(:cases AS bigint[])) ORDER BY id

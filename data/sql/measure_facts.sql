-- What measures count: a row for each case that came in within a period, with what is true of it and its group.
-- Parameters: tree, since, until (excluded), now; by (what to group by, null for nothing); names of states: on_report,
-- with_handlers (of the steps that follow dispatch, and archived), after_handling (of those that follow handling, and
-- archived).
-- The ground is that which owned the place when it happened; people and departments are those who have the case now.
WITH RECURSIVE up AS (
    SELECT a.id AS area_id, a.parent_id, a.level, a.code FROM areas a WHERE a.tree = :tree
    UNION ALL
    SELECT up.area_id, a.parent_id, a.level, a.code FROM up JOIN areas a ON a.id = up.parent_id
), judged AS (
    SELECT c.*, COALESCE(c.paused_state, c.state) AS standing, COALESCE(t.late, false) AS late,
        COALESCE(t.handle_late, false) AS handled_late,
        (t.unknown OR t.open_end AND c.clock <> 'paused') IS NOT FALSE AS untimed,
        (t.handle_unknown OR t.handle_open_end AND c.clock <> 'paused') IS NOT FALSE AS handled_unmeasured,
        CASE CAST(:by AS text)
            WHEN 'grid' THEN g.code WHEN 'staff' THEN s.staff_no WHEN 'department' THEN d.code ELSE a.code
        END AS part_of
    FROM cases c
    LEFT JOIN placements p ON p.case_id = c.id AND p.routing
    LEFT JOIN grids g ON g.id = COALESCE(p.override_grid_id, p.grid_id)
    LEFT JOIN (SELECT DISTINCT ON (area_id) area_id, code FROM up WHERE level = :by) a ON a.area_id = g.area_id
    LEFT JOIN staff s ON s.id = c.staff_id
    LEFT JOIN departments d ON d.id = c.department_id
    -- The ends of steps; a step that was left undone counts nowhere. What has no deadline cannot be measured, but for the
    -- one that a pause holds. Null where there is none.
    CROSS JOIN LATERAL (
        SELECT bool_or(k.met_at IS NOT NULL AND k.due_at IS NULL) AS unknown, bool_or(k.due_at IS NULL) AS open_end,
            bool_or(COALESCE(k.met_at, :now) > k.due_at) AS late,
            bool_or(k.met_at IS NOT NULL AND k.due_at IS NULL) FILTER (WHERE k.stage = 'handle') AS handle_unknown,
            bool_or(k.due_at IS NULL) FILTER (WHERE k.stage = 'handle') AS handle_open_end,
            bool_or(COALESCE(k.met_at, :now) > k.due_at) FILTER (WHERE k.stage = 'handle') AS handle_late
        FROM case_clocks k
        WHERE k.case_id = c.id AND k.milestone = 'end' AND NOT k.void
    ) t
    WHERE c.tree = :tree AND c.received_at >= :since AND c.received_at < :until
), facts AS (
    SELECT j.id, j.part_of, j.state, j.clock, j.category, j.description, j.received_at, j.closed_at,
        true AS received,
        j.state = 'rejected' AS rejected,
        j.state = 'merged' AS merged,
        j.standing <> ALL(CAST(:on_report AS text[])) AND j.state NOT IN ('rejected', 'merged') AS filed,
        j.standing = ANY(CAST(:with_handlers AS text[])) OR j.returns > 0 AS dispatched,
        j.standing = ANY(CAST(:after_handling AS text[])) AS handled,
        j.handled_late, j.handled_unmeasured,
        j.state = 'archived' AS closed,
        j.late,
        j.untimed AS unmeasured,
        j.urgency = 'urgent' AS urgent,
        j.level > 0 AS escalated,
        j.reworks > 0 AS reworked,
        j.returns > 0 AS returned,
        j.state = 'deferred' AS deferred,
        j.state = 'suspended' AS suspended
    FROM judged j
)

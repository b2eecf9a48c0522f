-- All there is to know of one case, in one row. Parameter: id.
WITH RECURSIVE one (id) AS (
    -- The case, and those that were merged into it, into those again, and so on.
    SELECT CAST(:id AS bigint)
    UNION
    SELECT m.id FROM one JOIN cases m ON m.merged_into = one.id
)
SELECT c.id::text AS number, c.revision, c.state, c.paused_state, c.queue_reason, c.category, c.description, c.source, c.dataset, c.source_id,
    c.occurred_at, c.occurred_precision, c.received_at, c.reasons,
    json_build_object('lon', ST_X(c.geom), 'lat', ST_Y(c.geom)) AS position,
    json_build_object('x', c.raw_x, 'y', c.raw_y, 'datum', c.raw_datum) AS raw,
    s.name AS scheme, by_scheme.name AS routed_by, p.version, p.outside_m, p.edge_distance_m, p.near_border,
    own.body AS grid, nearest.body AS nearest_grid, second.body AS second_grid, task.body AS task_grid,
    CASE WHEN p.override_grid_id IS NOT NULL
        THEN json_build_object('by', p.override_by, 'reason', p.override_reason) END AS override,
    CASE WHEN person.id IS NOT NULL
        THEN json_build_object('name', person.name, 'phone', person.phone) END AS person,
    CASE WHEN owner.id IS NOT NULL
        THEN json_build_object('name', owner.name, 'phone', owner.phone, 'role', owner_duty.role) END AS owner_person,
    c.urgency, c.place_class, c.clock, c.due_at, c.due_milestone, c.reworks, c.returns, c.level, c.supervised,
    c.merged_into::text AS merged_into, c.closed_at,
    CASE WHEN matter.id IS NOT NULL THEN json_build_object(
        'standard', matter.standard, 'code', matter.code, 'zh', matter.name_zh, 'en', matter.name_en
    ) END AS matter,
    CASE WHEN unit.id IS NOT NULL THEN json_build_object(
        'code', unit.code, 'zh', unit.name_zh, 'en', unit.name_en, 'phone', unit.phone
    ) END AS department,
    (
        SELECT COALESCE(json_agg(json_build_object('code', d.code, 'zh', d.name_zh, 'en', d.name_en) ORDER BY a.nth), '[]')
        FROM unnest(c.assisting) WITH ORDINALITY AS a (id, nth) JOIN departments d ON d.id = a.id
    ) AS assisting,
    (
        SELECT COALESCE(json_agg(json_build_object(
            'stage', k.stage, 'round', k.round, 'milestone', k.milestone, 'started_at', k.started_at, 'due_at', k.due_at,
            'met_at', k.met_at, 'void', k.void
        ) ORDER BY k.started_at, k.due_at, k.stage, k.milestone), '[]')
        FROM case_clocks k WHERE k.case_id = c.id
    ) AS clocks,
    (
        SELECT COALESCE(json_agg(json_build_object(
            'level', x.level, 'at', x.at, 'stage', x.stage, 'round', x.round, 'next_at', x.next_at,
            'told', CASE WHEN s.id IS NOT NULL THEN json_build_object('staff_no', s.staff_no, 'name', s.name) END
        ) ORDER BY x.level), '[]')
        FROM escalations x LEFT JOIN staff s ON s.id = x.staff_id WHERE x.case_id = c.id
    ) AS escalations,
    (
        SELECT COALESCE(json_agg(json_build_object(
            'sha256', f.sha256, 'media_type', f.media_type, 'width', f.width, 'height', f.height, 'at', f.at
        ) ORDER BY f.at, f.sha256), '[]')
        FROM photos f WHERE f.case_id = c.id
    ) AS photos,
    (
        -- Who told of it, first of all the one of the case itself: everybody is to get the answer.
        SELECT json_agg(json_build_object(
            'number', r.id::text, 'source', r.source, 'actor', first.actor, 'received_at', r.received_at,
            'description', r.description
        ) ORDER BY r.id <> c.id, r.received_at, r.id)
        FROM one
        JOIN cases r ON r.id = one.id
        LEFT JOIN LATERAL (SELECT actor FROM case_events e WHERE e.case_id = r.id ORDER BY e.id LIMIT 1) first ON true
    ) AS reporters,
    (
        SELECT json_agg(json_build_object(
            'at', e.at, 'kind', e.kind, 'actor', e.actor, 'role', e.role, 'detail', e.detail, 'position',
            CASE WHEN e.geom IS NOT NULL THEN json_build_object('lon', ST_X(e.geom), 'lat', ST_Y(e.geom)) END
        ) ORDER BY e.id)
        FROM case_events e WHERE e.case_id = c.id
    ) AS events,
    (SELECT most_returns FROM catalogues k WHERE k.tree = c.tree AND k.valid @> c.received_at) AS most_returns
FROM cases c
JOIN schemes s ON s.id = c.scheme_id
JOIN placements p ON p.case_id = c.id AND p.routing
JOIN schemes by_scheme ON by_scheme.id = p.scheme_id
LEFT JOIN matters matter ON matter.id = c.matter_id
LEFT JOIN departments unit ON unit.id = c.department_id
LEFT JOIN staff person ON person.id = c.staff_id
LEFT JOIN staff owner ON owner.id = c.owner_staff_id
LEFT JOIN LATERAL (
    SELECT role FROM duties
    WHERE staff_id = owner.id AND grid_id = p.grid_id AND leads AND valid @> c.occurred_at ORDER BY id LIMIT 1
) owner_duty ON true
LEFT JOIN LATERAL (
    SELECT json_build_object('grid_no', grid_no, 'code', code, 'name', name) AS body
    FROM grids WHERE id = COALESCE(p.override_grid_id, p.grid_id)
) own ON true
LEFT JOIN LATERAL (
    SELECT json_build_object('grid_no', grid_no, 'code', code, 'name', name) AS body
    FROM grids WHERE id = p.nearest_grid_id
) nearest ON true
LEFT JOIN LATERAL (
    SELECT json_build_object('grid_no', grid_no, 'code', code, 'name', name) AS body
    FROM grids WHERE id = p.second_grid_id
) second ON true
LEFT JOIN LATERAL (
    SELECT json_build_object('grid_no', grid_no, 'code', code, 'name', name) AS body
    FROM grids WHERE id = c.task_grid_id
) task ON true
WHERE c.id = :id

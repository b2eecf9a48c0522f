-- Letters, the newest first, with the notices that led to each. Parameters: tree, state, letter, each null for any;
-- within (interval): how far apart consecutive notices may be.
SELECT l.id AS letter, l.tree, l.state, l.created_at, l.decided_at, l.decided_by, l.note,
    json_build_object('code', d.code, 'zh', d.name_zh, 'en', d.name_en) AS department,
    (
        SELECT json_agg(json_build_object(
            'number', e.case_id::text, 'at', e.at, 'actor', e.actor, 'reason', e.detail ->> 'reason'
        ) ORDER BY e.at, e.id)
        FROM case_events e
        WHERE e.case_id IN (SELECT CAST(jsonb_array_elements_text(l.case_ids) AS bigint)) AND e.kind = 'notify'
            AND CAST(e.detail #>> '{department, department_id}' AS bigint) = l.department_id AND e.at <= l.created_at
            AND e.at >= l.created_at - CAST(:within AS interval)
            AND e.at > COALESCE((
                SELECT max(b.created_at) FROM letters b
                WHERE b.department_id = l.department_id AND b.created_at < l.created_at
            ), '-infinity')
    ) AS cases
FROM letters l
JOIN departments d ON d.id = l.department_id
WHERE (CAST(:tree AS text) IS NULL OR l.tree = :tree) AND (CAST(:state AS text) IS NULL OR l.state = :state)
    AND (CAST(:letter AS bigint) IS NULL OR l.id = :letter)
ORDER BY l.id DESC

-- Recompute every placement of one scheme from ST_Covers and the written rule, and give those that differ. It shares
-- nothing with intake but the stored points and boundaries. A recorded override changes who acts, not where the
-- point lies, so it is no difference. Distances may differ by 2 mm between builds of PROJ.
-- Parameters: scheme_id, srid, near_limit_m, extent, tree.
WITH judged AS MATERIALIZED (
    SELECT c.id AS case_id, c.geom, c.occurred_at, p.case_id IS NULL AS missing, p.version, p.grid_id,
        p.nearest_grid_id, p.outside_m, p.edge_distance_m, p.near_border, p.second_grid_id,
        v.version AS version_now, own.grid_id AS own_id, own.border_m
    FROM cases c
    LEFT JOIN placements p ON p.case_id = c.id AND p.scheme_id = :scheme_id
    LEFT JOIN scheme_versions v ON v.scheme_id = :scheme_id AND v.valid @> c.occurred_at
    LEFT JOIN LATERAL (
        SELECT k.grid_id, k.border_m FROM check_cells k
        WHERE ST_Covers(k.geom, c.geom) AND k.valid @> c.occurred_at
        ORDER BY k.grid_no LIMIT 1
    ) own ON true
    WHERE c.tree = :tree
), measured AS MATERIALIZED (
    SELECT j.*, m.point_m,
        floor(ST_Distance(m.point_m, j.border_m) * 1000 + 0.5) / 1000 AS edge_now
    FROM judged j
    CROSS JOIN LATERAL (SELECT ST_Transform(j.geom, :srid) AS point_m) m
), expected AS (
    SELECT t.*, COALESCE(t.edge_now <= :near_limit_m, false) AS near_now, second.grid_id AS second_now,
        second.close_call, near.grid_id AS nearest_now, near.outside_now
    FROM measured t
    LEFT JOIN LATERAL (
        -- The second choice, and whether a rival is so close behind (or so close to the limit) that a millimetre decides.
        SELECT (array_agg(r.grid_id ORDER BY r.away_m, r.grid_no) FILTER (WHERE r.away_m <= :near_limit_m))[1] AS grid_id,
            bool_or(abs(r.away_m - :near_limit_m) <= 0.002) OR count(*) FILTER (
                WHERE r.away_m <= r.least_m + 0.002
            ) > 1 AS close_call
        FROM (
            SELECT k.grid_id, k.grid_no, d.away_m, min(d.away_m) OVER () AS least_m
            FROM check_cells k
            CROSS JOIN LATERAL (SELECT floor(ST_Distance(t.point_m, k.geom_m) * 1000 + 0.5) / 1000 AS away_m) d
            WHERE k.valid @> t.occurred_at AND k.grid_id <> t.own_id
                AND k.geom_m && ST_Expand(t.point_m, :near_limit_m + 0.01) AND d.away_m <= :near_limit_m + 0.002
        ) r
    ) second ON t.edge_now <= :near_limit_m + 0.002
    LEFT JOIN LATERAL (
        SELECT n.grid_id, n.away_m AS outside_now
        FROM (
            SELECT k.grid_id, k.grid_no, floor(ST_Distance(t.point_m, k.geom_m) * 1000 + 0.5) / 1000 AS away_m
            FROM check_cells k
            WHERE k.valid @> t.occurred_at
            ORDER BY k.geom_m <-> t.point_m LIMIT 8
        ) n
        ORDER BY n.away_m, n.grid_no LIMIT 1
    ) near ON t.own_id IS NULL AND :extent = 'whole'
)
SELECT e.case_id::text AS number, found.field, found.stored, found.expected
FROM expected e
CROSS JOIN LATERAL (
    VALUES
        ('placement', e.missing AND (e.own_id IS NOT NULL OR :extent = 'whole') AND e.version_now IS NOT NULL,
            NULL, COALESCE(e.own_id, e.nearest_now)::text),
        ('placement', NOT e.missing AND e.own_id IS NULL AND :extent = 'partial', e.grid_id::text, NULL),
        ('version', NOT e.missing AND e.version IS DISTINCT FROM e.version_now, e.version::text, e.version_now::text),
        ('grid', NOT e.missing AND e.grid_id IS DISTINCT FROM e.own_id, e.grid_id::text, e.own_id::text),
        ('edge_distance_m', NOT e.missing AND ((e.edge_distance_m IS NULL) <> (e.edge_now IS NULL)
            OR abs(e.edge_distance_m - e.edge_now) > 0.002), e.edge_distance_m::text, e.edge_now::text),
        ('near_border', NOT e.missing AND e.near_border <> e.near_now
            AND abs(e.edge_now - :near_limit_m) > 0.002, e.near_border::text, e.near_now::text),
        ('second_grid', NOT e.missing AND e.second_grid_id IS DISTINCT FROM e.second_now
            AND NOT COALESCE(e.close_call, false), e.second_grid_id::text, e.second_now::text),
        ('nearest_grid', NOT e.missing AND e.own_id IS NULL AND :extent = 'whole'
            AND e.nearest_grid_id IS DISTINCT FROM e.nearest_now, e.nearest_grid_id::text, e.nearest_now::text),
        ('outside_m', NOT e.missing AND ((e.outside_m IS NULL) <> (e.outside_now IS NULL)
            OR abs(e.outside_m - e.outside_now) > 0.002), e.outside_m::text, e.outside_now::text)
) AS found (field, differs, stored, expected)
WHERE found.differs
ORDER BY e.case_id, found.field
